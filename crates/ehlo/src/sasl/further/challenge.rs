//! Challenges: `334`, and a text in base64 (RFC 4954 4).

use crate::buffer::Buffer;

use super::encode::encoded;

/// Writes a challenge. Where there is no room for all of it nothing is written, and this says false.
///
/// It is one line however long it is: lines of an exchange may have 12,288 octets (RFC 4954 4).
pub(crate) fn write(out: &mut Buffer, text: impl Iterator<Item = u8>) -> bool {
    let before = out.len();
    let line = b"334 ".iter().copied().chain(encoded(text)).chain(*b"\r\n");
    for octet in line {
        if !out.push(octet) {
            out.truncate(before);
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_written_whole_or_not_at_all() {
        let mut out = Buffer::<[u8; 18]>::new();
        assert!(write(&mut out, b"".iter().copied()));
        assert_eq!(out.octets(), b"334 \r\n");
        assert!(!write(&mut out, b"Username:".iter().copied()));
        assert_eq!(out.octets(), b"334 \r\n");
        assert!(write(&mut out, b"Pass".iter().copied().take(3)));
        assert_eq!(out.octets(), b"334 \r\n334 UGFz\r\n");
    }
}
