//! The text of a Subject: encoded words (RFC 2047), as readers take them, who are lenient.
//!
//! An encoded word is one wherever it stands, also within a word. The octets of those that follow one another in the same charset belong
//! together: many a mail program cuts a character of two octets in two. What is not encoded, and no UTF-8, is in the charset of the message.

use super::decode::{Decoder, Encoding};
use super::text;
use memchr::memmem;

/// The longest encoded word that is looked at, in octets. Those of RFC 2047 have 75.
const LONGEST: usize = 1024;

/// An encoded word.
struct Word<'v> {
    charset: &'v str,
    octets: Vec<u8>,
    /// What stands behind it.
    rest: &'v [u8],
}

/// What is decoded so far.
struct Decoded<'v> {
    text: String,
    /// Octets of encoded words that may go on, and their charset.
    open: Option<(&'v str, Vec<u8>)>,
}

/// The text of a value; `charset` is that of the message, if it names one.
pub(super) fn decoded(value: &[u8], charset: Option<&str>) -> String {
    let mut decoded = Decoded { text: String::with_capacity(value.len()), open: None };
    let (mut plain, mut rest) = (0, value);
    let mut at = 0;
    while let Some(found) = memmem::find(rest, b"=?") {
        at += found;
        let from = rest.get(found..).unwrap_or_default();
        match Word::at(from) {
            Some(word) => {
                decoded.plain(value.get(plain..at).unwrap_or_default(), charset);
                at += from.len() - word.rest.len();
                plain = at;
                rest = word.rest;
                decoded.word(word);
            }
            None => {
                at += 2;
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    decoded.close();
    decoded.plain(value.get(plain..).unwrap_or_default(), charset);
    decoded.text
}

impl<'v> Word<'v> {
    /// `=?charset?encoding?text?=`, from its beginning.
    fn at(from: &'v [u8]) -> Option<Self> {
        let near = from.get(..from.len().min(LONGEST)).unwrap_or_default();
        let mut parts = near.get(2..)?.splitn(3, |octet| *octet == b'?');
        let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
        let encoding = match encoding {
            b"B" | b"b" => Encoding::Base64,
            b"Q" | b"q" => Encoding::QuotedPrintable,
            _ => return None,
        };
        // The text can begin with an equals sign; it holds no question mark.
        let end = memmem::find(text, b"?=")?;
        let head = 2 + charset.len() + 1 + 1 + 1;
        let text = text.get(..end)?;
        let text: Vec<u8> = match encoding {
            Encoding::Base64 => text.to_vec(),
            _ => text.iter().map(|octet| if *octet == b'_' { b' ' } else { *octet }).collect(),
        };
        let (mut decoder, mut octets) = (Decoder::new(encoding), Vec::with_capacity(text.len()));
        decoder.line(&text, &mut octets);
        // What is wrong with it is no matter here: a reader shows what there is.
        decoder.end();
        // A language may stand behind the charset (RFC 2231 5).
        let charset = std::str::from_utf8(charset).ok()?.split('*').next()?;
        Some(Self { charset, octets, rest: from.get(head + end + 2..)? })
    }
}

impl<'v> Decoded<'v> {
    fn word(&mut self, word: Word<'v>) {
        match &mut self.open {
            Some((charset, octets)) if charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend_from_slice(&word.octets);
            }
            _ => {
                self.close();
                self.open = Some((word.charset, word.octets));
            }
        }
    }

    fn close(&mut self) {
        if let Some((charset, octets)) = self.open.take() {
            self.text += &text::decoded(Some(charset), &octets);
        }
    }

    /// What is not encoded. Blanks between encoded words are none (RFC 2047 6.2).
    fn plain(&mut self, octets: &[u8], charset: Option<&str>) {
        if octets.trim_ascii().is_empty() && self.open.is_some() {
            return;
        }
        self.close();
        match std::str::from_utf8(octets) {
            Ok(text) => self.text += text,
            Err(_) => self.text += &text::decoded(charset, octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        for (value, text) in [
            (" plain", " plain"),
            (" =?utf-8?Q?caf=C3=A9_au?= lait", " café au lait"),
            ("=?utf-8?b?Y2Fm?=\r\n =?UTF-8?Q?=C3?= =?utf-8?Q?=A9?=", "café"),
            ("a =?utf-8?Q?b?= =?iso-8859-1?Q?=E9?= c", "a bé c"),
            ("=?gb2312?B?t6LG?= =?gb2312?B?sQ==?=", "发票"),
            ("=?gb2312?B?t6I=?= =?gb2312?B?xrE=?=", "发票"),
            ("fr=?utf-8?Q?ee?=mo=?utf-8*en?Q?n?=ey", "freemoney"),
            ("=?utf-8?Q?=3D=3F?=", "=?"),
            ("=?utf-7?Q?+Jjo-?=", "☺"),
            ("=?x-nonsense?Q?abc?=", "abc"),
            ("=?utf-8?Q?a?b", "=?utf-8?Q?a?b"),
            ("=?utf-8?X?abc?= =? ?=", "=?utf-8?X?abc?= =? ?="),
            ("=?utf-8?B?Zm9v", "=?utf-8?B?Zm9v"),
            ("=?utf-8?Q??=x", "x"),
            ("=?", "=?"),
            ("", ""),
        ] {
            assert_eq!(decoded(value.as_bytes(), None), text, "{value}");
        }
        assert_eq!(decoded(b"\xb7\xa2\xc6\xb1 x", Some("GBK")), "发票 x");
        let many = "=?".repeat(8000);
        assert_eq!(decoded(many.as_bytes(), None), many);
    }
}
