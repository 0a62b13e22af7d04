//! What the plots are made of: the counters, as they were at steps of time.

use crate::config::Kind;
use crate::metrics::{Fate, State, metrics};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The time between two samples.
pub(super) const STEP: Duration = Duration::from_secs(2);

/// So many samples, ten seconds, are looked at for one value: in less, mail that comes one by one is a row of peaks.
pub(super) const WINDOW: usize = 6;

/// So many samples are kept: ten minutes.
pub(super) const SAMPLES: usize = 300;

/// The counters at one time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) refusals: u64,
    pub(super) sessions: u64,
    pub(super) connections: i64,
    /// Messages that were stored, or refused at their end, and how many seconds that took in all.
    pub(super) stored: (u64, f64),
}

impl Sample {
    /// The counters as they are.
    pub(super) fn now() -> Self {
        let metrics = metrics();
        let kinds = [Kind::Mx, Kind::Submission, Kind::Lmtp].map(|kind| metrics.of(kind));
        let messages = |fate| kinds.iter().map(|of| of.messages(fate).get()).sum();
        Self {
            accepted: messages(Fate::Accepted),
            refused: messages(Fate::Refused),
            refusals: metrics.refusals(),
            sessions: kinds.iter().map(|of| of.sessions.get()).sum(),
            connections: State::ALL.iter().map(|state| metrics.connections(*state).get()).sum(),
            stored: (metrics.store.get_sample_count(), metrics.store.get_sample_sum()),
        }
    }
}

/// The samples of the last while, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<VecDeque<Sample>>);

impl History {
    /// Takes a sample.
    pub(super) fn note(&self) {
        let sample = Sample::now();
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// The samples there are.
    pub(super) fn samples(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// A value for each step of time: of the samples at the end and the beginning of the [`WINDOW`] up to it.
    pub(super) fn steps(&self, value: impl Fn(&Sample, &Sample) -> f64) -> Vec<f64> {
        self.samples().windows(WINDOW).filter_map(|window| Some(value(window.last()?, window.first()?))).collect()
    }
}

/// How much a minute a counter has grown in a window.
pub(super) fn a_minute(now: u64, before: u64) -> f64 {
    now.saturating_sub(before) as f64 * 60.0 / (STEP.as_secs_f64() * (WINDOW - 1) as f64)
}
