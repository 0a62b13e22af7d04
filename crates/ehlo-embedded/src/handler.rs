//! The decisions of a server, as one trait.

#[cfg(feature = "mechanisms")]
use ehlo::ServerSignature;
use ehlo::{Abort, Credentials, Hello, Mail, Rcpt, Reply};
#[cfg(feature = "extensions")]
use ehlo::{Attributes, Etrn, Query};
#[cfg(feature = "smoltcp")]
use ehlo::{Request, Session};

/// What the core asks of a server, a method a request, and what it hands to it.
///
/// Each has a default that is safe: what lets a client go on says yes; [`auth`](Self::auth), [`rcpt`](Self::rcpt) and
/// [`message`](Self::message) say no, since to say yes there is a promise to keep.
///
/// Nothing here waits. Where an answer has to be waited for (flash is being written, another processor is asked) it is
/// [`Answer::Later`], and the same question is put again at the next poll.
///
/// ```
/// use ehlo_embedded::ehlo::{Abort, Rcpt, Reply};
/// use ehlo_embedded::{Answer, Handler, Receipt, Recipient};
///
/// #[derive(Default)]
/// struct Counter { octets: usize }
///
/// impl Handler for Counter {
///     fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Answer<'a, Recipient<'a>> {
///         match rcpt.forward_path.as_str() {
///             "bob@example.net" => Answer::Yes(Recipient::Here),
///             other => Answer::No(Reply::invalid_user(other)),
///         }
///     }
///
///     fn content(&mut self, octets: &[u8]) {
///         self.octets += octets.len();
///     }
///
///     fn message(&mut self, size: u64, _: Option<u16>) -> Answer<'_, Receipt<'_>> {
///         assert_eq!(size, self.octets as u64);
///         self.octets = 0;
///         Answer::Yes(Receipt::Ok)
///     }
///
///     fn aborted(&mut self, _: Abort) {
///         self.octets = 0;
///     }
/// }
/// ```
pub trait Handler {
    /// A client has connected. Default: it is let in.
    fn connect(&mut self) -> Answer<'_, ()> {
        Answer::Yes(())
    }

    /// EHLO or HELO. Default: it is welcome.
    fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Answer<'a, ()> {
        let _ = hello;
        Answer::Yes(())
    }

    /// AUTH: once for most mechanisms, up to three times for SCRAM, with the answer that each [`Credentials`] names. Default: `535`.
    fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Answer<'a, AuthStep<'a>> {
        let _ = credentials;
        Answer::No(Reply::auth_failed())
    }

    /// MAIL. Default: the transaction is opened.
    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Answer<'a, ()> {
        let _ = mail;
        Answer::Yes(())
    }

    /// RCPT. Default: `550`, for no one is known.
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Answer<'a, Recipient<'a>> {
        Answer::No(Reply::invalid_user(rcpt.forward_path.as_str()))
    }

    /// DATA. Default: the message is asked for.
    fn data(&mut self) -> Answer<'_, ()> {
        Answer::Yes(())
    }

    /// A piece of the message, borrowed from the receive buffer. What goes wrong here is told at [`message`](Self::message).
    fn content(&mut self, octets: &[u8]) {
        let _ = octets;
    }

    /// The message is whole, of `size` octets. To say yes is to answer for it from now on (RFC 5321 6.1). Default: `451`.
    ///
    /// In LMTP this is asked for each recipient: `recipient` counts them from 0, in the order in which they were taken, duplicates
    /// too. In SMTP it is `None`.
    fn message(&mut self, size: u64, recipient: Option<u16>) -> Answer<'_, Receipt<'_>> {
        let _ = (size, recipient);
        Answer::No(Reply::processing_error())
    }

    /// The transaction ended without an answer to its message: its envelope and content are void. Default: nothing to drop.
    fn aborted(&mut self, abort: Abort) {
        let _ = abort;
    }

    /// VRFY, where the configuration answers it. Default: `252`.
    #[cfg(feature = "extensions")]
    fn verify<'a>(&'a mut self, query: Query<'a>) -> Answer<'a, Verified<'a>> {
        let _ = query;
        Answer::Yes(Verified::Ambiguous)
    }

    /// EXPN, where the configuration offers it: the members of the list. Default: `550`.
    #[cfg(feature = "extensions")]
    fn expand<'a>(&'a mut self, query: Query<'a>) -> Answer<'a, &'a [&'a str]> {
        Answer::No(Reply::invalid_user(query.what))
    }

    /// HELP: a text, or `None` to name the configured address. Default: that.
    #[cfg(feature = "extensions")]
    fn help<'a>(&'a mut self, topic: &'a str) -> Answer<'a, Option<&'a str>> {
        let _ = topic;
        Answer::Yes(None)
    }

    /// ETRN, where the configuration offers it: shall the queue for a node be started? Default: `502`.
    #[cfg(feature = "extensions")]
    fn etrn<'a>(&'a mut self, etrn: Etrn<'a>) -> Answer<'a, Queue> {
        let _ = etrn;
        Answer::No(Reply::command_not_implemented())
    }

    /// XCLIENT, by a peer that is trusted: from now on it speaks for this client, and the session starts over with
    /// [`connect`](Self::connect). Default: `550`.
    #[cfg(feature = "extensions")]
    fn xclient<'a>(&'a mut self, attributes: Attributes<'a>) -> Answer<'a, Proxied> {
        let _ = attributes;
        Answer::No(Reply::access_denied())
    }

    /// XFORWARD, by a peer that is trusted: the next message comes from this client. Default: it is noted, and means nothing.
    #[cfg(feature = "extensions")]
    fn xforward<'a>(&'a mut self, attributes: Attributes<'a>) -> Answer<'a, ()> {
        let _ = attributes;
        Answer::Yes(())
    }

    /// Replies are about to be sent, those of the core too: one or more, each of one or more lines, or where there was no room for all
    /// of them the rest. For logs.
    fn replies(&mut self, octets: &[u8]) {
        let _ = octets;
    }
}

/// What a handler says to a question.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Answer<'a, T> {
    /// Yes, in this way.
    Yes(T),
    /// No: a 4yz or 5yz reply says why. A positive one becomes `451 4.3.0`.
    No(Reply<'a>),
    /// It is not known yet: ask again at the next poll. No input is taken until then.
    Later,
}

/// How an authentication goes on.
#[derive(Debug, Clone, Copy)]
pub enum AuthStep<'a> {
    /// `235`: the client is who it says.
    Authenticated,
    /// `334`, in answer to `Credentials::ScramUser`: what the user's password is salted with. For a user that there is not too.
    /// Nobody asks for it without the feature `mechanisms`; the answer is then `451`.
    Salt {
        /// The salt.
        salt: &'a [u8],
        /// The iteration count.
        iterations: u32,
    },
    /// `334`, in answer to `Credentials::ScramProof`: what `ScramProof::verify` gave.
    #[cfg(feature = "mechanisms")]
    Signature(ServerSignature),
}

/// How a recipient is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Recipient<'a> {
    /// `250`.
    Here,
    /// `251`: mail goes on to this forward-path, given with its angle brackets.
    Forwarded(&'a str),
    /// `250`: it had been taken already.
    Duplicate,
}

/// How a message is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Receipt<'a> {
    /// `250 2.6.0 Ok`.
    Ok,
    /// `250 2.0.0` with this text, such as `Ok queued as 4711`.
    As(&'a str),
}

/// What is said of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg(feature = "extensions")]
pub enum Verified<'a> {
    /// `250` and the mailbox.
    Mailbox(&'a str),
    /// `251`: mail goes on to this forward-path, given with its angle brackets.
    Forwarded(&'a str),
    /// `252`.
    Ambiguous,
}

/// What became of the queue for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg(feature = "extensions")]
pub enum Queue {
    /// `250`: it was started.
    Started,
    /// `251`: nothing waits in it.
    Empty,
}

/// How the client that a trusted peer speaks for is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg(feature = "extensions")]
pub enum Proxied {
    /// By its address, its name and so on.
    Client,
    /// As a user, too: it counts as authenticated from now on.
    User,
}

/// Puts the pending request to the handler, and gives its answer. Says whether it was answered, and not put off.
#[cfg(feature = "smoltcp")]
pub(crate) fn decide<H: Handler, const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    handler: &mut H,
) -> bool {
    /// Accepts, refuses or defers.
    macro_rules! settle {
        ($request:ident, $decision:expr, $yes:pat => $accept:expr) => {
            match $decision {
                Answer::Yes($yes) => $accept,
                Answer::No(reply) => $request.answer.refuse(&reply),
                Answer::Later => {
                    $request.answer.defer();
                    return false;
                }
            }
        };
    }
    match session.request() {
        Some(Request::Connect(ask)) => settle!(ask, handler.connect(), () => ask.answer.accept()),
        Some(Request::Hello(ask)) => settle!(ask, handler.hello(ask.command), () => ask.answer.accept()),
        Some(Request::Auth(ask)) => settle!(ask, handler.auth(ask.credentials), step => match step {
            AuthStep::Authenticated => ask.answer.accept(),
            #[cfg(feature = "mechanisms")]
            AuthStep::Salt { salt, iterations } => ask.answer.salt(salt, iterations),
            #[cfg(feature = "mechanisms")]
            AuthStep::Signature(signature) => ask.answer.signature(&signature),
            #[cfg(not(feature = "mechanisms"))]
            AuthStep::Salt { .. } => drop(ask),
        }),
        Some(Request::Mail(ask)) => settle!(ask, handler.mail(ask.command), () => ask.answer.accept()),
        Some(Request::Rcpt(ask)) => settle!(ask, handler.rcpt(ask.command), recipient => match recipient {
            Recipient::Here => ask.answer.accept(),
            Recipient::Forwarded(path) => ask.answer.will_forward(path),
            Recipient::Duplicate => ask.answer.duplicate(),
        }),
        Some(Request::Data(ask)) => settle!(ask, handler.data(), () => ask.answer.accept()),
        Some(Request::Message(ask)) => {
            settle!(ask, handler.message(ask.size, ask.recipient), receipt => match receipt {
                Receipt::Ok => ask.answer.accept(),
                Receipt::As(text) => ask.answer.accept_as(text),
            })
        }
        #[cfg(feature = "extensions")]
        Some(Request::Verify(ask)) => settle!(ask, handler.verify(ask.command), verified => match verified {
            Verified::Mailbox(mailbox) => ask.answer.accept(mailbox),
            Verified::Forwarded(path) => ask.answer.will_forward(path),
            Verified::Ambiguous => ask.answer.ambiguous(),
        }),
        #[cfg(feature = "extensions")]
        Some(Request::Expand(ask)) => {
            settle!(ask, handler.expand(ask.command), members => ask.answer.accept(members.iter().copied()));
        }
        #[cfg(feature = "extensions")]
        Some(Request::Help(ask)) => settle!(ask, handler.help(ask.topic), text => match text {
            Some(text) => ask.answer.accept_with(text),
            None => ask.answer.accept(),
        }),
        #[cfg(feature = "extensions")]
        Some(Request::Etrn(ask)) => settle!(ask, handler.etrn(ask.command), queue => match queue {
            Queue::Started => ask.answer.accept(),
            Queue::Empty => ask.answer.nothing_waiting(),
        }),
        #[cfg(feature = "extensions")]
        Some(Request::Xclient(ask)) => settle!(ask, handler.xclient(ask.command), known => match known {
            Proxied::Client => ask.answer.accept(),
            Proxied::User => ask.answer.accept_authenticated(),
        }),
        #[cfg(feature = "extensions")]
        Some(Request::Xforward(ask)) => settle!(ask, handler.xforward(ask.command), () => ask.answer.accept()),
        // One that this version does not know is refused by being dropped.
        Some(_) | None => {}
    }
    true
}
