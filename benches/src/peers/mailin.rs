//! `mailin`: a session that is given lines, and calls a handler. It cannot be had without the session, knows no parameter of MAIL but
//! BODY, and no BDAT.

use std::net::{IpAddr, Ipv4Addr};
use std::slice::Chunks;
use std::sync::LazyLock;

use mailin::response::{AUTH_OK, INVALID_CREDENTIALS};
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder};

use super::{Content, Dialogue, HOSTNAME, Scratch, lines};
use crate::sasl;

static OPEN: LazyLock<SessionBuilder> = LazyLock::new(|| SessionBuilder::new(HOSTNAME));
static WITH_AUTH: LazyLock<SessionBuilder> = LazyLock::new(|| {
    let mut builder = SessionBuilder::new(HOSTNAME);
    builder.enable_auth(AuthMechanism::Plain).enable_auth(AuthMechanism::Login).insecure_enable_plaintext_auth();
    builder
});

/// Lets everyone do everything that a right password allows.
struct Taker<F>(F);

impl<F: FnMut(&[u8])> Handler for Taker<F> {
    fn data(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.0(octets);
        Ok(())
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.auth_login(user, password)
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        if sasl::is_right(user.as_bytes(), password.as_bytes()) { AUTH_OK } else { INVALID_CREDENTIALS }
    }
}

fn connected<F: FnMut(&[u8])>(auth: bool, content: F) -> Session<Taker<F>> {
    let builder = if auth { &*WITH_AUTH } else { &*OPEN };
    builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Taker(content))
}

/// A whole session.
pub fn session(
    input: &[u8],
    auth: bool,
    scratch: &mut Scratch,
    mut replies: impl FnMut(&[u8]),
    content: impl FnMut(&[u8]),
) {
    let out = &mut scratch.out;
    out.clear();
    let mut session = connected(auth, content);
    // Writing into a `Vec` does not fail.
    let _ = session.greeting().write_to(out);
    answer(&mut session, input, out);
    replies(out);
}

fn answer<F: FnMut(&[u8])>(session: &mut Session<Taker<F>>, input: &[u8], out: &mut Vec<u8>) {
    for line in lines(input) {
        let response = session.process(line);
        let _ = response.write_to(out);
        if response.action == Action::Close {
            break;
        }
    }
}

/// What drops content.
type Nowhere = fn(&[u8]);

/// A session with authentication that goes on.
pub struct Greeted<R> {
    session: Session<Taker<Nowhere>>,
    out: Vec<u8>,
    replies: R,
}

impl<R: FnMut(&[u8])> Greeted<R> {
    /// Greeted, and answered `before`.
    pub fn after(before: &[u8], replies: R) -> Self {
        let nowhere: Nowhere = |_| {};
        let (mut session, mut out) = (connected(true, nowhere), Vec::with_capacity(1024));
        answer(&mut session, before, &mut out);
        Self { session, out, replies }
    }
}

impl<R: FnMut(&[u8])> Dialogue for Greeted<R> {
    fn go_on(&mut self, commands: &[u8]) {
        self.out.clear();
        answer(&mut self.session, commands, &mut self.out);
        (self.replies)(&self.out);
    }
}

/// A session that stands in mail data.
pub struct Data<F: FnMut(&[u8])> {
    session: Session<Taker<F>>,
    /// The beginning of a line of which the end has not come.
    partial: Vec<u8>,
}

impl<F: FnMut(&[u8])> Data<F> {
    /// Behind DATA.
    pub fn in_body(content: F) -> Self {
        let mut session = connected(false, content);
        for line in lines(b"EHLO a.b\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<c@d.e>\r\nDATA\r\n") {
            session.process(line);
        }
        Self { session, partial: Vec::with_capacity(1024) }
    }
}

impl<F: FnMut(&[u8])> Content for Data<F> {
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool {
        // A line of content has no answer.
        let mut over = false;
        for piece in pieces {
            let mut rest = piece;
            while let Some(end) = memchr::memchr(b'\n', rest) {
                let (line, behind) = rest.split_at(end + 1);
                rest = behind;
                let response = if self.partial.is_empty() {
                    self.session.process(line)
                } else {
                    self.partial.extend_from_slice(line);
                    let response = self.session.process(&self.partial);
                    self.partial.clear();
                    response
                };
                over = response.action != Action::NoReply;
            }
            self.partial.extend_from_slice(rest);
        }
        over
    }
}
