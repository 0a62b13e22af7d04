//! Base64, as the server says it.

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
    use super::super::super::base64::decode;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        for text in ["", "f", "fo", "foo", "foob", "\u{ff}\u{0}\u{fe}?>"] {
            let mut octets: Vec<u8> = encoded(text.bytes()).collect();
            let len = decode(&mut octets).unwrap();
            assert_eq!(&octets[..len], text.as_bytes());
        }
        assert_eq!(encoded(b"foob".iter().copied()).collect::<Vec<_>>(), b"Zm9vYg==");
    }
}
