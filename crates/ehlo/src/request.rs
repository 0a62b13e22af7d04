//! Decisions that the core leaves to its caller, each with the answers that fit it.
//!
//! An answer is taken by giving it: [`MailAnswer::accept`] and its like consume it, so nothing is answered twice. One that is
//! dropped, in whatever way, fails closed: the peer is told `451 4.3.0`, or `421` where it has just connected. `defer` leaves the
//! decision pending, for callers that poll.

use core::fmt;
use core::mem::ManuallyDrop;

use crate::buffer::Buffer;
#[cfg(feature = "extensions")]
use crate::command::{Attributes, Etrn, Query};
use crate::command::{Hello, Mail, Rcpt};
use crate::config::Config;
use crate::content::Decoder;
use crate::keywords;
use crate::phase::Event;
use crate::reply::{Canned, Reply};
use crate::sasl::{Credentials, Exchange};
#[cfg(feature = "mechanisms")]
use crate::sasl::{ServerSignature, further};
use crate::state::{Content, Pending, State};
use crate::step::Abort;
use crate::write::{self, Style};

/// A decision that is due, from [`Session::request`](crate::Session::request).
#[derive(Debug)]
#[non_exhaustive]
pub enum Request<'s> {
    /// A client has connected: is it let in?
    Connect(ConnectRequest<'s>),
    /// EHLO or HELO: is the client one that may say so?
    Hello(HelloRequest<'s>),
    /// AUTH, its exchange complete: are the credentials right?
    Auth(AuthRequest<'s>),
    /// MAIL: may this sender send?
    Mail(MailRequest<'s>),
    /// RCPT: is mail taken for this recipient?
    Rcpt(RcptRequest<'s>),
    /// DATA: can the message be taken now?
    Data(DataRequest<'s>),
    /// The message is in: is it taken over? After `accept` it is the caller's responsibility (RFC 5321 6.1), so have it on stable
    /// storage, or handed on, first.
    Message(MessageRequest<'s>),
    /// VRFY, where the configuration says that it is answered.
    #[cfg(feature = "extensions")]
    Verify(VerifyRequest<'s>),
    /// EXPN, where the configuration offers it.
    #[cfg(feature = "extensions")]
    Expand(ExpandRequest<'s>),
    /// HELP.
    #[cfg(feature = "extensions")]
    Help(HelpRequest<'s>),
    /// ETRN: shall the queue for a node be started?
    #[cfg(feature = "extensions")]
    Etrn(EtrnRequest<'s>),
    /// XCLIENT, by a trusted peer: is it believed? If so the session starts over.
    #[cfg(feature = "extensions")]
    Xclient(XclientRequest<'s>),
    /// XFORWARD, by a trusted peer: is it noted?
    #[cfg(feature = "extensions")]
    Xforward(XforwardRequest<'s>),
}

/// Defines a request: its fields, and the answer.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* } => $answer:ident;)*) => {
        $($(#[$doc])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub struct $name<'s> {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Gives the decision.
            pub answer: $answer<'s>,
        }

        #[doc = concat!("The answer to [`", stringify!($name), "`].")]
        #[derive(Debug)]
        #[must_use = "a decision that is dropped refuses"]
        pub struct $answer<'s>(pub(in crate::request) Turn<'s>);

        impl $answer<'_> {
            /// Refuses, with a 4yz or 5yz reply; a positive one becomes `451 4.3.0`. After `421` the connection is closed.
            pub fn refuse(self, reply: &Reply<'_>) {
                self.0.settled_by(|turn| turn.refuse(reply.code(), Some(reply)));
            }

            /// Leaves the decision pending: [`Session::advance`](crate::Session::advance) asks for it again.
            pub fn defer(self) {
                self.0.settled_by(|_| {});
            }
        })*
    };
}

requests! {
    /// A client has connected.
    ConnectRequest {} => ConnectAnswer;
    /// EHLO or HELO.
    HelloRequest {
        /// What the client said.
        command: Hello<'s>,
    } => HelloAnswer;
    /// AUTH.
    AuthRequest {
        /// What the client claims.
        credentials: Credentials<'s>,
    } => AuthAnswer;
    /// MAIL.
    MailRequest {
        /// What the client said.
        command: Mail<'s>,
    } => MailAnswer;
    /// RCPT.
    RcptRequest {
        /// What the client said.
        command: Rcpt<'s>,
    } => RcptAnswer;
    /// DATA.
    DataRequest {} => DataAnswer;
    /// The end of the mail data.
    MessageRequest {
        /// Octets of content, as they were handed out.
        size: u64,
        /// In LMTP: for which recipient, counted from 0 in the order in which RCPT was accepted, duplicates too. Each is asked for.
        recipient: Option<u16>,
    } => MessageAnswer;
}

#[cfg(feature = "extensions")]
mod extensions;
#[cfg(feature = "extensions")]
pub use extensions::*;

impl ConnectAnswer<'_> {
    /// Lets the client in: `220`.
    pub fn accept(self) {
        self.0.say(const { Canned::service_ready() }, Event::LetIn);
    }
}

impl HelloAnswer<'_> {
    /// Welcomes the client: `250`, with what is offered if it said EHLO. An open transaction is dropped (RFC 5321 4.1.4).
    pub fn accept(self) {
        self.0.settled_by(|turn| {
            let Pending::Hello { extended, .. } = turn.state.pending else { return };
            turn.state.extended = extended;
            if extended {
                keywords::write(turn.out, turn.config, turn.state);
            } else {
                turn.out.append(b"250 ");
                write::name(turn.out, turn.config);
                turn.out.append(b"\r\n");
            }
            turn.state.settle(Event::Hello);
        });
    }
}

impl AuthAnswer<'_> {
    /// The client is who it says: `235`. In answer to [`Credentials::ScramUser`] and [`Credentials::ScramProof`], which prove nothing
    /// yet, it is refused instead: `451`.
    pub fn accept(self) {
        if self.0.state.exchange.as_ref().is_some_and(Exchange::may_be_accepted) {
            self.0.state.authenticated = true;
            self.0.say(const { Canned::auth_ok() }, Event::AuthOver);
        }
    }

    /// Tells the client the salt and the iteration count of its password, in answer to [`Credentials::ScramUser`]: `334`. In answer to
    /// anything else, without a salt or without iterations, or where there is no room for it: `451`.
    #[cfg(feature = "mechanisms")]
    pub fn salt(mut self, salt: &[u8], iterations: u32) {
        let turn = &mut self.0;
        if further::salt(turn.state, turn.out, turn.line, salt, iterations) {
            self.0.go_on();
        }
    }

    /// Gives the server's own proof, in answer to [`Credentials::ScramProof`]: `334`. In answer to anything else: `451`.
    #[cfg(feature = "mechanisms")]
    pub fn signature(mut self, signature: &ServerSignature) {
        let turn = &mut self.0;
        if further::signature(turn.state, turn.out, signature) {
            self.0.go_on();
        }
    }
}

impl MailAnswer<'_> {
    /// Opens the transaction: `250 2.1.0`.
    pub fn accept(self) {
        let state = &mut *self.0.state;
        state.transactions = state.transactions.saturating_add(1);
        state.recipients = 0;
        if let Pending::Mail(mail) = &state.pending {
            state.smtputf8 = mail.smtputf8();
            #[cfg(feature = "chunking")]
            {
                state.binary = mail.is_binary();
            }
        }
        self.0.say(Canned::SENDER_OK, Event::Mail);
    }
}

impl RcptAnswer<'_> {
    /// Takes the recipient: `250 2.1.5`.
    pub fn accept(self) {
        self.0.state.recipients = self.0.state.recipients.saturating_add(1);
        self.0.state.take_recipient();
        self.0.say(Canned::RECIPIENT_OK, Event::Rcpt);
    }

    /// Takes the recipient, who lives elsewhere now: `251`. `forward_path` is written as given, so with its angle brackets.
    pub fn will_forward(self, forward_path: &str) {
        self.0.state.recipients = self.0.state.recipients.saturating_add(1);
        self.0.state.take_recipient();
        self.0.say_reply(&Reply::will_forward(forward_path), Event::Rcpt);
    }

    /// Says that this recipient has been taken already: `250`. It does not count again.
    pub fn duplicate(self) {
        self.0.state.take_recipient();
        self.0.say(const { Canned::duplicated_rcpt() }, Event::Rcpt);
    }
}

impl DataAnswer<'_> {
    /// Asks for the mail data: `354`; after BDAT they come without.
    pub fn accept(self) {
        let state = &mut *self.0.state;
        if state.chunk.is_some() {
            state.content = Content::new(Decoder::chunks(state.lenient));
            self.0.settled_by(|turn| turn.state.settle(Event::Bdat));
        } else {
            state.content = Content::new(Decoder::new(state.lenient));
            self.0.say(const { Canned::start_mail_input() }, Event::Data);
        }
    }
}

impl MessageAnswer<'_> {
    /// Takes the message over: `250 2.6.0 Ok`.
    pub fn accept(self) {
        self.0.settled_by(|turn| {
            turn.state.idle_commands = 0;
            write::canned(turn.out, turn.config, Canned::MESSAGE_OK);
            turn.state.message_answered(turn.config);
        });
    }

    /// Takes the message over with a text that names it, as `Ok queued as 4711`: `250 2.0.0`.
    pub fn accept_as(self, text: &str) {
        self.0.settled_by(|turn| {
            turn.state.idle_commands = 0;
            turn.write(&Reply::new(250, text).enhanced(0, 0));
            turn.state.message_answered(turn.config);
        });
    }
}

/// The right to settle the pending decision, once. Dropped, it refuses.
struct Turn<'s> {
    config: &'s Config<'s>,
    state: &'s mut State,
    out: &'s mut Buffer,
    /// PLAIN and LOGIN need nothing of it.
    #[cfg(feature = "mechanisms")]
    line: &'s [u8],
}

/// Without the line, which may hold a password.
impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<'s> Turn<'s> {
    #[cfg_attr(not(feature = "mechanisms"), expect(unused_variables, reason = "PLAIN and LOGIN need no line"))]
    fn new(config: &'s Config<'s>, state: &'s mut State, out: &'s mut Buffer, line: &'s [u8]) -> Self {
        Self {
            config,
            state,
            out,
            #[cfg(feature = "mechanisms")]
            line,
        }
    }

    /// Uses the right up: what is given here settles the decision, and nothing is refused.
    #[inline]
    fn settled_by(self, settle: impl FnOnce(&mut Self)) {
        settle(&mut ManuallyDrop::new(self));
    }

    /// Answers with a reply of the core's own.
    #[inline]
    fn say(self, reply: Canned, event: Event) {
        self.settled_by(|turn| {
            write::canned(turn.out, turn.config, reply);
            turn.state.settle(event);
        });
    }

    /// Answers with another reply.
    fn say_reply(self, reply: &Reply<'_>, event: Event) {
        self.settled_by(|turn| {
            turn.write(reply);
            turn.state.settle(event);
        });
    }

    /// Whether the peer takes UTF-8 in this reply (RFC 6531 3.7.4).
    fn takes_utf8(&self) -> bool {
        match self.state.pending {
            #[cfg(feature = "extensions")]
            Pending::Verify { smtputf8, .. } | Pending::Expand { smtputf8, .. } => smtputf8,
            _ => self.state.smtputf8,
        }
    }

    /// Writes a reply of the core's own.
    fn write_own(&mut self, reply: Canned) {
        write::canned(self.out, self.config, reply);
    }

    fn write(&mut self, reply: &Reply<'_>) {
        let style = Style::new(self.config, self.takes_utf8());
        write::reply(self.out, style, reply);
    }

    /// Refuses, and settles the decision by it: with a reply of the caller's, or without one in the core's own words for the code.
    #[cold]
    #[inline(never)]
    fn refuse(&mut self, mut code: u16, mut reply: Option<&Reply<'_>>) {
        if code < 400 {
            (code, reply) = (451, None);
        }
        let permanent = code >= 500;
        let pending = self.state.pending;
        let moves_nothing = match pending {
            Pending::Mail(_) | Pending::Rcpt(_) => true,
            Pending::Data => self.state.chunk.is_none(),
            // Where it is permanent it has a limit of its own.
            Pending::Auth => !permanent,
            _ => false,
        };
        if moves_nothing {
            self.count_refusal();
            if self.state.errors > self.config.errors {
                (code, reply) = (421, None);
            }
        }
        let mut close = code == 421;
        if matches!(pending, Pending::Auth) && permanent {
            // A temporary failure is not the client's, and does not count.
            self.state.auth_failures = self.state.auth_failures.saturating_add(1);
            if self.state.auth_failures > self.config.auth_failures {
                (code, reply) = (554, None);
                close = true;
            } else {
                #[cfg(feature = "mechanisms")]
                if code == 535 && further::token_refused(self.state, self.out) {
                    return self.state.pending = Pending::None;
                }
            }
        }
        match (reply, code) {
            (Some(reply), _) => self.write(reply),
            (None, 451) => self.write_own(const { Canned::processing_error() }),
            (None, 554) => self.write_own(const { Canned::auth_failed_too_often() }),
            #[cfg(feature = "mechanisms")]
            (None, 535) => self.write_own(const { Canned::auth_failed() }),
            _ if matches!(pending, Pending::Connect) => self.write_own(const { Canned::service_not_available() }),
            _ => self.write_own(const { Canned::too_much_failure() }),
        }
        match pending {
            Pending::Connect => {
                self.state.settle(Event::TurnedAway);
                // RFC 7504 3 and RFC 5321 3.8 let these two close at once; other codes wait for QUIT (RFC 5321 3.1).
                close |= code == 521;
            }
            Pending::Auth => self.state.settle(Event::AuthOver),
            Pending::Rcpt(_) => self.state.settle(Event::RcptRefused),
            Pending::Data if self.state.chunk.is_some() => {
                #[cfg(feature = "chunking")]
                self.state.refuse_chunk();
            }
            Pending::Message(_) => self.state.message_answered(self.config),
            // Events that mean nothing outside mail data leave the others where they are.
            _ => self.state.settle(Event::Answered),
        }
        if close {
            self.state.close(Abort::Closed);
        }
    }

    /// Counts a MAIL, RCPT, DATA or AUTH that was refused: it moves nothing. Past the limit each is an error besides, so that nobody tries
    /// addresses for ever.
    fn count_refusal(&mut self) {
        self.state.idle_commands = self.state.idle_commands.saturating_add(1);
        if self.state.idle_commands > self.config.idle_commands {
            self.state.errors = self.state.errors.saturating_add(1);
        }
    }

    /// Leaves the phase as it is, to wait for what the client says next.
    #[cfg(feature = "mechanisms")]
    fn go_on(self) {
        self.settled_by(|turn| turn.state.pending = Pending::None);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.refuse(
            match self.state.pending {
                Pending::Connect => 421,
                _ => 451,
            },
            None,
        );
    }
}

/// Refuses an authentication that the core itself can tell to fail, as if the caller did.
#[cfg(feature = "mechanisms")]
pub(crate) fn fail_auth(config: &Config<'_>, state: &mut State, out: &mut Buffer, line: &[u8]) {
    Turn::new(config, state, out, line).settled_by(|turn| turn.refuse(535, None));
}

/// Rebuilds the pending request: its view from the line, its answer from the rest of the session.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn pending<'s>(
    config: &'s Config<'s>,
    state: &'s mut State,
    out: &'s mut Buffer,
    line: &'s [u8],
) -> Option<Request<'s>> {
    /// A request whose answer is all there is to it, or stands behind what the client said. On 64 bits each has a function that is not
    /// inlined, and builds it where the caller wants it: the compiler otherwise makes one place for the like parts of all requests, and
    /// moves each of them there and back. (What such a function wants comes in registers: as a closure it had to be written and read
    /// again at once, which stalled. A small processor has less room for code.)
    macro_rules! ask {
        ($state:ident, $line:ident: $pending:pat, $request:ident, $ask:ident, $answer:ident $(, $field:ident: $value:expr)*) => {{
            #[cfg_attr(target_pointer_width = "64", inline(never))]
            #[cfg_attr(not(target_pointer_width = "64"), inline(always))]
            fn ask<'s>(
                config: &'s Config<'s>,
                $state: &'s mut State,
                out: &'s mut Buffer,
                $line: &'s [u8],
            ) -> Option<Request<'s>> {
                let $pending = $state.pending else { return None };
                // What is asked is read before the answer borrows all of it.
                $(let $field = $value;)*
                Some(Request::$request($ask { $($field,)* answer: $answer(Turn::new(config, $state, out, $line)) }))
            }
            ask(config, state, out, line)
        }};
    }
    match state.pending {
        Pending::None => None,
        #[cfg(feature = "extensions")]
        Pending::Rcpt(rcpt) if rcpt.has_parameters() => ask!(
            state, line: Pending::Rcpt(rcpt), Rcpt, RcptRequest, RcptAnswer, command: rcpt.read_again(line)
        ),
        Pending::Rcpt(_) => ask!(
            state, line: Pending::Rcpt(rcpt), Rcpt, RcptRequest, RcptAnswer, command: rcpt.view(line)
        ),
        #[cfg(feature = "extensions")]
        Pending::Mail(mail) if mail.has_parameters() => ask!(
            state, line: Pending::Mail(mail), Mail, MailRequest, MailAnswer, command: mail.read_again(line)
        ),
        Pending::Mail(_) => ask!(
            state, line: Pending::Mail(mail), Mail, MailRequest, MailAnswer, command: mail.view(line)
        ),
        Pending::Data => ask!(state, line: Pending::Data, Data, DataRequest, DataAnswer),
        Pending::Message(_) => ask!(
            state, line: Pending::Message(number), Message, MessageRequest, MessageAnswer,
            recipient: number, size: state.content.size
        ),
        Pending::Connect => ask!(state, line: Pending::Connect, Connect, ConnectRequest, ConnectAnswer),
        Pending::Hello { .. } => ask!(
            state, line: Pending::Hello { name, extended }, Hello, HelloRequest, HelloAnswer,
            command: Hello { name: name.text(line), extended }
        ),
        Pending::Auth => auth(config, state, out, line),
        #[cfg(feature = "extensions")]
        Pending::Verify { .. } => ask!(
            state, line: Pending::Verify { what, smtputf8 }, Verify, VerifyRequest, VerifyAnswer,
            command: Query { what: what.text(line), smtputf8 }
        ),
        #[cfg(feature = "extensions")]
        Pending::Expand { .. } => ask!(
            state, line: Pending::Expand { what, smtputf8 }, Expand, ExpandRequest, ExpandAnswer,
            command: Query { what: what.text(line), smtputf8 }
        ),
        #[cfg(feature = "extensions")]
        Pending::Etrn { .. } => ask!(
            state, line: Pending::Etrn { node, option }, Etrn, EtrnRequest, EtrnAnswer,
            command: Etrn { node: node.text(line), option }
        ),
        #[cfg(feature = "extensions")]
        Pending::Xclient(_) => ask!(
            state, line: Pending::Xclient(attributes), Xclient, XclientRequest, XclientAnswer,
            command: Attributes::read(attributes.text(line))
        ),
        #[cfg(feature = "extensions")]
        Pending::Xforward(_) => ask!(
            state, line: Pending::Xforward(attributes), Xforward, XforwardRequest, XforwardAnswer,
            command: Attributes::read(attributes.text(line))
        ),
        #[cfg(feature = "extensions")]
        Pending::Help(_) => ask!(
            state, line: Pending::Help(what), Help, HelpRequest, HelpAnswer, topic: what.text(line)
        ),
    }
}

/// The same for AUTH, whose exchange says what is asked.
#[cfg_attr(target_pointer_width = "64", inline(never))]
fn auth<'s>(config: &'s Config<'s>, state: &'s mut State, out: &'s mut Buffer, line: &'s [u8]) -> Option<Request<'s>> {
    let exchange = state.exchange.as_ref();
    match exchange.and_then(|exchange| exchange.credentials(line, config, &state.facts)) {
        Some(credentials) => {
            let answer = AuthAnswer(Turn::new(config, state, out, line));
            Some(Request::Auth(AuthRequest { credentials, answer }))
        }
        // The exchange is complete wherever it is asked for; where it were not, this refuses.
        None => {
            drop(Turn::new(config, state, out, line));
            None
        }
    }
}
