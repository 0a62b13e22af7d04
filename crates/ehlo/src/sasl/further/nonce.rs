//! What the server says that it never said before.

use super::encode::encoded;

/// The nonce of one exchange: the random octets of the session, and which of its exchanges this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerNonce {
    pub(crate) random: [u8; 18],
    /// From 1.
    pub(crate) attempt: u16,
}

impl ServerNonce {
    /// Base64 of the random octets, a dot, and the number: fit for SCRAM (RFC 5802 7) and for a msg-id (RFC 2195 2).
    pub(crate) fn text(self) -> impl Iterator<Item = u8> + Clone {
        encoded(self.random.into_iter()).chain([b'.']).chain(decimal(u32::from(self.attempt)))
    }
}

/// A number above zero, in digits.
pub(crate) fn decimal(mut number: u32) -> impl Iterator<Item = u8> + Clone {
    let mut digits = [b'0'; 10];
    for digit in digits.iter_mut().rev() {
        // The remainder is below 10.
        *digit = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
    }
    digits.into_iter().skip_while(|digit| *digit == b'0')
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn every_exchange_says_another() {
        let text = |attempt| -> Vec<u8> { ServerNonce { random: [0xff; 18], attempt }.text().collect() };
        assert_eq!(text(1), b"////////////////////////.1");
        assert_eq!(text(u16::MAX), b"////////////////////////.65535");
    }

    #[test]
    fn decimals() {
        for (number, digits) in [(1, "1"), (4096, "4096"), (u32::MAX, "4294967295"), (100, "100")] {
            assert_eq!(String::from_utf8(decimal(number).collect()).unwrap(), digits);
        }
    }
}
