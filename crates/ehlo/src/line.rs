//! Framing of command lines: CRLF ends a line, and nothing else (RFC 5321 2.3.8).

use core::fmt;

use crate::buffer::{Buffer, Span, nowhere};
#[cfg(target_pointer_width = "64")]
use crate::command::characters::printable_run;
#[cfg(target_pointer_width = "64")]
use crate::dispatch::LINE_LIMIT;

/// The longest line that is looked at as a whole, without its CRLF: any line may be so long.
#[cfg(target_pointer_width = "64")]
const WHOLE: usize = LINE_LIMIT - 2;

/// A line in the making, in a buffer of `N` octets. Any fragmentation of the input gives the same line.
pub(crate) struct Line<const N: usize> {
    buffer: Buffer<[u8; N]>,
    /// Octets at the start of the buffer that belong to an exchange (a user name between two lines) and not to this line.
    kept: u16,
    /// How much of the buffer the lines before this one had: what a wipe has to overwrite.
    #[cfg(target_pointer_width = "64")]
    used: u16,
    /// Octets of this line, CRLF included, stored or not; more than can be counted are as many as can.
    length: u16,
    /// The last octet was a CR.
    cr: bool,
    /// A bare CR was met: the rest, up to CRLF, is dropped.
    spoilt: bool,
}

/// What framing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framed {
    /// The input is used up, and the line has not ended.
    More,
    /// The line has ended.
    Line,
    /// The rest of a line with a bare CR has ended.
    Rest,
    /// A CR without an LF. The rest of the line, to its CRLF, will be dropped.
    BareCr,
    /// An LF without a CR: where the next command begins cannot be known.
    BareLf,
}

/// Without the octets, which may be a password.
impl<const N: usize> fmt::Debug for Line<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("length", &self.length).finish_non_exhaustive()
    }
}

impl<const N: usize> Line<N> {
    pub(crate) const fn new() -> Self {
        Self {
            buffer: Buffer::new(),
            kept: 0,
            #[cfg(target_pointer_width = "64")]
            used: 0,
            length: 0,
            cr: false,
            spoilt: false,
        }
    }

    /// Takes a line off the input that has come whole and holds nothing but printable ASCII, as most lines do; false where the next one
    /// is not such.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn feed_whole(&mut self, input: &mut &[u8]) -> bool {
        if self.length != 0 {
            return false;
        }
        let Some((text, [b'\r', b'\n', after @ ..])) =
            input.split_at_checked(printable_run(input.get(..WHOLE).unwrap_or(input)))
        else {
            return false;
        };
        self.take(text);
        *input = after;
        true
    }

    /// Takes a line that has been found whole, where none of it has been taken yet, and [`overflowed`](Self::overflowed) cannot hold.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn take(&mut self, text: &[u8]) {
        self.buffer.append(text);
        self.length = (text.len() as u16).wrapping_add(2);
    }

    /// Takes input up to the end of the line. After [`Framed::Line`] the line stands in [`octets`](Self::octets) until
    /// [`next`](Self::next).
    #[inline(never)]
    pub(crate) fn feed(&mut self, input: &mut &[u8]) -> Framed {
        while let Some((octet, rest)) = input.split_first() {
            let behind_cr = core::mem::take(&mut self.cr);
            if behind_cr && *octet != b'\n' && !self.spoilt {
                // The octet is looked at again, as part of the rest.
                self.spoilt = true;
                return Framed::BareCr;
            }
            *input = rest;
            self.length = self.length.saturating_add(1);
            match *octet {
                b'\n' if !behind_cr => return Framed::BareLf,
                b'\n' if !self.spoilt => return Framed::Line,
                b'\n' => {
                    self.next();
                    return Framed::Rest;
                }
                b'\r' => self.cr = true,
                octet if !self.spoilt => {
                    self.buffer.push(octet);
                }
                _ => {}
            }
        }
        Framed::More
    }

    /// Whether no octet of the line has come yet.
    pub(crate) const fn is_untouched(&self) -> bool {
        self.length == 0
    }

    /// Octets of the line with its CRLF, those too that did not fit the buffer.
    pub(crate) const fn length(&self) -> usize {
        self.length as usize
    }

    /// Whether the line had more octets than the buffer holds.
    pub(crate) fn overflowed(&self) -> bool {
        // The line has come to its CRLF, which is not stored.
        self.length() > self.buffer.len().wrapping_sub(usize::from(self.kept)).wrapping_add(2)
    }

    /// The whole buffer, to which spans refer.
    pub(crate) fn buffer(&self) -> &[u8] {
        self.buffer.octets()
    }

    /// The line without its CRLF.
    pub(crate) fn octets(&self) -> &[u8] {
        self.buffer().get(usize::from(self.kept)..).unwrap_or_else(nowhere)
    }

    /// A part of the buffer, to change in place.
    pub(crate) fn part_mut(&mut self, part: Span) -> &mut [u8] {
        self.buffer.octets_mut().get_mut(part.start()..part.end()).unwrap_or_default()
    }

    /// Keeps a part of the buffer at its start, behind what is kept already, while the next line is read; where it lies then.
    pub(crate) fn keep(&mut self, part: Span) -> Span {
        let to = usize::from(self.kept);
        let octets = part.octets(self.buffer()).len();
        let buffer = self.buffer.octets_mut();
        for at in 0..octets {
            let octet = buffer.get(part.start().wrapping_add(at)).copied().unwrap_or_default();
            if let Some(place) = buffer.get_mut(to.wrapping_add(at)) {
                *place = octet;
            }
        }
        let kept = Span::new(to, octets);
        self.kept = kept.end() as u16;
        kept
    }

    /// Keeps a part of the buffer at its start, and drops all else; where it lies then.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn keep_only(&mut self, part: Span) -> Span {
        self.kept = 0;
        let kept = self.keep(part);
        self.clear();
        kept
    }

    /// Keeps an octet more, behind all that is in the buffer; false where there is no room.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn keep_octet(&mut self, octet: u8) -> bool {
        let fits = self.buffer.push(octet);
        self.kept = self.buffer.len() as u16;
        fits
    }

    /// Makes ready for the next line; what is kept stays.
    pub(crate) fn next(&mut self) {
        self.clear();
        self.length = 0;
        self.cr = false;
        self.spoilt = false;
    }

    /// Whether nothing is left of any line.
    #[cfg(test)]
    pub(crate) fn is_wiped(&self) -> bool {
        self.buffer.is_wiped()
    }

    /// Drops all but what is kept.
    fn clear(&mut self) {
        #[cfg(target_pointer_width = "64")]
        {
            self.used = self.used.max(self.buffer.len() as u16);
        }
        self.buffer.truncate(usize::from(self.kept));
    }

    /// Overwrites all octets that there are or were, those too that were kept. Where the line stands in its framing does not change. (To
    /// overwrite all of the buffer took a tenth of the time of AUTH. A small processor has less room for code.)
    pub(crate) fn wipe(&mut self) {
        #[cfg(target_pointer_width = "64")]
        let used = core::mem::take(&mut self.used).into();
        #[cfg(not(target_pointer_width = "64"))]
        let used = usize::MAX;
        self.buffer.wipe(used);
        self.kept = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(line: &mut Line<16>, mut input: &[u8]) -> (Framed, usize) {
        let framed = line.feed(&mut input);
        (framed, input.len())
    }

    #[test]
    fn only_crlf_ends_a_line() {
        let mut line = Line::<16>::new();
        assert_eq!(framed(&mut line, b"NOOP\r"), (Framed::More, 0));
        assert_eq!(framed(&mut line, b"\nQUIT"), (Framed::Line, 4));
        assert_eq!(line.octets(), b"NOOP");
        assert_eq!(line.length(), 6);
    }

    #[test]
    fn a_bare_cr_is_told_at_once_and_spoils_the_line() {
        let mut line = Line::<16>::new();
        assert_eq!(framed(&mut line, b"A\rB"), (Framed::BareCr, 1));
        assert_eq!(framed(&mut line, b"B\rC\r\r\nNOOP\r\n"), (Framed::Rest, 6));
        assert!(line.is_untouched());
        assert_eq!(framed(&mut line, b"NOOP\r\n"), (Framed::Line, 0));
        assert_eq!(line.octets(), b"NOOP");
    }

    #[test]
    fn a_bare_lf_is_told_at_once() {
        let mut line = Line::<16>::new();
        assert_eq!(framed(&mut line, b"A\nB\r\n"), (Framed::BareLf, 3));
        let mut spoilt = Line::<16>::new();
        assert_eq!(framed(&mut spoilt, b"A\rB"), (Framed::BareCr, 1));
        assert_eq!(framed(&mut spoilt, b"B\n"), (Framed::BareLf, 0));
    }

    #[test]
    fn a_long_line_is_counted_and_not_stored() {
        let mut line = Line::<16>::new();
        assert_eq!(framed(&mut line, &[b'x'; 100]), (Framed::More, 0));
        assert_eq!(framed(&mut line, b"\r\n"), (Framed::Line, 0));
        assert!(line.overflowed());
        assert_eq!(line.length(), 102);
        line.next();
        assert_eq!(framed(&mut line, b"0123456789abcdef\r\n"), (Framed::Line, 0));
        assert!(!line.overflowed());
    }

    #[test]
    fn what_is_kept_outlives_the_line_and_not_the_wipe() {
        let mut line = Line::<16>::new();
        assert_eq!(framed(&mut line, b"AUTH user\r\n").0, Framed::Line);
        let kept = line.keep(Span::new(5, 4));
        line.next();
        assert_eq!(framed(&mut line, b"secret\r\n").0, Framed::Line);
        assert_eq!((kept.octets(line.buffer()), line.octets()), (&b"user"[..], &b"secret"[..]));
        assert!(!line.overflowed());
        line.wipe();
        line.next();
        assert!(line.is_wiped());
        assert_eq!(line.buffer(), b"");
        assert_eq!(framed(&mut line, b"NOOP\r\n").0, Framed::Line);
        assert_eq!(line.octets(), b"NOOP");
    }
}
