//! Mail data octet by octet, for small processors: they have no instructions for many octets at once, and less room for code.

use crate::content::{At, Decoder, Piece};

/// What is done with an octet.
enum Deed {
    /// It is content.
    Keep,
    /// It is none, as a stuffed dot is.
    Drop,
    /// It is a bare LF that becomes CRLF.
    Mend,
    /// It is a bare LF, or behind a bare CR.
    Spoil,
    /// It ends the data.
    End,
}

impl Decoder {
    /// Takes the next piece off the input.
    #[inline(never)]
    pub(crate) fn next<'i>(&mut self, input: &mut &'i [u8]) -> Piece<'i> {
        let mut data: &'i [u8] = input;
        let mut kept = 0_usize;
        while let Some((octet, behind)) = input.split_first() {
            let (deed, to) = self.deed(*octet);
            if matches!(deed, Deed::Keep) && !self.spoilt {
                kept = kept.wrapping_add(1);
            } else if kept != 0 {
                // It is looked at again, once what stands before it has been handed out.
                break;
            } else {
                data = behind;
            }
            self.at = to;
            *input = behind;
            match deed {
                Deed::Mend => return Piece::Content(b"\r\n"),
                Deed::Spoil if !core::mem::replace(&mut self.spoilt, true) => return Piece::Spoilt,
                Deed::End => return Piece::End,
                _ => {}
            }
        }
        match data.get(..kept) {
            Some(content) if kept != 0 => Piece::Content(content),
            _ => Piece::More,
        }
    }

    fn deed(&self, octet: u8) -> (Deed, At) {
        match (self.at, octet) {
            (At::LineStart, b'.') if self.dots => (Deed::Drop, At::Dot),
            (At::Dot, b'\r') => (Deed::Drop, At::DotCr),
            (At::DotCr, b'\n') => (Deed::End, At::LineStart),
            (At::Cr, b'\n') => (Deed::Keep, At::LineStart),
            (At::Cr | At::DotCr, b'\r') => (Deed::Spoil, At::Cr),
            (At::Cr | At::DotCr, _) => (Deed::Spoil, At::Mid),
            (_, b'\n') if self.lenient && !self.spoilt => (Deed::Mend, At::Mid),
            (_, b'\n') => (Deed::Spoil, At::Mid),
            (_, b'\r') => (Deed::Keep, At::Cr),
            _ => (Deed::Keep, At::Mid),
        }
    }
}
