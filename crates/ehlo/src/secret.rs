//! A secret that never prints.

use core::fmt;

/// A password or token, borrowed from the session's line buffer, which is overwritten once the exchange is over.
///
/// It prints as `[secret]`, so that it cannot get into a log by way of a derived `Debug`.
#[derive(Clone, Copy)]
pub struct Secret<'s>(&'s [u8]);

impl<'s> Secret<'s> {
    pub(crate) const fn new(octets: &'s [u8]) -> Self {
        Self(octets)
    }

    /// The octets themselves. Compare them in constant time, and keep no copy.
    pub const fn expose(self) -> &'s [u8] {
        self.0
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Secret<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "[secret]");
    }
}
