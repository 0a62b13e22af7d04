//! Mail data: dots unstuffed, line endings checked, the end found (RFC 5321 4.1.1.4, 4.5.2), nothing copied.
//!
//! Chunks (RFC 3030) go through the same decoder: their lines are checked alike, but a dot means nothing in them, and their end
//! is known beforehand.

#[cfg(target_pointer_width = "64")]
use crate::scan::{self, Event, LineDot};

/// The longest line that is short, with its dot and its CRLF.
#[cfg(target_pointer_width = "64")]
pub(crate) const SHORT: usize = 48;

/// The decoder of mail data. CRLF `.` CRLF ends them, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder {
    pub(crate) at: At,
    /// Dots at the start of lines are stuffed, and one alone ends the data. Not so in chunks.
    pub(crate) dots: bool,
    /// A bare LF becomes CRLF.
    pub(crate) lenient: bool,
    /// A bare CR or LF was met: only the end matters now.
    pub(crate) spoilt: bool,
}

/// Where the decoder stands in a line. Only a dot at its start, with or without a CR behind it, is ever held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
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
    #[cfg(target_pointer_width = "64")]
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

/// The next line without the dot at its start but with its CRLF, and what is behind it, where it is a short line that begins with a dot, and
/// behind it stands another such line. With `others`, lines without a dot may stand in between; they are taken too.
///
/// Data that are nothing else are the slowest there are, since each such line is a piece of content of its own. The session takes them a
/// short way, without the decoder: a line of `..` takes some 60 instructions by it, and took 194.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(crate) fn short_line(input: &[u8], others: bool) -> Option<(&[u8], &[u8])> {
    let [b'.', lines @ ..] = input else { return None };
    match lines {
        // A dot alone is no content.
        [b'\r', ..] => return None,
        // The worst of all.
        [b'\x0e'..=b'\xff', b'\r', b'\n', b'.', ..] => return lines.split_at_checked(3),
        _ => {}
    }
    let mut line = lines;
    let mut end = 0_usize;
    loop {
        let length = match first_control(line) {
            Some(length) => length,
            None => scan::line_end(line.get(..const { SHORT - 3 }.wrapping_sub(end)).unwrap_or(line)),
        };
        let [b'\r', b'\n', behind] = *line.get(length..)?.first_chunk()? else { return None };
        end = end.wrapping_add(length).wrapping_add(2);
        if behind == b'.' {
            return lines.split_at_checked(end);
        }
        // A line more of those that are looked at one by one must still be short.
        if !others || end >= const { SHORT - 10 } {
            return None;
        }
        line = lines.get(end..)?;
    }
}

/// Where among the first eight octets the first is that may be CR or LF; `None` where there is none.
///
/// One by one, since where the next line begins is then a guess of the processor's, which is right where lines are alike: it need not wait
/// until the end of this line has been worked out of its octets, which took longer than all else (a line of `..` 9 ns, and now 4).
#[cfg(target_pointer_width = "64")]
#[inline]
fn first_control(line: &[u8]) -> Option<usize> {
    line.first_chunk::<8>()?.iter().position(|octet| *octet <= b'\r')
}

impl Decoder {
    /// At the start of the data of DATA, which is the start of a line.
    pub(crate) const fn new(lenient: bool) -> Self {
        Self { at: At::LineStart, dots: true, lenient, spoilt: false }
    }

    /// At the start of the first chunk of BDAT.
    pub(crate) const fn chunks(lenient: bool) -> Self {
        Self { at: At::LineStart, dots: false, lenient, spoilt: false }
    }

    #[cfg(feature = "chunking")]
    /// At the end of the last chunk: a CR that waits for its LF is bare.
    pub(crate) fn end_of_chunks(&mut self) {
        self.spoilt |= self.at == At::Cr;
    }

    /// Whether a bare CR or LF was met.
    pub(crate) const fn is_spoilt(&self) -> bool {
        self.spoilt
    }
}

/// In blocks. Small processors go octet by octet: see `octets.rs`.
#[cfg(target_pointer_width = "64")]
impl Decoder {
    /// Takes the next piece off the input.
    pub(crate) fn next<'i>(&mut self, input: &mut &'i [u8]) -> Piece<'i> {
        loop {
            let data: &'i [u8] = input;
            let Some((first, rest)) = data.split_first() else { return Piece::More };
            match (self.at, *first) {
                (At::LineStart, b'.') if self.dots => {
                    // Most ends come whole.
                    if let [b'\r', b'\n', behind @ ..] = rest {
                        *input = behind;
                        return Piece::End;
                    }
                    self.at = At::Dot;
                    *input = rest;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    *input = rest;
                }
                (At::DotCr, b'\n') => {
                    self.at = At::LineStart;
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

    /// Whether a line begins here, in which a dot at the start is stuffed. [`short_line`] leaves it so.
    pub(crate) fn is_before_stuffed_line(&self) -> bool {
        self.at == At::LineStart && self.dots && !self.spoilt
    }

    /// Marks the data as spoilt; whether that is news.
    fn spoil(&mut self) -> bool {
        !core::mem::replace(&mut self.spoilt, true)
    }

    /// How far `data` runs without anything to drop or to tell: up to a line that begins with a dot, a bare CR or LF, or its end.
    fn run(&mut self, data: &[u8]) -> Run {
        if self.spoilt {
            return self.spoilt_run(data);
        }
        match (self.at, data.first()) {
            (At::Cr, Some(b'\n')) => {}
            (At::Cr, _) => {
                self.at = At::Mid;
                return Run { length: 0, bare: true };
            }
            (_, Some(b'\n')) => return self.bare_lf(0),
            _ => {}
        }
        let length = scan::find(data, Event { at_line_start: if self.dots { b'.' } else { b'\n' } });
        let before = data.get(length.wrapping_sub(1)).copied();
        match data.get(length) {
            None => {
                self.at = behind(before);
                Run { length, bare: false }
            }
            // The CR before is passed over; what follows is within a line.
            Some(_) if before == Some(b'\r') => {
                self.at = At::Mid;
                Run { length, bare: true }
            }
            Some(b'\n') => self.bare_lf(length),
            Some(_) => {
                self.at = At::LineStart;
                Run { length, bare: false }
            }
        }
    }

    /// At a bare LF: it is passed over, and what follows is within a line; or it becomes CRLF.
    fn bare_lf(&mut self, at: usize) -> Run {
        self.at = if self.lenient { At::BareLf } else { At::Mid };
        if self.lenient { Run { length: at, bare: false } } else { Run { length: at.saturating_add(1), bare: true } }
    }

    /// How far data that are spoilt run up to a line that begins with a dot: only the end matters, and hostile data are passed over
    /// as fast as any.
    fn spoilt_run(&mut self, data: &[u8]) -> Run {
        let ends_line = self.at == At::Cr && data.first() == Some(&b'\n');
        let length = match data {
            _ if !self.dots => data.len(),
            [_, b'.', ..] if ends_line => 1,
            _ => scan::find(data, LineDot),
        };
        self.at = match data.get(..length).unwrap_or(data) {
            [.., b'\r', b'\n'] => At::LineStart,
            [_] if ends_line => At::LineStart,
            [.., b'\r'] => At::Cr,
            _ => At::Mid,
        };
        Run { length, bare: false }
    }
}

#[cfg(target_pointer_width = "64")]
/// Where the decoder stands behind an octet of data that are right so far.
const fn behind(octet: Option<u8>) -> At {
    match octet {
        Some(b'\r') => At::Cr,
        Some(b'\n') => At::LineStart,
        _ => At::Mid,
    }
}

#[cfg(target_pointer_width = "64")]
/// What [`Decoder::run`] found.
struct Run {
    length: usize,
    /// It ended at a bare CR or LF.
    bare: bool,
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    /// What decoding came to.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Decoded {
        /// Content up to the end, or to where the data were spoilt.
        content: Vec<u8>,
        /// How many octets of input were taken up to the end, if it was met.
        end: Option<usize>,
        spoilt: bool,
    }

    /// The decoder as one would explain it, octet by octet and in no hurry: the end is the first CRLF `.` CRLF, in data that
    /// begin as if behind a CRLF.
    fn reference(data: &[u8], lenient: bool) -> Decoded {
        let behind_crlf = |at: usize| at == 0 || data[..at].ends_with(b"\r\n");
        let end = (0..data.len()).find(|at| behind_crlf(*at) && data[*at..].starts_with(b".\r\n"));
        let (mut content, mut spoilt) = (Vec::new(), false);
        for at in 0..end.unwrap_or(data.len()) {
            let octet = data[at];
            let bare = match octet {
                b'\r' => data.get(at + 1).is_some_and(|next| *next != b'\n'),
                b'\n' => !data[..at].ends_with(b"\r"),
                _ => false,
            };
            match octet {
                b'.' if behind_crlf(at) => {}
                b'\n' if bare && lenient && !spoilt => content.extend(b"\r\n"),
                _ if bare => spoilt = true,
                _ if spoilt => {}
                _ => content.push(octet),
            }
        }
        Decoded { content, end: end.map(|end| end + 3), spoilt }
    }

    /// Decodes input that comes in pieces, and checks what must hold of each step on the way.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, lenient: bool) -> Decoded {
        let mut decoder = Decoder::new(lenient);
        let mut found = Decoded { content: Vec::new(), end: None, spoilt: false };
        let mut taken = 0;
        for piece in pieces {
            let mut input = piece;
            loop {
                let before = input.len();
                // At some places the short way, as the session goes it.
                #[cfg(target_pointer_width = "64")]
                if taken % 3 > 0
                    && decoder.is_before_stuffed_line()
                    && let Some((lines, rest)) = short_line(input, taken % 3 == 1)
                {
                    assert!(!lines.is_empty() && lines.len() < SHORT && lies_within(lines, piece));
                    found.content.extend(lines);
                    input = rest;
                    taken += before - input.len();
                    continue;
                }
                let step = decoder.next(&mut input);
                taken += before - input.len();
                match step {
                    Piece::Content(octets) => {
                        assert!(!octets.is_empty() && !found.spoilt);
                        assert!(lies_within(octets, piece) || (lenient && octets == b"\r\n"), "content was copied");
                        found.content.extend(octets);
                    }
                    Piece::Spoilt => {
                        assert!(!found.spoilt, "told twice");
                        assert!(decoder.is_spoilt());
                        found.spoilt = true;
                    }
                    Piece::End => {
                        assert_eq!(decoder.is_spoilt(), found.spoilt, "forgotten at the end");
                        found.end = Some(taken);
                        return found;
                    }
                    Piece::More => {
                        assert!(input.is_empty());
                        break;
                    }
                }
            }
        }
        found
    }

    fn lies_within(part: &[u8], whole: &[u8]) -> bool {
        let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
        whole.start <= part.start && part.end <= whole.end
    }

    /// The reference and the decoder must agree, save for what the reference takes for content that was not handed out yet:
    /// a dot and CR at the start of a line that may be the end, and content after a fault.
    fn assert_agrees(data: &[u8], cuts: &[usize], lenient: bool) {
        let mut pieces = Vec::new();
        let mut rest = data;
        for cut in cuts {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let (expected, mut found) = (reference(data, lenient), decode(pieces, lenient));
        if expected.end.is_none() && !expected.spoilt && (data == b".\r" || data.ends_with(b"\r\n.\r")) {
            found.content.push(b'\r');
        }
        assert_eq!((found.end, found.spoilt), (expected.end, expected.spoilt), "{}", data.escape_ascii());
        if expected.spoilt {
            // How much of it comes before the fault is told depends on the cuts; a bare CR may be the last of it.
            let content = found.content.strip_suffix(b"\r").unwrap_or(&found.content);
            assert!(expected.content.starts_with(content), "{}", data.escape_ascii());
        } else {
            assert_eq!(found.content, expected.content, "{}", data.escape_ascii());
        }
    }

    fn stuff(content: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        for line in content.split_inclusive(|octet| *octet == b'\n') {
            if line.starts_with(b".") {
                data.push(b'.');
            }
            data.extend(line);
        }
        data.extend(b".\r\n");
        data
    }

    /// Any octets as a message: every line ended by CRLF, no other CR or LF.
    fn with_crlf(octets: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        for line in octets.split(|octet| matches!(octet, b'\r' | b'\n')) {
            content.extend(line);
            content.extend(b"\r\n");
        }
        content
    }

    fn hostile(most: usize) -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![
            6 => Just(b'\r'),
            6 => Just(b'\n'),
            4 => Just(b'.'),
            1 => Just(0_u8),
            3 => Just(b'a'),
            1 => any::<u8>(),
        ];
        let word = prop_oneof![
            8 => octet.prop_map(|octet| Vec::from([octet])),
            2 => Just(b"\r\n".to_vec()),
            1 => Just(b"\r\n.".to_vec()),
            1 => Just(b"aaa aaaaaaaa\r\n".to_vec()),
            1 => Just(b"..aa\r\n".to_vec()),
        ];
        prop::collection::vec(word, 0..most).prop_map(|words| words.concat())
    }

    fn cases(many: u32) -> ProptestConfig {
        let cases = if cfg!(miri) { many / 500 } else { many };
        ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest! {
        #![proptest_config(cases(2500))]

        #[test]
        fn any_octets_in_any_cuts_decode_as_the_reference_says(
            data in hostile(40),
            cuts in prop::collection::vec(0_usize..6, 0..30),
            lenient: bool,
        ) {
            assert_agrees(&data, &[], lenient);
            assert_agrees(&data, &cuts, lenient);
            assert_agrees(&data, &std::vec![1; data.len()], lenient);
        }

        #[test]
        fn what_is_stuffed_is_unstuffed(octets in hostile(60), behind in hostile(6), lenient: bool) {
            let content = with_crlf(&octets);
            let mut data = stuff(&content);
            let end = Some(data.len());
            data.extend(&behind);
            let expected = Decoded { content, end, spoilt: false };
            prop_assert_eq!(&decode([&data[..]], lenient), &expected);
            prop_assert_eq!(&decode(data.chunks(1), lenient), &expected);
        }

        #[test]
        fn bare_line_feeds_become_line_ends_where_that_is_let_pass(text in "[a.\n]{0,40}") {
            let mut data = text.replace("\n.", "\n-").trim_start_matches('.').as_bytes().to_vec();
            let content = String::from_utf8_lossy(&data).replace('\n', "\r\n") + "\r\n";
            data.extend(b"\r\n.\r\n");
            let found = decode([&data[..]], true);
            prop_assert_eq!(found.content, content.as_bytes());
            prop_assert_eq!(found.end, Some(data.len()));
        }
    }

    #[test]
    fn nothing_smuggles_an_end_in() {
        let tricks: [&[u8]; 20] = [
            b"a\n.\n",
            b"a\n.\r\n",
            b"a\r.\r",
            b"a\r.\n",
            b"a\r.\r\n",
            b"a\r\n.\n",
            b"a\r\n.\r",
            b"a\r\n.\rb\n",
            b"a\r\n\0.\r\n",
            b"a\r\0\n.\r\n",
            b"a\r\n.\0\r\n",
            b"a\r\n.\r\0\n",
            b"a\r\n.\r\r\n",
            b"a\r\r\n.\r\r\n",
            b"a\n..\r\n",
            b"a\r\n..\r\n",
            b"a\r\n. \r\n",
            b".\n",
            b".\rb",
            b"..\r\n",
        ];
        for trick in tricks {
            for lenient in [false, true] {
                for size in 1..=trick.len() {
                    let found = decode(trick.chunks(size), lenient);
                    assert_eq!(found.end, None, "{} lenient {lenient}", trick.escape_ascii());
                }
                // And the true end is still met behind it.
                let data = [trick, b"\r\n.\r\n"].concat();
                assert_eq!(decode([&data[..]], lenient).end, Some(data.len()), "{}", data.escape_ascii());
            }
        }
    }

    #[test]
    fn the_end_is_where_it_is() {
        let cases: [(&[u8], &[u8], bool); 8] = [
            (b".\r\n", b"", false),
            (b"\r\n.\r\n", b"\r\n", false),
            (b"..\r\n.\r\n", b".\r\n", false),
            (b"...a.\r\n.\r\n", b"..a.\r\n", false),
            (b".a\r\n.\r\n", b"a\r\n", false),
            (b"a\r\r\n.\r\n", b"", true),
            (b"a\n.\r\n\r\n.\r\n", b"", true),
            (b".\r\r\n.\r\n", b"", true),
        ];
        for (data, content, spoilt) in cases {
            let found = decode([data], false);
            assert_eq!((found.end, found.spoilt), (Some(data.len()), spoilt), "{}", data.escape_ascii());
            if !spoilt {
                assert_eq!(found.content, content, "{}", data.escape_ascii());
            }
        }
    }

    #[test]
    fn a_bare_cr_is_refused_in_lenient_mode_too() {
        assert!(decode([&b"a\rb\r\n.\r\n"[..]], true).spoilt);
        let found = decode([&b"a\nb\r\n.\r\n"[..]], true);
        assert_eq!((&found.content[..], found.spoilt), (&b"a\r\nb\r\n"[..], false));
    }

    #[test]
    fn long_hostile_data_are_decoded_in_one_pass() {
        for unit in [&b"..\r\n"[..], b"\r", b"\n", b"\r\n.\r", b"\n.\r\n"] {
            let data = unit.repeat(if cfg!(miri) { 50 } else { 100_000 });
            for lenient in [false, true] {
                assert_eq!(decode([&data[..]], lenient).end, None);
            }
        }
    }
}
