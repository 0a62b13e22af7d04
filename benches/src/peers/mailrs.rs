//! `mailrs-smtp-proto` with `mailrs-smtp-codec`: the codec cuts lines and messages out of a buffer, the other parses, keeps the session
//! and unstuffs. A message is handed over when it is there as a whole, after a search from its start for each piece; it knows no BDAT.

use std::slice::Chunks;
use std::str;

use mailrs_smtp_codec::{SmtpCodec, SmtpInput, SmuggleProtection};
use mailrs_smtp_proto::{
    AuthStep, Command, Event, Response, Session, SessionConfig, format_ehlo_response, parse_command, unstuff_data,
};
use tokio_util::codec::Decoder;

use super::{Content, Dialogue, HOSTNAME, Scratch, lines};
use crate::sasl;

/// Parses commands; how many. Lines are cut without the codec, which would make a `String` of each.
pub fn parse(stream: &[u8], mut command: impl FnMut(&Command<'_>)) -> usize {
    let mut commands = 0;
    for line in lines(stream) {
        let line = line.strip_suffix(b"\r\n").and_then(|line| str::from_utf8(line).ok());
        let Some(Ok(parsed)) = line.map(parse_command) else { break };
        command(&parsed);
        commands += 1;
    }
    commands
}

/// The codec that spends least on line endings.
fn codec() -> SmtpCodec {
    SmtpCodec::new().with_smuggle_protection(SmuggleProtection::Off)
}

/// A whole session.
pub fn session(
    input: &[u8],
    auth: bool,
    scratch: &mut Scratch,
    mut replies: impl FnMut(&[u8]),
    content: impl FnMut(&[u8]),
) {
    scratch.out.clear();
    scratch.out.extend_from_slice(Response::greeting(HOSTNAME).format_greeting().as_bytes());
    scratch.input.clear();
    answer(&mut connected(auth), &mut codec(), input, scratch, content);
    replies(&scratch.out);
}

fn connected(auth: bool) -> Session {
    let config = SessionConfig { require_tls_for_auth: !auth, max_size: 1 << 30, ..SessionConfig::default() };
    Session::new(HOSTNAME, config)
}

fn answer(
    session: &mut Session,
    codec: &mut SmtpCodec,
    input: &[u8],
    scratch: &mut Scratch,
    mut content: impl FnMut(&[u8]),
) {
    let Scratch { out, input: buffer, .. } = scratch;
    // In place of the read.
    buffer.extend_from_slice(input);
    let mut say = |reply: &str| out.extend_from_slice(reply.as_bytes());
    let mut challenged: Option<AuthStep> = None;
    while let Ok(Some(input)) = codec.decode(buffer) {
        let line = match input {
            SmtpInput::Command(line) => line,
            SmtpInput::Data(data) => {
                content(&unstuff_data(&data));
                say(&Response::data_ok().format());
                continue;
            }
            SmtpInput::DataRejected => return,
        };
        let event = if let Some(step) = challenged.take() {
            session.handle_auth_response(&line, &step)
        } else {
            let Ok(command) = parse_command(&line) else {
                say(&Response::syntax_error().format());
                continue;
            };
            let event = session.handle_command(&command);
            if matches!(command, Command::Ehlo(_)) {
                say(&format_ehlo_response(HOSTNAME, &session.capabilities()));
                continue;
            }
            event
        };
        match event {
            Event::Reply(response) | Event::StartTls(response) => say(&response.format()),
            Event::NeedData { .. } => {
                say(&Response::data_start().format());
                codec.enter_data_mode();
            }
            Event::NeedAuth { username, password } => {
                if sasl::is_right(username.as_bytes(), password.as_bytes()) {
                    session.set_authenticated(username);
                    say(&Response::auth_ok().format());
                } else {
                    say(&Response::auth_failed().format());
                }
            }
            Event::AuthChallenge { response, step } => {
                say(&response.format());
                challenged = Some(step);
            }
            Event::Shutdown(response) => {
                say(&response.format());
                break;
            }
        }
    }
}

/// A session with authentication that goes on.
pub struct Greeted<R> {
    session: Session,
    codec: SmtpCodec,
    scratch: Scratch,
    replies: R,
}

impl<R: FnMut(&[u8])> Greeted<R> {
    /// Greeted, and answered `before`.
    pub fn after(before: &[u8], replies: R) -> Self {
        let mut scratch = Scratch { out: Vec::with_capacity(1024), ..Scratch::default() };
        let (mut session, mut codec) = (connected(true), codec());
        answer(&mut session, &mut codec, before, &mut scratch, |_| {});
        Self { session, codec, scratch, replies }
    }
}

impl<R: FnMut(&[u8])> Dialogue for Greeted<R> {
    fn go_on(&mut self, commands: &[u8]) {
        self.scratch.out.clear();
        answer(&mut self.session, &mut self.codec, commands, &mut self.scratch, |_| {});
        (self.replies)(&self.scratch.out);
    }
}

/// Mail data after DATA.
pub struct Data<F> {
    codec: SmtpCodec,
    buffer: bytes::BytesMut,
    content: F,
}

impl<F: FnMut(&[u8])> Data<F> {
    /// Behind DATA, with room for a message of `size`.
    pub fn in_body(size: usize, content: F) -> Self {
        let mut codec = codec();
        codec.enter_data_mode();
        Self { codec, buffer: bytes::BytesMut::with_capacity(size), content }
    }
}

impl<F: FnMut(&[u8])> Content for Data<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        let mut over = false;
        for piece in pieces {
            // In place of the read.
            self.buffer.extend_from_slice(piece);
            if let Ok(Some(SmtpInput::Data(data))) = self.codec.decode(&mut self.buffer) {
                (self.content)(&unstuff_data(&data));
                over = true;
            }
        }
        over
    }
}

/// How many octets the two parts of an address have; 0 where it is none. It looks for the at sign only.
pub fn address(address: &str) -> usize {
    mailrs_smtp_proto::address::split_address(address).map_or(0, |(local, domain)| local.len() + domain.len())
}
