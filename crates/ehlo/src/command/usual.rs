//! MAIL and RCPT as nearly every client writes them, read where they lie in the input.
//!
//! Where the grammar leads from the first octet of such a command to its CRLF, the line is whole, printable and short enough: nothing of that
//! has to be looked at by itself. What is written otherwise, or has not come whole, goes the way of all lines.

use super::declared::Declared;
use super::mail::{Body, Raw};
use super::mailbox::mailbox;
use super::path::{PATH, RawPath};
use crate::config::Extensions;

/// A command, and where it ends.
pub(crate) struct Usual<'i, T> {
    pub(crate) raw: Raw<'i, T>,
    /// The whole line, without its CRLF.
    pub(crate) line: &'i [u8],
    /// What is behind its CRLF.
    pub(crate) behind: &'i [u8],
}

/// MAIL without parameters but SIZE, BODY and SMTPUTF8, each in force.
#[inline]
pub(crate) fn mail(input: &[u8], in_force: Extensions) -> Option<Usual<'_, Declared<'static>>> {
    let inside = behind(input, b"MAIL FROM:<")?;
    let (path, parameters) = match inside {
        [b'>', rest @ ..] => (None, rest),
        _ => path(inside)?,
    };
    let (declared, rest) = declared(parameters, in_force)?;
    let parameters = parameters.get(..parameters.len().wrapping_sub(rest.len()))?;
    ends(input, rest, Raw { path, declared, parameters, rare: false })
}

/// RCPT with a mailbox and without parameters.
#[inline]
pub(crate) fn rcpt(input: &[u8]) -> Option<Usual<'_, ()>> {
    let (path, rest) = path(behind(input, b"RCPT TO:<")?)?;
    ends(input, rest, Raw { path, declared: (), parameters: &[], rare: false })
}

/// A path without a source route, from behind its `<`.
#[inline]
fn path(inside: &[u8]) -> Option<(RawPath<'_>, &[u8])> {
    let (mailbox, rest) = mailbox(inside, false)?;
    let rest = rest.strip_prefix(b">")?;
    (mailbox.address.len() <= const { PATH - 2 }).then_some((Some(mailbox), rest))
}

/// Parameters, each of which is given once; and what is behind them.
#[inline]
fn declared(parameters: &[u8], in_force: Extensions) -> Option<(Declared<'static>, &[u8])> {
    let mut declared = Declared::default();
    let mut rest = parameters;
    while let [b' ', ..] = rest {
        rest = if let Some(digits) = behind(rest, b" SIZE=") {
            let (size, others) = size(digits)?;
            let first = declared.size.replace(size).is_none();
            Some(others).filter(|_| first && in_force.contains(Extensions::SIZE))
        } else if let Some(others) = behind(rest, b" BODY=8BITMIME") {
            let first = declared.body.replace(Body::EightBitMime).is_none();
            Some(others).filter(|_| first && in_force.contains(Extensions::EIGHTBITMIME))
        } else if let Some(others) = behind(rest, b" SMTPUTF8") {
            let first = !core::mem::replace(&mut declared.smtputf8, true);
            Some(others).filter(|_| first && in_force.contains(Extensions::SMTPUTF8))
        } else {
            None
        }?;
    }
    Some((declared, rest))
}

/// The digits at the start as a number, and what is behind them; `None` where there are none, or more than surely fit.
fn size(digits: &[u8]) -> Option<(u64, &[u8])> {
    let (mut size, mut rest) = (0_u64, digits);
    while let [digit @ b'0'..=b'9', others @ ..] = rest {
        size = size.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
        rest = others;
    }
    matches!(digits.len().wrapping_sub(rest.len()), 1..=19).then_some((size, rest))
}

/// What is behind words that are given in capitals and may stand in any case. (Without a branch for each octet.)
#[inline(always)]
fn behind<'i, const N: usize>(input: &'i [u8], words: &'static [u8; N]) -> Option<&'i [u8]> {
    let (octets, rest) = input.split_first_chunk::<N>()?;
    let mut other = 0;
    for (octet, of) in octets.iter().zip(words) {
        let case = if of.is_ascii_uppercase() { 0x20 } else { 0 };
        other |= (octet & !case) ^ of;
    }
    (other == 0).then_some(rest)
}

/// With the CRLF that must follow.
#[inline]
fn ends<'i, T>(input: &'i [u8], rest: &'i [u8], raw: Raw<'i, T>) -> Option<Usual<'i, T>> {
    let behind = rest.strip_prefix(b"\r\n")?;
    let line = input.get(..input.len().wrapping_sub(rest.len()))?;
    Some(Usual { raw, line, behind })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{Config, EarlyTalk, Instant, Peer, Request, Session, Step, Tolerance};
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    static OPEN: Config<'static> = Config::new("mx")
        .extensions(Extensions::ALL)
        .early_talk(EarlyTalk::Allow)
        .early_pipelining(Tolerance::Allow)
        .message_size(1000)
        .errors(20);

    /// Gives a session some input; all that it wants, asks and says. What is asked is accepted.
    fn give(session: &mut Session<'_, 512, 1024>, mut input: &[u8]) -> String {
        let mut told = String::new();
        loop {
            let step = session.advance(Instant::from_millis(0), &mut input);
            told += &format!("{step:?}\n");
            match step {
                Step::Request => {
                    let request = session.request().unwrap();
                    match request {
                        Request::Connect(connect) => connect.answer.accept(),
                        Request::Hello(hello) => hello.answer.accept(),
                        Request::Mail(mail) => {
                            told += &format!("{:?}\n", mail.command);
                            mail.answer.accept();
                        }
                        Request::Rcpt(rcpt) => {
                            told += &format!("{:?}\n", rcpt.command);
                            rcpt.answer.accept();
                        }
                        _ => panic!("{request:?}"),
                    }
                }
                Step::Send => {
                    told += std::str::from_utf8(session.output()).unwrap();
                    session.consume_output(usize::MAX);
                }
                Step::Content(_) | Step::Aborted(_) => {}
                Step::Recv { .. } | Step::Closed | Step::StartTls => return told,
            }
        }
    }

    /// A command must mean the same in one piece, when it goes this way if it can, and in two, when it goes the way of all lines.
    fn assert_means_the_same(config: &Config<'_>, before: &str, line: &[u8]) {
        let [one, two] = [0, 1].map(|cut| {
            let mut session = Session::new(config, Peer::PLAIN);
            give(&mut session, before.as_bytes());
            let (head, rest) = line.split_at(cut);
            let waited = give(&mut session, head);
            assert!(waited.starts_with("Recv") && !waited.contains("Request"), "{waited}");
            // The clock of a line begins with its first octet, and here all is at once.
            give(&mut session, rest) + &give(&mut session, b"NOOP\r\nQUIT\r\n")
        });
        assert_eq!(one, two, "{before} {}", line.escape_ascii());
    }

    /// The paths of the commands, between their angle brackets.
    fn paths() -> Vec<String> {
        let mut paths: Vec<String> =
            ["", "a@b", "first.last+tag@mx.example.com", ".a@b", "a..b@c", "a@b.", "a@-b", "a@b-", "a", "@b"]
                .map(String::from)
                .to_vec();
        paths.extend(
            ["\"q >q\"@b", "a@[192.0.2.1]", "a@[IPv6:::1]", "@x:a@b", "postmaster", "ü@b", "a b@c", "a@b\0"]
                .map(String::from),
        );
        for local in [64, 65] {
            paths.push("a".repeat(local) + "@b");
        }
        for label in [63, 64] {
            paths.push(String::from("a@") + &"b".repeat(label));
        }
        for labels in [95, 96, 97] {
            paths.push("a".repeat(60) + "@aa" + &".a".repeat(labels));
        }
        paths
    }

    const PARAMETERS: [&str; 20] = [
        "",
        " ",
        "\t",
        " SIZE=1",
        " size=1000",
        " SIZE=1001",
        " SIZE=",
        " SIZE=0",
        " SIZE=99999999999999999999",
        " SIZE=9999999999999999999",
        " SIZE=1x",
        " BODY=8BITMIME",
        " body=8bitmime",
        " BODY=8BITMIMEX",
        " BODY=7BIT",
        " SMTPUTF8",
        " SMTPUTF8=",
        " SMTPUTF88",
        " AUTH=<>",
        "SIZE=1",
    ];

    #[test]
    fn a_usual_command_means_what_it_means_by_the_way_of_all_lines() {
        let mut lines = Vec::new();
        for verb in ["MAIL FROM:<", "mail From:<", "MAIL FROM: <", "MAIL FROM:", "MAIL-FROM:<"] {
            lines.extend(paths().iter().map(|path| format!("{verb}{path}>\r\n")));
        }
        for first in PARAMETERS {
            for second in PARAMETERS {
                lines.push(format!("MAIL FROM:<a@b>{first}{second}\r\n"));
            }
            lines.push(format!("MAIL FROM:<>{first}\r\n"));
            lines.push(format!("RCPT TO:<a@b>{first}\r\n"));
        }
        for verb in ["RCPT TO:<", "rcpt to:<", "RCPT TO: <", "RCPT TO:"] {
            lines.extend(paths().iter().map(|path| format!("{verb}{path}>\r\n")));
        }
        for end in [
            "\n",
            "\r",
            "\rx\r\n",
            "\r\r\n",
            "x\r\n",
            "\u{7f}\r\n",
            " \r\nNOOP\r\n",
            "\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n",
        ] {
            lines.push(format!("RCPT TO:<a@b>{end}"));
            lines.push(format!("MAIL FROM:<a@b>{end}"));
        }
        let strict = OPEN.recipients(1).transactions(1);
        let known = OPEN.mechanisms(&[crate::Mechanism::Plain]).require_auth(true);
        let (mut usual, every) = (0, if cfg!(miri) { 300 } else { 1 });
        for line in lines.iter().step_by(every) {
            usual += usize::from(mail(line.as_bytes(), Extensions::ALL).is_some() || rcpt(line.as_bytes()).is_some());
            for before in [
                "",
                "EHLO x\r\n",
                "HELO x\r\n",
                "EHLO x\r\nMAIL FROM:<>\r\n",
                "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n",
            ] {
                for config in [&OPEN, &strict, &known] {
                    assert_means_the_same(config, before, line.as_bytes());
                }
            }
        }
        assert!(usual > lines.len() / every / 10, "{usual} of {}", lines.len());
    }

    #[test]
    fn a_bare_verb_means_what_it_means_by_the_way_of_all_lines() {
        let verbs = [
            "NOOP", "rSET", "DATA", "QUIT", "EHLO", "MAIL", "RCPT", "AUTH", "VRFY", "EXPN", "TURN", "POST", "ABCD",
            "HELO", "\0\0\0\0",
        ];
        for verb in verbs.into_iter().step_by(if cfg!(miri) { 7 } else { 1 }) {
            for before in ["", "EHLO x\r\n", "HELO x\r\n", "EHLO x\r\nMAIL FROM:<>\r\n"] {
                assert_means_the_same(&OPEN, before, format!("{verb}\r\n").as_bytes());
            }
        }
    }
}
