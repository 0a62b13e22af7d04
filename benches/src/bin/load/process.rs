//! What a server takes, as `/proc` tells it: its process, and all that it has started.

use std::fs;

use serde::Serialize;

/// Ticks of processor time in a second, in what `/proc` shows: the same on every Linux (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

/// What a server has taken so far.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Usage {
    /// Processor time, in seconds.
    pub(crate) seconds: f64,
    /// Resident memory now, in octets.
    pub(crate) resident: u64,
    /// The most that was resident at a time, in octets; of several processes the sum of each's.
    pub(crate) peak: u64,
}

impl Usage {
    /// What was taken between two looks.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self { seconds: self.seconds - before.seconds, ..self.clone() }
    }
}

impl Process {
    /// What it has taken, with its children, those that have ended too.
    pub(crate) fn usage(self) -> Result<Usage, String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0));
        let stat = stat.map_err(|error| format!("no process {}: {error}", self.0))?;
        // The name, in parentheses, may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
        // utime, stime, and both of children that have been waited for: fields 14 to 17, of which two are before the parenthesis closes.
        let ticks: f64 = (11..15).filter_map(|at| fields.get(at)?.parse::<f64>().ok()).sum();
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let kibibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().find_map(|word| word.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        let mut usage = Usage { seconds: ticks / TICKS, resident: kibibytes("VmRSS:"), peak: kibibytes("VmHWM:") };
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.0)).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
            // One that has just ended counts in its parent from now on.
            if let Ok(child) = Process(child).usage() {
                usage.seconds += child.seconds;
                usage.resident += child.resident;
                usage.peak += child.peak;
            }
        }
        Ok(usage)
    }
}
