//! What this appliance does with mail: it keeps what its users get, and switches its relay by mail from whoever has logged in.

use core::fmt::Write;

use ehlo_embedded::ehlo::ForwardPath;
use ehlo_embedded::ehlo::{Abort, Config, Credentials, Extensions, Mechanism, Millis, Rcpt, Reply};
use ehlo_embedded::{Answer, AuthStep, Handler, Receipt, Recipient};

use crate::store::{Draft, Store};
use crate::subject::Subject;
use crate::text::Text;
use crate::{log, memory, time};

const DOMAIN: &str = "example.net";
const USERS: [&str; 5] = ["alice", "bob", "carol", "postmaster", "user"];
/// The mailbox that obeys.
const RELAY: &str = "relay";
const LOGIN: (&str, &str) = ("user", "pass");
/// How many subjects `HELP MAIL` shows.
const RECENT: usize = 8;

/// A session may hold a socket for so long only, since there are two. (RFC 5321 4.5.3.2 asks for minutes where there are many.)
pub static CONFIG: Config<'static> = Config::new("mx.example.net")
    .message_size(8192)
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .extensions(Extensions::TRANSPORT.without(Extensions::BINARYMIME))
    .hops(10)
    .command_timeout(Millis::from_secs(20))
    .data_timeout(Millis::from_secs(20))
    .session_timeout(Millis::from_mins(5));

/// What all connections share.
pub struct Board {
    pub store: Store,
    relay: bool,
    messages: u32,
    refused: u32,
    pub sessions: u32,
    pub turned_away: u32,
    recent: [Text<64>; RECENT],
    /// Where replies are put together.
    reply: Text<480>,
}

impl Board {
    pub const fn new() -> Self {
        Self {
            store: Store::new(),
            relay: false,
            messages: 0,
            refused: 0,
            sessions: 0,
            turned_away: 0,
            recent: [const { Text::new() }; RECENT],
            reply: Text::new(),
        }
    }

    fn counters(&mut self) {
        let (stack, unused) = memory::stack();
        let blocks = self.store.usage();
        self.reply.clear();
        let _ = write!(
            self.reply,
            "up {} s\nsessions {}\nturned away {}\nmessages {}\nrefused {}\nrelay {}\nblocks {} of {}, {} with {} messages\nstack {unused} of {stack}\nstatics {}",
            time::now().as_millis() / 1000,
            self.sessions,
            self.turned_away,
            self.messages,
            self.refused,
            on_off(self.relay),
            blocks.free,
            blocks.all,
            blocks.kept,
            blocks.messages,
            memory::statics(),
        );
    }

    fn recent(&mut self) {
        self.reply.clear();
        let _ = write!(self.reply, "the last messages");
        let shown = (self.messages as usize).min(RECENT);
        for back in 0..shown {
            let index = (self.messages as usize).wrapping_sub(1 + back) % RECENT;
            if let Some(line) = self.recent.get(index) {
                let _ = write!(self.reply, "\n{}", line.as_str());
            }
        }
    }
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// What belongs to one connection.
pub struct Visit {
    authenticated: bool,
    /// Whether the message is for the relay.
    obey: bool,
    draft: Draft,
    /// Whether the whole message is in the draft.
    whole: bool,
    subject: Subject,
    /// FNV-1a of the content, for the log: whoever sent it can tell that it arrived as it was.
    checksum: u32,
}

impl Visit {
    pub const fn new() -> Self {
        Self {
            authenticated: false,
            obey: false,
            draft: Draft::EMPTY,
            whole: true,
            subject: Subject::new(),
            checksum: 0x811c_9dc5,
        }
    }

    /// Forgets the transaction.
    fn clear(&mut self, store: &mut Store) {
        store.discard(&mut self.draft);
        *self = Self { authenticated: self.authenticated, ..Self::new() };
    }
}

/// The board at the disposal of one connection.
pub struct Desk<'b> {
    pub board: &'b mut Board,
    pub visit: &'b mut Visit,
}

impl Desk<'_> {
    /// The connection is over.
    pub fn end(&mut self) {
        self.visit.clear(&mut self.board.store);
        self.visit.authenticated = false;
    }

    fn take(&mut self, size: u64) -> Result<(), Reply<'static>> {
        let Self { board, visit } = self;
        if !visit.whole {
            return Err(Reply::out_of_memory());
        }
        if visit.obey {
            board.relay = match visit.subject.text.as_str() {
                "relay on" => true,
                "relay off" => false,
                _ => return Err(Reply::new(554, "Say relay on or relay off in the subject").enhanced(6, 0)),
            };
            log!("relay {}", on_off(board.relay));
        }
        let index = board.messages as usize % RECENT;
        board.messages = board.messages.wrapping_add(1);
        let subject = visit.subject.text.as_str();
        log!("message {} size {size} sum {:08x} subject {subject}", board.messages, visit.checksum);
        if let Some(recent) = board.recent.get_mut(index) {
            recent.clear();
            let _ = write!(recent, "{} {size} {subject}", board.messages);
        }
        board.reply.clear();
        let _ = match visit.obey {
            true => write!(board.reply, "Ok relay is {}", on_off(board.relay)),
            false => write!(board.reply, "Ok kept as {}", board.messages),
        };
        board.store.keep(&mut visit.draft);
        Ok(())
    }
}

impl Handler for Desk<'_> {
    fn connect(&mut self) -> Answer<'_, ()> {
        self.board.sessions = self.board.sessions.wrapping_add(1);
        Answer::Yes(())
    }

    fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Answer<'a, AuthStep<'a>> {
        let Credentials::Password { authorization, user, password, .. } = credentials else {
            return Answer::No(Reply::auth_failed());
        };
        let itself = authorization.is_empty() || authorization == user;
        if !itself || user != LOGIN.0 || !same(password.expose(), LOGIN.1.as_bytes()) {
            log!("authentication failed");
            return Answer::No(Reply::auth_failed());
        }
        self.visit.authenticated = true;
        Answer::Yes(AuthStep::Authenticated)
    }

    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Answer<'a, Recipient<'a>> {
        let path = rcpt.forward_path.as_str();
        let ForwardPath::Mailbox(mailbox) = rcpt.forward_path else { return Answer::Yes(Recipient::Here) };
        if !mailbox.domain_str().eq_ignore_ascii_case(DOMAIN) {
            return Answer::No(Reply::relay_denied_to(path));
        }
        let is = |name: &str| {
            let mut chars = mailbox.unquoted();
            name.chars().all(|char| chars.next().is_some_and(|other| other.eq_ignore_ascii_case(&char)))
                && chars.next().is_none()
        };
        if is(RELAY) {
            if !self.visit.authenticated {
                return Answer::No(Reply::auth_required());
            }
            self.visit.obey = true;
        } else if !USERS.iter().any(|user| is(user)) {
            return Answer::No(Reply::invalid_user(path));
        }
        Answer::Yes(Recipient::Here)
    }

    fn content(&mut self, octets: &[u8]) {
        let Self { board, visit } = self;
        for octet in octets {
            visit.checksum = (visit.checksum ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
        }
        visit.subject.feed(octets);
        visit.whole = visit.whole && board.store.append(&mut visit.draft, octets);
    }

    fn message(&mut self, size: u64, _: Option<u16>) -> Answer<'_, Receipt<'_>> {
        let taken = self.take(size);
        self.visit.clear(&mut self.board.store);
        match taken {
            Ok(()) => Answer::Yes(Receipt::As(self.board.reply.as_str())),
            Err(reply) => {
                self.board.refused = self.board.refused.wrapping_add(1);
                Answer::No(reply)
            }
        }
    }

    fn aborted(&mut self, _: Abort) {
        self.board.refused = self.board.refused.wrapping_add(1);
        self.visit.clear(&mut self.board.store);
    }

    fn help<'a>(&'a mut self, topic: &'a str) -> Answer<'a, Option<&'a str>> {
        match topic.eq_ignore_ascii_case("mail") {
            true => self.board.recent(),
            false => self.board.counters(),
        }
        Answer::Yes(Some(self.board.reply.as_str()))
    }
}

/// Whether they are the same, in a time that tells the length at most.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && core::hint::black_box(differ) == 0
}
