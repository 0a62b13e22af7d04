//! Serialising replies (RFC 5321 4.2).

use crate::buffer::Buffer;
use crate::command::characters::{is_printable, split_at_octet};
use crate::command::text;
use crate::config::{Config, Extensions};
use crate::reply::{Enhanced, Reply, Text};

/// Octets of a reply line before its CRLF: with it, 512 (RFC 5321 4.5.3.1.5).
const LINE: usize = 510;

/// Octets of the codes at their longest: `250 5.65535.65535 `.
const CODES: usize = 18;

/// What decides how a text is written.
#[derive(Clone, Copy)]
pub(crate) struct Style<'c> {
    /// The server's own name, for `{domain}`.
    pub(crate) domain: &'c str,
    /// Enhanced status codes are offered (RFC 2034).
    pub(crate) enhanced: bool,
    /// The peer takes UTF-8 in replies (RFC 6531 3.7.4).
    pub(crate) utf8: bool,
}

impl<'c> Style<'c> {
    pub(crate) const fn new(config: &Config<'c>, utf8: bool) -> Self {
        let enhanced = config.extensions.contains(Extensions::ENHANCEDSTATUSCODES);
        Self { domain: config.hostname, enhanced, utf8 }
    }

    /// The enhanced status code that goes with a reply: none with 3yz (RFC 2034 3).
    fn enhanced_code(&self, reply: &Reply<'_>) -> Option<Enhanced> {
        reply.enhanced_code().filter(|_| self.enhanced && !(300..400).contains(&reply.code))
    }
}

/// Writes a reply.
pub(crate) fn reply(out: &mut Buffer, style: Style<'_>, reply: &Reply<'_>) {
    let begin = out.len();
    if simple(out, style, reply) {
        return;
    }
    out.truncate(begin);
    let mut lines = Lines::new(out, reply.code, style.enhanced_code(reply), style.utf8);
    match reply.text {
        Text::Plain(text) | Text::Fixed(text) => lines.text(text),
        Text::Template(template, value, minutes) => lines.template(template, style.domain, value, minutes),
    }
    lines.end();
}

/// Writes a reply of one printable line; false where it is not such, and what was written is to be taken back.
///
/// Nearly all replies go this way: with it a command took two thirds of the instructions.
fn simple(out: &mut Buffer, style: Style<'_>, reply: &Reply<'_>) -> bool {
    let begin = out.len();
    // Half of the buffer is there for it (see `Session::advance`), which the catalogue's own texts do not need.
    let limit = match reply.text {
        Text::Fixed(_) => out.capacity(),
        _ => begin.saturating_add(out.capacity() / 2),
    };
    codes(out, reply.code, style.enhanced_code(reply));
    let printable = match reply.text {
        Text::Fixed(text) => {
            out.append(text.as_bytes());
            true
        }
        Text::Plain(text) => printable(out, text),
        Text::Template(template, value, minutes) => filled_in(out, style, template, value, minutes),
    };
    printable
        && out.append_all(*b"\r\n")
        && out.len() <= limit
        && out.len().saturating_sub(begin) <= LINE.saturating_add(2)
}

/// Appends a text, if it is printable.
fn printable(out: &mut Buffer, text: &str) -> bool {
    is_printable(text.as_bytes()) && out.append(text.as_bytes())
}

/// Appends a template with its values, if they are printable.
fn filled_in(out: &mut Buffer, style: Style<'_>, template: &str, value: &str, minutes: u32) -> bool {
    let mut rest = template.as_bytes();
    while let Some((text, behind)) = split_at_octet(rest, b'{') {
        out.append(text);
        let Some((name, after)) = split_at_octet(behind, b'}') else { return false };
        let fits = match name {
            b"domain" => printable(out, style.domain),
            b"minutes" => out.append(Digits::of(minutes.into()).octets()),
            _ => printable(out, value),
        };
        if !fits {
            return false;
        }
        rest = after;
    }
    out.append(rest)
}

/// Appends code and enhanced status code.
fn codes(codes: &mut Buffer, code: u16, enhanced: Option<Enhanced>) {
    let digit = |number: u16| b'0'.wrapping_add((number % 10) as u8);
    codes.append_all([digit(code / 100), digit(code / 10), digit(code), b' ']);
    if let Some(Enhanced { class, subject, detail }) = enhanced {
        let class = digit(class.into());
        if subject <= 9 && detail <= 9 {
            codes.append_all([class, b'.', digit(subject), b'.', digit(detail), b' ']);
        } else {
            codes.append_all([class, b'.']);
            codes.append(Digits::of(subject.into()).octets());
            codes.append(b".");
            codes.append(Digits::of(detail.into()).octets());
            codes.append(b" ");
        }
    }
}

/// Says that a chunk has been taken (RFC 3030 2).
pub(crate) fn chunk_taken(out: &mut Buffer, style: Style<'_>, octets: u64) {
    let enhanced = Enhanced { class: 2, subject: 0, detail: 0 };
    let mut lines = Lines::new(out, 250, style.enhanced.then_some(enhanced), false);
    lines.number(octets);
    lines.text(" octets received");
    lines.end();
}

/// Writes several lines under one code; whether all of them had room.
pub(crate) fn list<'m>(
    out: &mut Buffer,
    style: Style<'_>,
    reply: &Reply<'_>,
    members: impl Iterator<Item = &'m str>,
) -> bool {
    let mut lines = Lines::new(out, reply.code, style.enhanced_code(reply), style.utf8);
    let mut first = true;
    for member in members {
        if !first {
            lines.next();
        }
        first = false;
        lines.text(member);
    }
    lines.end()
}

/// The lines of one reply in the making. Where room runs out the text is cut; the reply stays well-formed, since room for the
/// end of the line is always kept. Its room is half of the buffer, whatever stands before it, so that a reply does not depend on
/// how many wait to be sent.
pub(crate) struct Lines<'o> {
    out: &'o mut Buffer,
    /// Code and enhanced status code, with which each line begins.
    codes: Buffer<[u8; CODES]>,
    utf8: bool,
    /// Where the current line begins.
    begin: usize,
    /// Where the reply has to end.
    limit: usize,
    cut: bool,
}

impl<'o> Lines<'o> {
    pub(crate) fn new(out: &'o mut Buffer, code: u16, enhanced: Option<Enhanced>, utf8: bool) -> Self {
        let limit = out.len().saturating_add(out.capacity() / 2).min(out.capacity());
        let begin = out.len();
        let mut lines = Self { out, codes: Buffer::new(), utf8, begin, limit, cut: false };
        codes(&mut lines.codes, code, enhanced);
        lines.begin();
        lines
    }

    /// Begins a line.
    fn begin(&mut self) {
        self.begin = self.out.len();
        if self.room() < self.codes.len().saturating_add(2) {
            self.cut = true;
        } else {
            self.out.append(self.codes.octets());
        }
    }

    /// Gives the reply all the room that is left in the buffer.
    pub(crate) fn in_all_of_the_buffer(mut self) -> Self {
        self.limit = self.out.capacity();
        self
    }

    /// Ends the current line as one that is continued, and begins the next.
    fn next(&mut self) {
        // CRLF, and the end of the next line.
        let needed = self.codes.len().saturating_add(2 + 2);
        if self.room() < needed {
            self.cut = true;
            return;
        }
        if let Some(separator) = self.out.octets_mut().get_mut(self.begin.saturating_add(3)) {
            *separator = b'-';
        }
        self.out.append(b"\r\n");
        self.begin();
    }

    /// Ends the reply; whether nothing was cut.
    pub(crate) fn end(self) -> bool {
        self.out.append(b"\r\n") && !self.cut
    }

    /// Octets that stay together on a line.
    fn octets(&mut self, octets: &[u8]) {
        if self.left() < octets.len() {
            self.next();
        }
        if self.cut || self.room() < octets.len().saturating_add(2) {
            self.cut = true;
        } else {
            self.out.append(octets);
        }
    }

    /// Printable ASCII, which goes on in the next line where it does not fit this one.
    fn run(&mut self, mut run: &[u8]) {
        while let Some((fits, rest)) = run.split_at_checked(self.left()) {
            self.part(fits);
            if rest.is_empty() || self.cut {
                return;
            }
            self.next();
            run = rest;
        }
        self.part(run);
    }

    /// As much of a part of a line as there is room for.
    fn part(&mut self, part: &[u8]) {
        let room = self.room().saturating_sub(2);
        if self.cut || room < part.len() {
            let fits = if self.cut { &[][..] } else { part.get(..room).unwrap_or_default() };
            self.out.append(fits);
            self.cut = true;
        } else {
            self.out.append(part);
        }
    }

    /// What the current line may still hold.
    fn left(&self) -> usize {
        LINE.saturating_sub(self.out.len().saturating_sub(self.begin))
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.out.len())
    }

    /// Text made printable: a line feed begins a line, any other control becomes `?`, and so does what is not ASCII unless the
    /// peer takes UTF-8.
    pub(crate) fn text(&mut self, text: &str) {
        self.printable(text, true);
    }

    /// A value of the peer's or the application's, within a text: it cannot begin a line of the reply.
    pub(crate) fn value(&mut self, value: &str) {
        self.printable(value, false);
    }

    fn printable(&mut self, text: &str, lines: bool) {
        if is_printable(text.as_bytes()) {
            return self.run(text.as_bytes());
        }
        let mut rest = text;
        loop {
            let end = rest.as_bytes().iter().position(|octet| !matches!(octet, b' '..=b'~')).unwrap_or(rest.len());
            let Some((run, other)) = rest.split_at_checked(end) else { return };
            if !run.is_empty() {
                self.run(run.as_bytes());
            }
            let mut characters = other.chars();
            match characters.next() {
                None => return,
                Some('\n') if lines => self.next(),
                Some('\n') => {}
                Some(character @ '\u{a0}'..) if self.utf8 => {
                    self.octets(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(_) => self.octets(b"?"),
            }
            rest = characters.as_str();
        }
    }

    fn template(&mut self, template: &str, domain: &str, value: &str, minutes: u32) {
        for part in template.as_bytes().split(|octet| *octet == b'{') {
            // Only what stands behind a brace has one that closes it.
            let end = part.iter().position(|octet| *octet == b'}');
            let Some((name, rest)) = end.and_then(|end| part.split_at_checked(end)) else {
                self.text(text(part));
                continue;
            };
            match name {
                b"domain" => self.value(domain),
                b"minutes" => self.decimal(minutes),
                _ => self.value(value),
            }
            self.text(text(rest.strip_prefix(b"}").unwrap_or(rest)));
        }
    }

    fn number(&mut self, number: u64) {
        self.octets(Digits::of(number).octets());
    }

    fn decimal(&mut self, number: u32) {
        self.number(number.into());
    }
}

/// A number in decimal digits.
pub(crate) struct Digits {
    digits: [u8; 20],
    start: usize,
}

impl Digits {
    pub(crate) fn of(number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let start = match u32::try_from(number) {
            Ok(number) => write_small(number, &mut digits),
            Err(_) => write_large(number, &mut digits),
        };
        Self { digits, start }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        text(self.octets())
    }
}

/// Writes a number at the end of `digits`; where it begins.
fn write_small(mut number: u32, digits: &mut [u8; 20]) -> usize {
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        // The remainder is below 10.
        *digit = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
        start = start.wrapping_sub(1);
        if number == 0 {
            break;
        }
    }
    start
}

/// The same by subtraction: division of 64 bits is much code on a small processor.
fn write_large(mut number: u64, digits: &mut [u8; 20]) -> usize {
    let mut start = 0_usize;
    let mut begun = false;
    for (digit, exponent) in digits.iter_mut().zip((0..20).rev()) {
        let power = 10_u64.wrapping_pow(exponent);
        while let Some(rest) = number.checked_sub(power) {
            number = rest;
            *digit = digit.wrapping_add(1);
        }
        begun |= *digit != b'0';
        if !begun {
            start = start.wrapping_add(1);
        }
    }
    start
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};

    const STYLE: Style<'static> = Style { domain: "mx.example.net", enhanced: true, utf8: false };

    fn written<const N: usize>(style: Style<'_>, what: &Reply<'_>) -> String {
        let mut out = Buffer::<[u8; N]>::new();
        reply(&mut out, style, what);
        std::str::from_utf8(out.octets()).unwrap().to_string()
    }

    #[test]
    fn a_reply_carries_code_enhanced_code_and_values() {
        assert_eq!(written::<512>(STYLE, &Reply::good_bye()), "221 2.0.0 mx.example.net Good-bye\r\n");
        assert_eq!(
            written::<512>(STYLE, &Reply::greylisted("bob@example.net", 5)),
            "450 4.7.1 bob@example.net: Recipient address rejected: Greylisted for 5 minutes\r\n"
        );
        assert_eq!(written::<512>(STYLE, &Reply::service_ready()), "220 mx.example.net Service ready\r\n");
        assert_eq!(
            written::<512>(STYLE, &Reply::start_mail_input()),
            "354 Start mail input; end with <CRLF>.<CRLF>\r\n"
        );
        let bare = Style { enhanced: false, ..STYLE };
        assert_eq!(written::<512>(bare, &Reply::ok()), "250 Ok\r\n");
    }

    #[test]
    fn what_a_peer_said_is_made_printable() {
        let echoed = written::<512>(STYLE, &Reply::invalid_user("a\r\n250 ok\u{7}\u{fc}@b"));
        assert_eq!(echoed, "550 5.1.1 invalid user - a?250 ok??@b\r\n");
        let utf8 = Style { utf8: true, ..STYLE };
        assert_eq!(written::<512>(utf8, &Reply::invalid_user("\u{fc}@b")), "550 5.1.1 invalid user - \u{fc}@b\r\n");
    }

    #[test]
    fn a_brace_of_the_application_is_text() {
        assert_eq!(written::<512>(STYLE, &Reply::new(250, "a {domain} b")), "250 a {domain} b\r\n");
    }

    #[test]
    fn a_long_text_is_continued_with_the_codes_in_every_line() {
        let text = "x".repeat(1200);
        let written = written::<4096>(STYLE, &Reply::new(550, &text).enhanced(7, 1));
        let lines: std::vec::Vec<_> = written.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= LINE));
        assert!(lines[0].starts_with("550-5.7.1 x") && lines[1].starts_with("550-5.7.1 x"));
        assert!(lines[2].starts_with("550 5.7.1 x"));
        assert_eq!(written.matches('x').count(), 1200);
    }

    #[test]
    fn a_text_without_room_is_cut_and_still_a_reply() {
        for room in 20..64 {
            let mut out = Buffer::<[u8; 64]>::new();
            assert!(out.append(&[b'-'; 64][..64 - room]));
            reply(&mut out, STYLE, &Reply::new(550, "one\ntwo\nthree, and all that comes after it").enhanced(7, 1));
            let written = std::str::from_utf8(&out.octets()[64 - room..]).unwrap();
            assert!(written.ends_with("\r\n"), "{written:?}");
            let lines: std::vec::Vec<_> = written.split_terminator("\r\n").collect();
            let (last, others) = lines.split_last().unwrap();
            assert!(last.starts_with("550 5.7.1") && others.iter().all(|l| l.starts_with("550-5.7.1")), "{written:?}");
        }
    }
}
