//! The answer to EHLO (RFC 5321 4.1.1.1): the server's name, and a line for each thing that may be used.

use crate::buffer::Buffer;
use crate::config::{Config, Extensions};
use crate::sasl;
use crate::state::State;
use crate::write;
#[cfg(feature = "extensions")]
use crate::write::{Digits, Lines};

/// Extensions whose keyword stands alone.
const ALONE: &[(Extensions, &str)] = &[
    (Extensions::PIPELINING, "250-PIPELINING\r\n"),
    (Extensions::EIGHTBITMIME, "250-8BITMIME\r\n"),
    (Extensions::SMTPUTF8, "250-SMTPUTF8\r\n"),
    (Extensions::ENHANCEDSTATUSCODES, "250-ENHANCEDSTATUSCODES\r\n"),
    #[cfg(feature = "chunking")]
    (Extensions::CHUNKING, "250-CHUNKING\r\n"),
    #[cfg(feature = "chunking")]
    (Extensions::BINARYMIME.with(Extensions::CHUNKING), "250-BINARYMIME\r\n"),
    #[cfg(feature = "extensions")]
    (Extensions::DSN, "250-DSN\r\n"),
    #[cfg(feature = "extensions")]
    (Extensions::ETRN, "250-ETRN\r\n"),
];

/// The same lines with zeros behind them, and how long they are: each is stored by two moves.
#[cfg(target_pointer_width = "64")]
static PADDED: [([u8; 32], u8); ALONE.len()] = {
    let mut padded = [([0; 32], 0); ALONE.len()];
    let mut places: &mut [([u8; 32], u8)] = &mut padded;
    let mut lines = ALONE;
    while let (Some(((octets, length), places_after)), Some(((_, line), lines_after))) =
        (places.split_first_mut(), lines.split_first())
    {
        assert!(line.len() < 32, "a line is longer");
        *length = line.len() as u8;
        let (mut to, mut from): (&mut [u8], &[u8]) = (octets, line.as_bytes());
        while let (Some((place, to_after)), Some((octet, from_after))) = (to.split_first_mut(), from.split_first()) {
            *place = *octet;
            (to, from) = (to_after, from_after);
        }
        (places, lines) = (places_after, lines_after);
    }
    padded
};

/// Writes what is configured and may be used as things stand, into an empty buffer.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn write(out: &mut Buffer, config: &Config<'_>, state: &State) {
    let mut keywords = Keywords { begin: out.len(), last: out.len(), out };
    keywords.name(config.hostname);
    let offers = |extension| config.extensions.contains(extension);
    if offers(Extensions::SIZE) {
        keywords.numbers(&[("SIZE ", config.message_size)]);
    }
    #[cfg(target_pointer_width = "64")]
    for ((extension, line), (padded, length)) in ALONE.iter().zip(&PADDED) {
        if offers(*extension) {
            keywords.padded(padded, *length, line);
        }
    }
    #[cfg(not(target_pointer_width = "64"))]
    for (extension, line) in ALONE {
        if offers(*extension) {
            keywords.fixed(line);
        }
    }
    #[cfg(feature = "extensions")]
    if offers(Extensions::LIMITS) {
        keywords.numbers(&[("LIMITS RCPTMAX=", config.recipients.into()), (" MAILMAX=", config.transactions.into())]);
    }
    #[cfg(feature = "extensions")]
    keywords.of_relays(config, state);
    if config.starttls && !state.tls {
        keywords.fixed("250-STARTTLS\r\n");
    }
    keywords.mechanisms(config, state);
    keywords.end();
}

/// Lines that are all written as if others followed. One for which there is no room is left out.
struct Keywords<'o> {
    out: &'o mut Buffer,
    /// Where the line in the making begins.
    begin: usize,
    /// Where the last whole line begins.
    last: usize,
}

impl Keywords<'_> {
    /// The first line, which is always there.
    fn name(&mut self, hostname: &str) {
        self.text("250-");
        write::name(self.out, hostname);
        self.end_line();
    }

    /// A whole line.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    fn fixed(&mut self, line: &'static str) {
        let fits = self.out.append(line.as_bytes());
        self.ended(fits);
    }

    /// A whole line, which is there with zeros behind it too.
    #[cfg(target_pointer_width = "64")]
    fn padded(&mut self, octets: &[u8; 32], length: u8, line: &'static str) {
        if self.out.append_first(octets, length) {
            self.ended(true);
        } else {
            self.fixed(line);
        }
    }

    /// A part of a line. Where there is no room for it there is none for the end of the line either.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn text(&mut self, text: &'static str) {
        self.out.append_known(text.as_bytes());
    }

    /// A line of numbers, each behind its name.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn numbers(&mut self, numbers: &[(&str, u64)]) {
        self.text("250-");
        numbers.iter().for_each(|(name, number)| {
            self.out.append(name.as_bytes());
            write::number(self.out, *number);
        });
        self.end_line();
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn end_line(&mut self) {
        let fits = self.out.append_known(b"\r\n");
        self.ended(fits);
    }

    /// The mechanisms that may be used now, in the order of the configuration.
    fn mechanisms(&mut self, config: &Config<'_>, state: &State) {
        self.text("250-AUTH");
        let keyword = self.out.len();
        for mechanism in config.mechanisms {
            if sasl::refusal(*mechanism, config, state.tls, &state.facts).is_none() {
                self.text(" ");
                self.out.append(mechanism.name().as_bytes());
            }
        }
        let fits = self.out.len() != keyword && self.out.append_known(b"\r\n");
        self.ended(fits);
    }

    /// A line with a value that somebody configured, where there is any; it is made printable.
    #[cfg(feature = "extensions")]
    fn configured(&mut self, keyword: &[&str], value: &str) {
        let mut line = Lines::new(self.out, 250, None, false).in_all_of_the_buffer();
        line.begin();
        keyword.iter().for_each(|part| line.text(part));
        if !value.is_empty() {
            line.text(" ");
            line.value(value);
        }
        let fits = line.end();
        self.ended(fits);
        if fits {
            self.separate(b'-');
        }
    }

    /// What the feature `extensions` brings, but for ETRN.
    #[cfg(feature = "extensions")]
    fn of_relays(&mut self, config: &Config<'_>, state: &State) {
        let offers = |extension| config.extensions.contains(extension);
        if offers(Extensions::DELIVERBY) {
            match config.shortest_deliver_by {
                0 => self.fixed("250-DELIVERBY\r\n"),
                shortest => self.numbers(&[("DELIVERBY ", shortest.into())]),
            }
        }
        if offers(Extensions::FUTURERELEASE) {
            self.configured(&["FUTURERELEASE ", Digits::of(config.longest_hold.into()).text()], config.latest_hold);
        }
        if offers(Extensions::MT_PRIORITY) {
            self.configured(&["MT-PRIORITY"], config.priority_profile);
        }
        if offers(Extensions::NO_SOLICITING) {
            self.configured(&["NO-SOLICITING"], config.solicitations);
        }
        if offers(Extensions::REQUIRETLS) && state.tls {
            self.fixed("250-REQUIRETLS\r\n");
        }
        if state.trusted {
            self.fixed("250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n");
            self.fixed("250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n");
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn ended(&mut self, fits: bool) {
        if fits {
            (self.last, self.begin) = (self.begin, self.out.len());
        } else {
            self.out.truncate(self.begin);
        }
    }

    /// Behind the last line: says that it is the last.
    fn end(mut self) {
        self.separate(b' ');
    }

    /// Puts what stands between code and text in the last line.
    fn separate(&mut self, separator: u8) {
        if let Some(place) = self.out.octets_mut().get_mut(self.last.wrapping_add(3)) {
            *place = separator;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_of_any_size_are_written() {
        for size in [0, 9, 10, 4_294_967_295, 4_294_967_296, 10_000_000_000, 1_000_000_000_000_000_001, u64::MAX] {
            let mut out = Buffer::<[u8; 1024]>::new();
            let config = Config::new("mx").extensions(Extensions::SIZE).message_size(size);
            write(&mut out, &config, &State::new(crate::Peer::PLAIN, false));
            assert_eq!(std::str::from_utf8(out.octets()).unwrap(), std::format!("250-mx\r\n250 SIZE {size}\r\n"));
        }
    }

    #[test]
    fn ehlo_offers_what_may_be_used() {
        let config = Config::new("mx").starttls(true).mechanisms(&[crate::Mechanism::Plain, crate::Mechanism::Login]);
        let text = |tls: bool| {
            let mut out = Buffer::<[u8; 1024]>::new();
            write(&mut out, &config, &State::new(if tls { crate::Peer::TLS } else { crate::Peer::PLAIN }, false));
            std::str::from_utf8(out.octets()).unwrap().to_string()
        };
        let chunking = if cfg!(feature = "chunking") { "250-CHUNKING\r\n250-BINARYMIME\r\n" } else { "" };
        let limits = if cfg!(feature = "extensions") { "250-LIMITS RCPTMAX=100 MAILMAX=100\r\n" } else { "" };
        let expected = std::format!(
            "250-mx\r\n250-SIZE 26214400\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
             {chunking}{limits}250 STARTTLS\r\n"
        );
        assert_eq!(text(false), expected);
        assert!(text(true).ends_with("250 AUTH PLAIN LOGIN\r\n"));
        assert!(!text(true).contains("STARTTLS"));
    }

    #[test]
    #[cfg(feature = "extensions")]
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
        write(&mut out, &config, &State::new(crate::Peer::tls(tls).trusted().nonce([0; 18]), false));
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

    #[test]
    #[cfg(feature = "extensions")]
    fn a_line_without_room_is_left_out() {
        let config = Config::new("mx").extensions(Extensions::ALL).priority_profile("x");
        for room in [50, 100, 200] {
            let mut out = Buffer::<[u8; 300]>::new();
            assert!(out.append(&[b'-'; 300][room..]));
            write(&mut out, &config, &State::new(crate::Peer::TLS.trusted(), false));
            let text = std::str::from_utf8(&out.octets()[300 - room..]).unwrap();
            let lines: std::vec::Vec<_> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            let (last, others) = lines.split_last().unwrap();
            assert!(last.starts_with("250 ") && others.iter().all(|line| line.starts_with("250-")), "{text}");
        }
    }
}
