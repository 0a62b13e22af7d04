//! Base64 as RFC 4954 4 wants it: no white space, right padding, no stray bits.

use base64ct::{Base64, Encoding};

/// Decodes in place; how many octets there are then. `None` where the text is not exact base64.
///
/// By quanta of four, since a decoder for all at once needs a second buffer or lets non-canonical ends pass.
pub(crate) fn decode(buffer: &mut [u8]) -> Option<usize> {
    if !buffer.len().is_multiple_of(4) {
        return None;
    }
    let mut written = 0_usize;
    let mut read = 0_usize;
    let mut padded = false;
    while let Some(quantum) = buffer.get(read..).and_then(|rest| rest.first_chunk::<4>()).copied() {
        if padded {
            return None;
        }
        let mut octets = [0_u8; 3];
        let decoded = Base64::decode(quantum, &mut octets).ok()?;
        padded = decoded.len() < 3;
        for octet in decoded {
            *buffer.get_mut(written)? = *octet;
            written = written.wrapping_add(1);
        }
        read = read.wrapping_add(4);
    }
    Some(written)
}

/// Encodes octets, with padding. Not in constant time: for what is said to the peer anyhow.
pub(crate) fn encoded<I: Iterator<Item = u8>>(octets: I) -> Encoded<I> {
    Encoded { octets, quantum: [0; 4], left: 0 }
}

/// Octets in base64.
#[derive(Debug, Clone)]
pub(crate) struct Encoded<I> {
    octets: I,
    quantum: [u8; 4],
    /// How many of the quantum are still to be given.
    left: u8,
}

impl<I: Iterator<Item = u8>> Iterator for Encoded<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.left == 0 {
            let first = self.octets.next()?;
            let (second, third) = (self.octets.next(), self.octets.next());
            let (b, c) = (second.unwrap_or(0), third.unwrap_or(0));
            self.quantum = [
                digit(first >> 2),
                digit((first << 4) | (b >> 4)),
                if second.is_some() { digit((b << 2) | (c >> 6)) } else { b'=' },
                if third.is_some() { digit(c) } else { b'=' },
            ];
            self.left = 4;
        }
        let octet = self.quantum.get(4_usize.wrapping_sub(usize::from(self.left))).copied();
        self.left = self.left.wrapping_sub(1);
        octet
    }
}

/// The digit for the low six bits.
fn digit(bits: u8) -> u8 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    DIGITS.get(usize::from(bits & 63)).copied().unwrap_or(b'=')
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut buffer = text.as_bytes().to_vec();
        let len = decode(&mut buffer)?;
        buffer.truncate(len);
        Some(buffer)
    }

    #[test]
    fn only_exact_base64_is_taken() {
        assert_eq!(decoded(""), Some(Vec::new()));
        assert_eq!(decoded("AHVzZXIAcGFzcw=="), Some(b"\0user\0pass".to_vec()));
        assert_eq!(decoded("AHVzZXIAcGFzczE="), Some(b"\0user\0pass1".to_vec()));
        for bad in [
            "A", "AA", "AAA", "!!!!", "=ab=", "YR==", "YWJ=", "YQ==YQ==", "YQ=", "YQ", "====", "YW Jj", "YWJj\n",
            "_-_-",
        ] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        for text in ["", "f", "fo", "foo", "foob", "\u{ff}\u{0}\u{fe}?>"] {
            let encoded: Vec<u8> = encoded(text.bytes()).collect();
            assert_eq!(decoded(std::str::from_utf8(&encoded).unwrap()), Some(text.as_bytes().to_vec()));
        }
        assert_eq!(encoded(b"foob".iter().copied()).collect::<Vec<_>>(), b"Zm9vYg==");
    }
}
