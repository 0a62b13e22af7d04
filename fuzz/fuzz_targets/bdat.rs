//! Chunks, pipelined and refused, against a reference that only adds them up.
//!
//! The first octet of the input chooses the configuration, the second how the octets are cut. Then each octet is a command of the client's:
//!
//! | | |
//! | --- | --- |
//! | below 0x80 | BDAT: the low six bits are the size, of octets that follow in the input; 0x40 is LAST |
//! | 0x80 to 0xbf | MAIL and RCPT |
//! | 0xc0 to 0xdf | NOOP |
//! | 0xe0 to 0xef | RSET |
//! | above | a BDAT that is malformed |
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use std::cell::Cell;

use common::{Client, accept, answers, refuse};
use ehlo::{Abort, Config, EarlyTalk, Extensions, LineEndings, Peer, Reply, Request};
use libfuzzer_sys::fuzz_target;

static ALL: Config<'static> = Config::new("mx.example.net")
    .early_talk(EarlyTalk::Allow)
    .extensions(Extensions::ALL)
    .recipients(u16::MAX)
    .errors(u16::MAX)
    .idle_commands(u16::MAX)
    .transactions(u16::MAX)
    .hops(u16::MAX);

/// How it is chosen to be.
#[derive(Clone, Copy)]
struct Choice {
    lenient: bool,
    binary: bool,
    limited: bool,
    /// Every third message is refused before its first chunk.
    refusing: bool,
}

const LIMIT: u64 = 60;

/// What is to come of all commands.
#[derive(Default)]
struct Expected {
    octets: Vec<u8>,
    codes: Vec<u16>,
    messages: Vec<Vec<u8>>,
    aborts: usize,
}

fn expect(choice: Choice, mut input: &[u8]) -> Expected {
    let mut expected = Expected::default();
    // The transaction, if one is open, and what its chunks have brought, if there were any.
    let mut open: Option<Option<Vec<u8>>> = None;
    let mut asked = 0;
    while let Some((command, rest)) = input.split_first() {
        input = rest;
        match command {
            0..0x80 => {
                let size = usize::from(command & 0x3f).min(input.len());
                let (chunk, rest) = input.split_at(size);
                input = rest;
                let last = command & 0x40 != 0;
                expected.octets.extend(format!("BDAT {size}{}\r\n", if last { " LAST" } else { "" }).bytes());
                expected.octets.extend(chunk);
                let Some(sent) = open.take() else {
                    expected.codes.push(503);
                    continue;
                };
                asked += usize::from(sent.is_none());
                if sent.is_none() && choice.refusing && asked % 3 == 0 {
                    expected.codes.push(452);
                    expected.aborts += 1;
                    continue;
                }
                let sent = [&sent.unwrap_or_default()[..], chunk].concat();
                let (content, spoilt) = read(choice, &sent, last);
                let too_big = choice.limited && content.len() as u64 > LIMIT;
                if spoilt || too_big {
                    expected.codes.push(if spoilt { 550 } else { 552 });
                    expected.aborts += 1;
                } else {
                    expected.codes.push(250);
                    if last {
                        expected.messages.push(content);
                    } else {
                        open = Some(Some(sent));
                    }
                }
            }
            0x80..0xc0 => {
                let body = if choice.binary { " BODY=BINARYMIME" } else { "" };
                expected.octets.extend(format!("MAIL FROM:<a@b>{body}\r\nRCPT TO:<c@d>\r\n").bytes());
                expected.codes.push(if open.is_none() { 250 } else { 503 });
                expected.codes.push(if matches!(open, Some(Some(_))) { 503 } else { 250 });
                open = open.or(Some(None));
            }
            0xc0..0xe0 => {
                expected.octets.extend(b"NOOP\r\n");
                expected.codes.push(250);
            }
            0xe0..0xf0 => {
                expected.octets.extend(b"RSET\r\n");
                expected.codes.push(250);
                expected.aborts += usize::from(open.take().is_some());
            }
            _ => {
                expected.octets.extend(b"BDAT 5x\r\n");
                // Where it may not stand its size does not matter.
                expected.codes.push(if open.is_some() { 501 } else { 503 });
                // A chunk is missing: no message comes of the others.
                if matches!(open, Some(Some(_))) {
                    open = None;
                    expected.aborts += 1;
                }
            }
        }
    }
    // The connection ends.
    expected.aborts += usize::from(open.is_some());
    expected
}

/// What has been sent means this; whether it is spoilt by a bare CR or LF.
fn read(choice: Choice, sent: &[u8], whole: bool) -> (Vec<u8>, bool) {
    if choice.binary {
        return (sent.to_vec(), false);
    }
    let (mut content, mut spoilt) = (Vec::new(), false);
    for (at, octet) in sent.iter().enumerate() {
        let bare_lf = *octet == b'\n' && !sent[..at].ends_with(b"\r");
        let bare_cr = *octet == b'\r' && sent.get(at + 1).map_or(whole, |next| *next != b'\n');
        spoilt |= bare_cr || (bare_lf && !choice.lenient);
        if bare_lf {
            content.push(b'\r');
        }
        content.push(*octet);
    }
    (content, spoilt)
}

fn play<const LINE: usize>(config: &Config<'_>, choice: Choice, expected: &Expected, cut: usize) {
    let asked = Cell::new(0);
    let mut client = Client::<LINE, 1024>::new(config, Peer::PLAIN, |request| match request {
        Request::Data(_) if choice.refusing && asked.replace(asked.get() + 1) % 3 == 2 => {
            refuse(request, &Reply::insufficient_storage());
        }
        request => accept(request),
    });
    client.connect();
    assert_eq!(client.say("EHLO x"), "250");
    let before = client.said.len();
    client.feed_cut(&expected.octets, std::iter::repeat_n(cut, expected.octets.len() / cut));
    let codes: Vec<u16> = answers(&client.said[before..]).iter().map(|answer| answer.code).collect();
    assert_eq!(codes, expected.codes, "{}", expected.octets.escape_ascii());
    client.eof();
    assert_eq!(client.messages, expected.messages);
    assert_eq!(client.aborts.len(), expected.aborts, "{:?}", client.aborts);
    assert!(choice.limited || !client.aborts.contains(&Abort::TooBig));
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, input @ ..] = input else { return };
    let bit = |bit: u8| choice >> bit & 1 == 1;
    let choice = Choice { lenient: bit(0), binary: bit(1), limited: bit(2), refusing: bit(3) };
    let config = if choice.lenient { ALL.line_endings(LineEndings::Lenient) } else { ALL };
    let config = config.message_size(if choice.limited { LIMIT } else { 0 });
    let expected = expect(choice, input);
    play::<512>(&config, choice, &expected, usize::from(*cut).max(1));
    play::<1024>(&config, choice, &expected, expected.octets.len().max(1));
});
