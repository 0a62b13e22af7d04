//! What is remembered under one key, and how it changes: the same in every store.

use crate::config::Rate;
use std::time::{Duration, SystemTime};

/// An event weighs so much, so that a part of one can leak away.
pub(super) const EVENT: u64 = 1000;

/// What is remembered. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it is forgotten.
    pub expires: u64,
    /// When it was first seen, or last counted.
    pub since: u64,
    /// How much was counted; of a greylisted triple, 1 once it has been let pass.
    pub level: u64,
}

/// What is done to a record.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// A message comes from somebody to somebody.
    Greylist {
        /// How long the first is put off.
        delay: Duration,
        /// How long the first sight is remembered.
        pending: Duration,
        /// How long it is remembered once it has come again.
        expires: Duration,
    },
    /// Something happened so many times, where only so much may.
    Count {
        /// How many times.
        by: u32,
        /// How much may.
        rate: Rate,
    },
    /// It is put on a list for so long.
    List(Duration),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is against it.
    Fine,
    /// It has to wait so long.
    Wait(Duration),
    /// It is too much.
    TooMuch,
}

/// The time, as records tell it.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Record {
    /// Whether it is still remembered.
    pub fn lives(&self, now: u64) -> bool {
        now < self.expires
    }
}

impl Change {
    /// The record after the change, where it is another, and what came of it.
    pub fn apply(self, record: Option<Record>, now: u64) -> (Option<Record>, Outcome) {
        let record = record.filter(|record| record.lives(now));
        match self {
            Self::Greylist { delay, pending, expires } => greylist(record, now, [delay, pending, expires].map(millis)),
            Self::Count { by, rate } => count(record, now, by, rate),
            Self::List(lasts) => {
                (Some(Record { expires: now.saturating_add(millis(lasts)), since: now, level: 1 }), Outcome::Fine)
            }
        }
    }
}

fn greylist(record: Option<Record>, now: u64, [delay, pending, expires]: [u64; 3]) -> (Option<Record>, Outcome) {
    let passed = |since| Record { expires: now.saturating_add(expires), since, level: 1 };
    match record {
        None if delay == 0 => (Some(passed(now)), Outcome::Fine),
        None => {
            let first = Record { expires: now.saturating_add(pending), since: now, level: 0 };
            (Some(first), Outcome::Wait(Duration::from_millis(delay)))
        }
        Some(known) if known.level == 0 && now.saturating_sub(known.since) < delay => {
            let left = delay.saturating_sub(now.saturating_sub(known.since));
            (None, Outcome::Wait(Duration::from_millis(left)))
        }
        // What is fresh need not be written again.
        Some(known) if known.level == 1 && known.expires.saturating_sub(now) > expires / 16 * 15 => {
            (None, Outcome::Fine)
        }
        Some(known) => (Some(passed(known.since)), Outcome::Fine),
    }
}

/// A bucket that leaks: as much as may come in a window leaks away in a window. What is too much is not put in.
fn count(record: Option<Record>, now: u64, by: u32, rate: Rate) -> (Option<Record>, Outcome) {
    let window = millis(rate.window).max(1);
    let most = u64::from(rate.count) * EVENT;
    let level = record.map_or(0, |record| {
        let elapsed = u128::from(now.saturating_sub(record.since));
        let leaked = elapsed * u128::from(most) / u128::from(window);
        record.level.saturating_sub(u64::try_from(leaked).unwrap_or(u64::MAX))
    });
    let fuller = level.saturating_add(u64::from(by) * EVENT);
    if fuller > most {
        return (None, Outcome::TooMuch);
    }
    (Some(Record { expires: now.saturating_add(window), since: now, level: fuller }), Outcome::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Applies changes at times, in seconds, and tells what came of each.
    fn outcomes(changes: &[(u64, Change)]) -> Vec<Outcome> {
        let mut record = None;
        let mut outcomes = Vec::new();
        for (at, change) in changes {
            let (changed, outcome) = change.apply(record, at * 1000);
            record = changed.or(record);
            outcomes.push(outcome);
        }
        outcomes
    }

    #[test]
    fn who_comes_again_in_time_is_let_pass_from_then_on() {
        let change = Change::Greylist { delay: 60 * SECOND, pending: 600 * SECOND, expires: 3600 * SECOND };
        let at = |times: &[u64]| outcomes(&times.iter().map(|at| (*at, change)).collect::<Vec<_>>());
        let wait = |seconds| Outcome::Wait(Duration::from_secs(seconds));
        assert_eq!(
            at(&[0, 20, 60, 61, 3000, 6000]),
            [wait(60), wait(40), Outcome::Fine, Outcome::Fine, Outcome::Fine, Outcome::Fine]
        );
        // Too late, the first time and after the last message.
        assert_eq!(at(&[0, 600, 660, 4260]), [wait(60), wait(60), Outcome::Fine, wait(60)]);
    }

    #[test]
    fn a_rate_lets_as_much_pass_as_leaks_away() {
        let count = |by| Change::Count { by, rate: Rate { count: 2, window: 60 * SECOND } };
        let (fine, much) = (Outcome::Fine, Outcome::TooMuch);
        let steady = [(0, count(1)), (0, count(1)), (0, count(1)), (29, count(1)), (30, count(1)), (31, count(1))];
        assert_eq!(outcomes(&steady), [fine, fine, much, much, fine, much]);
        assert_eq!(outcomes(&[(0, count(3)), (0, count(2)), (3600, count(2))]), [much, fine, fine]);
        // A clock that is set back takes nothing away and gives nothing.
        assert_eq!(outcomes(&[(100, count(2)), (0, count(1)), (130, count(1))]), [fine, much, fine]);
    }

    #[test]
    fn nothing_makes_the_arithmetic_fail() {
        let most = Duration::from_millis(u64::MAX);
        let record = Record { expires: u64::MAX, since: 0, level: u64::MAX };
        for now in [0, 1, u64::MAX - 1] {
            for change in [
                Change::Count { by: u32::MAX, rate: Rate { count: u32::MAX, window: most } },
                Change::Greylist { delay: most, pending: most, expires: most },
                Change::List(most),
            ] {
                change.apply(Some(record), now);
                change.apply(None, now);
            }
        }
    }
}
