//! Bounded buffers without a path that panics.

use heapless::VecView;

/// Appends as much of `octets` as there is room for; whether that was all of it.
///
/// (`extend_from_slice` of the vector keeps a panic where overflow checks are on; this does not.)
pub(crate) fn append(buffer: &mut VecView<u8>, octets: &[u8]) -> bool {
    let old = buffer.len();
    let room = buffer.capacity().saturating_sub(old);
    let fits = octets.get(..room).unwrap_or(octets);
    if buffer.resize(old.saturating_add(fits.len()), 0).is_err() {
        return false;
    }
    for (to, from) in buffer.get_mut(old..).into_iter().flatten().zip(fits) {
        *to = *from;
    }
    fits.len() == octets.len()
}

/// A part of a line, as positions in its buffer: it outlives the borrow of the parse that found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    /// Where `part` lies in `line`, of which it must be a slice. Buffers are far below 64 KiB; past that it saturates and finds nothing.
    pub(crate) fn of(line: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(line.as_ptr().addr());
        Self::new(start, part.len())
    }

    pub(crate) fn new(start: usize, len: usize) -> Self {
        Self { start: u16::try_from(start).unwrap_or(u16::MAX), len: u16::try_from(len).unwrap_or(0) }
    }

    #[cfg(feature = "mechanisms")]
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        (self.start as usize).saturating_add(self.len as usize)
    }

    /// The same part, once what stood at `from` stands at `to`.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn moved(self, from: usize, to: usize) -> Self {
        Self::new(self.start().saturating_sub(from).saturating_add(to), usize::from(self.len))
    }

    /// The octets again.
    pub(crate) fn octets(self, line: &[u8]) -> &[u8] {
        line.get(self.start()..self.end()).unwrap_or_default()
    }

    /// The text again; it was checked when the span was made.
    pub(crate) fn text(self, line: &[u8]) -> &str {
        core::str::from_utf8(self.octets(line)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_stops_at_the_end_and_says_so() {
        let mut buffer = heapless::Vec::<u8, 4>::new();
        assert!(append(&mut buffer, b"abc"));
        assert!(!append(&mut buffer, b"de"));
        assert_eq!(buffer, *b"abcd");
        assert!(append(&mut buffer, b""));
    }

    #[test]
    fn a_span_finds_its_part_again() {
        let line = b"MAIL FROM:<a@b>";
        let span = Span::of(line, &line[11..14]);
        assert_eq!(span.text(line), "a@b");
        assert_eq!(span.octets(b"short"), b"");
    }
}
