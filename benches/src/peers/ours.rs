//! This project's core. It parses nothing but addresses outside a session, so that there is no "parsing alone".

use std::slice::Chunks;

use ehlo::{
    Config, EarlyTalk, Extensions, Instant, Mailbox, Mechanism, Peer, Phase, Request, Session, Step, Tolerance,
};

use super::{Content, Dialogue, HOSTNAME};
use crate::sasl;

/// A session of the usual size, on a configuration that can be a `static`.
pub type Usual = Session<'static, 1024, 1024>;

/// A server that takes input however early it comes, so that a whole session can be handed over at once.
pub static CONFIG: Config<'static> = Config::new(HOSTNAME)
    .extensions(Extensions::TRANSPORT)
    .early_talk(EarlyTalk::Allow)
    .early_pipelining(Tolerance::Allow)
    .message_size(1 << 30);

/// One that offers authentication too.
pub static WITH_AUTH: Config<'static> =
    CONFIG.mechanisms(&[Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256]).plaintext_auth(true);

/// A session that has not been greeted.
pub fn connected(auth: bool) -> Usual {
    if auth { Usual::new(&WITH_AUTH, Peer::PLAIN.nonce(sasl::NONCE)) } else { Usual::new(&CONFIG, Peer::PLAIN) }
}

/// A whole session.
pub fn session(input: &[u8], auth: bool, mut replies: impl FnMut(&[u8]), mut content: impl FnMut(&[u8])) {
    drive(&mut connected(auth), input, &mut replies, &mut content);
}

/// A session with authentication that goes on.
#[derive(Debug)]
pub struct Greeted<R> {
    session: Usual,
    replies: R,
}

impl<R: FnMut(&[u8])> Greeted<R> {
    /// Greeted, and answered `before`.
    pub fn after(before: &[u8], replies: R) -> Self {
        let mut session = connected(true);
        drive(&mut session, before, &mut |_| {}, &mut |_| {});
        Self { session, replies }
    }
}

impl<R: FnMut(&[u8])> Dialogue for Greeted<R> {
    fn go_on(&mut self, commands: &[u8]) {
        drive(&mut self.session, commands, &mut self.replies, &mut |_| {});
    }
}

/// Does what the session says until it wants more than `input`, or is over. Everyone is let do everything that a right password
/// allows.
pub fn drive(session: &mut Usual, mut input: &[u8], replies: &mut impl FnMut(&[u8]), content: &mut impl FnMut(&[u8])) {
    loop {
        match session.advance(Instant::from_millis(0), &mut input) {
            Step::Send => {
                replies(session.output());
                session.consume_output(usize::MAX);
            }
            Step::Request => match session.request() {
                Some(Request::Connect(ask)) => ask.answer.accept(),
                Some(Request::Hello(ask)) => ask.answer.accept(),
                Some(Request::Auth(ask)) => sasl::answer(ask),
                Some(Request::Mail(ask)) => ask.answer.accept(),
                Some(Request::Rcpt(ask)) => ask.answer.accept(),
                Some(Request::Data(ask)) => ask.answer.accept(),
                Some(Request::Message(ask)) => ask.answer.accept(),
                _ => panic!("a request that no benchmark makes"),
            },
            Step::Content(octets) => content(octets),
            Step::Aborted(_) => {}
            Step::Recv { .. } | Step::Closed => return,
            Step::StartTls => panic!("a handshake that no benchmark asks for"),
        }
    }
}

/// A session that stands in mail data, or is through with them.
#[derive(Debug)]
pub struct Data<F> {
    session: Usual,
    content: F,
}

impl<F: FnMut(&[u8])> Data<F> {
    /// In the header section, where `Received` fields are counted.
    pub fn in_header(content: F) -> Self {
        Self::after("DATA\r\n", content)
    }

    /// In the body.
    pub fn in_body(content: F) -> Self {
        Self::after("DATA\r\nSubject: a benchmark\r\n\r\n", content)
    }

    /// Where BDAT may come.
    pub fn before_chunks(content: F) -> Self {
        Self::after("", content)
    }

    fn after(command: &str, content: F) -> Self {
        let mut session = connected(false);
        let before = format!("EHLO a.b\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.e>\r\n{command}");
        drive(&mut session, before.as_bytes(), &mut |_| {}, &mut |_| {});
        Self { session, content }
    }

    /// The session itself.
    pub fn session(&self) -> &Usual {
        &self.session
    }
}

impl<F: FnMut(&[u8])> Content for Data<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        for piece in pieces {
            let mut input = piece;
            loop {
                match self.session.advance(Instant::from_millis(0), &mut input) {
                    Step::Content(octets) => (self.content)(octets),
                    // More is read, or the message is refused.
                    Step::Recv { .. } | Step::Closed => break,
                    // The end has been found: what is made of the message is another matter.
                    Step::Request if matches!(self.session.phase(), Phase::Data | Phase::Chunk) => return true,
                    Step::Request => match self.session.request() {
                        Some(Request::Data(ask)) => ask.answer.accept(),
                        _ => panic!("a request that no message makes"),
                    },
                    Step::Send => self.session.consume_output(usize::MAX),
                    Step::Aborted(_) => {}
                    Step::StartTls => panic!("a handshake that no benchmark asks for"),
                }
            }
        }
        self.session.phase() == Phase::Closed
    }
}

/// How many octets the two parts of an address have; 0 where it is none.
pub fn address(address: &str) -> usize {
    Mailbox::parse(address).map_or(0, |mailbox| mailbox.local_part().len() + mailbox.domain_str().len())
}
