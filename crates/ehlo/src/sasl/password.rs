//! PLAIN (RFC 4616), and what a user name or a password may be.

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 2).
pub(crate) fn plain(message: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = message.split(|octet| *octet == 0);
    let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && (authorization.is_empty() || is_name(authorization));
    (whole && is_name(user) && is_name(password)).then_some((authorization, user, password))
}

/// A user name or a password: UTF-8, not empty, without NUL (RFC 4616 2).
pub(crate) fn is_name(octets: &[u8]) -> bool {
    !octets.is_empty() && is_text(octets)
}

/// UTF-8 without NUL, or nothing.
pub(crate) fn is_text(octets: &[u8]) -> bool {
    !octets.contains(&0) && core::str::from_utf8(octets).is_ok()
}

/// `message = [ email / token ]` (RFC 4505 2): at most 255 characters, none of them a control.
pub(crate) fn is_trace(octets: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(octets) else { return false };
    // Counted by hand: `nth` and `count` leave a panic where overflow checks are on.
    let mut room = 255_u8;
    text.chars().all(|character| {
        let fits = room > 0;
        room = room.saturating_sub(1);
        fits && !character.is_control()
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn traces() {
        for (trace, right) in [
            ("", true),
            ("sirhc", true),
            ("\u{fc}@x", true),
            ("a\0b", false),
            ("a\u{85}", false),
            (&*"\u{fc}".repeat(255), true),
            (&*"x".repeat(256), false),
        ] {
            assert_eq!(is_trace(trace.as_bytes()), right, "{trace:?}");
        }
        assert!(!is_trace(b"\xff"));
    }
}
