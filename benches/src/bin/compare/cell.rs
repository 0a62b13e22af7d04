//! One way of sending, and what came of it.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::peers::{self, Started};

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

/// What the load printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) messages: u64,
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu_us: Option<f64>,
    pub(crate) resident: Option<u64>,
    pub(crate) peak: Option<u64>,
    pub(crate) error: Option<String>,
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

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, p50_ms, p99_ms, cpu_us, .. } = self;
        write!(f, "{rate:8.0}/s {:8.1} µs  {p50_ms:8.2} ms {p99_ms:8.2} ms", cpu_us.unwrap_or_default())?;
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
