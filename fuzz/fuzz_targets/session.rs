//! A whole session. The first octet of the input chooses the configuration; the rest are octets from the network, among which
//! 0xFF and a letter make something else happen:
//!
//! | | |
//! | --- | --- |
//! | `c` | the network cuts here |
//! | `r` `4` `x` `d` | the next decision is to refuse, to refuse with 421, dropped, deferred once |
//! | `t` `T` | ten seconds pass, or five minutes |
//! | `e` | the peer closes its side |
//! | `s` | the server shuts down |
//! | `k` `f` | the TLS handshake succeeds, or fails |
//! | `q` | the application looks for a request where there is none |
//! | `w` | from now on, output is written by the octet |
//!
//! Any other octet behind it stands for itself.
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use std::cell::RefCell;
use std::collections::VecDeque;

use common::{Client, accept, answers, defer, mail_data, refuse, unstuffed};
use ehlo::{Config, EarlyTalk, Extensions, LineEndings, Mechanism, Millis, Peer, Reply, Request, Tolerance, Vrfy};
use libfuzzer_sys::fuzz_target;

const ALL: Config<'static> = Config::new("mx.example.net")
    .starttls(true)
    // What came by DATA is compared with what was sent; the other configurations take chunks too.
    .extensions(Extensions::TRANSPORT.without(Extensions::CHUNKING))
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .vrfy(Vrfy::Answer)
    .expn(true)
    .help_url("https://example.net/help");
const PATIENT: Config<'static> = ALL.early_pipelining(Tolerance::Allow).early_talk(EarlyTalk::Allow);
const LONG: Config<'static> = PATIENT.errors(u16::MAX).idle_commands(u16::MAX).transactions(u16::MAX);

static CONFIGS: [Config<'static>; 8] = [
    LONG,
    PATIENT,
    ALL,
    LONG.line_endings(LineEndings::Lenient).extensions(Extensions::ALL),
    LONG.extensions(Extensions::ALL).message_size(40).hops(1).recipients(2).auth_failures(1),
    PATIENT.errors(2).idle_commands(3).transactions(2),
    LONG.extensions(Extensions::NONE).require_auth(true).vrfy(Vrfy::Ambiguous),
    ALL.extensions(Extensions::ALL)
        .early_talk(EarlyTalk::Refuse(Millis::from_secs(5)))
        .early_pipelining(Tolerance::Allow)
        .plaintext_auth(false),
];

/// A part of the fuzzer's input.
enum Part {
    Octets(Vec<u8>),
    Control(u8),
}

impl Part {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Octets(octets) => octets,
            Self::Control(_) => &[],
        }
    }
}

fn parts(mut input: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut octets = Vec::new();
    while let Some((octet, rest)) = input.split_first() {
        input = rest;
        if *octet != 0xff {
            octets.push(*octet);
            continue;
        }
        let Some((control, rest)) = input.split_first() else { break };
        input = rest;
        if b"cr4xdtTeskfqw".contains(control) {
            parts.push(Part::Octets(std::mem::take(&mut octets)));
            parts.push(Part::Control(*control));
        } else {
            octets.push(*control);
        }
    }
    parts.push(Part::Octets(octets));
    parts
}

/// Takes the decisions that the input prescribes, and accepts where it does not.
fn decide(decisions: &RefCell<VecDeque<u8>>, request: Request<'_>) {
    let decision = decisions.borrow_mut().pop_front();
    match decision {
        Some(b'r') => refuse(request, &Reply::new(550, "No\nand no again").enhanced(7, 1)),
        Some(b'4') => refuse(request, &Reply::new(421, "Enough").enhanced(3, 2)),
        Some(b'x') => drop(request),
        Some(b'd') => defer(request),
        _ => accept(request),
    }
}

fn play<const LINE: usize, const OUT: usize>(config: &Config<'_>, parts: &[Part]) {
    let decisions = RefCell::new(VecDeque::new());
    let mut client = Client::<LINE, OUT>::new(config, Peer::PLAIN, |request| decide(&decisions, request));
    client.polls = true;
    client.connect();
    for part in parts {
        match part {
            Part::Octets(octets) => drop(client.feed(octets)),
            Part::Control(b't') => drop(client.pass(Millis::from_secs(10))),
            Part::Control(b'T') => drop(client.pass(Millis::from_mins(5))),
            Part::Control(b'e') => drop(client.eof()),
            Part::Control(b's') => drop(client.shutdown()),
            Part::Control(b'k') => {
                assert_eq!(client.session.tls_started(ehlo::Tls::default()).is_ok(), client.starts_tls);
                client.starts_tls = false;
            }
            Part::Control(b'f') => {
                assert_eq!(client.session.tls_failed().is_ok(), client.starts_tls);
                client.starts_tls = false;
            }
            Part::Control(b'q') => assert!(client.session.request().is_none()),
            Part::Control(b'w') => client.write = 1,
            Part::Control(decision @ (b'r' | b'4' | b'x' | b'd')) => decisions.borrow_mut().push_back(*decision),
            Part::Control(_) => {}
        }
        client.feed(b"");
    }
    answers(&client.said);
    client.eof();
    if client.starts_tls {
        client.session.tls_failed().expect("a handshake is due");
        client.feed(b"");
    }
    assert!(client.closed, "the session does not end with the connection");
    assert_eq!(client.begun, client.messages.len() + client.aborts.len(), "{:?} {:?}", client.asked, client.aborts);
}

/// The octets alone, whole and octet by octet: the same comes of both, and each line has its reply.
fn compare(config: &Config<'_>, octets: &[u8], check_content: bool) {
    let mut whole = Client::<1024, 1024>::new(config, Peer::PLAIN, accept);
    whole.feed(octets);
    let mut cut = Client::<1024, 1024>::new(config, Peer::PLAIN, accept);
    cut.feed_cut(octets, std::iter::repeat_n(1, octets.len()));
    assert_eq!(whole.said.escape_ascii().to_string(), cut.said.escape_ascii().to_string());
    assert_eq!((&whole.messages, &whole.asked), (&cut.messages, &cut.asked));
    // Which of several faults of a message is met first depends on the cuts.
    assert_eq!(whole.aborts.len(), cut.aborts.len());
    let data = mail_data(&[octets.to_vec()], &whole.said, whole.closed);
    if check_content {
        let expected: Vec<_> = data.iter().filter_map(|data| unstuffed(data)).collect();
        assert_eq!(whole.messages, expected);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, input)) = input.split_first() else { return };
    let choice = usize::from(*choice) % CONFIGS.len();
    let config = &CONFIGS[choice];
    let parts = parts(input);
    match input.len() % 3 {
        0 => play::<512, 1024>(config, &parts),
        1 => play::<1024, 1024>(config, &parts),
        _ => play::<4096, 2048>(config, &parts),
    }
    // Where input that comes too early is refused, cuts make a difference.
    if ![2, 7].contains(&choice) {
        let octets: Vec<&[u8]> = parts.iter().map(Part::octets).collect();
        compare(config, &octets.concat(), choice < 2);
    }
});
