//! What a client does, told in commands and not in octets, and how it looks on the wire.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use crate::common::base64;
use crate::decision::{Decision, decision, stubborn};

/// A step of the client's. It says what comes next, whatever is awaited then: a command, a response, a message or a chunk.
#[derive(Clone)]
pub struct Act {
    /// Milliseconds that pass before it.
    pub before: u32,
    /// What happens before it.
    pub happening: Happening,
    pub line: Line,
    pub response: Response,
    pub message: Vec<TextLine>,
    /// The handshake succeeds, if one is due.
    pub handshake: bool,
    /// The next act comes in the same piece of input.
    pub joined: bool,
    /// Where the network cuts its octets, in 256ths of them, and the milliseconds that pass then.
    pub cuts: Vec<(u8, u32)>,
}

/// In one line: as it looks on the wire.
impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.octets();
        write!(f, "{:?} \"{}\"", self.line.spoilt, line.escape_ascii())?;
        write!(f, " or \"{}\"", self.response.octets().escape_ascii())?;
        write!(f, " or \"{}\"", stuffed(&self.message).escape_ascii())?;
        let (before, happening, handshake, joined) = (self.before, self.happening, self.handshake, self.joined);
        write!(f, " after {before} {happening:?}, TLS {handshake}, joined {joined}, cuts {:?}", self.cuts)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Nothing,
    Eof,
    Shutdown,
}

/// A command line.
#[derive(Debug, Clone)]
pub struct Line {
    pub command: Command,
    /// Which letters of what has no case are small: one bit each, again and again.
    pub case: u8,
    /// White space before the CRLF.
    pub padding: &'static str,
    pub spoilt: Spoilt,
}

/// What is wrong with a line, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoilt {
    No,
    /// A control character in it.
    Control,
    /// A CR in it.
    BareCr,
    /// An LF without a CR at its end.
    BareLf,
    /// It is padded with spaces to this length, the CRLF counted; that may be too long.
    Padded(usize),
}

#[derive(Debug, Clone)]
pub enum Command {
    Ehlo(&'static str),
    Helo(&'static str),
    Lhlo(&'static str),
    Mail(&'static str, Vec<Parameter>),
    Rcpt(&'static str, Vec<Parameter>),
    Data(&'static str),
    Bdat(&'static str),
    Rset(&'static str),
    Noop(&'static str),
    Quit(&'static str),
    Vrfy(&'static str),
    Expn(&'static str),
    Help(&'static str),
    /// A mechanism, an initial response, and whether a third word follows.
    Auth(&'static str, Option<Response>, bool),
    Starttls(&'static str),
    Etrn(&'static str),
    Xclient(&'static str),
    Xforward(&'static str),
    /// Known, and not spoken by anybody.
    Turn,
    Unknown(&'static str),
    Http,
    /// The beginning of a TLS record.
    ClientHello,
}

/// A parameter: its keyword, and its value behind `=`.
pub type Parameter = (&'static str, Option<&'static str>);

/// What a client says within an AUTH exchange.
#[derive(Debug, Clone)]
pub enum Response {
    Cancel,
    /// Octets, in base64.
    Octets(Vec<u8>),
    /// A line that is not base64, or is what means something with AUTH alone.
    Raw(&'static str),
    /// So many letters of base64: perhaps too many.
    Long(usize),
    /// With a bare CR in it.
    BareCr,
    /// Ended by a bare LF.
    BareLf,
}

/// A line of a message.
#[derive(Debug, Clone)]
pub struct TextLine {
    /// Any octets but LF, and a CR only where another octet than LF follows.
    pub text: Vec<u8>,
    /// It ends with LF alone.
    pub bare_lf: bool,
    /// The client forgets to put a dot before a dot.
    pub unstuffed: bool,
}

impl Command {
    fn words(&self) -> (&'static str, String) {
        let own = |words: &[&str]| words.concat();
        match self {
            Self::Ehlo(name) => ("EHLO ", own(&[name])),
            Self::Helo(name) => ("HELO ", own(&[name])),
            Self::Lhlo(name) => ("LHLO ", own(&[name])),
            Self::Mail(path, parameters) => ("MAIL FROM:", own(&[path]) + &written(parameters)),
            Self::Rcpt(path, parameters) => ("RCPT TO:", own(&[path]) + &written(parameters)),
            Self::Data(junk) => ("DATA", own(&[junk])),
            Self::Bdat(arguments) => ("BDAT ", own(&[arguments])),
            Self::Rset(junk) => ("RSET", own(&[junk])),
            Self::Noop(text) => ("NOOP ", own(&[text])),
            Self::Quit(junk) => ("QUIT", own(&[junk])),
            Self::Vrfy(what) => ("VRFY ", own(&[what])),
            Self::Expn(what) => ("EXPN ", own(&[what])),
            Self::Help(topic) => ("HELP ", own(&[topic])),
            Self::Auth(mechanism, initial, third) => {
                let initial = initial.as_ref().map(|response| format!(" {}", response.initial()));
                let third = if *third { " more" } else { "" };
                ("AUTH ", own(&[mechanism, &initial.unwrap_or_default(), third]))
            }
            Self::Starttls(junk) => ("STARTTLS", own(&[junk])),
            Self::Etrn(node) => ("ETRN ", own(&[node])),
            Self::Xclient(attributes) => ("XCLIENT ", own(&[attributes])),
            Self::Xforward(attributes) => ("XFORWARD ", own(&[attributes])),
            Self::Turn => ("TURN", String::new()),
            Self::Unknown(word) => ("", own(&[word])),
            Self::Http => ("", own(&["GET / HTTP/1.1"])),
            Self::ClientHello => ("", own(&["\u{16}\u{3}\u{1}"])),
        }
    }
}

fn written(parameters: &[Parameter]) -> String {
    let one = |(keyword, value): &Parameter| match value {
        Some(value) => format!(" {keyword}={value}"),
        None => format!(" {keyword}"),
    };
    parameters.iter().map(one).collect()
}

impl Line {
    /// The line as it is sent, its end too.
    pub fn octets(&self) -> Vec<u8> {
        let (verb, arguments) = self.command.words();
        let verb: String = verb.chars().enumerate().map(|(at, letter)| self.letter(at, letter)).collect();
        let mut line = format!("{verb}{arguments}").into_bytes();
        match self.spoilt {
            Spoilt::Control => line.push(1),
            Spoilt::BareCr => line.extend(b"\rx"),
            Spoilt::Padded(length) => line.resize(line.len().max(length.saturating_sub(2)), b' '),
            Spoilt::BareLf => return [&line[..], b"\n"].concat(),
            Spoilt::No => line.extend(self.padding.bytes()),
        }
        [&line[..], b"\r\n"].concat()
    }

    fn letter(&self, at: usize, letter: char) -> char {
        if self.case >> (at % 8) & 1 == 1 { letter.to_ascii_lowercase() } else { letter }
    }

    /// Whether its reply may come before it is whole, so that it cannot be said what a cut in it does.
    pub fn is_answered_early(&self) -> bool {
        matches!(self.command, Command::ClientHello) || self.spoilt == Spoilt::BareCr
    }
}

impl Response {
    /// With AUTH, where an empty response is `=` (RFC 4954 4).
    fn initial(&self) -> String {
        match self {
            Self::Octets(octets) if octets.is_empty() => "=".into(),
            _ => self.text(),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Cancel => "*".into(),
            Self::Octets(octets) => base64(octets),
            Self::Raw(text) => (*text).into(),
            Self::Long(letters) => "A".repeat(letters / 4 * 4),
            Self::BareCr => "AA\rAA".into(),
            Self::BareLf => "AAAA".into(),
        }
    }

    pub fn octets(&self) -> Vec<u8> {
        (self.text() + if matches!(self, Self::BareLf) { "\n" } else { "\r\n" }).into_bytes()
    }
}

/// Lines as DATA wants them: dots stuffed (RFC 5321 4.5.2), and the end.
pub fn stuffed(lines: &[TextLine]) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut fresh = true;
    for line in lines {
        if fresh && line.text.starts_with(b".") && (!line.unstuffed || line.text == b"." && !line.bare_lf) {
            octets.push(b'.');
        }
        octets.extend(&line.text);
        octets.extend(line.end());
        fresh = !line.bare_lf;
    }
    // What ends with a bare LF is not at the start of a line.
    octets.extend(if fresh { &b".\r\n"[..] } else { b"\r\n.\r\n" });
    octets
}

impl TextLine {
    pub fn end(&self) -> &'static [u8] {
        if self.bare_lf { b"\n" } else { b"\r\n" }
    }
}

/// Lines as a chunk brings them: as they are, again and again up to this size.
pub fn chunk(lines: &[TextLine], size: usize) -> Vec<u8> {
    let mut octets: Vec<u8> = lines.iter().flat_map(|line| [&line.text[..], line.end()].concat()).collect();
    octets.extend(b"QUIT\r\n");
    octets.iter().copied().cycle().take(size).collect()
}

// ---- how they are made up ---------------------------------------------------------------------------------

const NAMES: &[&str] = &["client.example", "x", "[192.0.2.1]", "[IPv6:::1]", "MY_PC"];
const BAD_NAMES: &[&str] = &["", "!", "a b", "[1.2.3]", "b\u{fc}cher"];
pub const GOOD_SENDERS: &[&str] =
    &["<a@b>", "<>", " <a@b>", "<@x,@y.z:a@b>", "<\"a b\"@[192.0.2.1]>", "<\u{fc}@b\u{fc}cher.example>"];
const BAD_SENDERS: &[&str] =
    &["", "a@b", "<a@b", "<a>", "<postmaster>", "<a@b>x", "<a@b.>", "  <a@b>", "< a@b>", "<a@b\u{fc}"];
pub const GOOD_RECIPIENTS: &[&str] = &["<c@d>", "<postmaster>", "<PostMaster>", " <e@f>", "<@x:c@d>", "<\u{fc}@d>"];
const BAD_RECIPIENTS: &[&str] = &["", "c@d", "<>", "<c>", "<c@d", "<c@d>x", "<c@-d>", "<c d@e>"];
const MAIL_PARAMETERS: &[Parameter] = &[
    ("SIZE", Some("50")),
    ("Size", Some("0")),
    ("SIZE", Some("99999999999999999999")),
    ("BODY", Some("7BIT")),
    ("body", Some("8bitmime")),
    ("BODY", Some("BINARYMIME")),
    ("body", Some("BinaryMime")),
    ("SMTPUTF8", None),
    ("AUTH", Some("<>")),
    ("AUTH", Some("a+2Bb@c")),
    ("RET", Some("FULL")),
    ("ret", Some("hdrs")),
    ("ENVID", Some("e+2B1")),
    ("BY", Some("120;R")),
    ("BY", Some("30;rt")),
    ("BY", Some("-5;N")),
    ("REQUIRETLS", None),
    ("MT-PRIORITY", Some("-3")),
    ("MT-Priority", Some("9")),
    ("HOLDFOR", Some("50")),
    ("HOLDFOR", Some("100")),
    ("HOLDUNTIL", Some("2026-11-23T18:00:00Z")),
    ("SOLICIT", Some("net.example:ADV")),
];
const BAD_MAIL_PARAMETERS: &[Parameter] = &[
    ("SIZE", None),
    ("SIZE", Some("1x")),
    ("SIZE", Some("-1")),
    ("BODY", None),
    ("BODY", Some("9BIT")),
    ("SMTPUTF8", Some("1")),
    ("AUTH", Some("a+0")),
    ("RET", Some("X")),
    ("ENVID", Some("a+00")),
    ("BY", Some("0;R")),
    ("BY", Some("9")),
    ("REQUIRETLS", Some("1")),
    ("MT-PRIORITY", Some("10")),
    ("HOLDFOR", Some("x")),
    ("HOLDUNTIL", Some("2026-13-23T18:00:00Z")),
    ("SOLICIT", Some("1a")),
    ("NOTIFY", Some("NEVER")),
    ("X-OTHER", Some("y")),
    ("OTHER", None),
    ("-X", None),
    ("", Some("1")),
    ("X", Some("")),
    ("SIZE", Some("1=1")),
];
const RCPT_PARAMETERS: &[Parameter] = &[
    ("NOTIFY", Some("NEVER")),
    ("notify", Some("success,FAILURE,Delay")),
    ("ORCPT", Some("rfc822;c+2Bx@d")),
    ("NOTIFY", Some("DELAY")),
];
const BAD_RCPT_PARAMETERS: &[Parameter] = &[
    ("NOTIFY", None),
    ("NOTIFY", Some("NEVER,DELAY")),
    ("ORCPT", Some("rfc822")),
    ("ORCPT", Some("rfc822;a+0D")),
    ("SIZE", Some("1")),
    ("=", None),
];
const CHUNKS: &[&str] = &["0", "1", "3", "9", "17", "64", "700", "5 LAST", "0 LAST", "40 last", "6 LAST", "2000 LAST"];
const BAD_CHUNKS: &[&str] =
    &["", "x", "-1", "+1", "1 FIRST", "3  LAST", "3 LAST x", "99999999999999999999999", "\u{fc}"];
const WORDS: &[&str] =
    &["", "bob", "<bob@x.y>", "\"b ob\"@x", "bob SMTPUTF8", "bob other", "a b c", "\u{fc}", "\u{fc} smtputf8"];
const NODES: &[&str] = &["example.net", "@example.net", "#slow", "!x", "", "a b", "\u{fc}"];
const ATTRIBUTES: &[&str] = &["ADDR=192.0.2.1", "addr=192.0.2.1 HELO=a+2Bb", "", "ADDR", "FOO=1", "ADDR=a+0", "\u{fc}"];
const JUNK: &[&str] = &[" x", " \u{fc}"];
const TEXTS: &[&str] = &["", "me", "\u{fc}"];
const MECHANISMS: &[&str] = &["PLAIN", "LOGIN", "plain", "Login", "ANONYMOUS"];
const BAD_MECHANISMS: &[&str] = &["", "SCRAM-SHA-256", "CRAM-MD5", "\u{fc}", "PLAINER"];
const LINES: &[&[u8]] = &[
    b"",
    b"x",
    b".",
    b"..",
    b".x",
    b"Subject: x",
    b"Received: from a by b",
    b"received : c",
    b"QUIT",
    b"a\rb",
    b".\r.",
    b"\r\r\0",
    b"\xff\xfe\0",
];

/// A message's lines: mostly clean.
fn message() -> BoxedStrategy<Vec<TextLine>> {
    let text = prop_oneof![
        40 => select(&LINES[..9]).prop_map(<[u8]>::to_vec),
        1 => select(&LINES[9..]).prop_map(<[u8]>::to_vec),
        1 => (100..1500_usize).prop_map(|octets| vec![b'y'; octets]),
        // One octet among many that are looked at together.
        1 => (100..800_usize, any::<u16>(), select(&b".\r\x80"[..])).prop_map(|(octets, at, other)| {
            let mut text = vec![b'y'; octets];
            text[usize::from(at) % (octets - 1)] = other;
            text
        }),
    ];
    let line = (text, prop::bool::weighted(0.02), prop::bool::weighted(0.1)).prop_map(|(text, bare_lf, unstuffed)| {
        // CR LF would be no bare LF.
        TextLine { bare_lf, unstuffed, text }
    });
    prop::collection::vec(line, 0..6).boxed()
}

fn response() -> BoxedStrategy<Response> {
    let octets: &[&[u8]] = &[b"\0user\0pass", b"act\0user\0pass", b"user", b"pass word", b"\xc3\xbc"];
    let bad: &[&[u8]] = &[b"", b"\0", b"\0user", b"\0\0pass", b"a\0b\0c\0d", b"\xff", b"a\x01", b"\0user\0"];
    prop_oneof![
        12 => select(octets).prop_map(|octets| Response::Octets(octets.to_vec())),
        4 => select(bad).prop_map(|octets| Response::Octets(octets.to_vec())),
        2 => Just(Response::Cancel),
        3 => select(&["=", "AA=", "A A=", "!", "AB==", "QUIT!", "\u{fc}"][..]).prop_map(Response::Raw),
        1 => (400..1100_usize).prop_map(Response::Long),
        1 => (12_200..12_400_usize).prop_map(Response::Long),
        1 => select(vec![Response::BareCr, Response::BareLf]),
    ]
    .boxed()
}

/// Mostly good ones, and few of them.
fn parameters(good: &'static [Parameter], bad: &'static [Parameter]) -> impl Strategy<Value = Vec<Parameter>> {
    let one = prop_oneof![12 => select(good), 1 => select(bad)];
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..4)]
}

fn mostly(good: &'static [&'static str], bad: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => select(good), 1 => select(bad)]
}

fn no_arguments() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => Just(""), 1 => select(JUNK)]
}

fn hello() -> BoxedStrategy<Command> {
    (prop_oneof![15 => Just(0), 2 => Just(1), 1 => Just(2)], mostly(NAMES, BAD_NAMES))
        .prop_map(|(verb, name)| match verb {
            0 => Command::Ehlo(name),
            1 => Command::Helo(name),
            _ => Command::Lhlo(name),
        })
        .boxed()
}

fn mail() -> BoxedStrategy<Command> {
    (mostly(GOOD_SENDERS, BAD_SENDERS), parameters(MAIL_PARAMETERS, BAD_MAIL_PARAMETERS))
        .prop_map(|(path, parameters)| Command::Mail(path, parameters))
        .boxed()
}

fn rcpt() -> BoxedStrategy<Command> {
    (mostly(GOOD_RECIPIENTS, BAD_RECIPIENTS), parameters(RCPT_PARAMETERS, BAD_RCPT_PARAMETERS))
        .prop_map(|(path, parameters)| Command::Rcpt(path, parameters))
        .boxed()
}

fn auth() -> BoxedStrategy<Command> {
    (mostly(MECHANISMS, BAD_MECHANISMS), prop::option::of(response()), prop::bool::weighted(0.05))
        .prop_map(|(mechanism, initial, third)| match initial {
            // Bare CR and LF are the line's to have.
            Some(Response::BareCr | Response::BareLf) => Command::Auth(mechanism, None, false),
            Some(initial) => Command::Auth(mechanism, Some(initial), third),
            None => Command::Auth(mechanism, None, false),
        })
        .boxed()
}

fn command() -> BoxedStrategy<Command> {
    prop_oneof![
        6 => hello(),
        5 => mail(),
        6 => rcpt(),
        4 => no_arguments().prop_map(Command::Data),
        5 => mostly(CHUNKS, BAD_CHUNKS).prop_map(Command::Bdat),
        3 => no_arguments().prop_map(Command::Rset),
        2 => select(TEXTS).prop_map(Command::Noop),
        1 => no_arguments().prop_map(Command::Quit),
        3 => select(WORDS).prop_map(Command::Vrfy),
        3 => select(WORDS).prop_map(Command::Expn),
        2 => select(TEXTS).prop_map(Command::Help),
        4 => auth(),
        2 => no_arguments().prop_map(Command::Starttls),
        2 => select(NODES).prop_map(Command::Etrn),
        2 => select(ATTRIBUTES).prop_map(Command::Xclient),
        2 => select(ATTRIBUTES).prop_map(Command::Xforward),
        1 => prop_oneof![
            Just(Command::Turn),
            select(&["nonsense", "", " NOOP", "NOOPE", "b\u{fc}", "MAI L", "NOOP\tx"][..]).prop_map(Command::Unknown),
            Just(Command::Http),
            Just(Command::ClientHello),
        ],
    ]
    .boxed()
}

fn spoilt() -> BoxedStrategy<Spoilt> {
    prop_oneof![
        150 => Just(Spoilt::No),
        1 => select(vec![Spoilt::Control, Spoilt::BareCr, Spoilt::BareLf]),
        1 => (500..540_usize).prop_map(Spoilt::Padded),
        1 => (500..2400_usize).prop_map(Spoilt::Padded),
    ]
    .boxed()
}

/// An act around a command.
fn act(command: impl Strategy<Value = Command> + 'static) -> BoxedStrategy<Act> {
    let line = (command, any::<u8>(), select(&["", "", "", " ", "\t", "  "][..]), spoilt())
        .prop_map(|(command, case, padding, spoilt)| Line { command, case, padding, spoilt });
    let pause = || prop_oneof![100 => Just(0_u32), 4 => 1..60_000_u32, 1 => 20_000..400_000_u32];
    let happening = prop_oneof![
        300 => Just(Happening::Nothing),
        1 => Just(Happening::Eof),
        1 => Just(Happening::Shutdown),
    ];
    let cuts = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec((any::<u8>(), pause()), 1..4)];
    (line, (pause(), happening), response(), message(), prop::bool::weighted(0.9), prop::bool::weighted(0.4), cuts)
        .prop_map(|(line, (before, happening), response, message, handshake, joined, mut cuts)| {
            cuts.sort_by_key(|cut| cut.0);
            Act { before, happening, line, response, message, handshake, joined, cuts }
        })
        .boxed()
}

/// A client that knows what it wants: commands in an order that leads somewhere, or any.
fn acts() -> BoxedStrategy<Vec<Act>> {
    let begin = || (act(mail()), act(rcpt()), prop::collection::vec(act(rcpt()), 0..3));
    let data = act(no_arguments().prop_map(Command::Data));
    let chunks = prop::collection::vec(act(mostly(CHUNKS, BAD_CHUNKS).prop_map(Command::Bdat)), 1..4);
    // The act behind DATA or BDAT is the message or chunk.
    let with_content = |content: Vec<Act>| content.into_iter().flat_map(|one| [one.clone(), one]).collect::<Vec<_>>();
    let by_data = (begin(), data)
        .prop_map(move |((mail, rcpt, more), data)| [vec![mail, rcpt], more, with_content(vec![data])].concat());
    let by_bdat = (begin(), chunks)
        .prop_map(move |((mail, rcpt, more), chunks)| [vec![mail, rcpt], more, with_content(chunks)].concat());
    let part = prop_oneof![
        8 => act(command()).prop_map(|act| vec![act]),
        4 => by_data,
        4 => by_bdat,
        4 => prop::collection::vec(act(auth()), 1..10),
        1 => (act(no_arguments().prop_map(Command::Starttls)), act(hello())).prop_map(|(one, other)| vec![one, other]),
    ];
    (act(hello()), prop::collection::vec(part, 1..8))
        .prop_map(|(first, parts)| {
            let mut acts = vec![first];
            acts.extend(parts.concat());
            acts
        })
        .boxed()
}

/// How it all begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prelude {
    /// The client waits for the greeting.
    Patient,
    /// The first act is there before the session.
    Early,
    /// The first act comes in the middle of the pause before the greeting.
    Hasty,
    Eof,
    Shutdown,
}

#[derive(Debug, Clone)]
pub struct Script {
    pub prelude: Prelude,
    pub acts: Vec<Act>,
    /// What the application decides, one after another; then it accepts.
    pub decisions: Vec<Decision>,
    /// How many octets are written at a time.
    pub write: usize,
}

/// `lmtp`: greetings are meant for LMTP as a rule, which has a verb of its own.
pub fn script(lmtp: bool) -> BoxedStrategy<Script> {
    let prelude = prop_oneof![
        50 => Just(Prelude::Patient),
        3 => Just(Prelude::Early),
        2 => Just(Prelude::Hasty),
        1 => Just(Prelude::Eof),
        1 => Just(Prelude::Shutdown),
    ];
    let decisions = prop_oneof![6 => prop::collection::vec(decision(), 0..40), 1 => stubborn()];
    (prelude, acts(), decisions, prop_oneof![Just(usize::MAX), 1..200_usize])
        .prop_map(move |(prelude, mut acts, decisions, write)| {
            for act in acts.iter_mut().filter(|_| lmtp) {
                act.line.command = match act.line.command {
                    Command::Ehlo(name) => Command::Lhlo(name),
                    Command::Lhlo(name) => Command::Ehlo(name),
                    ref other => other.clone(),
                };
            }
            Script { prelude, acts, decisions, write }
        })
        .boxed()
}
