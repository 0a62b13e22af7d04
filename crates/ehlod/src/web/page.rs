//! The page. Every text in it is escaped by the library that writes it; none of it is made by hand.

use super::explain::Explained;
use super::history::{History, Sample, a_minute};
use super::plot::{Series, bar, number, plot};
use crate::date;
use crate::metrics::metrics;
use crate::site::Site;
use crate::watch::{Live, Refused, board};
use ehlo_explain::{Class, Finding, Lang};
use maud::{DOCTYPE, Markup, html};
use std::time::Duration;

/// So many sessions, refusals and bars are shown.
const SESSIONS: usize = 50;
const REFUSALS: usize = 50;
const BARS: usize = 10;

/// The whole page, with an explanation where one was asked for.
pub(super) fn whole(site: &Site, history: &History, explained: Option<&Explained>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (site.config.hostname) " · ehlod" }
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                header {
                    h1 { span.dot {} (site.config.hostname) }
                    p { "ehlod " (env!("CARGO_PKG_VERSION")) span.stale { " · the server gives no answer; what is shown is old" } }
                    nav { a href="/metrics" { "metrics" } a href="/healthz" { "health" } a href="#explain" { "explain a bounce" } }
                }
                main {
                    div #live { (live(site, history)) }
                    (explainer(explained))
                }
            }
        }
    }
}

/// The part that is fetched again and again.
pub(super) fn live(site: &Site, history: &History) -> Markup {
    let now = Sample::now();
    let (count, sessions) = board().sessions(SESSIONS);
    let refusals = board().refusals(REFUSALS);
    html! {
        (tiles(site, &now))
        (plots(history))
        div.columns {
            (bars("Replies", "code and row of the catalogue", metrics().top_replies(BARS)))
            (bars("Refusals", "by rule", metrics().top_refusals(BARS)))
        }
        (sessions_table(count, &sessions))
        (refusals_table(&refusals))
    }
}

fn tiles(site: &Site, now: &Sample) -> Markup {
    let free = site.delivery.free_space().and_then(Result::ok);
    html! {
        div.tiles {
            (tile("connections", &now.connections.to_string(), ""))
            (tile("sessions", &number(now.sessions as f64), ""))
            (tile("mail accepted", &number(now.accepted as f64), "good"))
            (tile("mail refused", &number(now.refused as f64), if now.refused > 0 { "bad" } else { "" }))
            (tile("refusals", &number(now.refusals as f64), if now.refusals > 0 { "bad" } else { "" }))
            (tile("in memory", &octets(site.memory.held()), ""))
            @if let Some(free) = free {
                (tile("free disk", &octets(free), if free < site.config.limits.storage_reserve { "bad" } else { "" }))
            }
        }
    }
}

fn tile(name: &str, value: &str, class: &str) -> Markup {
    html! { div.card.tile { span class=(format!("value {class}")) { (value) } span.name { (name) } } }
}

fn plots(history: &History) -> Markup {
    let series = |class, name, values| Series { class, name, values };
    let accepted = history.steps(|now, before| a_minute(now.accepted, before.accepted));
    let refused = history.steps(|now, before| a_minute(now.refused, before.refused));
    let refusals = history.steps(|now, before| a_minute(now.refusals, before.refusals));
    let connections = history.steps(|now, _| now.connections as f64);
    let storing = history.steps(|now, before| {
        let count = now.stored.0.saturating_sub(before.stored.0);
        if count == 0 { 0.0 } else { (now.stored.1 - before.stored.1) * 1000.0 / count as f64 }
    });
    html! {
        div.plots {
            (plot("Messages", "a minute", &[series("good", "accepted", accepted), series("bad", "refused", refused)]))
            (plot("Refusals", "a minute", &[series("bad", "refusals", refusals)]))
            (plot("Connections", "open", &[series("calm", "connections", connections)]))
            (plot("Storing a message", "ms", &[series("calm", "mean", storing)]))
        }
    }
}

fn bars(title: &str, what: &str, rows: Vec<(String, u64)>) -> Markup {
    let most = rows.first().map_or(0, |(_, count)| *count);
    html! {
        section.card {
            h2 { (title) small { (what) } }
            @if rows.is_empty() { p.nothing { "none yet" } }
            table.bars {
                @for (name, count) in rows {
                    tr { th scope="row" { (name) } td { (bar(count, most)) } td.number { (count) } }
                }
            }
        }
    }
}

fn sessions_table(count: usize, sessions: &[std::sync::Arc<Live>]) -> Markup {
    html! {
        section.card {
            h2 { "Sessions" small { (count) " now" @if count > sessions.len() { ", the latest " (sessions.len()) " of them here" } } }
            @if sessions.is_empty() { p.nothing { "nobody is connected" } } @else {
                div.wide { table #sessions {
                    thead { tr { th { "session" } th { "client" } th { "calls itself" } th { "listener" } th { "TLS" } th { "state" } th.number { "messages" } th.number { "since" } } }
                    @for live in sessions {
                        @let (client, hello, tls) = live.said();
                        tr {
                            td.id { (live.id) } td.client { (client) } td { (hello.as_deref().unwrap_or("–")) }
                            td { (live.kind.as_str()) } td { (tls.as_deref().unwrap_or("–")) }
                            td { span class=(format!("state {}", live.state().name())) { (live.state().name()) } }
                            td.number { (live.messages()) } td.number { (ago(live.age())) }
                        }
                    }
                } }
            }
        }
    }
}

fn refusals_table(refusals: &[Refused]) -> Markup {
    html! {
        section.card {
            h2 { "Last refusals" small { "the latest first" } }
            @if refusals.is_empty() { p.nothing { "nothing was refused yet" } } @else {
                div.wide { table #refusals {
                    thead { tr { th { "when" } th { "rule" } th { "reply" } th { "client" } th { "sender" } th { "recipient" } th { "session" } } }
                    @for refused in refusals {
                        tr {
                            td.time { (clock(refused)) } td { code { (refused.rule) } }
                            td { span class=(if refused.reply.starts_with('4') { "reply later" } else { "reply no" }) { (refused.reply) } }
                            td.client { (refused.client) } td { (path(refused.sender.as_deref())) } td { (path(refused.recipient.as_deref())) }
                            td.id { (refused.session) }
                        }
                    }
                } }
            }
        }
    }
}

fn explainer(explained: Option<&Explained>) -> Markup {
    let text = explained.map_or("", |explained| explained.text.as_str());
    let lang = explained.map_or(Lang::En, |explained| explained.lang);
    html! {
        section.card #explain {
            h2 { "Explain a bounce" small { "a reply, a line of a log, or a whole bounce" } }
            form method="post" action="/explain#explain" {
                textarea name="text" rows="6" aria-label="the bounce" placeholder="550 5.1.1 invalid user - bob@example.net" required { (text) }
                div.choice {
                    label { input type="radio" name="lang" value="en" checked[lang == Lang::En]; " English" }
                    label lang="zh" { input type="radio" name="lang" value="zh" checked[lang == Lang::Zh]; " 中文" }
                    button type="submit" { "Explain" }
                }
            }
            @if let Some(explained) = explained {
                div #explained lang=(if lang == Lang::Zh { "zh" } else { "en" }) {
                    @if explained.findings.is_empty() {
                        p.nothing { (if lang == Lang::Zh { "未找到可以解释的应答" } else { "There is no reply in it that could be explained." }) }
                    }
                    @for finding in &explained.findings { (found(finding, lang)) }
                }
            }
        }
    }
}

fn found(finding: &Finding, lang: Lang) -> Markup {
    let [act, retry, remedy, source] = match lang {
        Lang::En => ["to act", "retry", "remedy", "source"],
        Lang::Zh => ["处理方", "重试", "办法", "来源"],
    };
    let class = match finding.class {
        Class::Success => "good",
        Class::Temporary => "later",
        Class::Permanent => "no",
    };
    html! {
        article class=(class) {
            pre { (finding.reply) }
            p.meaning { span class=(format!("reply {class}")) { (finding.class.text(lang)) } " " (finding.meaning(lang)) }
            dl {
                @for (name, value) in [(remedy, finding.remedy(lang)), (act, finding.act.text(lang)), (retry, finding.retry.text(lang)), (source, finding.source)] {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

/// A path as it stands in a command; `<>` is one too.
fn path(path: Option<&str>) -> String {
    path.map_or_else(|| "–".to_owned(), |path| format!("<{path}>"))
}

/// The time of day, in UTC.
fn clock(refused: &Refused) -> String {
    let time = date::rfc3339(refused.at);
    time.get(11..).map_or_else(|| time.clone(), str::to_owned)
}

/// How long ago something was.
fn ago(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A size for people.
fn octets(octets: u64) -> String {
    let mut size = octets as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return format!("{} {unit}", number(size));
        }
        size /= 1024.0;
    }
    format!("{} TiB", number(size))
}
