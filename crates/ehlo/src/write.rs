//! Serialising replies (RFC 5321 4.2).

use crate::buffer::Buffer;
use crate::command::characters::{is_printable, split_at_octet};
use crate::command::text;
use crate::config::{Config, Extensions, NAME};
use crate::reply::{Canned, Enhanced, Reply, Text};

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
    #[inline]
    pub(crate) const fn new(config: &Config<'c>, utf8: bool) -> Self {
        let enhanced = config.extensions.contains(Extensions::ENHANCEDSTATUSCODES);
        Self { domain: config.hostname, enhanced, utf8 }
    }

    /// The enhanced status code that goes with a reply: none with 3yz (RFC 2034 3).
    fn enhanced_code(&self, reply: &Reply<'_>) -> Option<Enhanced> {
        reply.enhanced_code().filter(|_| self.enhanced && !(300..400).contains(&reply.code))
    }
}

/// Writes a reply of the core's own. (Inlined, so that a reply known beforehand is stored in a few words.)
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn canned(out: &mut Buffer, config: &Config<'_>, reply: Canned) {
    #[cfg(target_pointer_width = "64")]
    if config.extensions.contains(Extensions::ENHANCEDSTATUSCODES) {
        match reply.around_name() {
            None => {
                out.append_known(reply.line().as_bytes());
            }
            Some((before, behind)) => {
                out.append_known(before);
                name(out, config);
                out.append_known(behind);
            }
        }
        return;
    }
    in_parts(out, config, reply);
}

/// Writes a reply that has perhaps the server's name in it, or not all that it could have.
#[cfg_attr(target_pointer_width = "64", cold)]
#[inline(never)]
fn in_parts(out: &mut Buffer, config: &Config<'_>, reply: Canned) {
    let (codes, mut text) = reply.line().as_bytes().split_at_checked(4).unwrap_or_default();
    out.append(codes);
    if !config.extensions.contains(Extensions::ENHANCEDSTATUSCODES) {
        text = text.get(reply.enhanced()..).unwrap_or_default();
    }
    if let Some((before, behind)) = split_at_octet(text, b'{') {
        out.append(before);
        name(out, config);
        // What stands in the braces is `domain`.
        text = behind.get(7..).unwrap_or_default();
    }
    out.append(text);
}

/// The server's name: printable, and no longer than a name may be, whatever is configured.
pub(crate) fn name(out: &mut Buffer, config: &Config<'_>) {
    let hostname = config.hostname.as_bytes();
    if config.named {
        out.append(hostname);
    } else {
        hostname.iter().take(NAME).for_each(|octet| {
            out.append_all([if matches!(octet, b' '..=b'~') { *octet } else { b'?' }]);
        });
    }
}

/// Writes a reply.
#[inline(never)]
pub(crate) fn reply(out: &mut Buffer, style: Style<'_>, reply: &Reply<'_>) {
    let mut lines = Lines::new(out, reply.code, style.enhanced_code(reply), style.utf8);
    lines.begin();
    match reply.text {
        Text::Plain(text) => lines.text(text),
        Text::Template(template, value, minutes) => lines.template(template, style.domain, value, minutes),
    }
    lines.end();
}

/// Says that a chunk has been taken (RFC 3030 2).
#[cfg(feature = "chunking")]
pub(crate) fn chunk_taken(out: &mut Buffer, style: Style<'_>, octets: u64) {
    let enhanced = Enhanced { class: 2, subject: 0, detail: 0 };
    let mut lines = Lines::new(out, 250, style.enhanced.then_some(enhanced), false);
    lines.begin();
    lines.value(Digits::of(octets).text());
    lines.value(" octets received");
    lines.end();
}

/// Writes several lines under one code; whether all of them had room.
#[cfg(feature = "extensions")]
pub(crate) fn list<'m>(
    out: &mut Buffer,
    style: Style<'_>,
    reply: &Reply<'_>,
    members: impl Iterator<Item = &'m str>,
) -> bool {
    let mut lines = Lines::new(out, reply.code, style.enhanced_code(reply), style.utf8);
    lines.begin();
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
    code: u16,
    enhanced: Option<Enhanced>,
    utf8: bool,
    /// Where the current line begins.
    begin: usize,
    /// Where the text of the reply has to end, its last CRLF behind it.
    limit: usize,
    cut: bool,
}

impl<'o> Lines<'o> {
    pub(crate) fn new(out: &'o mut Buffer, code: u16, enhanced: Option<Enhanced>, utf8: bool) -> Self {
        let limit = out.len().wrapping_add(out.capacity() / 2).min(out.capacity()).wrapping_sub(2);
        Self { out, code, enhanced, utf8, begin: 0, limit, cut: false }
    }

    /// Gives the reply all the room that is left in the buffer.
    #[cfg(feature = "extensions")]
    pub(crate) fn in_all_of_the_buffer(mut self) -> Self {
        self.limit = self.out.capacity().wrapping_sub(2);
        self
    }

    /// Begins a line, with its codes; the first one too.
    pub(crate) fn begin(&mut self) {
        self.begin = self.out.len();
        self.number(self.code, b" ");
        if let Some(Enhanced { class, subject, detail }) = self.enhanced {
            self.number(class.into(), b".");
            self.number(subject, b".");
            self.number(detail, b" ");
        }
        self.cut |= self.out.len() > self.limit;
    }

    /// A number of the codes, and what stands behind it.
    fn number(&mut self, number: u16, behind: &[u8]) {
        self.out.append(Digits::of(number.into()).octets());
        self.out.append(behind);
    }

    /// Ends the current line as one that is continued, and begins the next.
    fn next(&mut self) {
        // CRLF, and the beginning of the next line.
        if self.limit.saturating_sub(self.out.len()) < CODES + 2 {
            self.cut = true;
            return;
        }
        if let Some(separator) = self.out.octets_mut().get_mut(self.begin.wrapping_add(3)) {
            *separator = b'-';
        }
        self.out.append(b"\r\n");
        self.begin();
    }

    /// Ends the reply; whether nothing was cut.
    pub(crate) fn end(self) -> bool {
        self.out.append(b"\r\n") && !self.cut
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
        // Most texts are printable, and fit. (A small processor has less room for code.)
        let end = self.out.len().wrapping_add(text.len());
        if cfg!(target_pointer_width = "64")
            && !self.cut
            && end <= self.limit
            && end.wrapping_sub(self.begin) <= LINE
            && is_printable(text.as_bytes())
        {
            self.out.append(text.as_bytes());
            return;
        }
        let mut rest = text.as_bytes();
        while let [first, ..] = rest {
            // How many octets the character has.
            let length = (first.leading_ones() as usize).max(1);
            let Some((character, behind)) = rest.split_at_checked(length) else { return };
            rest = behind;
            match character {
                [b' '..=b'~'] => self.octets(character),
                [b'\n'] if lines => self.next(),
                [b'\n'] => {}
                // From U+0080 to U+009F there are controls.
                [0xc2, 0x80..=0x9f] => self.octets(b"?"),
                [_, _, ..] if self.utf8 => self.octets(character),
                _ => self.octets(b"?"),
            }
        }
    }

    /// Octets that stay together on a line, of which there are as many as there is room for.
    fn octets(&mut self, octets: &[u8]) {
        if self.out.len().wrapping_add(octets.len()).wrapping_sub(self.begin) > LINE {
            self.next();
        }
        self.cut |= self.out.len().wrapping_add(octets.len()) > self.limit;
        if !self.cut {
            self.out.append(octets);
        }
    }

    fn template(&mut self, template: &str, domain: &str, value: &str, minutes: u32) {
        let mut rest = template.as_bytes();
        while let Some((before, behind)) = split_at_octet(rest, b'{') {
            self.text(text(before));
            let (name, after) = split_at_octet(behind, b'}').unwrap_or_default();
            // No other name begins so: a test of the catalogue holds them to it.
            match name {
                [b'd', ..] => self.value(domain),
                [b'm', b'i', ..] => self.value(Digits::of(minutes.into()).text()),
                _ => self.value(value),
            }
            rest = after;
        }
        self.text(text(rest));
    }
}

/// A number in decimal digits. (Aligned as a session is: on a small processor one routine then clears all that is cleared.)
#[repr(align(8))]
pub(crate) struct Digits {
    digits: [u8; 20],
    start: usize,
}

impl Digits {
    #[cfg(target_pointer_width = "64")]
    pub(crate) fn of(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
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
        Self { digits, start }
    }

    /// Bit by bit, doubling the digits: division of 64 bits is much code on a small processor.
    #[cfg(not(target_pointer_width = "64"))]
    pub(crate) fn of(mut number: u64) -> Self {
        let mut written = Self { digits: [0; 20], start: 19 };
        for _ in 0..64 {
            let mut carry = u8::from(number.cast_signed() < 0);
            number = number.wrapping_mul(2);
            for digit in written.digits.iter_mut().rev() {
                let doubled = digit.wrapping_mul(2).wrapping_add(carry);
                carry = u8::from(doubled > 9);
                *digit = doubled.wrapping_sub(carry.wrapping_mul(10));
            }
        }
        let mut begin = 20_usize;
        for digit in written.digits.iter_mut().rev() {
            begin = begin.wrapping_sub(1);
            if *digit != 0 {
                written.start = begin;
            }
            *digit |= b'0';
        }
        written
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn octets(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        text(self.octets())
    }
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
