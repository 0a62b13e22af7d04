//! The answer to EHLO (RFC 5321 4.1.1.1): the server's name, and a line for each thing that may be used.

use crate::announced::Announced;
use crate::buffer::Buffer;
use crate::command::characters::end_before;
use crate::config::Config;
#[cfg(feature = "extensions")]
use crate::config::Extensions;
use crate::sasl;
use crate::state::State;
use crate::write;
#[cfg(feature = "extensions")]
use crate::write::{Digits, Lines};

/// Writes what is configured and may be used as things stand, into an empty buffer.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn write(out: &mut Buffer, config: &Config<'_>, state: &State) {
    let mut keywords = Keywords { begin: out.len(), last: out.len(), out };
    keywords.name(config);
    keywords.announced(&config.announced);
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
    fn name(&mut self, config: &Config<'_>) {
        self.text("250-");
        write::name(self.out, config);
        self.end_line();
    }

    /// A whole line.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    fn fixed(&mut self, line: &'static str) {
        let fits = self.out.append(line.as_bytes());
        self.ended(fits);
    }

    /// What was made of the configuration; of it as many lines as there is room for.
    fn announced(&mut self, announced: &Announced) {
        let lines = announced.lines();
        if lines.is_empty() {
            return;
        }
        if self.out.append(lines) {
            self.last = self.begin.wrapping_add(announced.last());
        } else {
            self.out.truncate(self.begin);
            let mut rest = lines;
            while let Some((line, others)) = rest.split_at_checked(end_before(rest, b'\n').wrapping_add(1)) {
                let fits = self.out.append(line);
                self.ended(fits);
                rest = others;
            }
        }
        self.begin = self.out.len();
    }

    /// A part of a line. Where there is no room for it there is none for the end of the line either.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn text(&mut self, text: &'static str) {
        self.out.append_known(text.as_bytes());
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
                shortest => self.configured(&["DELIVERBY ", Digits::of(shortest.into()).text()], ""),
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
