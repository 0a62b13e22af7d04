//! Time, by a tick of 10 ms. (A shorter one is not true under emulation.)

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use ehlo_embedded::ehlo::Instant;

/// The clock that runs after a reset.
const HERTZ: u32 = 12_500_000;
const TICK: u32 = 10;

static LOW: AtomicU32 = AtomicU32::new(0);
static HIGH: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    let low = LOW.load(Ordering::Relaxed).wrapping_add(1);
    LOW.store(low, Ordering::Relaxed);
    if low == 0 {
        HIGH.store(HIGH.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

pub fn start(timer: &mut SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(HERTZ / 1000 * TICK - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Ticks since the start.
pub fn ticks() -> u64 {
    loop {
        let high = HIGH.load(Ordering::Relaxed);
        let low = LOW.load(Ordering::Relaxed);
        // Otherwise it ran over in between.
        if HIGH.load(Ordering::Relaxed) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

pub fn now() -> Instant {
    Instant::from_millis(ticks() * u64::from(TICK))
}
