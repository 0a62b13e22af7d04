//! PLAIN (RFC 4616), and what a user name or a password may be.

use crate::command::characters::{holds, is_printable, split_at_octet};
use crate::command::utf8;

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 2).
pub(crate) fn plain(message: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (authorization, rest) = split_at_octet(message, 0)?;
    let (user, password) = split_at_octet(rest, 0)?;
    let whole = authorization.is_empty() || is_name(authorization);
    (whole && is_name(user) && is_name(password)).then_some((authorization, user, password))
}

/// A user name or a password: UTF-8, not empty, without NUL (RFC 4616 2).
pub(crate) fn is_name(octets: &[u8]) -> bool {
    !octets.is_empty() && is_text(octets)
}

/// UTF-8 without NUL, or nothing. (Most are printable, which is soon seen. A small processor has less room for code.)
pub(crate) fn is_text(octets: &[u8]) -> bool {
    (cfg!(target_pointer_width = "64") && is_printable(octets)) || (!holds(octets, 0) && utf8(octets).is_some())
}
