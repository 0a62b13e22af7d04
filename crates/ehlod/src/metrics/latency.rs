//! How long something takes to answer, and how often it does not.

use prometheus::{Histogram, IntCounter};
use std::time::Instant;

/// Times and failures of one kind of question.
#[derive(Debug)]
pub struct Latency {
    seconds: Histogram,
    failures: IntCounter,
}

impl Latency {
    pub(super) const fn new(seconds: Histogram, failures: IntCounter) -> Self {
        Self { seconds, failures }
    }

    /// Starts timing a question.
    pub fn start(&self) -> Timer<'_> {
        Timer { latency: self, began: Instant::now() }
    }

    /// Times a question, and counts it as a failure where it has no answer.
    ///
    /// # Errors
    ///
    /// Those of the question.
    pub async fn of<T, E>(&self, question: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let timer = self.start();
        let answer = question.await;
        timer.stop(answer.is_ok());
        answer
    }
}

/// A question that is being timed. Where it is dropped, nobody wants the answer any more, and nothing is noted.
#[derive(Debug)]
#[must_use]
pub struct Timer<'l> {
    latency: &'l Latency,
    began: Instant,
}

impl Timer<'_> {
    /// There is an answer, or there is none.
    pub fn stop(self, is_answered: bool) {
        self.latency.seconds.observe(self.began.elapsed().as_secs_f64());
        if !is_answered {
            self.latency.failures.inc();
        }
    }
}
