//! What lies in RAM: statics, and the stack, its guard, and how much of it has been used.

use core::cell::UnsafeCell;
use core::ptr::addr_of;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::MPU;

/// The guard, below which lie all statics. A stack that grows into it ends in a fault, and not in wrong data.
const GUARD: usize = 256;
const PAINT: u32 = 0x5afe_57ac;

/// A static that is lent out once.
pub struct Lent<T> {
    lent: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only one caller gets to the value.
unsafe impl<T: Send> Sync for Lent<T> {}

impl<T> Lent<T> {
    pub const fn new(value: T) -> Self {
        Self { lent: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// The value, to the first who asks.
    #[expect(clippy::mut_from_ref, reason = "it is given once")]
    pub fn take(&'static self) -> Option<&'static mut T> {
        // SAFETY: only one caller finds it not lent.
        (!self.lent.swap(true, Ordering::Relaxed)).then(|| unsafe { &mut *self.value.get() })
    }
}

unsafe extern "C" {
    static __sheap: u32;
    static _stack_start: u32;
}

/// Where the guard ends and the stack may begin.
fn bottom() -> usize {
    (addr_of!(__sheap) as usize).next_multiple_of(GUARD) + GUARD
}

fn top() -> usize {
    addr_of!(_stack_start) as usize
}

/// Sets the guard, and paints what is not used yet.
pub fn guard(mpu: &mut MPU) {
    let here = 0_u32;
    // Some room for this call itself.
    let end = (addr_of!(here) as usize) - 256;
    let mut word = bottom();
    while word < end {
        // SAFETY: between the statics and the stack in use there is RAM that nothing else uses.
        unsafe { (word as *mut u32).write_volatile(PAINT) };
        word += 4;
    }
    // Region 0, 2^(7 + 1) octets, no access, no execution; the default map for all else, and none of it in fault handlers.
    // SAFETY: nothing lies in the region.
    unsafe {
        mpu.rnr.write(0);
        mpu.rbar.write((bottom() - GUARD) as u32);
        mpu.rasr.write(1 << 28 | 7 << 1 | 1);
        mpu.ctrl.write(1 << 2 | 1);
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// Octets of stack that there are, and that have never been used.
pub fn stack() -> (usize, usize) {
    let (bottom, top) = (bottom(), top());
    let mut word = bottom;
    // SAFETY: this is the stack's own room, read only.
    while word < top && unsafe { (word as *const u32).read_volatile() } == PAINT {
        word += 4;
    }
    (top - bottom, word - bottom)
}

/// Octets of RAM that statics take.
pub fn statics() -> usize {
    addr_of!(__sheap) as usize - 0x2000_0000
}
