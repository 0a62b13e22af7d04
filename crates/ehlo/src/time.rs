//! Time as data: the core has no clock, the caller says what time it is.

/// A moment, in milliseconds since an epoch of the caller's choice.
///
/// Any monotonic clock serves: uptime of a board, `std::time::Instant` minus a start, a simulated clock in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The moment `millis` milliseconds after the caller's epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the caller's epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `wait` after this one; the last moment there is, where that would overflow.
    #[must_use]
    pub const fn after(self, wait: Millis) -> Self {
        Self(self.0.saturating_add(wait.0 as u64))
    }

    /// Milliseconds from `now` until this moment; 0 where it has passed.
    pub const fn millis_from(self, now: Self) -> u64 {
        self.0.saturating_sub(now.0)
    }
}

/// A length of time in whole milliseconds, up to 49 days.
///
/// The crate's own, since 32 bits are what a small processor handles well, and arithmetic of `core::time::Duration` can panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Millis(u32);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn from_millis(millis: u32) -> Self {
        Self(millis)
    }

    /// So many seconds; the longest time there is, where that would overflow.
    pub const fn from_secs(secs: u32) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// So many minutes; the longest time there is, where that would overflow.
    pub const fn from_mins(mins: u32) -> Self {
        Self(mins.saturating_mul(60_000))
    }

    /// The number of milliseconds.
    pub const fn as_millis(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_at_both_ends() {
        let end = Instant::from_millis(u64::MAX);
        assert_eq!(end.after(Millis::from_secs(1)), end);
        assert_eq!(Millis::from_secs(u32::MAX).as_millis(), u32::MAX);
        assert_eq!(Instant::from_millis(5).millis_from(end), 0);
        assert_eq!(Instant::from_millis(5).after(Millis::from_mins(1)).millis_from(Instant::from_millis(5)), 60_000);
    }
}
