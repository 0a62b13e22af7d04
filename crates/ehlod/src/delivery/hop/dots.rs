//! Mail data as DATA carries it: a dot before each dot that begins a line (RFC 5321 4.5.2).

/// Adds the dots to data that comes in pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dots {
    at_start: bool,
}

impl Dots {
    pub(super) const fn new() -> Self {
        Self { at_start: true }
    }

    /// Appends a piece.
    pub(super) fn encode(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        // Only what stands behind an LF can begin a line, so that the rest goes in runs.
        while let Some(first) = piece.first() {
            if self.at_start && *first == b'.' {
                out.push(b'.');
            }
            let length = memchr::memchr(b'\n', piece).map_or(piece.len(), |at| at + 1);
            let (run, rest) = piece.split_at(length);
            out.extend_from_slice(run);
            // The content has no bare LF; if it had, a dot too many would do no harm, and one too few might end the data.
            self.at_start = run.last() == Some(&b'\n');
            piece = rest;
        }
    }

    /// What ends the data.
    pub(super) const fn end(self) -> &'static [u8] {
        if self.at_start { b".\r\n" } else { b"\r\n.\r\n" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(pieces: &[&[u8]]) -> String {
        let (mut dots, mut out) = (Dots::new(), Vec::new());
        for piece in pieces {
            dots.encode(piece, &mut out);
        }
        out.extend_from_slice(dots.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_that_begins_with_a_dot_gets_another() {
        for (plain, told) in [
            ("", ".\r\n"),
            (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.b\r\n..\r\nc.\r\n", "a\r\n..b\r\n...\r\nc.\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\n.\nb", "a\n..\nb\r\n.\r\n"),
        ] {
            assert_eq!(encoded(&[plain.as_bytes()]), told, "{plain:?}");
            let octets: Vec<&[u8]> = plain.as_bytes().chunks(1).collect();
            assert_eq!(encoded(&octets), told, "{plain:?} octet by octet");
        }
    }
}
