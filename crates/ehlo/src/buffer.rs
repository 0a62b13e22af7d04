//! Bounded buffers, and parts of them.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::command::text;

/// So many octets at most, and how many there are.
///
/// Of the core's own making: with overflow checks on, appending a slice to the vectors of `heapless` keeps a panic, and going round that
/// was a good part of the time that writing a reply took, which was 60 % of a command's.
pub(crate) struct Buffer<A: ?Sized = [u8]> {
    len: usize,
    octets: A,
}

impl<const N: usize> Buffer<[u8; N]> {
    pub(crate) const fn new() -> Self {
        Self { len: 0, octets: [0; N] }
    }
}

/// What holds for any size is compiled once.
impl<const N: usize> Deref for Buffer<[u8; N]> {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        self
    }
}

impl<const N: usize> DerefMut for Buffer<[u8; N]> {
    fn deref_mut(&mut self) -> &mut Buffer {
        self
    }
}

/// Without the octets, which may be a password.
impl<const N: usize> fmt::Debug for Buffer<[u8; N]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Buffer {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.octets.len()
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_else(nowhere)
    }

    pub(crate) fn octets_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(..self.len).unwrap_or_default()
    }

    /// Appends as much of `octets` as there is room for; whether that was all of it.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn append(&mut self, octets: &[u8]) -> bool {
        let end = self.len.wrapping_add(octets.len());
        let Some(places) = self.octets.get_mut(self.len..end) else { return self.append_part(octets) };
        // As good as `copy_from_slice`, and without its panic, which is left of it at opt-level z.
        places.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet);
        self.len = end;
        true
    }

    /// The same for what is known when the core is compiled: it is stored in a few words. (A call of `memcpy` for each line of the answer to
    /// EHLO took most of the time of writing it.)
    #[cfg(target_pointer_width = "64")]
    #[inline(always)]
    pub(crate) fn append_known(&mut self, octets: &'static [u8]) -> bool {
        let end = self.len.wrapping_add(octets.len());
        let Some(places) = self.octets.get_mut(self.len..end) else { return self.append_part(octets) };
        let (words, rest) = octets.as_chunks::<8>();
        places.as_chunks_mut().0.iter_mut().zip(words).for_each(|(place, word)| *place = *word);
        match (places.last_chunk_mut::<8>(), octets.last_chunk()) {
            (Some(place), Some(word)) if !rest.is_empty() => *place = *word,
            (Some(_), Some(_)) => {}
            _ => places.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet),
        }
        self.len = end;
        true
    }

    /// Appends of `octets`, which do not fit, what there is room for.
    #[cfg(target_pointer_width = "64")]
    #[cold]
    #[inline(never)]
    fn append_part(&mut self, octets: &[u8]) -> bool {
        for octet in octets {
            let Some(place) = self.octets.get_mut(self.len) else { break };
            *place = *octet;
            self.len = self.len.wrapping_add(1);
        }
        false
    }

    /// The same, one by one: what copies many octets at once is much code for a small processor.
    #[cfg(not(target_pointer_width = "64"))]
    #[inline(never)]
    pub(crate) fn append(&mut self, octets: &[u8]) -> bool {
        octets.iter().all(|octet| self.push(*octet))
    }

    /// The same.
    #[cfg(not(target_pointer_width = "64"))]
    pub(crate) fn append_known(&mut self, octets: &'static [u8]) -> bool {
        self.append(octets)
    }

    /// Appends so few octets that their number is known beforehand; whether there was room for them.
    #[cfg(target_pointer_width = "64")]
    pub(crate) fn append_all<const K: usize>(&mut self, octets: [u8; K]) -> bool {
        let Some(room) = self.octets.get_mut(self.len..).and_then(|room| room.first_chunk_mut()) else { return false };
        *room = octets;
        self.len = self.len.wrapping_add(K);
        true
    }

    /// The same with as many of them as there is room for.
    #[cfg(not(target_pointer_width = "64"))]
    pub(crate) fn append_all<const K: usize>(&mut self, octets: [u8; K]) -> bool {
        self.append(&octets)
    }

    /// Appends one octet; false where there is no room.
    pub(crate) fn push(&mut self, octet: u8) -> bool {
        let Some(place) = self.octets.get_mut(self.len) else { return false };
        *place = octet;
        self.len = self.len.wrapping_add(1);
        true
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Whether nothing is left of what was in it.
    #[cfg(test)]
    pub(crate) fn is_wiped(&self) -> bool {
        self.octets.iter().all(|octet| *octet == 0)
    }

    /// Overwrites all octets, and so many at the start whether or not they are past its length: what was decoded in place leaves some there.
    pub(crate) fn wipe(&mut self, used: usize) {
        match self.octets.get_mut(..used.max(self.len)) {
            Some(octets) => octets.fill(0),
            None => self.octets.fill(0),
        }
        self.len = 0;
    }
}

/// What there is where nothing can be: it is not come to. (As a branch that is not taken it costs less than an empty slice that is chosen
/// or not.)
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
pub(crate) fn nowhere<'a>() -> &'a [u8] {
    &[]
}

/// A part of a line, as positions in its buffer: it outlives the borrow of the parse that found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    /// Where `part` lies in `line`, of which it must be a slice. Buffers are far below 64 KiB.
    pub(crate) fn of(line: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(line.as_ptr().addr());
        Self::new(start, part.len())
    }

    pub(crate) fn new(start: usize, len: usize) -> Self {
        Self { start: start as u16, len: len as u16 }
    }

    #[cfg(any(feature = "extensions", feature = "mechanisms"))]
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        (self.start as usize).wrapping_add(self.len as usize)
    }

    /// The same part, once what stood at `from` stands at `to`.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn moved(self, from: usize, to: usize) -> Self {
        Self::new(self.start().saturating_sub(from).saturating_add(to), usize::from(self.len))
    }

    /// The octets again.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn octets(self, line: &[u8]) -> &[u8] {
        line.get(self.start()..self.end()).unwrap_or_else(nowhere)
    }

    /// The text again; it was checked when the span was made.
    pub(crate) fn text(self, line: &[u8]) -> &str {
        text(self.octets(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_stops_at_the_end_and_says_so() {
        let mut buffer = Buffer::<[u8; 4]>::new();
        assert!(buffer.append(b"abc"));
        assert!(!buffer.append(b"de"));
        assert_eq!(buffer.octets(), b"abcd");
        assert!(buffer.append(b""));
        buffer.truncate(3);
        assert!(buffer.append(b"e"));
        assert_eq!(buffer.octets(), b"abce");
    }

    #[test]
    fn a_wipe_leaves_nothing_behind_the_end_either() {
        let mut buffer = Buffer::<[u8; 4]>::new();
        assert!(buffer.append(b"abcd"));
        buffer.truncate(1);
        buffer.wipe(4);
        assert!(buffer.is_empty() && buffer.is_wiped());
    }

    #[test]
    fn a_span_finds_its_part_again() {
        let line = b"MAIL FROM:<a@b>";
        let span = Span::of(line, &line[11..14]);
        assert_eq!(span.text(line), "a@b");
        assert_eq!(span.octets(b"short"), b"");
    }
}
