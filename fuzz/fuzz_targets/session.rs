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
//! | `o` | the next decision is another yes, where there is one |
//! | `n` | what is written is said to be more than there is |
//!
//! Any other octet behind it stands for itself.
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use std::cell::RefCell;
use std::collections::VecDeque;

use common::{Client, accept, answers, defer, mail_data, refuse, unstuffed};
use ehlo::{
    Config, Credentials, EarlyTalk, Extensions, LineEndings, Mechanism, Millis, Mode, Peer, Reply, Request,
    ServerSignature, Tls, Tolerance, Vrfy,
};
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
/// With everything on, for a peer that is trusted with everything.
const WHOLE: Config<'static> = ALL
    .extensions(Extensions::ALL)
    .mechanisms(Mechanism::ALL)
    .tls_server_end_point(&[9; 32])
    .shortest_deliver_by(60)
    .longest_hold(86_400)
    .latest_hold("2026-12-31T00:00:00Z")
    .priority_profile("MIXER")
    .solicitations("net.example:ADV")
    .early_pipelining(Tolerance::Allow)
    .early_talk(EarlyTalk::Allow);
const PATIENT: Config<'static> = ALL.early_pipelining(Tolerance::Allow).early_talk(EarlyTalk::Allow);
const LONG: Config<'static> = PATIENT.errors(u16::MAX).idle_commands(u16::MAX).transactions(u16::MAX);

static CONFIGS: [Config<'static>; 12] = [
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
    WHOLE.errors(u16::MAX).idle_commands(u16::MAX).transactions(u16::MAX).auth_failures(u16::MAX),
    WHOLE.mode(Mode::Lmtp).recipients(3).errors(u16::MAX),
    WHOLE.mode(Mode::Lmtp).message_size(40).hops(1).line_endings(LineEndings::Lenient),
    WHOLE.auth_minimum(Mechanism::ScramSha1).require_auth(true).starttls(false).plaintext_auth(false),
];

/// The peer that goes with a configuration: the last ones are trusted, and differ in what is known of them.
fn peer(choice: usize) -> Peer {
    match choice {
        0..8 => Peer::PLAIN,
        8 => Peer::PLAIN.trusted().nonce([1; 18]),
        9 => Peer::PLAIN.trusted().lenient(),
        10 => Peer::TLS.trusted(),
        _ => Peer::tls(TLS).nonce([1; 18]),
    }
}

const TLS: Tls = Tls { client_certificate: true, exporter: Some([7; 32]) };

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
        if b"cr4xdotTeskfqwn".contains(control) {
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
        Some(b'o') => otherwise(request),
        _ => grant(request),
    }
}

/// Says yes, and goes on with what takes several answers.
fn grant(request: Request<'_>) {
    match request {
        Request::Auth(auth) => match auth.credentials {
            Credentials::ScramUser { .. } => auth.answer.salt(b"salt", 4096),
            Credentials::ScramProof(proof) => match ServerSignature::new(proof.hash, &[3; 32][..proof.hash.octets()]) {
                Some(signature) => auth.answer.signature(&signature),
                None => panic!("a signature of the right length"),
            },
            _ => auth.answer.accept(),
        },
        request => accept(request),
    }
}

/// The other ways to say yes. Texts are an application's own, and may be anything.
fn otherwise(request: Request<'_>) {
    const TEXT: &str =
        "\u{fc}\r\n\0a line that is longer than most of the others are, but not as long as it could be {domain}";
    match request {
        Request::Auth(auth) => auth.answer.salt(&[0xff; 300], u32::MAX),
        Request::Rcpt(rcpt) if rcpt.command.orcpt.is_some() => rcpt.answer.will_forward(TEXT),
        Request::Rcpt(rcpt) => rcpt.answer.duplicate(),
        Request::Message(message) => message.answer.accept_as(TEXT),
        Request::Verify(verify) if verify.command.smtputf8 => verify.answer.will_forward(TEXT),
        Request::Verify(verify) => verify.answer.ambiguous(),
        Request::Expand(expand) => expand.answer.accept([TEXT; 12].into_iter()),
        Request::Help(help) => help.answer.accept_with(TEXT),
        request => accept(request),
    }
}

fn play<const LINE: usize, const OUT: usize>(config: &Config<'_>, peer: Peer, lmtp: bool, parts: &[Part]) {
    let decisions = RefCell::new(VecDeque::new());
    let mut client = Client::<LINE, OUT>::new(config, peer, |request| decide(&decisions, request));
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
                assert_eq!(client.session.tls_started(TLS).is_ok(), client.starts_tls);
                client.starts_tls = false;
            }
            Part::Control(b'f') => {
                assert_eq!(client.session.tls_failed().is_ok(), client.starts_tls);
                client.starts_tls = false;
            }
            Part::Control(b'q') => assert!(client.session.request().is_none()),
            Part::Control(b'w') => client.write = 1,
            Part::Control(b'n') => client.session.consume_output(usize::MAX),
            Part::Control(decision @ (b'r' | b'4' | b'x' | b'd' | b'o')) => decisions.borrow_mut().push_back(*decision),
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
    // In LMTP a message may be answered for some of its recipients, and then aborted.
    let ended = client.messages.len() + client.aborts.len();
    assert!(ended == client.begun || lmtp && ended > client.begun, "{:?} {:?}", client.asked, client.aborts);
}

/// The octets alone, whole and octet by octet: the same comes of both, and each line has its reply.
fn compare(config: &Config<'_>, peer: Peer, lmtp: bool, octets: &[u8], check_content: bool) {
    let mut whole = Client::<1024, 1024>::new(config, peer, grant);
    whole.feed(octets);
    let mut cut = Client::<1024, 1024>::new(config, peer, grant);
    cut.feed_cut(octets, std::iter::repeat_n(1, octets.len()));
    assert_eq!(whole.said.escape_ascii().to_string(), cut.said.escape_ascii().to_string());
    assert_eq!((&whole.messages, &whole.asked), (&cut.messages, &cut.asked));
    // Which of several faults of a message is met first depends on the cuts.
    assert_eq!(whole.aborts.len(), cut.aborts.len());
    // In LMTP a message has several replies.
    if lmtp {
        return;
    }
    let data = mail_data(&[octets.to_vec()], &whole.said, whole.closed);
    if check_content {
        let expected: Vec<_> = data.iter().filter_map(|data| unstuffed(data)).collect();
        assert_eq!(whole.messages, expected);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, input)) = input.split_first() else { return };
    let choice = usize::from(*choice) % CONFIGS.len();
    let (config, peer, lmtp) = (&CONFIGS[choice], peer(choice), matches!(choice, 9 | 10));
    let parts = parts(input);
    match input.len() % 3 {
        0 => play::<512, 1024>(config, peer, lmtp, &parts),
        1 => play::<1024, 1024>(config, peer, lmtp, &parts),
        _ => play::<4096, 2048>(config, peer, lmtp, &parts),
    }
    // Where input that comes too early is refused, cuts make a difference.
    if ![2, 7].contains(&choice) {
        let octets: Vec<&[u8]> = parts.iter().map(Part::octets).collect();
        compare(config, peer, lmtp, &octets.concat(), choice < 2);
    }
});
