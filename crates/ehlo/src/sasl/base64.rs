//! Base64 as RFC 4954 4 wants it: no white space, right padding, no stray bits.

/// Decodes in place; how many octets there are then. `None` where the text is not exact base64, and the buffer is spoilt.
///
/// What the octets are makes no difference to the time it takes, for they are a password.
pub(crate) fn decode(buffer: &mut [u8]) -> Option<usize> {
    let length = buffer.len();
    if !length.is_multiple_of(4) {
        return None;
    }
    let padding = match buffer {
        [.., b'=', b'='] => 2,
        [.., b'='] => 1,
        _ => 0_usize,
    };
    let digits = length.wrapping_sub(padding);
    // Below zero once there was an octet that is no digit.
    let mut wrong = 0_i32;
    let mut bits = 0_i32;
    let mut written = 0_usize;
    for read in 0..length {
        let octet = buffer.get(read).copied()?;
        // Digits that mean zero stand in for the padding.
        let digit = sextet(if read < digits { octet } else { b'A' });
        wrong |= digit;
        bits = bits << 6 | digit;
        // Four digits are three octets: with the first of them there is none yet.
        let place = (read as u32) & 3;
        if place != 0 {
            *buffer.get_mut(written)? = bits.wrapping_shr(6_u32.wrapping_sub(place.wrapping_mul(2))) as u8;
            written = written.wrapping_add(1);
        }
    }
    // The octets that the padding stands for must be zero.
    let decoded = written.wrapping_sub(padding);
    let stray = buffer.get(decoded..written)?.iter().any(|octet| *octet != 0);
    (wrong >= 0 && !stray).then_some(decoded)
}

/// What a digit stands for; -1 for an octet that is none. Without a branch, and without a table.
const fn sextet(octet: u8) -> i32 {
    let octet = octet as i32;
    let mut bits = -1_i32;
    bits = bits.wrapping_add(within(octet, b'A', b'Z') & octet.wrapping_sub(0x40));
    bits = bits.wrapping_add(within(octet, b'a', b'z') & octet.wrapping_sub(0x46));
    bits = bits.wrapping_add(within(octet, b'0', b'9') & octet.wrapping_add(5));
    bits = bits.wrapping_add(within(octet, b'+', b'+') & 63);
    bits.wrapping_add(within(octet, b'/', b'/') & 64)
}

/// All bits, where the octet is within bounds; otherwise none.
const fn within(octet: i32, first: u8, last: u8) -> i32 {
    let (from_first, to_last) = (octet.wrapping_sub(first as i32), (last as i32).wrapping_sub(octet));
    // Below zero where either is.
    !((from_first | to_last) >> 31)
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

    /// Whatever stands there, another decoder that is strict says the same.
    #[test]
    fn another_decoder_agrees() {
        use base64ct::{Base64, Encoding};

        let octets: Vec<u8> = (0..=255).step_by(if cfg!(miri) { 15 } else { 1 }).collect();
        for a in octets.iter().copied() {
            for b in octets.iter().copied() {
                for text in [[b'Y', b'W', a, b], [a, b, b'=', b'='], [a, b'Q', b, b'='], [a, b, b'J', b'/']] {
                    let mut buffer = text;
                    let ours = decode(&mut buffer).map(|len| buffer[..len].to_vec());
                    let mut other = [0; 3];
                    let theirs = Base64::decode(text, &mut other).ok().map(<[u8]>::to_vec);
                    assert_eq!(ours, theirs, "{}", text.escape_ascii());
                }
            }
        }
    }
}
