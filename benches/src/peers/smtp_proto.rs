//! `smtp-proto`: parses requests and writes replies without a copy, unstuffs data and takes chunks into a `Vec`. It has no session:
//! here each request is answered as if it were in its place, and nothing is checked.

use std::slice::Chunks;

use smtp_proto::request::parser::Rfc5321Parser;
use smtp_proto::request::receiver::{BdatReceiver, DataReceiver, RequestReceiver};
use smtp_proto::{
    AUTH_LOGIN, AUTH_PLAIN, EXT_8BIT_MIME, EXT_AUTH, EXT_BINARY_MIME, EXT_CHUNKING, EXT_ENHANCED_STATUS_CODES,
    EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse, Error, MtPriority, Request, Response,
};

use super::{Content, Dialogue, HOSTNAME, Scratch, Unchecked};
use crate::PIECE;

const fn reply(code: u16, esc: [u8; 3], message: &'static str) -> Response<&'static str> {
    Response { code, esc, message }
}

static GREETING: Response<&str> = reply(220, [2, 0, 0], "mx.example.net Service ready");
static MAIL: Response<&str> = reply(250, [2, 1, 0], "Ok");
static RCPT: Response<&str> = reply(250, [2, 1, 5], "Ok");
static DATA: Response<&str> = reply(354, [2, 0, 0], "Start mail input; end with <CRLF>.<CRLF>");
static MESSAGE: Response<&str> = reply(250, [2, 6, 0], "Ok");
static OK: Response<&str> = reply(250, [2, 0, 0], "Ok");
static KNOWN: Response<&str> = reply(235, [2, 7, 0], "Authentication succeeded");
static BYE: Response<&str> = reply(221, [2, 0, 0], "mx.example.net Service closing transmission channel");
static UNKNOWN: Response<&str> = reply(500, [5, 5, 2], "Syntax error");

const CAPABILITIES: u32 = EXT_8BIT_MIME
    | EXT_BINARY_MIME
    | EXT_CHUNKING
    | EXT_ENHANCED_STATUS_CODES
    | EXT_PIPELINING
    | EXT_SIZE
    | EXT_SMTP_UTF8;

const fn hello(capabilities: u32) -> EhloResponse<&'static str> {
    EhloResponse {
        hostname: HOSTNAME,
        capabilities,
        auth_mechanisms: AUTH_PLAIN | AUTH_LOGIN,
        deliver_by: 0,
        future_release_interval: 0,
        future_release_datetime: 0,
        mt_priority: MtPriority::Mixer,
        no_soliciting: None,
        size: 1 << 30,
    }
}

static HELLO: EhloResponse<&str> = hello(CAPABILITIES);
static HELLO_AUTH: EhloResponse<&str> = hello(CAPABILITIES | EXT_AUTH);

/// Parses commands; how many.
pub fn parse(stream: &[u8], mut command: impl FnMut(&Request<std::borrow::Cow<'_, str>>)) -> usize {
    let mut octets = stream.iter();
    let mut commands = 0;
    while let Ok(request) = Request::parse(&mut octets) {
        command(&request);
        commands += 1;
    }
    commands
}

/// A whole session, without the checks that a session has.
pub fn session(
    input: &[u8],
    auth: bool,
    scratch: &mut Scratch,
    mut replies: impl FnMut(&[u8]),
    content: impl FnMut(&[u8]),
) {
    scratch.out.clear();
    // Writing into a `Vec` does not fail.
    let _ = GREETING.write(&mut scratch.out);
    answer(input, auth, scratch, content);
    replies(&scratch.out);
}

fn answer(input: &[u8], auth: bool, scratch: &mut Scratch, mut content: impl FnMut(&[u8])) {
    let Scratch { out, content: buffer, .. } = scratch;
    let mut octets = input.iter();
    let mut requests = RequestReceiver::default();
    loop {
        let reply = match requests.ingest(&mut octets) {
            Ok(Request::Ehlo { .. }) => {
                let _ = if auth { &HELLO_AUTH } else { &HELLO }.write(&mut *out);
                continue;
            }
            // It decodes no credentials.
            Ok(Request::Auth { mechanism: AUTH_PLAIN, .. }) if auth => &KNOWN,
            Ok(Request::Mail { .. }) => &MAIL,
            Ok(Request::Rcpt { .. }) => &RCPT,
            Ok(Request::Data) => {
                let _ = DATA.write(&mut *out);
                buffer.clear();
                let over = DataReceiver::new().ingest(&mut octets, buffer);
                content(buffer);
                if !over {
                    break;
                }
                &MESSAGE
            }
            Ok(Request::Rset | Request::Noop { .. }) => &OK,
            Ok(Request::Quit) => {
                let _ = BYE.write(&mut *out);
                break;
            }
            Err(Error::NeedsMoreData { .. }) => break,
            _ => &UNKNOWN,
        };
        let _ = reply.write(&mut *out);
    }
}

/// Answers as one that offers authentication.
pub fn greeted(replies: impl FnMut(&[u8])) -> impl Dialogue {
    Unchecked::new(|commands, scratch| answer(commands, true, scratch, |_| {}), replies)
}

/// Mail data after DATA.
pub struct Data<F> {
    receiver: DataReceiver,
    buffer: Vec<u8>,
    content: F,
}

impl<F: FnMut(&[u8])> Data<F> {
    /// In the body: at the start of the data a `DataReceiver` knows no dot.
    pub fn in_body(content: F) -> Self {
        let mut receiver = DataReceiver::new();
        let mut buffer = Vec::with_capacity(4 * PIECE);
        receiver.ingest(&mut b"Subject: a benchmark\r\n\r\n".iter(), &mut buffer);
        buffer.clear();
        Self { receiver, buffer, content }
    }
}

impl<F: FnMut(&[u8])> Content for Data<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        let mut over = false;
        for piece in pieces {
            over = self.receiver.ingest(&mut piece.iter(), &mut self.buffer);
            // It takes an octet back at the end, and so has to find it there.
            if self.buffer.len() >= PIECE
                && let Some(last) = self.buffer.pop()
            {
                (self.content)(&self.buffer);
                self.buffer.clear();
                self.buffer.push(last);
            }
        }
        if over {
            (self.content)(&self.buffer);
        }
        over
    }
}

/// Chunks after RCPT.
pub struct Chunked<F> {
    requests: RequestReceiver,
    chunk: Option<BdatReceiver>,
    buffer: Vec<u8>,
    content: F,
}

impl<F: FnMut(&[u8])> Chunked<F> {
    /// Where BDAT may come.
    pub fn before_chunks(content: F) -> Self {
        let buffer = Vec::with_capacity(PIECE);
        Self { requests: RequestReceiver::default(), chunk: None, buffer, content }
    }
}

impl<F: FnMut(&[u8])> Content for Chunked<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        let mut over = false;
        for piece in pieces {
            let mut octets = piece.iter();
            while !octets.as_slice().is_empty() {
                let Some(chunk) = &mut self.chunk else {
                    match self.requests.ingest(&mut octets) {
                        Ok(Request::Bdat { chunk_size, is_last }) => {
                            self.chunk = Some(BdatReceiver::new(chunk_size, is_last));
                        }
                        Err(Error::NeedsMoreData { .. }) => {}
                        _ => return false,
                    }
                    continue;
                };
                let whole = chunk.ingest(&mut octets, &mut self.buffer);
                (self.content)(&self.buffer);
                self.buffer.clear();
                if whole {
                    over = chunk.is_last;
                    self.chunk = None;
                }
            }
        }
        over
    }
}

/// How many octets the two parts of an address have; 0 where it is none. The address ends with `>`.
pub fn address(bracketed: &str) -> usize {
    let mut octets = bracketed.as_bytes().get(1..).unwrap_or_default().iter();
    match Rfc5321Parser::new(&mut octets).address() {
        Ok(Some(address)) => address.len() - 1,
        _ => 0,
    }
}
