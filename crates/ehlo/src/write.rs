//! Serialising replies (RFC 5321 4.2) and the answer to EHLO (4.1.1.1).

use crate::buffer::Buffer;
use crate::command::text;
use crate::config::{Config, Extensions};
use crate::reply::{Enhanced, Reply, Text};
use crate::sasl::{self, Facts};

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
}

/// Writes a reply.
pub(crate) fn reply(out: &mut Buffer, style: Style<'_>, reply: &Reply<'_>) {
    let enhanced = if style.enhanced { reply.enhanced_code() } else { None };
    let mut lines = Lines::new(out, reply.code, enhanced, style.utf8);
    match reply.text {
        Text::Plain(text) => lines.text(text),
        Text::Template(template, value, minutes) => lines.template(template, style.domain, value, minutes),
    }
    lines.end();
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
    let enhanced = if style.enhanced { reply.enhanced_code() } else { None };
    let mut lines = Lines::new(out, reply.code, enhanced, style.utf8);
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

/// Extensions whose keyword stands alone.
const KEYWORDS: [(Extensions, &str); 8] = [
    (Extensions::PIPELINING, "PIPELINING"),
    (Extensions::EIGHTBITMIME, "8BITMIME"),
    (Extensions::SMTPUTF8, "SMTPUTF8"),
    (Extensions::ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"),
    (Extensions::CHUNKING, "CHUNKING"),
    (Extensions::BINARYMIME.with(Extensions::CHUNKING), "BINARYMIME"),
    (Extensions::DSN, "DSN"),
    (Extensions::ETRN, "ETRN"),
];

/// Writes the answer to EHLO: what is configured, and may be used as things stand. `trusted`: by a peer that may say XCLIENT.
pub(crate) fn ehlo(out: &mut Buffer, config: &Config<'_>, tls: bool, trusted: bool, facts: Facts) {
    let mut lines = Lines::new(out, 250, None, false);
    // The session has emptied the output: all of it is there for this reply.
    lines.limit = lines.out.capacity();
    lines.text(config.hostname);
    let offers = |extension| config.extensions.contains(extension);
    if offers(Extensions::SIZE) {
        lines.keyword("SIZE ");
        lines.number(config.message_size);
    }
    for (extension, keyword) in KEYWORDS {
        if offers(extension) {
            lines.keyword(keyword);
        }
    }
    if offers(Extensions::LIMITS) {
        lines.keyword("LIMITS RCPTMAX=");
        lines.number(config.recipients.into());
        lines.text(" MAILMAX=");
        lines.number(config.transactions.into());
    }
    if offers(Extensions::DELIVERBY) {
        lines.keyword("DELIVERBY");
        if config.shortest_deliver_by > 0 {
            lines.text(" ");
            lines.number(config.shortest_deliver_by.into());
        }
    }
    if offers(Extensions::FUTURERELEASE) {
        lines.keyword("FUTURERELEASE ");
        lines.number(config.longest_hold.into());
        lines.keyword_value(config.latest_hold);
    }
    if offers(Extensions::MT_PRIORITY) {
        lines.keyword("MT-PRIORITY");
        lines.keyword_value(config.priority_profile);
    }
    if offers(Extensions::NO_SOLICITING) {
        lines.keyword("NO-SOLICITING");
        lines.keyword_value(config.solicitations);
    }
    if offers(Extensions::REQUIRETLS) && tls {
        lines.keyword("REQUIRETLS");
    }
    if trusted {
        lines.keyword("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
        lines.keyword("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE");
    }
    if config.starttls && !tls {
        lines.keyword("STARTTLS");
    }
    let mut named = false;
    for mechanism in sasl::usable(config, tls, facts) {
        if !named {
            lines.keyword("AUTH");
            named = true;
        }
        lines.text(" ");
        lines.text(mechanism.name());
    }
    lines.end();
}

/// The lines of one reply in the making. Where room runs out the text is cut; the reply stays well-formed, since room for the
/// end of the line is always kept. Its room is half of the buffer, whatever stands before it, so that a reply does not depend on
/// how many wait to be sent.
struct Lines<'o> {
    out: &'o mut Buffer,
    /// Code and enhanced status code, with which each line begins.
    codes: [u8; CODES],
    codes_len: usize,
    utf8: bool,
    /// Where the current line begins.
    begin: usize,
    /// Where the reply has to end.
    limit: usize,
    cut: bool,
}

impl<'o> Lines<'o> {
    fn new(out: &'o mut Buffer, code: u16, enhanced: Option<Enhanced>, utf8: bool) -> Self {
        let limit = out.len().saturating_add(out.capacity() / 2).min(out.capacity());
        let begin = out.len();
        let mut lines = Self { out, codes: [0; CODES], codes_len: 0, utf8, begin, limit, cut: false };
        lines.decimal(u32::from(code));
        lines.octets(b" ");
        // RFC 2034 3: 3yz replies carry no enhanced status code.
        if let Some(Enhanced { class, subject, detail }) = enhanced
            && !(300..400).contains(&code)
        {
            lines.decimal(u32::from(class));
            lines.octets(b".");
            lines.decimal(u32::from(subject));
            lines.octets(b".");
            lines.decimal(u32::from(detail));
            lines.octets(b" ");
        }
        let written = lines.out.octets().get(begin..).unwrap_or_default();
        for (to, from) in lines.codes.iter_mut().zip(written) {
            *to = *from;
        }
        lines.codes_len = written.len();
        lines
    }

    /// Ends the current line as one that is continued, and begins the next.
    fn next(&mut self) {
        // CRLF, and the end of the next line.
        let needed = self.codes_len.saturating_add(2 + 2);
        if self.room() < needed {
            self.cut = true;
            return;
        }
        if let Some(separator) = self.out.octets_mut().get_mut(self.begin.saturating_add(3)) {
            *separator = b'-';
        }
        self.out.append(b"\r\n");
        self.begin = self.out.len();
        let codes = self.codes.get(..self.codes_len).unwrap_or_default();
        self.out.append(codes);
    }

    /// Begins the line of a keyword of EHLO.
    fn keyword(&mut self, keyword: &str) {
        self.next();
        self.text(keyword);
    }

    /// Ends the reply; whether nothing was cut.
    fn end(self) -> bool {
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
    fn text(&mut self, text: &str) {
        self.printable(text, true);
    }

    /// A value of the peer's or the application's, within a text: it cannot begin a line of the reply.
    fn value(&mut self, value: &str) {
        self.printable(value, false);
    }

    fn printable(&mut self, text: &str, lines: bool) {
        let mut rest = text;
        loop {
            let end = rest.bytes().position(|octet| !matches!(octet, b' '..=b'~')).unwrap_or(rest.len());
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

    /// What stands behind a keyword of EHLO, where there is anything.
    fn keyword_value(&mut self, value: &str) {
        if !value.is_empty() {
            self.text(" ");
            self.value(value);
        }
    }

    fn number(&mut self, mut number: u64) {
        if let Ok(number) = u32::try_from(number) {
            return self.decimal(number);
        }
        // By subtraction: division of 64 bits is much code on a small processor.
        let mut begun = false;
        for exponent in (0..20).rev() {
            let power = 10_u64.wrapping_pow(exponent);
            let mut digit = b'0';
            while let Some(rest) = number.checked_sub(power) {
                number = rest;
                digit = digit.wrapping_add(1);
            }
            begun |= digit != b'0';
            if begun {
                self.octets(&[digit]);
            }
        }
    }

    fn decimal(&mut self, mut number: u32) {
        let mut digits = [0_u8; 10];
        let mut count = 0_usize;
        for digit in digits.iter_mut().rev() {
            // The remainder is below 10.
            *digit = b'0'.wrapping_add((number % 10) as u8);
            number /= 10;
            count = count.wrapping_add(1);
            if number == 0 {
                break;
            }
        }
        let start = digits.len().saturating_sub(count);
        self.octets(digits.get(start..).unwrap_or_default());
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

    #[test]
    fn numbers_of_any_size_are_written() {
        for size in [0, 9, 10, 4_294_967_295, 4_294_967_296, 10_000_000_000, 1_000_000_000_000_000_001, u64::MAX] {
            let mut out = Buffer::<[u8; 1024]>::new();
            let config = Config::new("mx").extensions(Extensions::SIZE).message_size(size);
            ehlo(&mut out, &config, false, false, Facts::new(None, crate::Tls::default()));
            assert_eq!(std::str::from_utf8(out.octets()).unwrap(), std::format!("250-mx\r\n250 SIZE {size}\r\n"));
        }
    }

    #[test]
    fn ehlo_offers_what_may_be_used() {
        let config = Config::new("mx").starttls(true).mechanisms(&[crate::Mechanism::Plain, crate::Mechanism::Login]);
        let text = |tls: bool| {
            let mut out = Buffer::<[u8; 1024]>::new();
            ehlo(&mut out, &config, tls, false, Facts::new(None, crate::Tls::default()));
            std::str::from_utf8(out.octets()).unwrap().to_string()
        };
        assert_eq!(
            text(false),
            "250-mx\r\n250-SIZE 26214400\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
             250-CHUNKING\r\n250-BINARYMIME\r\n250-LIMITS RCPTMAX=100 MAILMAX=100\r\n250 STARTTLS\r\n"
        );
        assert!(text(true).ends_with("250 AUTH PLAIN LOGIN\r\n"));
        assert!(!text(true).contains("STARTTLS"));
    }

    #[test]
    fn an_answer_to_ehlo_with_everything_in_it_fits_the_smallest_output() {
        let hostname = [["a"; 63].concat(), ["b"; 63].concat(), ["c"; 63].concat(), ["d"; 63].concat()].join(".");
        let config = Config::new(&hostname)
            .extensions(Extensions::ALL)
            .message_size(u64::MAX)
            .longest_hold(u32::MAX)
            .shortest_deliver_by(u32::MAX)
            .latest_hold("2036-12-31T23:59:59Z")
            .priority_profile("STANAG4406")
            .solicitations("net.example:ADV")
            .mechanisms(crate::Mechanism::ALL);
        let mut out = Buffer::<[u8; 1024]>::new();
        let tls = crate::Tls { client_certificate: true, exporter: Some([0; 32]) };
        ehlo(&mut out, &config, true, true, Facts::new(Some([0; 18]), tls));
        let text = std::str::from_utf8(out.octets()).unwrap();
        let last = text.trim_end().rsplit("\r\n").next().unwrap();
        assert!(last.starts_with("250 AUTH ") && last.split(' ').count() == 2 + crate::Mechanism::ALL.len(), "{text}");
        for line in [
            "DELIVERBY 4294967295",
            "FUTURERELEASE 4294967295 2036-12-31T23:59:59Z",
            "MT-PRIORITY STANAG4406",
            "NO-SOLICITING net.example:ADV",
            "REQUIRETLS",
            "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
            "ETRN",
            "DSN",
        ] {
            assert!(text.contains(&std::format!("\r\n250-{line}\r\n")), "{line}");
        }
    }
}
