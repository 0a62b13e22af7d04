//! Looking for the first place in mail data that matters, fast.
//!
//! Data are looked at in blocks of 64 octets without a branch within, which the compiler turns into vector instructions; after two in
//! which there was nothing, of 256. Only in a block that has something is its place looked for.

/// What matters at an octet, by the octet itself and the two before it.
pub(crate) trait Mark: Copy {
    fn is_at(self, two_before: u8, before: u8, octet: u8) -> bool;

    /// The same for eight octets: the highest bit of each says so.
    fn are_at(self, two_before: u64, before: u64, octets: u64) -> u64;
}

/// The highest bit of each octet that is this one.
#[inline(always)]
const fn equal(octets: u64, to: u8) -> u64 {
    const ONE: u64 = u64::from_ne_bytes([1; 8]);
    const LOW_BITS: u64 = ONE.wrapping_mul(0x7f);
    let other = octets ^ ONE.wrapping_mul(to as u64);
    !((other & LOW_BITS).wrapping_add(LOW_BITS) | other) & !LOW_BITS
}

/// A bare CR before, a bare LF here, or at the start of a line the octet that is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    /// The dot; or, where dots mean nothing, LF, which there is bare anyhow.
    pub(crate) at_line_start: u8,
}

impl Mark for Event {
    #[inline(always)]
    fn is_at(self, _: u8, before: u8, octet: u8) -> bool {
        ((before == b'\r') ^ (octet == b'\n')) | ((before == b'\n') & (octet == self.at_line_start))
    }

    #[inline(always)]
    fn are_at(self, _: u64, before: u64, octets: u64) -> u64 {
        (equal(before, b'\r') ^ equal(octets, b'\n')) | (equal(before, b'\n') & equal(octets, self.at_line_start))
    }
}

/// The dot of CRLF `.`, and nothing else.
#[derive(Clone, Copy)]
pub(crate) struct LineDot;

impl Mark for LineDot {
    #[inline(always)]
    fn is_at(self, two_before: u8, before: u8, octet: u8) -> bool {
        (two_before == b'\r') & (before == b'\n') & (octet == b'.')
    }

    #[inline(always)]
    fn are_at(self, two_before: u64, before: u64, octets: u64) -> u64 {
        equal(two_before, b'\r') & equal(before, b'\n') & equal(octets, b'.')
    }
}

/// Where the first mark is, behind the first octet of `data`; its length, where there is none. (Whether there is one at the first octet
/// depends on what stands before it.)
pub(crate) fn find(data: &[u8], mark: impl Mark) -> usize {
    // Of one octet, as some send them, nothing is looked at.
    if data.len() < 2 {
        return data.len();
    }
    // Short lines end in the first eight behind it.
    let Some(head) = data.first_chunk::<9>() else { return in_words(data, 1, mark) };
    let ([before @ .., _], [_, octets @ ..]) = (head, head);
    let before = u64::from_le_bytes(*before);
    let marks = mark.are_at(before << 8, before, u64::from_le_bytes(*octets));
    if marks != 0 {
        return 1_usize.wrapping_add((marks.trailing_zeros() / 8) as usize);
    }
    blocks(data, 9, mark)
}

/// From `from` on, eight octets at a time. (One by one, sixteen took some 200
/// instructions.)
#[inline(never)]
fn in_words(data: &[u8], from: usize, mark: impl Mark) -> usize {
    let (mut two_before, mut before) = (0, 0);
    if let Some(at) = from.checked_sub(1) {
        before = data.get(at).copied().unwrap_or_default();
        two_before = data.get(at.wrapping_sub(1)).copied().unwrap_or_default();
    }
    let mut at = from;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let octets = match rest.first_chunk() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => return one_by_one(data, at, mark),
        };
        let one = octets << 8 | u64::from(before);
        let two = one << 8 | u64::from(two_before);
        let marks = mark.are_at(two, one, octets);
        if marks != 0 {
            return at.wrapping_add((marks.trailing_zeros() / 8) as usize);
        }
        [.., two_before, before] = octets.to_le_bytes();
        at = at.wrapping_add(8);
    }
}

/// Where the first CR or LF is, or how long the data are: for short lines, of which there may be very many.
#[inline]
pub(crate) fn line_end(data: &[u8]) -> usize {
    let (words, rest) = data.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words {
        const ONE: u64 = u64::from_ne_bytes([1; 8]);
        let word = u64::from_le_bytes(*word);
        // The highest bit of each octet that is zero, and perhaps of some behind the first such.
        let zero = |word: u64| word.wrapping_sub(ONE) & !word & ONE.wrapping_mul(0x80);
        let found = zero(word ^ ONE.wrapping_mul(b'\r'.into())) | zero(word ^ ONE.wrapping_mul(b'\n'.into()));
        if found != 0 {
            return at.wrapping_add((found.trailing_zeros() / 8) as usize);
        }
        at = at.wrapping_add(8);
    }
    at.wrapping_add(rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(rest.len()))
}

/// From `from` on, one octet after another.
fn one_by_one(data: &[u8], from: usize, mark: impl Mark) -> usize {
    let octet = |at: usize| data.get(at).copied().unwrap_or_default();
    let mut at = from;
    let (mut two_before, mut before) = (octet(at.wrapping_sub(2)), octet(at.wrapping_sub(1)));
    for octet in data.get(from..).unwrap_or_default() {
        if mark.is_at(two_before, before, *octet) {
            return at;
        }
        (two_before, before) = (before, *octet);
        at = at.wrapping_add(1);
    }
    at
}

/// From `from` on, which is 2 at least; with the instructions of AVX2 where the machine has them.
fn blocks(data: &[u8], from: usize, mark: impl Mark) -> usize {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(avx2) = level().as_avx2() {
        return fearless_simd::Simd::vectorize(
            avx2,
            #[inline(always)]
            || in_blocks(data, from, mark),
        );
    }
    in_blocks(data, from, mark)
}

/// What the machine has, found out once.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
fn level() -> fearless_simd::Level {
    extern crate std;
    static LEVEL: std::sync::OnceLock<fearless_simd::Level> = std::sync::OnceLock::new();
    *LEVEL.get_or_init(fearless_simd::Level::new)
}

#[inline(always)]
fn in_blocks(data: &[u8], from: usize, mark: impl Mark) -> usize {
    let mut at = from;
    let mut clean = 0_u8;
    // Each block is looked at together with the two octets before it.
    while let Some(window) = data.get(at.wrapping_sub(2)..).and_then(|rest| rest.first_chunk::<{ 64 + 2 }>()) {
        if let Some(place) = in_block(window, mark) {
            return at.wrapping_add(place);
        }
        at = at.wrapping_add(64);
        clean = clean.saturating_add(1);
        if clean >= 2 {
            while let Some(window) = data.get(at.wrapping_sub(2)..).and_then(|rest| rest.first_chunk::<{ 256 + 2 }>()) {
                let ([two_before @ .., _, _], [_, before @ .., _], [_, _, octets @ ..]) = (window, window, window);
                if is_any(two_before, before, octets, mark) {
                    break;
                }
                at = at.wrapping_add(256);
            }
        }
    }
    // What is left is the end of the last block that there is, of which the beginning is known to have nothing.
    match data.last_chunk::<{ 64 + 2 }>() {
        Some(window) => {
            in_block(window, mark).map_or(data.len(), |place| data.len().wrapping_sub(64).wrapping_add(place))
        }
        None => in_words(data, at, mark),
    }
}

/// Where the first mark in a block is.
#[inline(always)]
fn in_block(window: &[u8; 64 + 2], mark: impl Mark) -> Option<usize> {
    let ([two_before @ .., _, _], [_, before @ .., _], [_, _, octets @ ..]) = (window, window, window);
    if !is_any(two_before, before, octets, mark) {
        return None;
    }
    let mut marks = [0_u8; 64];
    for (((place, two_before), before), octet) in marks.iter_mut().zip(two_before).zip(before).zip(octets) {
        *place = u8::from(mark.is_at(*two_before, *before, *octet));
    }
    let (words, _) = marks.as_chunks::<8>();
    let mut begin = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        if word != 0 {
            return Some(begin.wrapping_add((word.trailing_zeros() / 8) as usize));
        }
        begin = begin.wrapping_add(8);
    }
    None
}

/// Whether there is a mark in a block. Without a branch, so that many octets are looked at at once.
#[inline(always)]
fn is_any<const N: usize>(two_before: &[u8; N], before: &[u8; N], octets: &[u8; N], mark: impl Mark) -> bool {
    let mut any = 0_u8;
    for ((two_before, before), octet) in two_before.iter().zip(before).zip(octets) {
        any |= u8::from(mark.is_at(*two_before, *before, *octet));
    }
    any != 0
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    const EVENT: Event = Event { at_line_start: b'.' };

    fn assert_found(data: &[u8], mark: impl Mark) {
        let octet = |at: usize| data.get(at).copied().unwrap_or_default();
        let expected = (1..data.len()).find(|at| mark.is_at(octet(at.wrapping_sub(2)), octet(at - 1), octet(*at)));
        assert_eq!(find(data, mark), expected.unwrap_or(data.len()), "{}", data.escape_ascii());
    }

    #[test]
    fn a_mark_is_found_wherever_it_is() {
        for length in (3..700).step_by(if cfg!(miri) { 170 } else { 1 }) {
            for at in [1, length / 3, length / 2, length - 2, length - 1] {
                let mut data = std::vec![b'x'; length];
                assert_found(&data, EVENT);
                data[at] = b'\n';
                assert_found(&data, EVENT);
                data[at - 1] = b'\r';
                assert_found(&data, EVENT);
                if let Some(octet) = data.get_mut(at + 1) {
                    *octet = b'.';
                }
                assert_found(&data, EVENT);
                assert_found(&data, LineDot);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 1000 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_first_mark_is_found(data in prop::collection::vec(prop::sample::select(&b"\r\n.aaaa"[..]), 1..300)) {
            assert_found(&data, EVENT);
            assert_found(&data, LineDot);
        }
    }
}
