//! The classes of characters in the grammar. `utf8` adds what RFC 6531 3.3 adds: any character over 127; that a line is valid UTF-8
//! is checked before it is parsed.

use super::{MISMATCH, Parsed};

/// `atext` (RFC 5322 3.2.3).
pub(crate) const fn is_atext(octet: u8, utf8: bool) -> bool {
    matches!(octet,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^' | b'_' | b'`' | b'{' | b'|' | b'}' | b'~')
        || (utf8 && octet > 127)
}

/// `qtextSMTP` (RFC 5321 4.1.2).
pub(crate) const fn is_qtext(octet: u8, utf8: bool) -> bool {
    matches!(octet, 32..=33 | 35..=91 | 93..=126) || (utf8 && octet > 127)
}

/// `Let-dig` (RFC 5321 4.1.2), and the octets of a U-label (RFC 6531 3.3).
pub(crate) const fn is_let_dig(octet: u8, utf8: bool) -> bool {
    octet.is_ascii_alphanumeric() || (utf8 && octet > 127)
}

/// `dcontent` (RFC 5321 4.1.3).
pub(crate) const fn is_dcontent(octet: u8) -> bool {
    matches!(octet, 33..=90 | 94..=126)
}

/// Characters of `esmtp-value` (RFC 5321 4.1.2, RFC 6531 3.3).
pub(crate) const fn is_esmtp_value(octet: u8, utf8: bool) -> bool {
    matches!(octet, 33..=60 | 62..=126) || (utf8 && octet > 127)
}

/// Whether both are the same word, in any case. (Not inlined: there are some fifty of these, of 60 octets each on a Cortex-M3.)
#[inline(never)]
pub(crate) fn same_word(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What stands before and behind the first octet like this one; `None` where there is none.
pub(crate) fn split_at_octet(octets: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = octets.iter().position(|octet| *octet == separator)?;
    let (before, behind) = octets.split_at_checked(at)?;
    Some((before, behind.split_first()?.1))
}

/// As many octets of a class as there are, and at least one.
pub(crate) fn many(class: impl Fn(u8) -> bool, input: &[u8]) -> Parsed<'_, &[u8]> {
    let end = input.iter().position(|octet| !class(*octet)).unwrap_or(input.len());
    match input.split_at_checked(end) {
        Some((found, rest)) if !found.is_empty() => Ok((rest, found)),
        _ => Err(MISMATCH),
    }
}

/// What lies between the start of `input` and `rest`, which must be its tail.
pub(crate) fn consumed<'l>(input: &'l [u8], rest: &[u8]) -> &'l [u8] {
    input.get(..input.len().saturating_sub(rest.len())).unwrap_or_default()
}
