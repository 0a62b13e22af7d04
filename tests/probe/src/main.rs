//! Calls everything that the core offers, on input that the compiler knows nothing of, with a panic handler that cannot be linked.
//! So if this links, no call can panic: a path that could would need the handler.
//!
//! Only what derives bring stays outside (`Debug` of a `str` has a panic path of its own in the standard library).
#![no_std]
#![no_main]

#[cfg(feature = "all")]
mod parts;
mod session;
mod sizes;

use core::hint::black_box;

unsafe extern "C" {
    /// Defined nowhere.
    fn a_panic_is_left_in_the_core() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never linked, so it is never called.
    unsafe { a_panic_is_left_in_the_core() }
}

/// What the guide `own_stack` of the core says of a session's size where pointers have 32 bits.
#[cfg(target_pointer_width = "32")]
const _: () = {
    // Of the latter without the parts that an appliance has no use for, 32 less than the guide's table.
    let state = if cfg!(feature = "all") { 240 } else { 144 };
    assert!(size_of::<ehlo::Session<'_, 512, 1024>>() == 512 + 1024 + state);
};

/// Where the linker begins to look for what is used.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let input: &[u8] = black_box(&[0; 64]);
    session::run(input);
    #[cfg(feature = "all")]
    parts::run(input);
    loop {}
}
