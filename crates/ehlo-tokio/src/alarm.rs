//! A deadline that moves on with every command, and is seldom reached.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set when somebody first has to wait, and then left alone: where it goes off before its time, since the deadline has
/// moved on meanwhile, it is set anew. To set it with every command would take a lock and, at times, wake another thread.
#[derive(Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether it has been set, in time for the deadline, and has not gone off: whoever waited for it is woken then.
    pub(crate) fn is_set(&self, deadline: Instant) -> bool {
        self.0.as_ref().is_some_and(|sleep| sleep.deadline() <= deadline && !sleep.is_elapsed())
    }

    /// Whether the deadline is here; the task is woken when it is. `now` is when the wait for it began.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now: Instant, deadline: Instant) -> Poll<()> {
        // One that is here already needs no timer, whose grain is a millisecond.
        if now >= deadline {
            return Poll::Ready(());
        }
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
