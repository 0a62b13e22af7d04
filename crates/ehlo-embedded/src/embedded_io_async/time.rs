//! What a connection has to know of time.

use ehlo::Instant;

/// A clock that can be waited for.
///
/// A program with embassy-time takes [`EmbassyTime`] (feature `embassy-time`); one with a delay of embedded-hal-async and a counter takes
/// [`DelayTime`] (feature `embedded-hal-async`); two lines do it for any other:
///
/// ```
/// use ehlo_embedded::ehlo::Instant;
/// use ehlo_embedded::embedded_io_async::Time;
/// # mod board { pub fn ticks() -> u64 { 0 } pub async fn alarm(_: u64) {} }
///
/// /// A counter of milliseconds, with an alarm.
/// struct Counter;
///
/// impl Time for Counter {
///     fn now(&self) -> Instant { Instant::from_millis(board::ticks()) }
///     async fn wait_until(&mut self, moment: Instant) { board::alarm(moment.as_millis()).await }
/// }
/// ```
#[expect(async_fn_in_trait, reason = "an executor of one thread asks nothing more of a future than to be one")]
pub trait Time {
    /// The time since any epoch. It must not run backwards.
    fn now(&self) -> Instant;

    /// Waits until then. It may be dropped at any moment, and then has never been asked.
    async fn wait_until(&mut self, moment: Instant);
}

/// The time of embassy-time.
#[cfg(feature = "embassy-time")]
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbassyTime;

#[cfg(feature = "embassy-time")]
impl Time for EmbassyTime {
    fn now(&self) -> Instant {
        Instant::from_millis(embassy_time::Instant::now().as_millis())
    }

    async fn wait_until(&mut self, moment: Instant) {
        let left = moment.millis_from(self.now());
        // As far as the timer's counter goes; who is waited for is looked at again then.
        embassy_time::Timer::after_millis(left.min(u64::from(u32::MAX))).await;
    }
}

/// A delay of embedded-hal-async, and a function that tells the time: a counter of ticks, for example.
#[cfg(feature = "embedded-hal-async")]
#[derive(Debug, Clone, Copy)]
pub struct DelayTime<D, C> {
    delay: D,
    clock: C,
}

#[cfg(feature = "embedded-hal-async")]
impl<D: embedded_hal_async::delay::DelayNs, C: Fn() -> Instant> DelayTime<D, C> {
    /// By this delay and this clock, which must not run backwards.
    pub const fn new(delay: D, clock: C) -> Self {
        Self { delay, clock }
    }
}

#[cfg(feature = "embedded-hal-async")]
impl<D: embedded_hal_async::delay::DelayNs, C: Fn() -> Instant> Time for DelayTime<D, C> {
    fn now(&self) -> Instant {
        (self.clock)()
    }

    async fn wait_until(&mut self, moment: Instant) {
        // The clock has the last word, for some delays are not true.
        loop {
            let left = moment.millis_from(self.now());
            if left == 0 {
                return;
            }
            self.delay.delay_ms(u32::try_from(left).unwrap_or(u32::MAX)).await;
        }
    }
}
