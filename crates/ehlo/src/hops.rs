//! Counting the `Received` fields of a message (RFC 5321 6.3) while it streams by.

/// The name, in small letters.
const NAME: &[u8] = b"received";

/// A counter of `Received` fields in the header section, fed with content in pieces of any size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hops {
    /// So many octets of a line have been met, and they were the name so far; or one of the following.
    at: u8,
    count: u16,
}

/// Behind the name: white space may stand before the colon (RFC 5322 4.5.8).
const NAMED: u8 = NAME.len() as u8;
/// In a line, or a rest of one, that does not matter.
const LINE: u8 = NAMED + 1;
/// Behind the header section.
const BODY: u8 = NAMED + 2;

impl Hops {
    pub(crate) const fn new() -> Self {
        Self { at: 0, count: 0 }
    }

    pub(crate) const fn count(&self) -> u16 {
        self.count
    }

    /// Whether none can come any more.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) const fn are_over(&self) -> bool {
        self.at == BODY
    }

    /// Whether a line that begins with this octet is none to count, nor the end of the header section: it can be left out.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) const fn passes_over(self, octet: u8) -> bool {
        self.at == 0 && !matches!(octet, b'r' | b'R' | b'\r')
    }

    /// Counts on through a piece of content.
    #[inline]
    pub(crate) fn feed(&mut self, content: &[u8]) {
        // Of most messages nearly all is body.
        if self.at != BODY {
            self.feed_header(content);
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn feed_header(&mut self, mut content: &[u8]) {
        loop {
            #[cfg(target_pointer_width = "64")]
            if self.at == LINE {
                let Some(end) = memchr::memchr(b'\n', content) else { return };
                content = content.get(end.wrapping_add(1)..).unwrap_or_default();
                self.at = 0;
            }
            let Some((octet, rest)) = content.split_first() else { return };
            content = rest;
            self.at = match self.at {
                BODY => return,
                _ if *octet == b'\n' => 0,
                0 if *octet == b'\r' => BODY,
                NAMED if matches!(octet, b' ' | b'\t') => NAMED,
                NAMED if *octet == b':' => {
                    self.count = self.count.saturating_add(1);
                    LINE
                }
                met if NAME.get(usize::from(met)) == Some(&(octet | 0x20)) => met.wrapping_add(1),
                _ => LINE,
            };
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
