//! Content-Transfer-Encodings (RFC 2045 6), piece by piece.

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all, in lines of ASCII.
    SevenBit,
    /// Not at all, in lines.
    EightBit,
    /// Not at all.
    Binary,
    QuotedPrintable,
    Base64,
    /// In a way that nobody here knows.
    Unknown,
}

impl Encoding {
    /// By its name (RFC 2045 6.1); `None` where it is a name of nothing.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = [
            ("7bit", Self::SevenBit),
            ("8bit", Self::EightBit),
            ("binary", Self::Binary),
            ("quoted-printable", Self::QuotedPrintable),
            ("base64", Self::Base64),
        ];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, encoding)| encoding)
    }

    /// Whether the octets stand for themselves.
    pub(super) const fn is_identity(self) -> bool {
        matches!(self, Self::SevenBit | Self::EightBit | Self::Binary | Self::Unknown)
    }
}

/// Decodes a body, and says what is wrong with it.
#[derive(Debug)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// Of Base64: bits that make no octet yet, and how many of its characters they are.
    bits: u32,
    characters: u8,
    /// Whether padding was there, behind which there is nothing more.
    padded: bool,
    /// Of quoted-printable: an equals sign at the end of a piece, and the digit behind it.
    escape: Option<Option<u8>>,
    fault: Option<&'static str>,
}

impl Decoder {
    pub(super) const fn new(encoding: Encoding) -> Self {
        Self { encoding, bits: 0, characters: 0, padded: false, escape: None, fault: None }
    }

    /// Decodes a line or a piece of one, without its end.
    pub(super) fn line(&mut self, octets: &[u8], decoded: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Base64 => octets.iter().for_each(|octet| self.base64(*octet, decoded)),
            Encoding::QuotedPrintable => octets.iter().for_each(|octet| self.quoted(*octet, decoded)),
            _ => decoded.extend_from_slice(octets),
        }
    }

    /// Ends a line, by these octets.
    pub(super) fn end_of_line(&mut self, end: &[u8], decoded: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Base64 => {}
            Encoding::QuotedPrintable => match self.escape.take() {
                None => decoded.extend_from_slice(end),
                // The line is broken for the mail alone.
                Some(None) => {}
                Some(Some(digit)) => {
                    self.wrong("quoted-printable: an equals sign without two hexadecimal digits");
                    decoded.extend_from_slice(&[b'=', digit]);
                    decoded.extend_from_slice(end);
                }
            },
            _ => decoded.extend_from_slice(end),
        }
    }

    /// Ends the body. What is wrong with its encoding is told.
    pub(super) fn end(&mut self) -> Option<&'static str> {
        if self.encoding == Encoding::Base64 && self.characters != 0 {
            self.wrong("Base64: the end is missing");
        }
        if self.escape.is_some() {
            self.wrong("quoted-printable: an equals sign at the end");
        }
        self.fault
    }

    fn wrong(&mut self, what: &'static str) {
        self.fault.get_or_insert(what);
    }

    /// What is no part of the alphabet is passed over, as RFC 2045 6.8 has it; it is wrong all the same.
    fn base64(&mut self, octet: u8, decoded: &mut Vec<u8>) {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                if self.characters < 2 && !self.padded {
                    self.wrong("Base64: padding where none belongs");
                }
                self.padded = true;
                // The second one of a pair belongs to the first.
                self.characters = if self.characters == 2 { 3 } else { 0 };
                return;
            }
            _ => return self.wrong("Base64: a character that is not in the alphabet"),
        };
        if self.padded {
            self.wrong("Base64: more behind the padding");
            // Readers go on, and so does whoever looks for what they find.
            (self.padded, self.characters) = (false, 0);
        }
        self.bits = self.bits << 6 | u32::from(value);
        self.characters = (self.characters + 1) % 4;
        let behind = match self.characters {
            1 => return,
            2 => 4,
            3 => 2,
            _ => 0,
        };
        decoded.push((self.bits >> behind & 0xff) as u8);
    }

    fn quoted(&mut self, octet: u8, decoded: &mut Vec<u8>) {
        match self.escape.take() {
            None if octet == b'=' => self.escape = Some(None),
            None => {
                if !matches!(octet, b'\t' | b' '..=b'~') {
                    self.wrong("quoted-printable: an octet that has to be encoded");
                }
                decoded.push(octet);
            }
            Some(None) if octet.is_ascii_hexdigit() => self.escape = Some(Some(octet)),
            // White space at the end of a line may have come on the way (RFC 2045 6.7).
            Some(None) if matches!(octet, b' ' | b'\t') => self.escape = Some(None),
            Some(Some(digit)) if octet.is_ascii_hexdigit() => decoded.push(hex(digit) << 4 | hex(octet)),
            Some(digit) => {
                self.wrong("quoted-printable: an equals sign without two hexadecimal digits");
                decoded.push(b'=');
                decoded.extend(digit);
                self.quoted(octet, decoded);
            }
        }
    }
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).map_or(0, |value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body says, and what is wrong with it, cut everywhere.
    fn decoded(encoding: Encoding, body: &str) -> (String, Option<&'static str>) {
        let decode = |cut: usize| {
            let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
            for line in body.split_inclusive("\r\n") {
                let text = line.trim_end_matches("\r\n");
                text.as_bytes().chunks(cut).for_each(|piece| decoder.line(piece, &mut out));
                if line.ends_with("\r\n") {
                    decoder.end_of_line(b"\r\n", &mut out);
                }
            }
            let fault = decoder.end();
            (String::from_utf8(out).unwrap(), fault)
        };
        let whole = decode(1000);
        for cut in 1..6 {
            assert_eq!(decode(cut), whole, "cut {cut}");
        }
        whole
    }

    #[test]
    fn base64() {
        use Encoding::Base64;
        for (body, text, right) in [
            ("", "", true),
            ("Zm9v\r\nYmFy\r\n", "foobar", true),
            ("Zm9v\r\nYm\r\nE=\r\n", "fooba", true),
            ("Zg==", "f", true),
            ("Zg=", "f", false),
            ("Zg", "f", false),
            ("Z", "", false),
            ("=Zg==", "f", false),
            ("Zm 9v", "foo", false),
            ("Zg==Zm9v", "ffoo", false),
            ("Zm9v-_", "foo", false),
        ] {
            let (found, fault) = decoded(Base64, body);
            assert_eq!((found.as_str(), fault.is_none()), (text, right), "{body:?}: {fault:?}");
        }
    }

    #[test]
    fn quoted_printable() {
        use Encoding::QuotedPrintable;
        for (body, text, right) in [
            ("a=3Db =C3=A9\r\nc=\r\nd\r\n", "a=b é\r\ncd\r\n", true),
            ("a= \t\r\nb", "ab", true),
            ("=e2=82=ac", "€", true),
            ("a=4\r\nb", "a=4\r\nb", false),
            ("a=xyz", "a=xyz", false),
            ("a=4=41", "a=4A", false),
            ("a==41", "a=A", false),
            ("é", "é", false),
            ("a=", "a", false),
        ] {
            let (found, fault) = decoded(QuotedPrintable, body);
            assert_eq!((found.as_str(), fault.is_none()), (text, right), "{body:?}: {fault:?}");
        }
    }

    #[test]
    fn what_is_not_encoded_stays() {
        for name in ["7BIT", "8bit", "binary"] {
            let encoding = Encoding::named(name).unwrap();
            assert!(encoding.is_identity());
            assert_eq!(decoded(encoding, "a=3D\r\nZg==\r\n"), ("a=3D\r\nZg==\r\n".to_owned(), None));
        }
        assert_eq!(Encoding::named("x-uuencode"), None);
    }
}
