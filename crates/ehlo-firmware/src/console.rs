//! The log, on the first serial port.

use core::fmt;

const UART0: usize = 0x4000_C000;
const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const TRANSMIT_FULL: u32 = 1 << 5;

pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for octet in text.bytes() {
            // SAFETY: these are registers of the port, always mapped, and one core writes to it.
            unsafe {
                while ((UART0 + FLAGS) as *const u32).read_volatile() & TRANSMIT_FULL != 0 {}
                ((UART0 + DATA) as *mut u32).write_volatile(octet.into());
            }
        }
        Ok(())
    }
}

/// Writes a line into the log.
#[macro_export]
macro_rules! log {
    ($($what:tt)*) => {{
        use core::fmt::Write;
        let _ = writeln!($crate::console::Console, $($what)*);
    }};
}
