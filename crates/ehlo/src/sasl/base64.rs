//! Base64 as RFC 4954 4 wants it: no white space, right padding, no stray bits.

/// Decodes in place; how many octets there are then. `None` where the text is not exact base64, and the buffer is spoilt.
///
/// What the octets are makes no difference to the time it takes, for they are a password.
pub(crate) fn decode(buffer: &mut [u8]) -> Option<usize> {
    if !buffer.len().is_multiple_of(4) {
        return None;
    }
    let padding = match buffer {
        [.., b'=', b'='] => 2,
        [.., b'='] => 1,
        _ => 0_usize,
    };
    let (written, right) = digits(buffer, padding)?;
    // The octets that the padding stands for must be zero.
    let decoded = written.wrapping_sub(padding);
    let stray = buffer.get(decoded..written)?.iter().any(|octet| *octet != 0);
    (right && !stray).then_some(decoded)
}

/// Decodes groups of four digits in place, where so many at the end are padding; how many octets there are then, and
/// whether all were digits. Eight digits go at a time, in a word each octet of which is
/// looked at by itself: a digit takes 8 instructions, where one by one it took 35.
#[cfg(target_pointer_width = "64")]
fn digits(buffer: &mut [u8], padding: usize) -> Option<(usize, bool)> {
    // Digits that mean zero stand in for the padding.
    buffer.iter_mut().rev().take(padding).for_each(|octet| *octet = b'A');
    // Not zero once there was an octet that is no digit.
    let mut wrong = 0_u64;
    let (mut read, mut written) = (0_usize, 0_usize);
    while let Some(eight) = buffer.get(read..)?.first_chunk() {
        let (octets, others) = of_eight(u64::from_be_bytes(*eight));
        wrong |= others;
        *buffer.get_mut(written..)?.first_chunk_mut()? = octets;
        read = read.wrapping_add(8);
        written = written.wrapping_add(6);
    }
    if let [a, b, c, d] = *buffer.get(read..)? {
        let ([a, b, c, ..], others) = of_eight(u64::from_be_bytes([a, b, c, d, b'A', b'A', b'A', b'A']));
        wrong |= others;
        *buffer.get_mut(written..)?.first_chunk_mut()? = [a, b, c];
        written = written.wrapping_add(3);
    }
    Some((written, wrong == 0))
}

/// The octets that eight digits stand for, and a word that is not zero where one of the eight is no digit. Without a branch, and without
/// a table.
#[cfg(target_pointer_width = "64")]
const fn of_eight(word: u64) -> ([u8; 6], u64) {
    const ONE: u64 = u64::from_ne_bytes([1; 8]);
    let low = word & ONE.wrapping_mul(0x7f);
    let mut sextets = low;
    let mut digits = 0;
    // The digits in their ranges, and what is added to one of a range to have, of its last six bits, what it stands for.
    let mut ranges: &[(u8, u8, u8)] =
        &[(b'A', b'Z', 63), (b'a', b'z', 57), (b'0', b'9', 4), (b'+', b'+', 19), (b'/', b'/', 16)];
    while let [(first, last, added), others @ ..] = ranges {
        // No sum passes an octet: its highest bit says whether a bound is reached.
        let from_first = low.wrapping_add(ONE.wrapping_mul(0x80_u64.wrapping_sub(*first as u64)));
        let past_last = low.wrapping_add(ONE.wrapping_mul(0x7f_u64.wrapping_sub(*last as u64)));
        let within = (from_first & !past_last) >> 7 & ONE;
        sextets = sextets.wrapping_add(within.wrapping_mul(*added as u64));
        digits |= within;
        ranges = others;
    }
    // Two of 6 bits become one of 12, two of these one of 24, and the last two 48 bits.
    let pairs = (sextets >> 2 & 0x0fc0_0fc0_0fc0_0fc0) | (sextets & 0x003f_003f_003f_003f);
    let fours = (pairs >> 4 & 0x00ff_f000_00ff_f000) | (pairs & 0x0000_0fff_0000_0fff);
    let [_, _, octets @ ..] = ((fours >> 8 & 0xffff_ff00_0000) | (fours & 0x00ff_ffff)).to_be_bytes();
    (octets, (digits ^ ONE) | (word ^ low))
}

/// The same, one digit after another: a small processor has less room for code.
#[cfg(not(target_pointer_width = "64"))]
#[inline(always)]
fn digits(buffer: &mut [u8], padding: usize) -> Option<(usize, bool)> {
    let length = buffer.len();
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
    Some((written, wrong >= 0))
}

/// What a digit stands for; -1 for an octet that is none. Without a branch, and without a table.
#[cfg(not(target_pointer_width = "64"))]
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
#[cfg(not(target_pointer_width = "64"))]
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
                    // Alone, and as the second half of eight.
                    for text in [&text[..], &[*b"+aZ9", text].concat()] {
                        let mut buffer = text.to_vec();
                        let ours = decode(&mut buffer).map(|len| buffer[..len].to_vec());
                        let mut other = [0; 6];
                        let theirs = Base64::decode(text, &mut other).ok().map(<[u8]>::to_vec);
                        assert_eq!(ours, theirs, "{}", text.escape_ascii());
                    }
                }
            }
        }
    }
}
