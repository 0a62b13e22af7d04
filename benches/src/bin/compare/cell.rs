//! One way of sending, and what came of it.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::peers::{self, Peer, Started};

/// Messages on each connection where there are many.
const MANY: u64 = 100;

/// A way of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Octets of a message.
    pub(crate) size: usize,
    /// Whether a connection carries many messages, or one.
    pub(crate) many: bool,
    pub(crate) clients: usize,
    /// By STARTTLS.
    pub(crate) tls: bool,
}

/// What the load printed; of several rounds the middle, figure by figure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// In all rounds.
    pub(crate) messages: u64,
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu_us: Option<f64>,
    pub(crate) resident: Option<u64>,
    pub(crate) peak: Option<u64>,
    pub(crate) error: Option<String>,
    /// How far apart the rounds were.
    #[serde(default)]
    pub(crate) spread: Option<Spread>,
}

/// The lowest and the highest of the rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) rate: [f64; 2],
    pub(crate) cpu_us: [f64; 2],
}

/// What came of Postfix's own load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
}

/// A server in a cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) peer: String,
    pub(crate) cell: Cell,
    pub(crate) figures: Figures,
    pub(crate) judged: Option<Judged>,
}

/// All of a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) machine: String,
    pub(crate) left_out: Vec<String>,
    pub(crate) measured: Vec<Measured>,
}

impl Run {
    /// Puts these figures into the place of older ones; those of other servers and cells stay.
    pub(crate) fn over(mut self, old: Self) -> Self {
        let is_anew = |old: &Measured| self.measured.iter().any(|new| (&new.peer, new.cell) == (&old.peer, old.cell));
        let mut kept: Vec<_> = old.measured.into_iter().filter(|old| !is_anew(old)).collect();
        if !kept.is_empty() {
            self.machine += &format!("- {} of the figures are of earlier runs\n", kept.len());
            // Whoever was left out then has no figures now either.
            let is_of = |why: &str, peer: &str| why.strip_prefix(peer).is_some_and(|rest| rest.starts_with(": "));
            let (measured, told) = (&self.measured, self.left_out.clone());
            let missing = |why: &String| !told.contains(why) && !measured.iter().any(|new| is_of(why, &new.peer));
            self.left_out.extend(old.left_out.into_iter().filter(missing));
        }
        self.measured.append(&mut kept);
        let all = Cell::all();
        let place = |one: &Measured| {
            (Peer::all().iter().position(|peer| peer.name == one.peer), all.iter().position(|cell| *cell == one.cell))
        };
        self.measured.sort_by_key(place);
        self
    }
}

impl Figures {
    /// What several rounds come to.
    pub(crate) fn of(rounds: &[Self]) -> Option<Self> {
        let sorted = |figure: fn(&Self) -> f64| sorted(rounds.iter().map(figure));
        let middle = |figure| middle(&sorted(figure)).unwrap_or_default();
        let ends = |figure| sorted(figure).first().copied().zip(sorted(figure).last().copied());
        let rate = |round: &Self| round.rate;
        let cpu_us = |round: &Self| round.cpu_us.unwrap_or_default();
        Some(Self {
            messages: rounds.iter().map(|round| round.messages).sum(),
            rate: middle(rate),
            p50_ms: middle(|round| round.p50_ms),
            p99_ms: middle(|round| round.p99_ms),
            cpu_us: rounds.iter().all(|round| round.cpu_us.is_some()).then(|| middle(cpu_us)),
            error: rounds.iter().find_map(|round| round.error.clone()),
            spread: ends(rate)
                .zip(ends(cpu_us))
                .map(|(rate, cpu_us)| Spread { rate: rate.into(), cpu_us: cpu_us.into() }),
            // Memory is what it has come to.
            ..rounds.last()?.clone()
        })
    }
}

impl Judged {
    /// What several rounds come to.
    pub(crate) fn of(rounds: &[Self]) -> Option<Self> {
        let middle = |figure: fn(&Self) -> f64| middle(&sorted(rounds.iter().map(figure)));
        Some(Self { rate: middle(|round| round.rate)?, cpu_us: middle(|round| round.cpu_us)? })
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// Of an even number the lower of the two in the middle.
fn middle(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, p50_ms, p99_ms, cpu_us, .. } = self;
        write!(f, "{rate:8.0}/s {:8.1} µs  {p50_ms:8.2} ms {p99_ms:8.2} ms", cpu_us.unwrap_or_default())?;
        if let Some(Spread { rate: [least, most], cpu_us: [low, high] }) = self.spread {
            write!(f, "  ({least:.0} to {most:.0}/s, {low:.0} to {high:.0} µs)")?;
        }
        self.error.as_ref().map_or(Ok(()), |error| write!(f, "  {error}"))
    }
}

impl Cell {
    /// Every one of them.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for tls in [false, true] {
            for size in [1024, 10 * 1024, 1024 * 1024] {
                for many in [true, false] {
                    all.extend([1, 20, 100].map(|clients| Self { size, many, clients, tls }));
                }
            }
        }
        all
    }

    /// What it is called by.
    pub(crate) fn words(&self) -> [String; 4] {
        let size = match self.size {
            1024 => "1KB",
            10240 => "10KB",
            _ => "1MB",
        };
        let many = if self.many { "many" } else { "one" };
        let tls = if self.tls { "tls" } else { "plain" };
        [size.to_owned(), many.to_owned(), format!("c{}", self.clients), tls.to_owned()]
    }

    /// Has the load run against a server, a command at a time: so do most clients there are, and so does smtp-source.
    pub(crate) fn measure(&self, started: &Started, seconds: f64) -> Result<Figures, String> {
        let mut load = Command::new(peers::sibling("load")?);
        load.arg(started.address()).args(["--json", "--to", "bob%@localhost", "--pid", &started.pid().to_string()]);
        load.args(["--clients", &self.clients.to_string(), "--size", &self.size.to_string()]);
        load.args(["--seconds", &seconds.to_string()]);
        load.args(["--per-connection", &if self.many { MANY } else { 1 }.to_string()]);
        load.args(["--tls", if self.tls { "starttls" } else { "none" }]);
        let output = load.stderr(Stdio::null()).output().map_err(|error| format!("load: {error}"))?;
        serde_json::from_slice(&output.stdout).map_err(|error| format!("load said nothing: {error}"))
    }

    /// Has Postfix's own load send about as many, where it is installed.
    pub(crate) fn judge(&self, started: &Started, figures: &Figures, seconds: f64) -> Option<Judged> {
        let program = peers::postfix()?.join("usr/sbin/smtp-source");
        let count = ((figures.rate * seconds) as u64).clamp(self.clients as u64 * 2, 20_000);
        let mut source = Command::new(program);
        source.env("LD_LIBRARY_PATH", peers::postfix()?.join("usr/lib/postfix"));
        // smtp-source wants a configuration to look at, an empty one too.
        source.env("MAIL_CONFIG", started.place().join("empty"));
        if self.many {
            source.arg("-d");
        }
        source.args(["-s", &self.clients.to_string(), "-l", &self.size.to_string(), "-m", &count.to_string()]);
        source.args(["-f", "alice@example.com", "-t", "bob@localhost"]).arg(started.address());
        let (before, begin) = (started.seconds()?, Instant::now());
        let status = source.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        let (took, used) = (begin.elapsed().as_secs_f64(), started.seconds()? - before);
        status.success().then(|| Judged { rate: count as f64 / took, cpu_us: used * 1e6 / count as f64 })
    }
}

/// An empty `main.cf`, for Postfix's programs.
pub(crate) fn empty(place: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(place.join("empty"))?;
    std::fs::write(place.join("empty/main.cf"), "inet_protocols = ipv4\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(rate: f64, cpu_us: f64) -> Figures {
        let (p50_ms, p99_ms) = (1e3 / rate, 2e3 / rate);
        let (resident, peak, error, spread) = (Some(1), Some(2), None, None);
        Figures { messages: 10, rate, p50_ms, p99_ms, cpu_us: Some(cpu_us), resident, peak, error, spread }
    }

    #[test]
    fn the_middle_of_the_rounds_counts() {
        let rounds = [figures(300.0, 9.0), figures(100.0, 50.0), figures(200.0, 20.0)];
        let whole = Figures::of(&rounds).unwrap();
        assert_eq!((whole.messages, whole.rate, whole.cpu_us, whole.p99_ms), (30, 200.0, Some(20.0), 10.0));
        let spread = whole.spread.unwrap();
        assert_eq!((spread.rate, spread.cpu_us), ([100.0, 300.0], [9.0, 50.0]));
        assert!(Figures::of(&[]).is_none());
    }

    #[test]
    fn new_figures_take_the_place_of_old_ones() {
        let measured = |peer: &str, cell: usize, rate| Measured {
            peer: peer.to_owned(),
            cell: Cell::all()[cell],
            figures: figures(rate, 1.0),
            judged: None,
        };
        let run = |measured| Run { measured, ..Run::default() };
        let old = run(vec![measured("ehlod, discarding", 1, 1.0), measured("smtp-sink", 0, 2.0)]);
        let new = run(vec![measured("smtp-sink", 0, 3.0), measured("ehlod, discarding", 0, 4.0)]);
        let run = new.over(old);
        let rates: Vec<_> = run.measured.iter().map(|one| one.figures.rate).collect();
        assert_eq!(rates, [4.0, 1.0, 3.0]);
        assert_eq!(run.machine, "- 1 of the figures are of earlier runs\n");
    }
}
