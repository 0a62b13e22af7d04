//! Tables and plots.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cell::{Cell, Figures, Measured, Run, Spread};

/// Which servers stand beside each other: those that drop mail, and those that keep it.
const GROUPS: [(&str, &str, &[&str]); 2] = [
    ("dropping", "Mail dropped", &["ehlod, discarding", "smtp-sink", "mailin-embedded", "smtp-server", "aiosmtpd"]),
    ("keeping", "Mail kept", &["ehlod, Maildir", "Postfix smtpd", "ehlod, Maildir not synced"]),
];

/// The two that Postfix's own load is sent to as well.
pub(crate) const JUDGED: [&str; 2] = ["ehlod, discarding", "smtp-sink"];

/// What is told of a cell.
struct Question {
    title: &'static str,
    figure: fn(&Figures) -> Option<f64>,
    /// Behind the point.
    digits: usize,
    /// Between what it lies.
    ends: fn(&Spread) -> Option<[f64; 2]>,
}

const QUESTIONS: [Question; 3] = [
    Question {
        title: "Messages a second",
        figure: |figures| Some(figures.rate),
        digits: 0,
        ends: |spread| Some(spread.rate),
    },
    Question {
        title: "Processor time of the server, µs a message",
        figure: |figures| figures.cpu_us,
        digits: 0,
        ends: |spread| Some(spread.cpu_us),
    },
    Question {
        title: "Latency, ms, 99 % of messages within",
        figure: |figures| Some(figures.p99_ms),
        digits: 1,
        ends: |_| None,
    },
];

/// What there is to know of the machine.
pub(crate) fn machine(here: &Path) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, model)| model.trim()));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory =
        meminfo.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0);
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(here).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "- {} with {cores} cores, {} GiB of memory; Linux {}\n- file system of the mail: {}\n- {}\n- load average before the run: {}\n",
        model.unwrap_or("an unknown processor"),
        memory / 1048576,
        said("uname", &["-r"]),
        said("stat", &["-f", "-c", "%T", "/tmp"]),
        said("rustc", &["--version"]),
        load.split(' ').take(3).collect::<Vec<_>>().join(" ")
    )
}

/// Writes the page and its plots.
pub(crate) fn write(results: &Path, run: &Run) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut page = String::from(
        "# ehlod beside other servers\n\nWritten by `cargo run --release -p ehlo-benches --bin compare`; not to be edited. \
         [The page above](../../README.md) says how it is run, and what the servers do.\n\n\
         Every server is alone with the load, which is a client or many, each of which waits for a reply before it says more; the other servers are \
         there and wait, but for Postfix's smtpd, which is measured after the others. Each way of sending is measured in several rounds, in which the \
         servers take turns. What is told is the middle of the rounds, and in parentheses the lowest and the highest. \
         In \"one\" each message has a connection of its own, in \"many\" a connection carries a hundred. TLS is by STARTTLS.\n\n",
    );
    let _ = writeln!(page, "{}", run.machine);
    for why in &run.left_out {
        let _ = writeln!(page, "Left out: {why}\n");
    }
    for (name, title, peers) in GROUPS {
        let _ = writeln!(page, "## {title}\n");
        for (at, question) in QUESTIONS.iter().enumerate() {
            page.push_str(&table(question, peers, run));
            if at < 2 {
                let plot = format!("{name}-{}.svg", ["rate", "cpu"].get(at).unwrap_or(&"x"));
                fs::write(results.join(&plot), draw(title, question, peers, run)).map_err(failed)?;
                let _ = writeln!(page, "![{title}: {}]({plot})\n", question.title);
            }
        }
    }
    page.push_str(&judge(run));
    fs::write(results.join("README.md"), page).map_err(failed)?;
    println!("written: {}", results.join("README.md").display());
    Ok(())
}

fn find<'r>(run: &'r Run, peer: &str, cell: &Cell) -> Option<&'r Measured> {
    run.measured.iter().find(|measured| measured.peer == peer && measured.cell == *cell)
}

/// The cells of which there are figures of some of these.
fn cells(run: &Run, peers: &[&str]) -> Vec<Cell> {
    Cell::all().into_iter().filter(|cell| peers.iter().any(|peer| find(run, peer, cell).is_some())).collect()
}

fn table(Question { title, figure, digits, ends }: &Question, peers: &[&str], run: &Run) -> String {
    let mut text = format!("{title}:\n\n| size | messages on a connection | clients | TLS | {} |\n", peers.join(" | "));
    let _ = writeln!(text, "| ---: | --- | ---: | --- |{}", " ---: |".repeat(peers.len()));
    for cell in cells(run, peers) {
        let [size, many, _, tls] = cell.words();
        let _ = write!(text, "| {size} | {many} | {} | {tls} |", cell.clients);
        for peer in peers {
            let figures = find(run, peer, &cell).map(|measured| &measured.figures);
            let told = figures.and_then(figure).map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"));
            let between = figures.and_then(|figures| ends(figures.spread.as_ref()?));
            let between = between.map_or_else(String::new, |[low, high]| format!(" ({low:.digits$}–{high:.digits$})"));
            let mark = if figures.is_some_and(|figures| figures.error.is_some()) { " (!)" } else { "" };
            let _ = write!(text, " {told}{between}{mark} |");
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// Postfix's own load against the two that it can tell apart.
fn judge(run: &Run) -> String {
    let judged: Vec<_> =
        run.measured.iter().filter(|measured| measured.judged.is_some() && JUDGED.contains(&&*measured.peer)).collect();
    if judged.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "## By Postfix's smtp-source\n\nThe same, sent by a load that nobody here wrote. It is one process that never pipelines.\n\n\
         | size | messages on a connection | clients | ehlod, a second | smtp-sink, a second | ehlod, µs | smtp-sink, µs |\n\
         | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for cell in Cell::all() {
        let figures = JUDGED.map(|peer| find(run, peer, &cell).and_then(|measured| measured.judged.as_ref()));
        let [Some(ours), Some(theirs)] = figures else { continue };
        let [size, many, ..] = cell.words();
        let _ = writeln!(
            text,
            "| {size} | {many} | {} | {:.0} | {:.0} | {:.0} | {:.0} |",
            cell.clients, ours.rate, theirs.rate, ours.cpu_us, theirs.cpu_us
        );
    }
    text
}

const WIDTH: usize = 860;
const LEFT: usize = 190;
const LONGEST: f64 = 560.0;

/// Bars for the cells with 20 clients in plaintext, each cell by a scale of its own.
fn draw(title: &str, Question { title: what, figure, digits, .. }: &Question, peers: &[&str], run: &Run) -> String {
    let (mut bars, mut top) = (String::new(), 34);
    for cell in cells(run, peers).into_iter().filter(|cell| cell.clients == 20 && !cell.tls) {
        top += 22;
        let words = cell.words();
        let row = format!("{}, {} on a connection", words[0], if cell.many { "many" } else { "one" });
        let _ = writeln!(bars, r#"<text x="10" y="{top}" class="row">{row}</text>"#);
        top += 8;
        let figures: Vec<_> =
            peers.iter().map(|peer| find(run, peer, &cell).and_then(|it| figure(&it.figures))).collect();
        let largest = figures.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
        for (peer, figure) in peers.iter().zip(figures) {
            let Some(figure) = figure else { continue };
            let (length, text) = ((figure / largest * LONGEST).max(1.0), top + 12);
            let class = if peer.starts_with("ehlod") { "ours" } else { "peer" };
            let _ = writeln!(
                bars,
                r#"<text x="{}" y="{text}" class="name">{peer}</text><rect x="{LEFT}" y="{top}" width="{length:.0}" height="16" class="{class}"/><text x="{:.0}" y="{text}">{figure:.digits$}</text>"#,
                LEFT - 8,
                LEFT as f64 + length + 6.0
            );
            top += 21;
        }
    }
    let height = top + 8;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" fill="#222">
<style>.row {{ font-weight: bold }} .name {{ text-anchor: end }} .ours {{ fill: #1769aa }} .peer {{ fill: #9aa5b1 }}</style>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
<text x="10" y="22"><tspan font-size="15" font-weight="bold">{title}</tspan><tspan dx="10">{what}; 20 clients, in plaintext</tspan></text>
{bars}</svg>
"##
    )
}
