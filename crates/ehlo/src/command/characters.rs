//! The classes of characters in the grammar. `utf8` adds what RFC 6531 3.3 adds: any character over 127; that a line is valid UTF-8
//! is checked before it is parsed.

use super::{MISMATCH, Parsed};

const ATEXT: u8 = 1;
const QTEXT: u8 = 1 << 1;
const LDH: u8 = 1 << 2;
const DCONTENT: u8 = 1 << 3;
const ESMTP_VALUE: u8 = 1 << 4;
const UNDERSCORE: u8 = 1 << 5;
const CONTROL: u8 = 1 << 6;
const UTF8: u8 = 1 << 7;

/// The classes of each octet, a bit a class. (A look-up took half as long as comparing with the bounds of `atext`.)
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut octet = 0_u8;
    while let Some((class, after)) = rest.split_first_mut() {
        *class = classes_of(octet);
        octet = octet.wrapping_add(1);
        rest = after;
    }
    classes
};

const fn classes_of(octet: u8) -> u8 {
    let mut classes = match octet {
        0..=31 | 127 => CONTROL,
        128.. => UTF8,
        _ => 0,
    };
    // RFC 5322 3.2.3.
    if octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?')
        || matches!(octet, b'^' | b'_' | b'`' | b'{' | b'|' | b'}' | b'~')
    {
        classes |= ATEXT;
    }
    // RFC 5321 4.1.2.
    if matches!(octet, 32..=33 | 35..=91 | 93..=126) {
        classes |= QTEXT;
    }
    if octet.is_ascii_alphanumeric() || octet == b'-' {
        classes |= LDH;
    }
    // RFC 5321 4.1.3.
    if matches!(octet, 33..=90 | 94..=126) {
        classes |= DCONTENT;
    }
    if matches!(octet, 33..=60 | 62..=126) {
        classes |= ESMTP_VALUE;
    }
    if octet == b'_' {
        classes |= UNDERSCORE;
    }
    classes
}

fn is_of(octet: u8, classes: u8) -> bool {
    CLASSES.get(usize::from(octet)).is_some_and(|of| of & classes != 0)
}

const fn or_utf8(class: u8, utf8: bool) -> u8 {
    if utf8 { class | UTF8 } else { class }
}

/// `atext` (RFC 5322 3.2.3).
pub(crate) fn is_atext(octet: u8, utf8: bool) -> bool {
    is_of(octet, or_utf8(ATEXT, utf8))
}

/// `qtextSMTP` (RFC 5321 4.1.2).
pub(crate) fn is_qtext(octet: u8, utf8: bool) -> bool {
    is_of(octet, or_utf8(QTEXT, utf8))
}

/// `Let-dig` and the hyphen of `Ldh-str` (RFC 5321 4.1.2), and the octets of a U-label (RFC 6531 3.3).
pub(crate) fn is_ldh(octet: u8, utf8: bool, underscores: bool) -> bool {
    is_of(octet, or_utf8(if underscores { LDH | UNDERSCORE } else { LDH }, utf8))
}

/// `dcontent` (RFC 5321 4.1.3).
pub(crate) fn is_dcontent(octet: u8) -> bool {
    is_of(octet, DCONTENT)
}

/// Characters of `esmtp-value` (RFC 5321 4.1.2, RFC 6531 3.3).
pub(crate) fn is_esmtp_value(octet: u8, utf8: bool) -> bool {
    is_of(octet, or_utf8(ESMTP_VALUE, utf8))
}

/// What a line holds that matters for all of it: controls, and octets over 127.
#[derive(Clone, Copy)]
pub(crate) struct Holds(u8);

impl Holds {
    pub(crate) fn of(line: &[u8]) -> Self {
        if is_printable(line) {
            return Self(0);
        }
        Self(line.iter().fold(0, |found, octet| found | CLASSES.get(usize::from(*octet)).copied().unwrap_or(0)))
    }

    pub(crate) const fn control(self) -> bool {
        self.0 & CONTROL != 0
    }

    pub(crate) const fn non_ascii(self) -> bool {
        self.0 & UTF8 != 0
    }
}

/// Whether a text is printable ASCII and nothing else: sixteen octets at a time, without a way out of the loop, so that the compiler
/// has an instruction for so many.
pub(crate) fn is_printable(line: &[u8]) -> bool {
    fn is_other(octets: &[u8]) -> bool {
        octets.iter().fold(false, |other, octet| other | (octet.wrapping_sub(b' ') > b'~' - b' '))
    }
    let (blocks, rest) = line.as_chunks::<16>();
    let other = blocks.iter().fold(false, |other, block| other | is_other(block));
    // What is left is looked at with what stands before it, as another sixteen.
    !(other | line.last_chunk::<16>().map_or_else(|| is_other(rest), |block| is_other(block)))
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
