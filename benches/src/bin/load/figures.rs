//! What was measured.

use std::time::Duration;

use serde_json::json;

use crate::process::Usage;

/// Figures of one client, or of all.
#[derive(Default)]
pub(crate) struct Figures {
    /// How long each message took.
    times: Vec<Duration>,
    pub(crate) connections: u64,
    pub(crate) seconds: f64,
    pub(crate) server: Option<Usage>,
    /// What ended a client too early.
    pub(crate) error: Option<String>,
}

impl Figures {
    /// A message took so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.times.push(time);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.connections += other.connections;
        self.error = self.error.take().or(other.error);
    }

    /// Prints them, as a line of JSON or as a page.
    pub(crate) fn print(&mut self, as_json: bool) {
        self.times.sort_unstable();
        let messages = self.times.len();
        let rate = messages as f64 / self.seconds;
        let server = self.server.as_ref();
        let by_message = server.map(|server| server.seconds * 1e6 / messages.max(1) as f64);
        let [half, most, nearly_all, longest] = [0.5, 0.9, 0.99, 1.0].map(|part| self.percentile(part) * 1e3);
        if as_json {
            let line = json!({
                "messages": messages, "connections": self.connections, "seconds": self.seconds, "rate": rate,
                "p50_ms": half, "p90_ms": most, "p99_ms": nearly_all, "max_ms": longest,
                "cpu_us": by_message, "resident": server.map(|server| server.resident),
                "peak": server.map(|server| server.peak), "error": self.error,
            });
            println!("{line}");
            return;
        }
        println!(
            "{messages} messages on {} connections in {:.2} s: {rate:.0} a second",
            self.connections, self.seconds
        );
        println!("latency, ms: {half:.3} half, {most:.3} 90 %, {nearly_all:.3} 99 %, {longest:.3} the longest");
        if let (Some(server), Some(by_message)) = (server, by_message) {
            let [resident, peak] = [server.resident, server.peak].map(|octets| octets as f64 / 1048576.0);
            println!(
                "server: {by_message:.1} µs of processor a message, {resident:.1} MiB resident, {peak:.1} MiB at the most"
            );
        }
    }

    /// The time within which this part of the messages was through, in seconds.
    fn percentile(&self, part: f64) -> f64 {
        let at = (self.times.len() as f64 * part).ceil() as usize;
        self.times.get(at.saturating_sub(1)).map_or(0.0, Duration::as_secs_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let mut figures = Figures::default();
        assert_eq!(figures.percentile(0.5), 0.0);
        (1..=100).for_each(|millis| figures.took(Duration::from_millis(millis)));
        assert_eq!([0.5, 0.99, 1.0].map(|part| (figures.percentile(part) * 1e3).round()), [50.0, 99.0, 100.0]);
    }
}
