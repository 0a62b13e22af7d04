//! Counting the `Received` fields of a message (RFC 5321 6.3) while it streams by.

/// The name, in small letters.
const NAME: &[u8] = b"received";

/// A counter of `Received` fields in the header section, fed with content in pieces of any size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hops {
    at: At,
    count: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// So many octets of a line have been met, and they were the name so far. Behind it white space may stand before the colon
    /// (RFC 5322 4.5.8).
    Name(u8),
    /// In a line, or a rest of one, that does not matter.
    Line,
    /// Behind the header section.
    Body,
}

impl Hops {
    pub(crate) const fn new() -> Self {
        Self { at: At::Name(0), count: 0 }
    }

    pub(crate) const fn count(&self) -> u16 {
        self.count
    }

    /// Whether none can come any more.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) const fn are_over(&self) -> bool {
        matches!(self.at, At::Body)
    }

    /// Whether a line that begins with this octet is none to count, nor the end of the header section: it can be left out.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) const fn passes_over(self, octet: u8) -> bool {
        matches!(self.at, At::Name(0)) && !matches!(octet, b'r' | b'R' | b'\r')
    }

    /// Counts on through a piece of content.
    #[inline]
    pub(crate) fn feed(&mut self, content: &[u8]) {
        // Of most messages nearly all is body.
        if self.at != At::Body {
            self.feed_header(content);
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn feed_header(&mut self, mut content: &[u8]) {
        while let Some((octet, rest)) = content.split_first() {
            self.at = match self.at {
                At::Body => return,
                At::Line => {
                    let Some(rest) = behind_line(content) else { return };
                    content = rest;
                    self.at = At::Name(0);
                    continue;
                }
                At::Name(0) if *octet == b'\r' => At::Body,
                At::Name(8) => match *octet {
                    b' ' | b'\t' => At::Name(8),
                    b':' => {
                        self.count = self.count.saturating_add(1);
                        At::Line
                    }
                    // The octet may be the end of its line: it is looked at again.
                    _ => {
                        self.at = At::Line;
                        continue;
                    }
                },
                At::Name(met) if NAME.get(usize::from(met)) == Some(&(octet | 0x20)) => At::Name(met.wrapping_add(1)),
                At::Name(_) => {
                    self.at = At::Line;
                    continue;
                }
            };
            content = rest;
        }
    }
}

/// What stands behind the first LF.
fn behind_line(content: &[u8]) -> Option<&[u8]> {
    #[cfg(target_pointer_width = "64")]
    let end = memchr::memchr(b'\n', content)?;
    // A small processor has less room for code.
    #[cfg(not(target_pointer_width = "64"))]
    let end = crate::command::characters::end_before(content, b'\n');
    content.get(end.wrapping_add(1)..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(content: &[u8], cut: usize) -> u16 {
        let mut hops = Hops::new();
        for piece in content.chunks(cut) {
            hops.feed(piece);
        }
        hops.count()
    }

    #[test]
    fn fields_of_the_header_section_count_and_nothing_else_does() {
        let message = b"Received: a\r\n by b\r\nRECEIVED : c\r\nX-Received: d\r\nReceived-SPF: e\r\n Received: folded\r\nreceived\r\nreceived:\r\n\r\nReceived: body\r\n";
        for cut in 1..message.len() {
            assert_eq!(hops(message, cut), 3, "cut {cut}");
        }
    }
}
