//! Parameters of MAIL and RCPT (RFC 5321 4.1.2), and xtext (RFC 3461 4).

use super::ArgumentError;
use super::characters::{ESMTP_VALUE, HYPHEN, LET_DIG, split_run, strip_octet, with_utf8};
use super::text;

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameter<'l> {
    pub(crate) keyword: &'l [u8],
    pub(crate) value: Option<&'l [u8]>,
}

/// `Mail-parameters` or `Rcpt-parameters`: what stands behind a path, each parameter after one space.
pub(crate) struct Parameters<'l> {
    rest: &'l [u8],
    utf8: bool,
}

impl<'l> Parameters<'l> {
    pub(crate) const fn new(rest: &'l [u8], utf8: bool) -> Self {
        Self { rest, utf8 }
    }

    fn parameter(&mut self) -> Option<Parameter<'l>> {
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        let (keyword, mut rest) = split_run(strip_octet(self.rest, b' ')?, LET_DIG | HYPHEN)?;
        if keyword.first() == Some(&b'-') {
            return None;
        }
        let mut value = None;
        if let Some((b'=', after)) = rest.split_first() {
            let (octets, behind) = split_run(after, with_utf8(ESMTP_VALUE, self.utf8))?;
            (value, rest) = (Some(octets), behind);
        }
        self.rest = rest;
        Some(Parameter { keyword, value })
    }
}

impl<'l> Iterator for Parameters<'l> {
    type Item = Result<Parameter<'l>, ArgumentError>;

    /// The next parameter; after an error the iterator has nothing more that makes sense.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.parameter().ok_or(ArgumentError::Syntax))
    }
}

/// The parameters met so far, so that none is taken twice.
#[derive(Default)]
pub(crate) struct Once(u16);

impl Once {
    /// Marks a parameter, given as one bit; an error where it is marked already.
    pub(crate) const fn mark(&mut self, bit: u16) -> Result<(), ArgumentError> {
        if self.0 & bit != 0 {
            return Err(ArgumentError::Syntax);
        }
        self.0 |= bit;
        Ok(())
    }

    /// Whether others than these are marked.
    pub(crate) const fn has_others(&self, bits: u16) -> bool {
        self.0 & !bits != 0
    }
}

/// `1*20DIGIT` (RFC 1870 3). What passes 64 bits becomes the largest number there is: it is over any limit.
pub(crate) fn size(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let mut size = 0_u64;
    let mut over = false;
    for octet in digits {
        if !octet.is_ascii_digit() {
            return None;
        }
        over |= size > u64::MAX / 10;
        let carry;
        (size, carry) = size.wrapping_mul(10).overflowing_add(u64::from(octet.wrapping_sub(b'0')));
        over |= carry;
    }
    Some(if over { u64::MAX } else { size })
}

/// A value in xtext (RFC 3461 4): printable ASCII, other octets as `+` and two hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Xtext<'a>(&'a str);

impl<'a> Xtext<'a> {
    /// Reads xtext; `None` where it is malformed.
    pub fn parse(encoded: &'a str) -> Option<Self> {
        Self::read(encoded.as_bytes())
    }

    /// Xtext that was read before.
    #[cfg(not(feature = "extensions"))]
    pub(crate) const fn rebuilt(encoded: &'a str) -> Self {
        Self(encoded)
    }

    /// Reads xtext that is part of a line.
    pub(crate) fn read(encoded: &'a [u8]) -> Option<Self> {
        let mut rest = encoded;
        loop {
            rest = match rest {
                [] => return Some(Self(text(encoded))),
                [b'+', b'0'..=b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F', after @ ..] => after,
                // xchar = %d33-42 / %d44-60 / %d62-126
                [33..=42 | 44..=60 | 62..=126, after @ ..] => after,
                _ => return None,
            };
        }
    }

    /// As it was written.
    pub const fn encoded(&self) -> &'a str {
        self.0
    }

    /// What it means, octet by octet.
    pub fn decoded(&self) -> impl Iterator<Item = u8> + 'a {
        let mut rest = self.0.as_bytes();
        core::iter::from_fn(move || {
            let (octet, after) = match rest {
                [b'+', high, low, after @ ..] => (nibble(*high) << 4 | nibble(*low), after),
                [octet, after @ ..] => (*octet, after),
                [] => return None,
            };
            rest = after;
            Some(octet)
        })
    }
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit.wrapping_sub(b'0'),
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 15,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn all(input: &str) -> Option<Vec<(&str, Option<&str>)>> {
        let text = |octets| std::str::from_utf8(octets).unwrap();
        Parameters::new(input.as_bytes(), false)
            .map(|one| one.ok().map(|one| (text(one.keyword), one.value.map(text))))
            .collect()
    }

    #[test]
    fn parameters_follow_the_grammar() {
        assert_eq!(all(""), Some(Vec::new()));
        assert_eq!(
            all(" SIZE=1 X-y ret=<a>"),
            Some(std::vec![("SIZE", Some("1")), ("X-y", None), ("ret", Some("<a>"))])
        );
        for bad in ["SIZE=1", " ", "  A", " A ", " =1", " A=", " A==", " -A", " A_b", " A=b c=", " A=\u{fc}"] {
            assert_eq!(all(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_size_saturates_and_never_wraps() {
        assert_eq!(size(b"0"), Some(0));
        assert_eq!(size(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(size(b"99999999999999999999"), Some(u64::MAX));
        for bad in [&b""[..], b"1x", b"-1", b"+1", b"184467440737095516161844674407"] {
            assert_eq!(size(bad), None);
        }
    }

    #[test]
    fn xtext() {
        let decoded = |text| Xtext::parse(text).map(|x| x.decoded().collect::<Vec<u8>>());
        assert_eq!(decoded("QQ+2B3+3D+FF"), Some(b"QQ+3=\xff".to_vec()));
        assert_eq!(decoded("<>"), Some(b"<>".to_vec()));
        for bad in ["a+0", "a+", "a+0g", "a+2b", "a=b", "a b", "\u{fc}"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
