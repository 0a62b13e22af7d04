//! A client, a clock and an application for a session: octets go in by any cuts, and what comes out is recorded.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use ehlo::{Abort, Config, Credentials, Instant, Millis, Peer, Phase, Request, Session, Step};

/// An application: it answers what it is asked.
pub type Application<'a> = Box<dyn FnMut(Request<'_>) + 'a>;

/// A session with everything around it.
pub struct Client<'c, const LINE: usize = 1024, const OUT: usize = 1024> {
    pub session: Session<'c, LINE, OUT>,
    application: Application<'c>,
    /// What time it is, in milliseconds.
    pub now: u64,
    /// How many octets are written at a time.
    pub write: usize,
    /// All that the session said.
    pub said: Vec<u8>,
    /// All that was asked of the application, a line each.
    pub asked: Vec<String>,
    /// Content since the last message was asked about or aborted.
    pub content: Vec<u8>,
    /// The content of the messages that the application was asked about.
    pub messages: Vec<Vec<u8>>,
    pub aborts: Vec<Abort>,
    /// The deadline of the last `Recv`.
    pub deadline: Option<Instant>,
    pub closed: bool,
    /// A handshake is due.
    pub starts_tls: bool,
    /// Steps so far.
    pub steps: usize,
    /// The application left its decision pending.
    pub deferred: bool,
    /// Ask again at once where it did so.
    pub polls: bool,
    /// Transactions that were opened.
    pub begun: usize,
}

impl<'c, const LINE: usize, const OUT: usize> Client<'c, LINE, OUT> {
    pub fn new(config: &'c Config<'c>, peer: Peer, application: impl FnMut(Request<'_>) + 'c) -> Self {
        Self {
            session: Session::new(config, peer),
            application: Box::new(application),
            now: 1_000_000,
            write: usize::MAX,
            said: Vec::new(),
            asked: Vec::new(),
            content: Vec::new(),
            messages: Vec::new(),
            aborts: Vec::new(),
            deadline: None,
            closed: false,
            starts_tls: false,
            steps: 0,
            deferred: false,
            polls: false,
            begun: 0,
        }
    }

    /// Gives the session `input`, and goes on until it wants more, or a handshake, or is closed, or its decision was deferred.
    pub fn feed(&mut self, mut input: &[u8]) -> String {
        let before = self.said.len();
        // Each octet leads to some few steps, and each step does something: more would be a loop without progress.
        let bound = self.steps + (64 + 8 * input.len()) * if self.write == usize::MAX { 1 } else { 512 };
        loop {
            self.steps += 1;
            assert!(self.steps <= bound, "the session does not come to an end");
            let given = input;
            match self.session.advance(Instant::from_millis(self.now), &mut input) {
                Step::Recv { deadline } => {
                    assert!(input.is_empty(), "input is left at Recv");
                    assert!(self.session.output().is_empty(), "output is left at Recv");
                    self.deadline = Some(deadline);
                    // A pause of no length before the greeting passes at once.
                    if self.session.phase() != Phase::Connect || deadline > Instant::from_millis(self.now) {
                        break;
                    }
                }
                Step::Send => {
                    let output = self.session.output();
                    assert!(!output.is_empty(), "there is nothing to send");
                    let n = output.len().min(self.write);
                    self.said.extend(&output[..n]);
                    self.session.consume_output(n);
                }
                Step::Request => {
                    self.request();
                    if self.deferred && !self.polls {
                        break;
                    }
                }
                Step::Content(octets) => {
                    assert!(!octets.is_empty());
                    assert!(octets == b"\r\n" || given.as_ptr_range().contains(&octets.as_ptr()), "content was copied");
                    self.content.extend(octets);
                }
                Step::Aborted(abort) => {
                    self.content.clear();
                    self.aborts.push(abort);
                }
                Step::StartTls => {
                    self.starts_tls = true;
                    break;
                }
                Step::Closed => {
                    assert!(self.session.output().is_empty(), "output is left at Closed");
                    self.closed = true;
                    break;
                }
            }
        }
        String::from_utf8(self.said[before..].to_vec()).expect("replies are text")
    }

    fn request(&mut self) {
        let (replies, phase) = (self.session.output().len(), self.session.phase());
        let Some(request) = self.session.request() else { panic!("there is no request") };
        // What was deferred is asked again, and recorded once.
        if !self.deferred {
            self.asked.push(describe(&request));
            // In LMTP the further recipients are asked about the same message.
            if let Request::Message(message) = &request
                && message.recipient.unwrap_or(0) == 0
            {
                assert_eq!(message.size, self.content.len() as u64, "the size is not that of the content");
                self.messages.push(std::mem::take(&mut self.content));
            }
        }
        (self.application)(request);
        // Every answer says something, or moves the session on.
        self.deferred = self.session.output().len() == replies && self.session.phase() == phase;
        self.begun += usize::from(self.session.phase() == Phase::Mail && phase != Phase::Mail);
    }

    /// Gives input cut into pieces of these lengths, and what is left in one piece.
    pub fn feed_cut(&mut self, mut input: &[u8], cuts: impl IntoIterator<Item = usize>) {
        for cut in cuts {
            if self.closed || self.starts_tls || input.is_empty() {
                return;
            }
            let (piece, rest) = input.split_at(cut.clamp(1, input.len()));
            self.feed(piece);
            input = rest;
        }
        if !self.closed && !self.starts_tls {
            self.feed(input);
        }
    }

    /// Connects; the greeting.
    pub fn connect(&mut self) -> String {
        self.feed(b"")
    }

    /// Says one line or several, CRLF added at the end; the codes of the replies, with a space between them.
    pub fn say(&mut self, text: &str) -> String {
        let replies = self.feed(format!("{text}\r\n").as_bytes());
        codes(&replies)
    }

    /// Says lines one after another, each after the reply to the one before.
    pub fn chat(&mut self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.say(line)).collect::<Vec<_>>().join(" ")
    }

    /// Opens a transaction with one recipient, after a greeting.
    pub fn begin(&mut self) {
        self.connect();
        assert_eq!(self.chat(&["EHLO client.example", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"]), "250 250 250");
    }

    /// Lets time pass, and the session notice it.
    pub fn pass(&mut self, time: Millis) -> String {
        self.now += u64::from(time.as_millis());
        self.feed(b"")
    }

    pub fn eof(&mut self) -> String {
        self.session.eof();
        self.feed(b"")
    }

    pub fn shutdown(&mut self) -> String {
        self.session.shutdown();
        self.feed(b"")
    }

    pub fn tls_started(&mut self) {
        self.session.tls_started(ehlo::Tls::default()).expect("a handshake is due");
        self.starts_tls = false;
        self.feed(b"");
    }
}

/// A client on a plain connection whose every wish is granted.
pub fn welcome<'c>(config: &'c Config<'c>) -> Client<'c> {
    Client::new(config, Peer::PLAIN, accept)
}

/// Says yes to everything.
pub fn accept(request: Request<'_>) {
    match request {
        Request::Connect(request) => request.answer.accept(),
        Request::Hello(request) => request.answer.accept(),
        Request::Auth(request) => request.answer.accept(),
        Request::Mail(request) => request.answer.accept(),
        Request::Rcpt(request) => request.answer.accept(),
        Request::Data(request) => request.answer.accept(),
        Request::Message(request) => request.answer.accept(),
        #[cfg(feature = "extensions")]
        Request::Verify(request) => request.answer.accept(request.command.what),
        #[cfg(feature = "extensions")]
        Request::Expand(request) => request.answer.accept(["<a@b>", "<c@d>"].into_iter()),
        #[cfg(feature = "extensions")]
        Request::Help(request) => request.answer.accept(),
        #[cfg(feature = "extensions")]
        Request::Etrn(request) => request.answer.accept(),
        #[cfg(feature = "extensions")]
        Request::Xclient(request) => request.answer.accept(),
        #[cfg(feature = "extensions")]
        Request::Xforward(request) => request.answer.accept(),
        other => panic!("a new request: {other:?}"),
    }
}

/// Refuses with this reply.
pub fn refuse(request: Request<'_>, reply: &ehlo::Reply<'_>) {
    match request {
        Request::Connect(request) => request.answer.refuse(reply),
        Request::Hello(request) => request.answer.refuse(reply),
        Request::Auth(request) => request.answer.refuse(reply),
        Request::Mail(request) => request.answer.refuse(reply),
        Request::Rcpt(request) => request.answer.refuse(reply),
        Request::Data(request) => request.answer.refuse(reply),
        Request::Message(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Verify(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Expand(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Help(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Etrn(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Xclient(request) => request.answer.refuse(reply),
        #[cfg(feature = "extensions")]
        Request::Xforward(request) => request.answer.refuse(reply),
        other => panic!("a new request: {other:?}"),
    }
}

/// Leaves it for later.
pub fn defer(request: Request<'_>) {
    match request {
        Request::Connect(request) => request.answer.defer(),
        Request::Hello(request) => request.answer.defer(),
        Request::Auth(request) => request.answer.defer(),
        Request::Mail(request) => request.answer.defer(),
        Request::Rcpt(request) => request.answer.defer(),
        Request::Data(request) => request.answer.defer(),
        Request::Message(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Verify(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Expand(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Help(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Etrn(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Xclient(request) => request.answer.defer(),
        #[cfg(feature = "extensions")]
        Request::Xforward(request) => request.answer.defer(),
        other => panic!("a new request: {other:?}"),
    }
}

/// A request in a line.
pub fn describe(request: &Request<'_>) -> String {
    match request {
        Request::Connect(_) => "connect".into(),
        Request::Hello(request) => format!("hello {}", request.command.name),
        Request::Auth(request) => match request.credentials {
            Credentials::Password { authorization, user, password, .. } => {
                format!("auth {authorization}/{user}/{}", String::from_utf8_lossy(password.expose()))
            }
            // Their secrets are not for texts.
            other => format!("auth {}", other.mechanism()),
        },
        Request::Mail(request) => format!("mail {}", request.command.reverse_path.as_str()),
        Request::Rcpt(request) => format!("rcpt {}", request.command.forward_path.as_str()),
        Request::Data(_) => "data".into(),
        Request::Message(request) => format!("message {}", request.size),
        #[cfg(feature = "extensions")]
        Request::Verify(request) => format!("verify {}", request.command.what),
        #[cfg(feature = "extensions")]
        Request::Expand(request) => format!("expand {}", request.command.what),
        #[cfg(feature = "extensions")]
        Request::Help(request) => format!("help {}", request.topic),
        #[cfg(feature = "extensions")]
        Request::Etrn(request) => format!("etrn {}", request.command.node),
        #[cfg(feature = "extensions")]
        Request::Xclient(request) => {
            format!("xclient {:?}", request.command.iter().map(|one| one.name).collect::<Vec<_>>())
        }
        #[cfg(feature = "extensions")]
        Request::Xforward(request) => {
            format!("xforward {:?}", request.command.iter().map(|one| one.name).collect::<Vec<_>>())
        }
        other => panic!("a new request: {other:?}"),
    }
}

/// One reply: its code and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub code: u16,
    pub lines: Vec<String>,
}

/// Reads replies, and holds each line against RFC 5321 4.2: a code, a separator, printable text, CRLF, at most 512 octets, one code
/// in all lines of a reply; and against RFC 2034: an enhanced status code of the code's class, where there is one.
pub fn answers(said: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let text = std::str::from_utf8(said).expect("replies are text");
    assert!(text.is_empty() || text.ends_with("\r\n"), "cut off: {text:?}");
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 510, "too long: {line:?}");
        assert!(!line.chars().any(char::is_control), "not printable: {line:?}");
        let (code, rest) = line.split_at_checked(3).unwrap_or_else(|| panic!("no code: {line:?}"));
        assert!((200..600).contains(&code.parse::<u16>().expect("a code")), "no code: {line:?}");
        assert!(lines.first().is_none_or(|first| first[..3] == *code), "another code: {line:?}");
        if let Some(enhanced) = rest.get(1..).and_then(|text| text.split(' ').next())
            && enhanced.split('.').count() == 3
            && enhanced.split('.').all(|part| part.parse::<u16>().is_ok())
        {
            assert_eq!(enhanced[..1], code[..1], "another class: {line:?}");
        }
        lines.push(line.to_owned());
        match rest.bytes().next() {
            Some(b'-') => {}
            Some(b' ') => {
                let code = code.parse().expect("a code");
                answers.push(Answer { code, lines: std::mem::take(&mut lines) });
            }
            _ => panic!("no separator: {line:?}"),
        }
    }
    assert!(lines.is_empty(), "not ended: {lines:?}");
    answers
}

/// The codes of replies, with a space between them.
pub fn codes(said: &str) -> String {
    answers(said.as_bytes()).iter().map(|answer| answer.code.to_string()).collect::<Vec<_>>().join(" ")
}

/// The session as one would explain it to somebody who has only the octets of both sides: each line has one reply, and so have
/// mail data. Panics where the replies are others. The mail data that came to their end, as they were sent.
pub fn mail_data(flights: &[Vec<u8>], said: &[u8], closed: bool) -> Vec<Vec<u8>> {
    let sent = flights.concat();
    let mut rest = &sent[..];
    let mut data = Vec::new();
    let mut replies = answers(said).into_iter();
    assert!(replies.next().is_some(), "there is no greeting");
    while let Some((line, after)) = next_line(rest) {
        let Some(reply) = replies.next() else {
            let unended = chunk(line).is_some_and(|octets| after.len() < octets);
            assert!(closed || unended, "no reply to {}", line.escape_ascii());
            return data;
        };
        rest = after;
        // White space at the end of a command means nothing.
        let line = line.trim_ascii_end();
        if line.eq_ignore_ascii_case(b"DATA") && reply.code == 354 {
            let end = (0..rest.len()).find(|at| {
                let behind_crlf = *at == 0 || rest[..*at].ends_with(b"\r\n");
                behind_crlf && rest[*at..].starts_with(b".\r\n")
            });
            let Some(end) = end else { break };
            let Some(reply) = replies.next() else { panic!("no reply to a message") };
            assert!(matches!(reply.code, 250 | 421 | 450 | 451 | 550 | 552 | 554), "{reply:?}");
            data.push(rest[..end].to_vec());
            rest = &rest[end + 3..];
        }
        if let Some(octets) = chunk(line)
            && !matches!(reply.code, 500..=502)
        {
            // Refused or not, the chunk is no command.
            let Some(after) = rest.get(octets..) else { break };
            rest = after;
        }
        if line.eq_ignore_ascii_case(b"STARTTLS") && reply.code == 220 {
            // What is left of this flight is not read.
            let left = (0..flights.len()).map(|at| flights[at..].concat().len()).find(|left| *left <= rest.len());
            rest = &rest[rest.len() - left.unwrap_or(0)..];
        }
    }
    assert_eq!(replies.next(), None, "a reply to no line");
    data
}

/// The octets that a BDAT brings.
fn chunk(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches([' ', '\t']).to_ascii_uppercase();
    let size = line.strip_prefix("BDAT ")?;
    let size = size.strip_suffix(" LAST").unwrap_or(size);
    // The largest number of 64 bits stands for all that are larger: it is no size.
    size.parse().ok().filter(|octets| *octets != usize::MAX)
}

/// The next line that is answered, and what lies behind it. A line with a bare CR is answered though it is not whole, and so is
/// a TLS record.
fn next_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    if let [0x16, after @ ..] = octets {
        return Some((b"a TLS record", after));
    }
    let end = octets.iter().position(|octet| matches!(octet, b'\r' | b'\n'))?;
    match &octets[end..] {
        [b'\r', b'\n', after @ ..] => Some((&octets[..end], after)),
        [b'\r'] => None,
        [b'\n', after @ ..] => Some((b"a bare LF", after)),
        rest => {
            let skipped = &rest[1..];
            let over = (0..skipped.len()).find_map(|at| match &skipped[at..] {
                [b'\r', b'\n', after @ ..] => Some(after),
                // It is answered for its own sake.
                [b'\n', ..] => Some(&skipped[at..]),
                _ => None,
            });
            Some((b"a bare CR", over.unwrap_or_default()))
        }
    }
}

/// What mail data mean, where no bare CR or LF is in them: the dots at the start of lines are taken off.
pub fn unstuffed(data: &[u8]) -> Option<Vec<u8>> {
    let text = data.strip_suffix(b"\r\n").unwrap_or(data);
    let lines: Vec<&[u8]> = text.split(|octet| *octet == b'\n').collect();
    let (last, others) = lines.split_last()?;
    let mut content = Vec::new();
    for line in others.iter().map(|line| line.strip_suffix(b"\r")).chain([Some(*last)]) {
        let line = line.filter(|line| !line.contains(&b'\r'))?;
        content.extend(line.strip_prefix(b".").unwrap_or(line));
        content.extend(b"\r\n");
    }
    Some(if data.is_empty() { Vec::new() } else { content })
}

pub fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let sextet = (bits >> (18 - 6 * at)) & 63;
            text.push(if at > chunk.len() { '=' } else { char::from(ALPHABET[sextet as usize]) });
        }
    }
    text
}

/// The response of PLAIN (RFC 4616), in base64.
pub fn plain(authorization: &str, user: &str, password: &str) -> String {
    base64(format!("{authorization}\0{user}\0{password}").as_bytes())
}
