//! What holds of every dialogue, whatever the peer, the application, the clock and the network do.

mod common;

use common::{Client, accept, answers, defer, mail_data, refuse, unstuffed};
use ehlo::{
    Config, EarlyTalk, Extensions, Instant, LineEndings, Mechanism, Millis, Peer, Reply, Request, Step, Tolerance, Vrfy,
};
use proptest::prelude::*;

/// Lets everything pass that can be let pass, so that how input is cut makes no difference.
const PATIENT: Config<'static> = Config::new("mx.example.net")
    .extensions(Extensions::TRANSPORT.without(Extensions::CHUNKING))
    .starttls(true)
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .vrfy(Vrfy::Answer)
    .expn(true)
    .help_url("https://example.net/help")
    .early_pipelining(Tolerance::Allow)
    .early_talk(EarlyTalk::Allow);

static CONFIGS: [Config<'static>; 6] = [
    PATIENT,
    PATIENT.errors(u16::MAX).idle_commands(u16::MAX),
    PATIENT.errors(u16::MAX).extensions(Extensions::ALL).longest_hold(100),
    PATIENT
        .errors(u16::MAX)
        .extensions(Extensions::ALL)
        .message_size(60)
        .hops(1)
        .recipients(2)
        .transactions(3)
        .auth_failures(1),
    PATIENT.errors(2).idle_commands(3).line_endings(LineEndings::Lenient),
    PATIENT.errors(u16::MAX).extensions(Extensions::NONE).require_auth(true).vrfy(Vrfy::Ambiguous),
];

/// An application that does as it was told beforehand, one decision after another.
fn script(decisions: &[u8]) -> impl FnMut(Request<'_>) {
    let mut next = decisions.iter().copied().cycle();
    let mut deferred = false;
    move |request| {
        let decision = next.next().unwrap_or(0);
        if decision == 1 && !deferred {
            deferred = true;
            return defer(request);
        }
        deferred = false;
        match decision {
            2 => drop(request),
            3 => refuse(request, &Reply::new(550, "No").enhanced(7, 1)),
            4 => refuse(request, &Reply::new(450, &"no\n".repeat(300)).enhanced(7, 1)),
            5 => refuse(request, &Reply::new(421, "Enough").enhanced(3, 2)),
            6 => refuse(request, &Reply::new(250, "a refusal that says yes")),
            _ => accept(request),
        }
    }
}

/// Decisions, most of them to accept.
fn decisions() -> impl Strategy<Value = Vec<u8>> {
    let decision = prop_oneof![20 => Just(0_u8), 2 => Just(1), 1 => Just(2), 2 => Just(3), 1 => Just(4), 1 => 5..7_u8];
    prop::collection::vec(decision, 1..20)
}

fn fixed(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec())
}

/// Something that a peer may send: commands, messages, transactions, and what should be none of these.
fn words() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => fixed(&["EHLO client.example\r\n", "HELO [192.0.2.1]\r\n", "EHLO !\r\n", "EHLO x\r\n"]),
        6 => fixed(&["MAIL FROM:<a@b>\r\n", "MAIL FROM:<>\r\n", "mail from:<a@b> SIZE=99 BODY=8BITMIME\r\n", "MAIL FROM:<a@b> SMTPUTF8\r\n"]),
        8 => fixed(&["RCPT TO:<c@d>\r\n", "RCPT TO:<postmaster>\r\n", "rcpt to:<\"e f\"@[IPv6:::1]> \r\n", "RCPT TO:<\u{fc}@b>\r\n"]),
        4 => fixed(&["DATA\r\n", "DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n", "DATA\r\n.\r\n", "DATA\r\nReceived: a\r\nReceived: b\r\n\r\n.\r\n"]),
        2 => fixed(&["DATA\r\na\nb\r\n.\r\n", "DATA\r\na\n.\nQUIT\r\n.\r\n", "DATA\r\na\rb\r\n.\r\n", "DATA\r\na\r\n.\r\r\n.\r\n"]),
        4 => fixed(&["NOOP\r\n", "RSET\r\n", "HELP me\r\n", "VRFY bob\r\n", "EXPN all\r\n", "VRFY \u{fc} SMTPUTF8\r\n"]),
        2 => fixed(&["AUTH PLAIN AHVzZXIAcGFzcw==\r\n", "AUTH LOGIN\r\ndXNlcg==\r\ncGFzcw==\r\n", "AUTH PLAIN\r\n*\r\n", "AUTH LOGIN dXNlcg==\r\n\r\n"]),
        3 => fixed(&["BDAT 3\r\nabc", "BDAT 0\r\n", "BDAT 0 LAST\r\n", "bdat 6 last\r\nQUIT\r\n", "BDAT 8 LAST\r\n\r\n.\r\n.\r\n", "BDAT 3\r\na\nb"]),
        1 => fixed(&["BDAT\r\n", "BDAT x\r\n", "BDAT 99999999999999999999999 LAST\r\n", "BDAT 2 LAST\r\nx\r", "BDAT 1 LAST\r\n\n"]),
        2 => fixed(&["MAIL FROM:<a@b> BODY=BINARYMIME RET=HDRS ENVID=e\r\n", "RCPT TO:<c@d> NOTIFY=NEVER ORCPT=rfc822;c@d\r\n", "ETRN x.y\r\n"]),
        1 => fixed(&["STARTTLS\r\n", "QUIT\r\n", "GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}\r\n"]),
        2 => fixed(&["MAIL FROM:<a@b\r\n", "RCPT TO:c@d\r\n", "nonsense\r\n", "\r\n", "BDAT 9\r\n", "MAIL FROM:<a@b> X=Y\r\n", "RSET x\r\n"]),
        2 => fixed(&["NO\rOP", "\r", "NOOP\r\r\n", "\0", "x\rEHLO x\r\n\u{16}\r\n", ".", ".\r\n", "\r\n.\r\n"]),
        1 => fixed(&["\n", "NOOP\n"]),
        1 => (0_usize..1500).prop_map(|n| [&b"NOOP "[..], &vec![b'x'; n], b"\r\n"].concat()),
        1 => (0_usize..1500).prop_map(|n| [&b"x"[..], &vec![b'x'; n], b"\r\n"].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..30),
        3 => Just(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n".to_vec()),
    ]
}

/// What a peer sends: several flights, of which each comes after the handshake that the one before may have led to.
fn flights() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let flight = prop::collection::vec(words(), 0..24).prop_map(|words| {
        let mut flight = b"EHLO x\r\n".to_vec();
        flight.extend(words.concat());
        flight
    });
    prop::collection::vec(flight, 1..3)
}

/// Sends flights, cut so; at the end the connection is closed.
fn talk<'c>(
    config: &'c Config<'c>,
    decisions: &'c [u8],
    flights: &[Vec<u8>],
    cuts: &[usize],
    write: usize,
) -> Client<'c, 1024, 1024> {
    let mut client = Client::new(config, Peer::PLAIN, script(decisions));
    client.polls = true;
    client.write = write;
    for flight in flights {
        if !client.closed {
            client.feed_cut(flight, cuts.iter().copied().cycle().take(flight.len()));
        }
        if client.starts_tls {
            client.tls_started();
        }
    }
    client
}

/// What happens to a session in disorder.
#[derive(Debug, Clone)]
enum Happening {
    Input(Vec<u8>),
    Time(u32),
    Eof,
    Shutdown,
    TlsStarted,
    TlsFailed,
    /// The application looks for a request where there may be none, and drops it.
    Request,
    Consume(usize),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        20 => prop::collection::vec(words(), 0..5).prop_map(|words| Happening::Input(words.concat())),
        4 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Happening::Input),
        2 => (0_u32..400_000).prop_map(Happening::Time),
        1 => Just(Happening::Eof),
        1 => Just(Happening::Shutdown),
        2 => Just(Happening::TlsStarted),
        1 => Just(Happening::TlsFailed),
        1 => Just(Happening::Request),
        1 => any::<usize>().prop_map(Happening::Consume),
    ];
    prop::collection::vec(happening, 0..25)
}

/// Lets things happen; each transaction must end once.
fn suffer<const LINE: usize, const OUT: usize>(
    config: &Config<'_>,
    decisions: &[u8],
    happenings: &[Happening],
    write: usize,
) {
    let mut client = Client::<LINE, OUT>::new(config, Peer::PLAIN, script(decisions));
    client.polls = true;
    client.write = write;
    client.connect();
    for happening in happenings {
        match happening {
            Happening::Input(octets) => drop(client.feed(octets)),
            Happening::Time(millis) => drop(client.pass(Millis::from_millis(*millis))),
            Happening::Eof => drop(client.eof()),
            Happening::Shutdown => drop(client.shutdown()),
            Happening::TlsStarted => {
                assert_eq!(client.session.tls_started(ehlo::Tls::default()).is_ok(), client.starts_tls)
            }
            Happening::TlsFailed => assert_eq!(client.session.tls_failed().is_ok(), client.starts_tls),
            Happening::Request => assert!(client.session.request().is_none()),
            Happening::Consume(n) => client.session.consume_output(*n),
        }
        if matches!(happening, Happening::TlsStarted | Happening::TlsFailed) {
            client.starts_tls = false;
        }
        client.feed(b"");
    }
    answers(&client.said);
    client.eof();
    if client.starts_tls {
        client.session.tls_failed().expect("a handshake is due");
        client.feed(b"");
    }
    assert!(client.closed);
    assert_eq!(client.begun, client.messages.len() + client.aborts.len(), "{:?} {:?}", client.asked, client.aborts);
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(many: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(many);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn cuts_make_no_difference(
        at in 0..CONFIGS.len(),
        decisions in decisions(),
        flights in flights(),
        cuts in prop::collection::vec(1_usize..40, 1..10),
        write in 1_usize..2000,
    ) {
        // The first ones refuse a message for its line endings only.
        let (config, limited) = (CONFIGS[at], at > 1);
        let whole = talk(&config, &decisions, &flights, &[usize::MAX], usize::MAX);
        let data = mail_data(&flights, &whole.said, whole.closed);
        if !limited {
            let expected: Vec<_> = data.iter().filter_map(|data| unstuffed(data)).collect();
            prop_assert_eq!(&whole.messages, &expected);
        }
        for (cuts, write) in [(&[1][..], usize::MAX), (&cuts, write)] {
            let cut = talk(&config, &decisions, &flights, cuts, write);
            prop_assert_eq!(cut.said.escape_ascii().to_string(), whole.said.escape_ascii().to_string());
            prop_assert_eq!(&cut.messages, &whole.messages);
            // Which of several faults of a message is met first depends on the cuts.
            prop_assert_eq!(cut.aborts.len(), whole.aborts.len());
            prop_assert!(limited || cut.aborts == whole.aborts);
            prop_assert_eq!(&cut.asked, &whole.asked);
            prop_assert_eq!(cut.closed, whole.closed);
            prop_assert_eq!(cut.session.phase(), whole.session.phase());
        }
    }

    #[test]
    fn nothing_upsets_a_session(
        config in prop::sample::select(&CONFIGS[..]),
        strict: bool,
        decisions in decisions(),
        happenings in happenings(),
        write in prop_oneof![Just(usize::MAX), 1_usize..100],
    ) {
        let config = if strict {
            config.early_pipelining(Tolerance::Refuse).early_talk(EarlyTalk::Refuse(Millis::from_secs(1)))
        } else {
            config
        };
        suffer::<512, 1024>(&config, &decisions, &happenings, write);
        suffer::<1024, 1024>(&config, &decisions, &happenings, write);
        suffer::<4096, 2048>(&config, &decisions, &happenings, write);
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn any_octets_are_borne(octets in prop::collection::vec(any::<u8>(), 0..300), cuts in prop::collection::vec(1_usize..30, 1..5)) {
        let flights = std::slice::from_ref(&octets);
        for config in &CONFIGS {
            let whole = talk(config, &[0], flights, &[usize::MAX], usize::MAX);
            let cut = talk(config, &[0], flights, &cuts, usize::MAX);
            mail_data(flights, &whole.said, whole.closed);
            prop_assert_eq!(&whole.said, &cut.said);
        }
    }
}

/// A long group in pieces that end anywhere, while the caller answers each step by hand: no step is without progress.
#[test]
fn every_step_is_progress() {
    let input = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n..x\r\n.\r\n".repeat(50);
    let config = PATIENT.transactions(1000);
    let mut session = ehlo::Session::<512, 1024>::new(&config, Peer::PLAIN);
    let mut rest = &[&b"EHLO x\r\n"[..], &input].concat()[..];
    let mut before = (usize::MAX, 0, String::new());
    loop {
        let step = session.advance(Instant::from_millis(0), &mut rest);
        let now = (rest.len(), session.output().len(), format!("{step:?} {session:?}"));
        assert_ne!(now, before, "nothing has changed");
        before = now;
        match step {
            Step::Recv { .. } => break,
            Step::Send => session.consume_output(1),
            Step::Request => accept(session.request().unwrap()),
            Step::Content(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(rest.is_empty());
}
