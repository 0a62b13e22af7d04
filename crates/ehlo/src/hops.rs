//! Counting the `Received` fields of a message (RFC 5321 6.3) while it streams by.

use memchr::memchr;

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
    /// So many octets of a line have been met, and they were the name so far.
    Name(u8),
    /// Behind the name, where white space may stand before the colon (RFC 5322 4.5.8).
    Colon,
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

    /// Whether a line that begins with this octet is none to count, nor the end of the header section: it can be left out.
    #[inline]
    pub(crate) const fn passes_over(self, octet: u8) -> bool {
        match self.at {
            At::Body => true,
            At::Name(0) => !matches!(octet, b'r' | b'R' | b'\r'),
            _ => false,
        }
    }

    /// Counts on through a piece of content.
    #[inline]
    pub(crate) fn feed(&mut self, content: &[u8]) {
        // Of most messages nearly all is body.
        if self.at != At::Body {
            self.feed_header(content);
        }
    }

    fn feed_header(&mut self, mut content: &[u8]) {
        while let Some((octet, rest)) = content.split_first() {
            match self.at {
                At::Body => return,
                At::Line => {
                    let Some(end) = memchr(b'\n', content) else { return };
                    self.at = At::Name(0);
                    content = content.get(end.saturating_add(1)..).unwrap_or_default();
                    continue;
                }
                At::Name(met) => {
                    let octet = octet.to_ascii_lowercase();
                    if met == 0 && octet == b'\r' {
                        self.at = At::Body;
                        return;
                    }
                    self.at = match NAME.get(usize::from(met)) {
                        Some(expected) if octet == *expected => match met.saturating_add(1) {
                            8 => At::Colon,
                            met => At::Name(met),
                        },
                        // The octet may be the end of its line: it is looked at again.
                        _ => {
                            self.at = At::Line;
                            continue;
                        }
                    };
                }
                At::Colon => match octet {
                    b' ' | b'\t' => {}
                    b':' => {
                        self.count = self.count.saturating_add(1);
                        self.at = At::Line;
                    }
                    _ => {
                        self.at = At::Line;
                        continue;
                    }
                },
            }
            content = rest;
        }
    }
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
