//! ANONYMOUS (RFC 4505).

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
