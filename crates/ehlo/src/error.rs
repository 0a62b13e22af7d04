//! What a caller of the core can do wrong.

use core::fmt;

/// The caller said something that does not fit the session's state, for instance that a TLS handshake ended when none was asked for.
///
/// Nothing that a *peer* does is an error here: that becomes replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ApiMisuse;

impl fmt::Display for ApiMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session is not waiting for a TLS handshake")
    }
}

impl core::error::Error for ApiMisuse {}
