//! `ehlod state`: what the server remembers of clients and senders, and forgetting it.

use crate::config::{Config, Overrides, StatePlace};
use crate::date;
use crate::output::{self, BAD, Cell, GOOD, LATER, NAME, PLAIN};
use crate::state::{self, Ask, Each, Entry, Kind, Query, Redis};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// What `ehlod state` is given.
#[derive(Clone, Debug, Args)]
pub struct StateArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What is done with what is remembered.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Show what is remembered
    List {
        /// Where and of what.
        #[command(flatten)]
        place: Place,
        /// Of these kinds; without one the greylist and the audit lists
        #[arg(value_enum, value_name = "KIND")]
        kinds: Vec<Sort>,
        /// Only entries whose name has this in it
        #[arg(long, value_name = "TEXT")]
        containing: Option<String>,
        /// At the most so many; 0 for all
        #[arg(long, value_name = "N", default_value_t = 1000)]
        limit: u64,
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Forget it
    #[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
    Clear {
        /// Where and of what.
        #[command(flatten)]
        place: Place,
        /// Of this kind
        #[arg(value_enum, value_name = "KIND")]
        kind: Sort,
        /// By these names, as `list` shows them
        #[arg(value_name = "NAME", group = "which")]
        names: Vec<String>,
        /// Every entry whose name has this in it
        #[arg(long, value_name = "TEXT", group = "which", conflicts_with = "all")]
        containing: Option<String>,
        /// Every entry of the kind
        #[arg(long, group = "which", conflicts_with = "names")]
        all: bool,
        /// As JSON: {"cleared": N}
        #[arg(long)]
        json: bool,
    },
}

/// Where the state is.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The configuration file, which says where the state is; without one it is ./state
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What is remembered, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Network, sender and recipient, for the greylist
    Greylist,
    /// Clients and senders on the server's own lists
    Audit,
    /// What is counted against them: refusals of clients, refused recipients of senders
    Failures,
    /// Messages from a client and for a recipient, for flow control
    Flow,
}

impl Sort {
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Greylist => &[Kind::Triple],
            Self::Audit => &[Kind::ClientAudit, Kind::SenderAudit],
            Self::Failures => &[Kind::ClientFailures, Kind::SenderFailures],
            Self::Flow => &[Kind::ClientRate, Kind::RecipientRate],
        }
    }
}

/// An entry as programs want it. Times are of RFC 3339, in UTC.
#[derive(Serialize)]
struct Shown<'e> {
    kind: &'static str,
    name: &'e str,
    since: String,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    passed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<f64>,
}

/// Shows what is remembered, or forgets it.
#[must_use]
pub fn run(args: &StateArgs) -> ExitCode {
    match &args.what {
        What::List { place, kinds, containing, limit, json } => {
            let sorts = if kinds.is_empty() { &[Sort::Greylist, Sort::Audit][..] } else { kinds };
            let query = Query { kinds: of(sorts), names: Vec::new(), containing: containing.clone() };
            list(place, query, *limit, *json)
        }
        What::Clear { place, kind, names, containing, all, json } => {
            let query = Query { kinds: of(&[*kind]), names: names.clone(), containing: containing.clone() };
            clear(place, query, *all, *json)
        }
    }
}

fn of(sorts: &[Sort]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for kind in sorts.iter().flat_map(|sort| sort.kinds()) {
        if !kinds.contains(kind) {
            kinds.push(*kind);
        }
    }
    kinds
}

fn list(place: &Place, query: Query, limit: u64, json: bool) -> ExitCode {
    let mut entries = Vec::new();
    let mut is_cut = false;
    let asked = ask(place, &Ask::List(query), &mut |entry| {
        is_cut = limit > 0 && entries.len() as u64 >= limit;
        if !is_cut {
            entries.push(entry);
        }
        !is_cut
    });
    if let Err(why) = asked {
        return failed(&why);
    }
    let printed = if json {
        as_json(&mut io::stdout().lock(), &entries)
    } else {
        as_text(&mut anstream::stdout().lock(), &entries)
    };
    if is_cut {
        let _ = writeln!(io::stderr(), "ehlod state: there are more than {limit} (--limit 0 shows all)");
    } else if entries.is_empty() && !json {
        let _ = writeln!(io::stderr(), "ehlod state: nothing of the kind is remembered");
    }
    output::end("state", printed)
}

fn clear(place: &Place, query: Query, is_all: bool, json: bool) -> ExitCode {
    let cleared = match ask(place, &Ask::Clear(query), &mut |_| true) {
        Ok(cleared) => cleared,
        Err(why) => return failed(&why),
    };
    let mut out = io::stdout().lock();
    let printed = match (json, cleared) {
        (true, _) => writeln!(out, "{{\"cleared\": {cleared}}}"),
        (false, 1) => writeln!(out, "1 entry forgotten"),
        (false, _) => writeln!(out, "{cleared} entries forgotten"),
    };
    // To ask for something that is not there is most likely a slip.
    if cleared == 0 && !is_all { ExitCode::FAILURE } else { output::end("state", printed) }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::FAILURE
}

/// Asks the store that the configuration names.
fn ask(place: &Place, ask: &Ask, each: Each<'_>) -> Result<u64, String> {
    let config = match &place.config {
        Some(path) => Config::load(path, &Overrides::default()).map_err(|problems| problems.to_string())?,
        None => Config::embedded(&Overrides::default()),
    };
    match &config.state.place {
        StatePlace::Embedded(directory) => state::ask_embedded(directory, ask, each),
        StatePlace::Redis(url) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("ehlod state: {error}"))?;
            let asked = runtime.block_on(async { Redis::open(url)?.ask(ask, each).await });
            asked.map_err(|error| format!("Redis: {error}"))
        }
    }
}

fn as_json(out: &mut impl Write, entries: &[Entry]) -> io::Result<()> {
    let time = |millis| date::rfc3339(time(millis));
    let shown = |entry: &Entry| -> Result<String, serde_json::Error> {
        let Entry { kind, name, since, expires, passed, count } = entry;
        let shown = Shown {
            kind: kind.prefix(),
            name,
            since: time(*since),
            expires: time(*expires),
            passed: *passed,
            count: *count,
        };
        serde_json::to_string(&shown)
    };
    // An entry a line, which is easier on those who look at it all the same.
    writeln!(out, "[")?;
    for (at, entry) in entries.iter().enumerate() {
        writeln!(out, "  {}{}", shown(entry)?, if at + 1 < entries.len() { "," } else { "" })?;
    }
    writeln!(out, "]")
}

fn as_text(out: &mut impl Write, entries: &[Entry]) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let now = SystemTime::now();
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let (status, style) = match (entry.passed, entry.count) {
                (Some(true), _) => ("let pass".to_owned(), GOOD),
                (Some(false), _) => ("put off".to_owned(), LATER),
                (None, Some(count)) => (format!("{count:.1} counted"), PLAIN),
                (None, None) => ("refused".to_owned(), BAD),
            };
            let left = time(entry.expires).duration_since(now).unwrap_or_default();
            [
                Cell::new(entry.kind.prefix(), PLAIN),
                Cell::new(&entry.name, NAME),
                Cell::new(status, style),
                Cell::new(date::rfc3339(time(entry.since)), PLAIN),
                Cell::new(in_words(left), PLAIN),
            ]
        })
        .collect();
    output::columns(out, ["KIND", "NAME", "STATUS", "SINCE", "FORGOTTEN IN"], &rows)
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A time to come, by its two greatest units.
fn in_words(time: Duration) -> String {
    let (minute, hour, day) = (60, 3600, 86_400);
    match time.as_secs() {
        s if s >= day => format!("{}d {}h", s / day, s % day / hour),
        s if s >= hour => format!("{}h {}m", s / hour, s % hour / minute),
        s if s >= minute => format!("{}m {}s", s / minute, s % minute),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, name: &str) -> Entry {
        let passed = (kind == Kind::Triple).then_some(true);
        Entry { kind, name: name.to_owned(), since: 1_764_300_000_000, expires: u64::MAX, passed, count: None }
    }

    #[test]
    fn both_forms() {
        let entries =
            [entry(Kind::Triple, "192.0.2.0 <a@x.example> <b\u{7}@y.example>"), entry(Kind::ClientAudit, "2001:db8::")];
        let mut text = anstream::StripStream::new(Vec::new());
        as_text(&mut text, &entries).unwrap();
        let text = String::from_utf8(text.into_inner()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("KIND          NAME "), "{text}");
        assert!(lines[1].starts_with(
            "greylist      192.0.2.0 <a@x.example> <b\u{fffd}@y.example>  let pass  2025-11-28T03:20:00Z  "
        ));
        assert!(lines[2].starts_with("audit client  2001:db8::                              refused "), "{text}");
        let mut json = Vec::new();
        as_json(&mut json, &entries).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json[0]["passed"], &json[1]["kind"]), (&true.into(), &"audit client".into()));
        assert_eq!((json[1].get("passed"), &json[0]["since"]), (None, &"2025-11-28T03:20:00Z".into()));
        let mut none = Vec::new();
        as_json(&mut none, &[]).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<()>>(&none).unwrap(), []);
    }

    #[test]
    fn times_in_words() {
        for (seconds, words) in [(0, "0s"), (61, "1m 1s"), (7_380, "2h 3m"), (100_000, "1d 3h")] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
