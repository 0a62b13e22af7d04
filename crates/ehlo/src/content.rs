//! Mail data: dots unstuffed, line endings checked, the end found (RFC 5321 4.1.1.4, 4.5.2), nothing copied.

use memchr::memchr2;

/// The decoder of mail data. CRLF `.` CRLF ends them, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder {
    at: At,
    /// A bare LF becomes CRLF.
    lenient: bool,
    /// A bare CR or LF was met: only the end matters now.
    spoilt: bool,
}

/// Where the decoder stands in a line. Only a dot at its start, with or without a CR behind it, is ever held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the start of a line.
    LineStart,
    /// Behind a dot at the start of a line.
    Dot,
    /// Behind such a dot and a CR.
    DotCr,
    /// Within a line.
    Mid,
    /// Behind a CR.
    Cr,
    /// Before a bare LF that becomes CRLF.
    BareLf,
}

/// What the decoder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'i> {
    /// Content, at least one octet.
    Content(&'i [u8]),
    /// The first bare CR or LF. No content comes any more.
    Spoilt,
    /// The end of the data.
    End,
    /// The input is used up.
    More,
}

impl Decoder {
    /// At the start of the data, which is the start of a line.
    pub(crate) const fn new(lenient: bool) -> Self {
        Self { at: At::LineStart, lenient, spoilt: false }
    }

    /// Whether a bare CR or LF was met.
    pub(crate) const fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    /// Takes the next piece off the input.
    pub(crate) fn next<'i>(&mut self, input: &mut &'i [u8]) -> Piece<'i> {
        loop {
            let data: &'i [u8] = input;
            let Some((first, rest)) = data.split_first() else { return Piece::More };
            match (self.at, *first) {
                (At::LineStart, b'.') => {
                    self.at = At::Dot;
                    *input = rest;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    *input = rest;
                }
                (At::DotCr, b'\n') => {
                    *self = Self::new(self.lenient);
                    *input = rest;
                    return Piece::End;
                }
                // The CR behind the dot was bare. Whatever it was, it is not the end.
                (At::DotCr, _) => {
                    self.at = At::Mid;
                    if self.spoil() {
                        return Piece::Spoilt;
                    }
                }
                (At::BareLf, _) => {
                    self.at = At::Mid;
                    *input = rest;
                    return Piece::Content(b"\r\n");
                }
                (At::LineStart | At::Dot | At::Mid | At::Cr, _) => {
                    let run = self.run(data);
                    let (content, rest) = data.split_at_checked(run.length).unwrap_or((data, &[]));
                    *input = rest;
                    if run.bare && self.spoil() {
                        return Piece::Spoilt;
                    }
                    if !self.spoilt && !content.is_empty() {
                        return Piece::Content(content);
                    }
                }
            }
        }
    }

    /// Marks the data as spoilt; whether that is news.
    fn spoil(&mut self) -> bool {
        !core::mem::replace(&mut self.spoilt, true)
    }

    /// How far `data` runs without anything to drop or to tell: up to a line that begins with a dot, a bare CR or LF, or its end.
    fn run(&mut self, data: &[u8]) -> Run {
        let mut at = 0_usize;
        if self.at == At::Cr {
            if data.first() == Some(&b'\n') {
                at = 1;
                self.at = At::LineStart;
                match data.get(at) {
                    None | Some(b'.') => return Run { length: at, bare: false },
                    Some(_) => {}
                }
            } else {
                self.at = At::Mid;
                return Run { length: 0, bare: true };
            }
        }
        loop {
            self.at = At::Mid;
            let rest = data.get(at..).unwrap_or_default();
            let Some(found) = memchr2(b'\r', b'\n', rest) else {
                return Run { length: data.len(), bare: false };
            };
            let here = at.saturating_add(found);
            match rest.get(found..).unwrap_or_default() {
                [b'\r'] => {
                    self.at = At::Cr;
                    return Run { length: data.len(), bare: false };
                }
                [b'\r', b'\n', after @ ..] => {
                    at = here.saturating_add(2);
                    if matches!(after.first(), None | Some(b'.')) {
                        self.at = At::LineStart;
                        return Run { length: at, bare: false };
                    }
                }
                [b'\n', ..] if self.lenient && !self.spoilt => {
                    self.at = At::BareLf;
                    return Run { length: here, bare: false };
                }
                // A bare CR or LF. It is passed over; what follows is within a line.
                _ => {
                    if !self.spoilt {
                        return Run { length: here.saturating_add(1), bare: true };
                    }
                    at = here.saturating_add(1);
                }
            }
        }
    }
}

/// What [`Decoder::run`] found.
struct Run {
    length: usize,
    /// It ended at a bare CR or LF.
    bare: bool,
}
