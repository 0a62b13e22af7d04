//! The grammar of MIME's fields (RFC 2045 5.1, 6.1; RFC 2046 5.1.1). Values are unfolded or not, with their comments.

use crate::content::decode::Encoding;

/// What is left of a value.
struct Rest<'v>(&'v [u8]);

impl<'v> Rest<'v> {
    /// Passes over white space and comments; false where a comment does not end.
    fn blank(&mut self) -> bool {
        let (mut depth, mut escaped) = (0_usize, false);
        while let Some((octet, rest)) = self.0.split_first() {
            match octet {
                _ if escaped => escaped = false,
                b'\\' if depth > 0 => escaped = true,
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if depth > 0 => {}
                _ => break,
            }
            self.0 = rest;
        }
        depth == 0
    }

    fn token(&mut self) -> Option<&'v [u8]> {
        let end = self.0.iter().position(|octet| !is_token(*octet)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    fn quoted(&mut self) -> bool {
        if !self.octet(b'"') {
            return false;
        }
        let mut escaped = false;
        while let Some((octet, rest)) = self.0.split_first() {
            self.0 = rest;
            match octet {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return true,
                _ => {}
            }
        }
        false
    }

    fn octet(&mut self, octet: u8) -> bool {
        let rest = self.0.split_first().filter(|(first, _)| **first == octet).map(|(_, rest)| rest);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// `; name = value`, any number of times, up to the end.
    fn parameters(&mut self) -> bool {
        loop {
            if !self.blank() {
                return false;
            }
            if self.0.is_empty() {
                return true;
            }
            let follows = self.octet(b';') && self.blank() && self.token().is_some();
            let follows = follows && self.blank() && self.octet(b'=') && self.blank();
            if !follows || !(self.quoted() || self.token().is_some()) {
                return false;
            }
        }
    }
}

const fn is_token(octet: u8) -> bool {
    octet.is_ascii_graphic()
        && !matches!(
            octet,
            b'(' | b')' | b'<' | b'>' | b'@' | b',' | b';' | b':' | b'\\' | b'"' | b'/' | b'[' | b']' | b'?' | b'='
        )
}

/// Whether a value is one of Content-Type.
pub(in crate::content) fn content_type(value: &[u8]) -> bool {
    let mut rest = Rest(value);
    let is_type = rest.blank() && rest.token().is_some() && rest.blank() && rest.octet(b'/') && rest.blank();
    is_type && rest.token().is_some() && rest.parameters()
}

/// The encoding that a value of Content-Transfer-Encoding names; `None` where it names none that there is.
pub(in crate::content) fn encoding(value: &[u8]) -> Option<Encoding> {
    let mut rest = Rest(value);
    let name = rest.blank().then(|| rest.token()).flatten()?;
    let name = std::str::from_utf8(name).ok().filter(|_| rest.blank() && rest.0.is_empty())?;
    let is_private = || name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-")) && name.len() > 2;
    Encoding::named(name).or_else(|| is_private().then_some(Encoding::Unknown))
}

/// Whether a value says MIME 1.0 (RFC 2045 4).
pub(in crate::content) fn mime_version(value: &[u8]) -> bool {
    let mut rest = Rest(value);
    let one = rest.blank() && rest.octet(b'1') && rest.blank() && rest.octet(b'.') && rest.blank();
    one && rest.octet(b'0') && rest.blank() && rest.0.is_empty()
}

/// Whether a text may be a boundary: 1 to 70 characters of a few kinds, the last of them no space.
pub(in crate::content) fn is_boundary(text: &str) -> bool {
    let is_one = |octet: u8| octet.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&octet);
    (1..=70).contains(&text.len()) && text.bytes().all(is_one) && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for right in [
            "text/plain",
            " text/plain; charset=utf-8 (a comment)",
            "multipart/mixed;\r\n\tboundary=\"a b;c\\\"\"",
            "Application/vnd.ms-excel ; name = x",
            "(a (nested) \\) one) text / html",
        ] {
            assert!(content_type(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "text",
            "text/",
            "/plain",
            "text/plain; charset",
            "text/plain charset=x",
            "text/plain;",
            "text/plain; a=\"b",
            "text/plain (",
            "te\u{e9}t/plain",
            "text/plain; a=b=c",
        ] {
            assert!(!content_type(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn encodings_and_versions() {
        assert_eq!(encoding(b" Base64 (x)\r\n"), Some(Encoding::Base64));
        assert_eq!(encoding(b"x-uuencode"), Some(Encoding::Unknown));
        assert_eq!(encoding(b"8bits"), None);
        assert_eq!(encoding(b"8bit; x"), None);
        assert!(mime_version(b" 1.0 (made by hand)") && mime_version(b"1 . (x) 0"));
        assert!(!mime_version(b"1.1") && !mime_version(b"") && !mime_version(b"1.0.1"));
    }

    #[test]
    fn boundaries() {
        assert!(is_boundary("=_a b") && is_boundary(&"x".repeat(70)));
        assert!(!is_boundary("") && !is_boundary("a ") && !is_boundary("a\"b") && !is_boundary(&"x".repeat(71)));
    }
}
