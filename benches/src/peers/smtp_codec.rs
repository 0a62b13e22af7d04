//! `smtp-codec`: parses commands into `String`s, and writes replies. It has no session and nothing for mail data, so that there are no whole
//! sessions.

use std::sync::LazyLock;

use smtp_codec::parse::command;
use smtp_codec::types::{AuthMechanism, Capability, Command, Response};

use super::{Dialogue, HOSTNAME, Unchecked};

struct Replies {
    hello: Response,
    known: Response,
    data: Response,
    ok: Response,
    bye: Response,
}

/// Made once, since each is a `String`.
static REPLIES: LazyLock<Replies> = LazyLock::new(|| Replies {
    hello: Response::ehlo(
        HOSTNAME,
        None::<String>,
        vec![
            Capability::Size(1 << 30),
            Capability::Pipelining,
            Capability::EightBitMIME,
            Capability::SMTPUTF8,
            Capability::EnhancedStatusCodes,
            Capability::Chunking,
            Capability::BinaryMIME,
            Capability::Auth(vec![AuthMechanism::Plain, AuthMechanism::Login]),
        ],
    ),
    known: Response::other(235, "2.7.0 Authentication succeeded"),
    data: Response::other(354, "Start mail input; end with <CRLF>.<CRLF>"),
    ok: Response::other(250, "2.0.0 Ok"),
    bye: Response::other(221, "2.0.0 mx.example.net Service closing transmission channel"),
});

/// Parses commands; how many.
pub fn parse(stream: &[u8], mut command: impl FnMut(&Command)) -> usize {
    let mut rest = stream;
    let mut commands = 0;
    while let Ok((behind, parsed)) = command::command(rest) {
        command(&parsed);
        rest = behind;
        commands += 1;
    }
    commands
}

/// Answers commands as if each were in its place; nothing is checked.
fn answer(stream: &[u8], out: &mut Vec<u8>) {
    let mut rest = stream;
    while let Ok((behind, parsed)) = command::command(rest) {
        rest = behind;
        let reply = match parsed {
            Command::Ehlo { .. } => &REPLIES.hello,
            Command::AuthPlain(_) => &REPLIES.known,
            Command::Data => &REPLIES.data,
            Command::Quit => &REPLIES.bye,
            _ => &REPLIES.ok,
        };
        // Writing into a `Vec` does not fail.
        let _ = reply.serialize(out);
    }
}

/// Answers as one that offers authentication.
pub fn greeted(replies: impl FnMut(&[u8])) -> impl Dialogue {
    Unchecked::new(|commands, scratch| answer(commands, &mut scratch.out), replies)
}

/// How many octets the two parts of an address have; 0 where it is none. Something has to follow the address.
pub fn address(followed: &str) -> usize {
    command::Mailbox(followed.as_bytes()).map_or(0, |(_, address)| address.len() - 1)
}
