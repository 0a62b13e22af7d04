//! What the server counts and times, for Prometheus.
//!
//! The counters belong to the process: a reload changes nothing of them. Each label has few values, all of them the server's own words, so
//! that no client can make the list grow. Where mail passes by, a counter is found beforehand, and counting is one addition.

mod latency;
mod process;
mod replies;

pub use latency::{Latency, Timer};
pub use replies::Replies;

use crate::config::Kind;
use prometheus::core::Collector as _;
use prometheus::{
    Counter, Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::sync::LazyLock;
use std::time::Duration;

/// Bounds of buckets, in seconds: from what memory takes to what a client waits for.
const SECONDS: &[f64] = &[0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The same for what clients do in their own time.
const LONG: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
/// Bounds of buckets, in octets: 1 KiB to 64 MiB.
const OCTETS: &[f64] =
    &[1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0];

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has just come: TLS, or whether it is let in.
    Opening,
    /// It has the greeting, and has not said hello.
    Greeted,
    /// It has said hello, and no transaction is open.
    Ready,
    /// A transaction is open.
    Transaction,
    /// A message comes in, or is being stored.
    Data,
}

impl State {
    /// All of them, in the order of a session.
    pub const ALL: [Self; 5] = [Self::Opening, Self::Greeted, Self::Ready, Self::Transaction, Self::Data];

    /// The word for it in the metrics, and on the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Greeted => "greeted",
            Self::Ready => "ready",
            Self::Transaction => "transaction",
            Self::Data => "data",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server answers for it, for one recipient at the least.
    Accepted,
    /// It was refused at its end.
    Refused,
    /// The client gave it up, or broke off.
    Aborted,
}

/// What is counted of one kind of listener.
#[derive(Debug)]
pub struct OfKind {
    /// Sessions that have ended.
    pub sessions: IntCounter,
    /// How long they took.
    pub session_seconds: Histogram,
    fates: [IntCounter; 3],
}

impl OfKind {
    /// The counter of messages that ended so.
    #[must_use]
    pub fn messages(&self, fate: Fate) -> &IntCounter {
        let [accepted, refused, aborted] = &self.fates;
        match fate {
            Fate::Accepted => accepted,
            Fate::Refused => refused,
            Fate::Aborted => aborted,
        }
    }
}

/// Everything that is counted and timed.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    kinds: [OfKind; 3],
    states: [IntGauge; 5],
    tls: IntCounterVec,
    turned_away: IntCounterVec,
    refusals: IntCounterVec,
    reloads: IntCounterVec,
    replied: IntCounterVec,
    /// Replies by code and row of the catalogue.
    pub replies: Replies,
    /// Octets of a message, as it came in.
    pub message_octets: Histogram,
    /// From the client's being asked for a message to the end of its data.
    pub receive: Histogram,
    /// From the end of the data to the server's answering for the message: content checks, storage, the next hop.
    pub store: Histogram,
    /// Changing what is remembered, and looking something up there.
    pub state: [Latency; 2],
    /// Looking up accounts and lists.
    pub directory: [Latency; 2],
    dns: Vec<(&'static str, Latency)>,
    disk_free: IntGauge,
    disk_reserve: IntGauge,
    memory: IntGauge,
    process: process::Process,
}

/// The metrics of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

impl Metrics {
    /// Metrics that have counted nothing.
    ///
    /// # Panics
    ///
    /// Never: names and labels are constants, and a test makes them all.
    #[must_use]
    pub fn new() -> Self {
        let make = Make(Registry::new());
        let sessions = make.counters("ehlod_sessions_total", "Sessions that have ended.", &["listener"]);
        let session_seconds = make.histograms("ehlod_session_seconds", "How long sessions took.", LONG, &["listener"]);
        let messages =
            make.counters("ehlod_messages_total", "Messages, by what became of them.", &["listener", "outcome"]);
        let kinds = [Kind::Mx, Kind::Submission, Kind::Lmtp].map(|kind| OfKind {
            sessions: sessions.with_label_values(&[kind.as_str()]),
            session_seconds: session_seconds.with_label_values(&[kind.as_str()]),
            fates: ["accepted", "refused", "aborted"].map(|fate| messages.with_label_values(&[kind.as_str(), fate])),
        });
        let connections =
            make.gauges("ehlod_connections", "Connections there are now, by what they are doing.", &["state"]);
        let states = State::ALL.map(|state| connections.with_label_values(&[state.name()]));
        let tls = make.counters("ehlod_tls_handshakes_total", "TLS handshakes, by version.", &["version"]);
        let turned_away =
            make.counters("ehlod_turned_away_total", "Connections that came to no session, by why.", &["reason"]);
        let refusals = make.counters(
            "ehlod_refusals_total",
            "Refusals by the server's own decision, by the rule that made it.",
            &["rule"],
        );
        let reloads = make.counters("ehlod_reloads_total", "Reloads of the configuration.", &["outcome"]);
        // What has not happened yet has a line all the same, so that an alert on it can be written before.
        for version in ["TLS1.2", "TLS1.3"] {
            tls.with_label_values(&[version]);
        }
        for reason in ["full", "untrusted", "header"] {
            turned_away.with_label_values(&[reason]);
        }
        for rule in ["access.deny", "access.rule", "no such user"] {
            refusals.with_label_values(&[rule]);
        }
        for outcome in ["done", "failed"] {
            reloads.with_label_values(&[outcome]);
        }
        let replies = make.counters(
            "ehlod_replies_total",
            "Replies, by code and row of the catalogue (`ehlod replies` lists them).",
            &["code", "id"],
        );
        let built = make.gauges("ehlod_build_info", "Always 1; the label says which version runs.", &["version"]);
        built.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let state = make.latencies(
            "ehlod_state",
            "What is remembered of clients and senders",
            "operation",
            ["change", "lookup"],
        );
        let directory = make.latencies("ehlod_directory", "The directory of accounts", "query", ["account", "list"]);
        let questions = ["A", "AAAA", "MX", "PTR", "TXT", "SPF"];
        let dns = make.latencies("ehlod_dns", "The DNS", "question", questions);
        Self {
            kinds,
            states,
            tls,
            turned_away,
            refusals,
            reloads,
            replies: Replies::new(&replies),
            replied: replies,
            message_octets: make.histogram("ehlod_message_size_bytes", "Octets of a message, as it came in.", OCTETS),
            receive: make.histogram(
                "ehlod_message_receive_seconds",
                "From asking for a message to the end of its data.",
                LONG,
            ),
            store: make.histogram(
                "ehlod_message_store_seconds",
                "From the end of the data to the answer: checks of the content, storage, the next hop.",
                SECONDS,
            ),
            state,
            directory,
            dns: questions.into_iter().zip(dns).collect(),
            disk_free: make.gauge("ehlod_disk_free_bytes", "Free space where mail is stored."),
            disk_reserve: make
                .gauge("ehlod_disk_reserve_bytes", "Free space below which no mail is taken (limits.storage_reserve)."),
            memory: make
                .gauge("ehlod_message_memory_bytes", "Message data in memory, over all connections (limits.memory)."),
            process: process::Process::new(&make),
            registry: make.0,
        }
    }

    /// What is counted of a kind of listener.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &OfKind {
        let [mx, submission, lmtp] = &self.kinds;
        match kind {
            Kind::Mx => mx,
            Kind::Submission => submission,
            Kind::Lmtp => lmtp,
        }
    }

    /// How many connections are doing this.
    #[must_use]
    pub fn connections(&self, state: State) -> &IntGauge {
        let [opening, greeted, ready, transaction, data] = &self.states;
        match state {
            State::Opening => opening,
            State::Greeted => greeted,
            State::Ready => ready,
            State::Transaction => transaction,
            State::Data => data,
        }
    }

    /// Counts a TLS handshake.
    pub fn tls(&self, version: &str) {
        self.tls.with_label_values(&[version]).inc();
    }

    /// Counts a refusal by a rule.
    pub fn refused(&self, rule: &str) {
        self.refusals.with_label_values(&[rule]).inc();
    }

    /// How many refusals there have been, by any rule.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        counts(&self.refusals).into_iter().map(|(_, count)| count).sum()
    }

    /// The rules that refused the most, and how often.
    #[must_use]
    pub fn top_refusals(&self, most: usize) -> Vec<(String, u64)> {
        top(&self.refusals, most)
    }

    /// The replies that were given the most, by code and row, and how often.
    #[must_use]
    pub fn top_replies(&self, most: usize) -> Vec<(String, u64)> {
        top(&self.replied, most)
    }

    /// Counts a connection that came to no session.
    pub fn turned_away(&self, why: &ehlo_tokio::TurnedAway) {
        let reason = match why {
            ehlo_tokio::TurnedAway::Full { .. } => "full",
            ehlo_tokio::TurnedAway::Untrusted => "untrusted",
            _ => "header",
        };
        self.turned_away.with_label_values(&[reason]).inc();
    }

    /// Counts a reload of the configuration.
    pub fn reloaded(&self, is_done: bool) {
        self.reloads.with_label_values(&[if is_done { "done" } else { "failed" }]).inc();
    }

    /// How long a question to the DNS takes, by the type of record; `None` for a type that is never asked for.
    #[must_use]
    pub fn dns(&self, question: &str) -> Option<&Latency> {
        self.dns.iter().find(|(known, _)| *known == question).map(|(_, latency)| latency)
    }

    /// Notes what is read off when somebody asks for it: free disk space and its reserve, and memory for message data, in octets.
    pub fn note(&self, disk_free: Option<u64>, disk_reserve: u64, memory: u64) {
        let signed = |octets: u64| i64::try_from(octets).unwrap_or(i64::MAX);
        self.disk_free.set(disk_free.map_or(0, signed));
        self.disk_reserve.set(signed(disk_reserve));
        self.memory.set(signed(memory));
    }

    /// All of it in the text format of Prometheus (0.0.4).
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        self.process.read();
        let mut text = Vec::new();
        // Writing to memory does not fail, and each family has a name and a metric.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The counters of a family that have counted anything, by the values of their labels.
fn counts(family: &IntCounterVec) -> Vec<(String, u64)> {
    let families = family.collect();
    let metrics = families.iter().flat_map(|family| family.get_metric());
    let counts = metrics.map(|metric| {
        let labels: Vec<_> = metric.get_label().iter().map(|label| label.value()).collect();
        (labels.join(" "), metric.get_counter().get_value() as u64)
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

fn top(family: &IntCounterVec, most: usize) -> Vec<(String, u64)> {
    let mut counts = counts(family);
    counts.sort_by(|(one, less), (other, more)| more.cmp(less).then_with(|| one.cmp(other)));
    counts.truncate(most);
    counts
}

/// Makes metrics and registers them. Names, labels and bounds are constants: a wrong one is found by any test.
struct Make(Registry);

impl Make {
    fn registered<M: prometheus::core::Collector + Clone + 'static>(&self, made: prometheus::Result<M>) -> M {
        let made = made.expect("the names and labels of metrics are right");
        self.0.register(Box::new(made.clone())).expect("no two metrics have one name");
        made
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.registered(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.registered(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.registered(IntGauge::new(name, help))
    }

    fn float(&self, name: &str, help: &str) -> Gauge {
        self.registered(Gauge::new(name, help))
    }

    /// A counter of a time, in seconds.
    fn seconds(&self, name: &str, help: &str) -> Counter {
        self.registered(Counter::new(name, help))
    }

    fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Histogram {
        self.registered(Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec())))
    }

    fn histograms(&self, name: &str, help: &str, bounds: &[f64], labels: &[&str]) -> HistogramVec {
        self.registered(HistogramVec::new(HistogramOpts::new(name, help).buckets(bounds.to_vec()), labels))
    }

    /// Times and failures of something, by one label.
    fn latencies<const N: usize>(&self, name: &str, what: &str, label: &str, values: [&str; N]) -> [Latency; N] {
        let seconds = format!("{what}: how long an answer takes.");
        let seconds = self.histograms(&format!("{name}_seconds"), &seconds, SECONDS, &[label]);
        let failures = format!("{what}: questions that had no answer.");
        let failures = self.counters(&format!("{name}_failures_total"), &failures, &[label]);
        values.map(|value| Latency::new(seconds.with_label_values(&[value]), failures.with_label_values(&[value])))
    }
}

/// A time in seconds.
#[must_use]
pub(crate) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const BOOK: &str = include_str!("../../book/src/metrics.md");
    const DASHBOARD: &str = include_str!("../../grafana/ehlod.json");

    /// Name to type, of everything that is told.
    fn told() -> BTreeMap<String, String> {
        let text = String::from_utf8(Metrics::new().text()).unwrap();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
    }

    /// The names of metrics in an expression.
    fn names(expression: &str) -> BTreeSet<&str> {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("ehlod_") || word.starts_with("process_")).collect()
    }

    #[test]
    fn each_is_in_the_handbook_as_it_is() {
        let rows = BOOK.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let rows = rows.filter(|(name, _)| name.starts_with("ehlod_") || name.starts_with("process_"));
        let written: BTreeMap<String, String> =
            rows.map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned())).collect();
        assert_eq!(written, told());
    }

    #[test]
    fn the_dashboard_and_the_alerts_ask_for_what_is_told() {
        let told = told();
        let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        let targets = panels.filter_map(|panel| panel.get("targets")).flat_map(|targets| targets.as_array().unwrap());
        let asked: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
        let variable = dashboard["templating"]["list"][1]["query"].as_str().unwrap();
        let alerts: Vec<_> = BOOK.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
        assert!(asked.len() > 30 && alerts.len() == 3);
        let mut used = BTreeSet::new();
        for expression in asked.iter().chain(&alerts).chain([&variable]) {
            assert!(!names(expression).is_empty(), "{expression}");
            for name in names(expression) {
                let histogram = name.strip_suffix("_bucket");
                let kind =
                    told.get(histogram.unwrap_or(name)).unwrap_or_else(|| panic!("{name} is not told: {expression}"));
                assert_eq!(histogram.is_some(), kind == "histogram", "{expression}");
                // A counter tells something by its growth alone.
                let grows = ["rate", "increase"].iter().any(|by| expression.contains(&format!("{by}({name}")));
                assert_eq!(grows, kind == "counter" || kind == "histogram", "{expression}");
                used.insert(histogram.unwrap_or(name).to_owned());
            }
        }
        // And it shows everything.
        assert_eq!(used, told.into_keys().collect());
    }

    #[test]
    fn clients_cannot_make_it_grow() {
        let metrics = Metrics::new();
        let before = metrics.text().len();
        for line in ["599 x", "250 2.1.0 anything", "421 4.7.0 hello", "xyz", "550 5.1.1 <script>"] {
            metrics.replies.of(line.as_bytes()).inc();
        }
        assert!(metrics.text().len() < before + 20);
    }
}
