//! What time it is for a session.

use std::time::Duration;

use ehlo::Instant;
use tokio::time;

/// A clock that is read when something was waited for, and then stands: a session asks for the time with every step, most of which follow
/// each other at once.
pub(crate) struct Clock {
    /// When the session began; later, where the handler took time that is not the client's.
    begin: time::Instant,
    /// When it was read last.
    read: time::Instant,
    /// The time between the two, as the core has it.
    now: Instant,
}

impl Clock {
    /// A session begins.
    pub(crate) fn start() -> Self {
        let begin = time::Instant::now();
        Self { begin, read: begin, now: Instant::from_millis(0) }
    }

    /// The time for the core, as of the last reading.
    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// The time of the last reading.
    pub(crate) const fn last(&self) -> time::Instant {
        self.read
    }

    /// Reads it.
    pub(crate) fn read(&mut self) {
        self.read = time::Instant::now();
        let elapsed = self.read.saturating_duration_since(self.begin).as_millis();
        self.now = Instant::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX));
    }

    /// Reads it, and leaves out the time since the last reading: it was not the client's.
    pub(crate) fn skip(&mut self) {
        let before = self.read;
        self.read = time::Instant::now();
        self.begin += self.read - before;
    }

    /// When a deadline of the core is.
    pub(crate) fn at(&self, deadline: Instant) -> time::Instant {
        self.begin + Duration::from_millis(deadline.as_millis())
    }
}
