//! `smtp-message`: parses commands and writes replies without a copy; data are read from an `AsyncRead` and unstuffed in place. It has no
//! session: here each command is answered as if it were in its place, and nothing is checked. It knows neither AUTH nor BDAT.

use std::io;
use std::pin::{Pin, pin};
use std::slice::Chunks;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use futures_io::AsyncRead;
use smtp_message::{Command, DataUnescaper, Email, EnhancedReplyCode, EscapedDataReader, MaybeUtf8, Reply, ReplyCode};

use super::{Content, Dialogue, HOSTNAME, Scratch, Unchecked};
use crate::PIECE;

type Said = Reply<&'static str>;

struct Replies {
    greeting: Said,
    hello: Said,
    mail: Said,
    rcpt: Said,
    data: Said,
    message: Said,
    ok: Said,
    bye: Said,
}

/// Made once, since each is a `Vec` of lines.
static REPLIES: LazyLock<Replies> = LazyLock::new(|| {
    let reply = |code, ecode, lines: &[&'static str]| Reply {
        code,
        ecode,
        text: lines.iter().map(|line| MaybeUtf8::Ascii(*line)).collect(),
    };
    Replies {
        greeting: reply(ReplyCode::SERVICE_READY, None, &["mx.example.net Service ready"]),
        hello: reply(
            ReplyCode::OKAY,
            None,
            &[
                HOSTNAME,
                "SIZE 1073741824",
                "PIPELINING",
                "8BITMIME",
                "SMTPUTF8",
                "ENHANCEDSTATUSCODES",
                "CHUNKING",
                "BINARYMIME",
            ],
        ),
        mail: reply(ReplyCode::OKAY, Some(EnhancedReplyCode::SUCCESS_ADDRESS_OTHER), &["Ok"]),
        rcpt: reply(ReplyCode::OKAY, Some(EnhancedReplyCode::SUCCESS_DEST_VALID), &["Ok"]),
        data: reply(ReplyCode::START_MAIL_INPUT, None, &["Start mail input; end with <CRLF>.<CRLF>"]),
        message: reply(ReplyCode::OKAY, Some(EnhancedReplyCode::SUCCESS_UNDEFINED), &["Ok"]),
        ok: reply(ReplyCode::OKAY, Some(EnhancedReplyCode::SUCCESS_UNDEFINED), &["Ok"]),
        bye: reply(
            ReplyCode::CLOSING_CHANNEL,
            Some(EnhancedReplyCode::SUCCESS_UNDEFINED),
            &["mx.example.net Service closing transmission channel"],
        ),
    }
});

fn say(out: &mut Vec<u8>, reply: &Said) {
    for slice in reply.as_io_slices() {
        out.extend_from_slice(&slice);
    }
}

/// Parses commands; how many.
pub fn parse(stream: &[u8], mut command: impl FnMut(&Command<&str>)) -> usize {
    let mut rest = stream;
    let mut commands = 0;
    while let Ok((behind, parsed)) = Command::<&str>::parse(rest) {
        command(&parsed);
        rest = behind;
        commands += 1;
    }
    commands
}

/// A whole session, without the checks that a session has.
pub fn session(input: &[u8], scratch: &mut Scratch, mut replies: impl FnMut(&[u8]), content: impl FnMut(&[u8])) {
    scratch.out.clear();
    say(&mut scratch.out, &REPLIES.greeting);
    answer(input, scratch, content);
    replies(&scratch.out);
}

fn answer(input: &[u8], scratch: &mut Scratch, mut content: impl FnMut(&[u8])) {
    let Scratch { out, content: buffer, .. } = scratch;
    let mut rest = input;
    while let Ok((behind, parsed)) = Command::<&str>::parse(rest) {
        rest = behind;
        let reply = match parsed {
            Command::Ehlo { .. } => &REPLIES.hello,
            Command::Mail { .. } => &REPLIES.mail,
            Command::Rcpt { .. } => &REPLIES.rcpt,
            Command::Data => {
                say(out, &REPLIES.data);
                match message(rest.chunks(PIECE), buffer, &mut content) {
                    Some(behind) => rest = &rest[rest.len() - behind..],
                    None => break,
                }
                &REPLIES.message
            }
            Command::Quit => &REPLIES.bye,
            _ => &REPLIES.ok,
        };
        say(out, reply);
    }
}

/// Answers commands.
pub fn greeted(replies: impl FnMut(&[u8])) -> impl Dialogue {
    Unchecked::new(|commands, scratch| answer(commands, scratch, |_| {}), replies)
}

/// Gives the pieces, one at a read, and how many octets are left.
struct Feed<'p> {
    pieces: Chunks<'p, u8>,
    piece: &'p [u8],
}

impl AsyncRead for Feed<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.piece.is_empty() {
            self.piece = self.pieces.next().unwrap_or_default();
        }
        let (now, later) = self.piece.split_at(buffer.len().min(self.piece.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.piece = later;
        Poll::Ready(Ok(now.len()))
    }
}

/// Reads the data of one message; how many octets of the last piece are left, if it is over.
fn message(pieces: Chunks<'_, u8>, buffer: &mut Vec<u8>, content: &mut impl FnMut(&[u8])) -> Option<usize> {
    // At most four octets wait for more.
    buffer.resize(PIECE + 4, 0);
    let mut behind = [0; 1024];
    let mut reader = pin!(EscapedDataReader::new(&mut behind, 0..0, Feed { pieces, piece: &[] }));
    let mut unescaper = DataUnescaper::new(true);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = 0;
    while !reader.is_finished() {
        let Poll::Ready(Ok(read)) = reader.as_mut().poll_read(&mut context, &mut buffer[waiting..]) else {
            return None;
        };
        let result = unescaper.unescape(&mut buffer[..waiting + read]);
        content(&buffer[..result.written]);
        buffer.copy_within(result.unhandled_idx..waiting + read, 0);
        waiting = waiting + read - result.unhandled_idx;
    }
    reader.as_mut().complete();
    reader.get_unhandled().map(|range| range.len())
}

/// Mail data after DATA.
pub struct Data<F> {
    buffer: Vec<u8>,
    content: F,
}

impl<F: FnMut(&[u8])> Data<F> {
    /// Behind DATA.
    pub fn in_body(content: F) -> Self {
        Self { buffer: vec![0; PIECE + 4], content }
    }
}

impl<F: FnMut(&[u8])> Content for Data<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        message(pieces, &mut self.buffer, &mut self.content).is_some()
    }
}

/// How many octets the two parts of an address have; 0 where it is none. It wants the address in angle brackets.
pub fn address(bracketed: &str) -> usize {
    match Email::<&str>::parse_bracketed(bracketed.as_bytes()) {
        Ok(Email { localpart, hostname: Some(hostname) }) => localpart.raw().len() + hostname.raw().len(),
        _ => 0,
    }
}
