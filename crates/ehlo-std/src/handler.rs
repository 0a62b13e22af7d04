//! The decisions of a server, as one trait.

use ehlo::{Abort, Attributes, Credentials, Etrn, Hello, Mail, Query, Rcpt, Reply, Request, ServerSignature, Session};

/// What the core asks of a server, a method a request, and what it hands to it.
///
/// Each has a default that is safe: what lets a client go on says yes; [`auth`](Self::auth), [`rcpt`](Self::rcpt) and
/// [`message`](Self::message) say no, since to say yes there is a promise to keep. Nothing else waits while one
/// of them works: it may take its time, which is not held against the client.
///
/// ```
/// use ehlo_std::{Handler, Receipt, Recipient};
/// use ehlo_std::ehlo::{Abort, Rcpt, Reply};
///
/// #[derive(Default)]
/// struct Sink { message: Vec<u8> }
///
/// impl Handler for Sink {
///     fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
///         match rcpt.forward_path.as_str() {
///             "bob@example.net" => Ok(Recipient::Here),
///             other => Err(Reply::invalid_user(other)),
///         }
///     }
///
///     fn content(&mut self, octets: &[u8]) {
///         self.message.extend_from_slice(octets);
///     }
///
///     fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
///         assert_eq!(size, self.message.len() as u64);
///         self.message.clear();
///         Ok(Receipt::Ok)
///     }
///
///     fn aborted(&mut self, _: Abort) {
///         self.message.clear();
///     }
/// }
/// ```
///
/// A reply may borrow from the handler or from what the client said, as it does in `rcpt` above. Where it borrows from the handler,
/// or from nothing, the lifetimes can be left out:
///
/// ```
/// # use ehlo_std::{Handler, Recipient};
/// # use ehlo_std::ehlo::{Rcpt, Reply};
/// # struct Sink { known: Vec<String> }
/// # impl Handler for Sink {
/// fn rcpt(&mut self, rcpt: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
///     let known = self.known.iter().any(|known| known == rcpt.forward_path.as_str());
///     if known { Ok(Recipient::Here) } else { Err(Reply::mailbox_name_not_allowed()) }
/// }
/// # }
/// ```
///
/// A handler that panics ends its connection without a word: the client, without an answer, keeps its
/// message. [`aborted`](Self::aborted) is not called then, so leave to `Drop` what has to be undone in any case.
pub trait Handler {
    /// A client has connected. Default: it is let in.
    fn connect(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }

    /// TLS is up, at the start of the connection or after STARTTLS. What was learned of the client before is void (RFC 3207 4.2).
    #[cfg(feature = "rustls")]
    fn secured(&mut self, tls: &rustls::ServerConnection) {
        let _ = tls;
    }

    /// EHLO or HELO. Default: it is welcome.
    fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Result<(), Reply<'a>> {
        let _ = hello;
        Ok(())
    }

    /// AUTH: once for most mechanisms, up to three times for SCRAM, with the answer that each [`Credentials`] names. Default: `535`.
    fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Result<AuthStep<'a>, Reply<'a>> {
        let _ = credentials;
        Err(Reply::auth_failed())
    }

    /// MAIL. Default: the transaction is opened.
    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        let _ = mail;
        Ok(())
    }

    /// RCPT. Default: `550`, for no one is known.
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        Err(Reply::invalid_user(rcpt.forward_path.as_str()))
    }

    /// DATA. Default: the message is asked for.
    fn data(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }

    /// A piece of the message, borrowed from the connection's buffer. What goes wrong here is told at [`message`](Self::message).
    fn content(&mut self, octets: &[u8]) {
        let _ = octets;
    }

    /// The message is whole, of `size` octets. To say yes is to answer for it from now on (RFC 5321 6.1). Default: `451`.
    ///
    /// In LMTP this is asked for each recipient: `recipient` counts them from 0, in the order in which they were taken, duplicates
    /// too. In SMTP it is `None`.
    fn message(&mut self, size: u64, recipient: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let _ = (size, recipient);
        Err(Reply::processing_error())
    }

    /// The transaction ended without an answer to its message: its envelope and content are void. Default: nothing to drop.
    fn aborted(&mut self, abort: Abort) {
        let _ = abort;
    }

    /// VRFY, where the configuration answers it. Default: `252`.
    fn verify<'a>(&'a mut self, query: Query<'a>) -> Result<Verified<'a>, Reply<'a>> {
        let _ = query;
        Ok(Verified::Ambiguous)
    }

    /// EXPN, where the configuration offers it: the members of the list. Default: `550`.
    fn expand<'a>(&'a mut self, query: Query<'a>) -> Result<Vec<String>, Reply<'a>> {
        Err(Reply::invalid_user(query.what))
    }

    /// HELP: a text, or `None` to name the configured address. Default: that.
    fn help<'a>(&'a mut self, topic: &'a str) -> Result<Option<&'a str>, Reply<'a>> {
        let _ = topic;
        Ok(None)
    }

    /// ETRN, where the configuration offers it: shall the queue for a node be started? Default: `502`.
    fn etrn<'a>(&'a mut self, etrn: Etrn<'a>) -> Result<Queue, Reply<'a>> {
        let _ = etrn;
        Err(Reply::command_not_implemented())
    }

    /// XCLIENT, by a peer that is trusted: from now on it speaks for this client, and the session starts over with
    /// [`connect`](Self::connect). Default: `550`.
    fn xclient<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<Proxied, Reply<'a>> {
        let _ = attributes;
        Err(Reply::access_denied())
    }

    /// XFORWARD, by a peer that is trusted: the next message comes from this client. Default: it is noted, and means nothing.
    fn xforward<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<(), Reply<'a>> {
        let _ = attributes;
        Ok(())
    }

    /// Replies are about to be written, those of the core too: one or more, each of one or more lines. For logs.
    fn replies(&mut self, octets: &[u8]) {
        let _ = octets;
    }
}

/// How an authentication goes on.
#[derive(Debug, Clone, Copy)]
pub enum AuthStep<'a> {
    /// `235`: the client is who it says.
    Authenticated,
    /// `334`, in answer to [`Credentials::ScramUser`]: what the user's password is salted with. For a user that there is not too.
    Salt {
        /// The salt.
        salt: &'a [u8],
        /// The iteration count.
        iterations: u32,
    },
    /// `334`, in answer to [`Credentials::ScramProof`]: what `ScramProof::verify` gave.
    Signature(ServerSignature),
}

/// How a recipient is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
pub enum Receipt<'a> {
    /// `250 2.6.0 Ok`.
    Ok,
    /// `250 2.0.0` with this text, such as `Ok queued as 4711`.
    As(&'a str),
}

/// What is said of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
pub enum Queue {
    /// `250`: it was started.
    Started,
    /// `251`: nothing waits in it.
    Empty,
}

/// How the client that a trusted peer speaks for is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxied {
    /// By its address, its name and so on.
    Client,
    /// As a user, too: it counts as authenticated from now on.
    User,
}

/// Puts the pending request to the handler, and gives its answer.
pub(crate) fn decide<H: Handler, const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    handler: &mut H,
) {
    /// Accepts or refuses.
    macro_rules! settle {
        ($request:ident, $decision:expr, $ok:pat => $accept:expr) => {
            match $decision {
                Ok($ok) => $accept,
                Err(reply) => $request.answer.refuse(&reply),
            }
        };
    }
    match session.request() {
        Some(Request::Connect(ask)) => settle!(ask, handler.connect(), () => ask.answer.accept()),
        Some(Request::Hello(ask)) => settle!(ask, handler.hello(ask.command), () => ask.answer.accept()),
        Some(Request::Auth(ask)) => settle!(ask, handler.auth(ask.credentials), step => match step {
            AuthStep::Authenticated => ask.answer.accept(),
            AuthStep::Salt { salt, iterations } => ask.answer.salt(salt, iterations),
            AuthStep::Signature(signature) => ask.answer.signature(&signature),
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
        Some(Request::Verify(ask)) => settle!(ask, handler.verify(ask.command), verified => match verified {
            Verified::Mailbox(mailbox) => ask.answer.accept(mailbox),
            Verified::Forwarded(path) => ask.answer.will_forward(path),
            Verified::Ambiguous => ask.answer.ambiguous(),
        }),
        Some(Request::Expand(ask)) => {
            settle!(ask, handler.expand(ask.command), members => ask.answer.accept(members.iter().map(String::as_str)));
        }
        Some(Request::Help(ask)) => settle!(ask, handler.help(ask.topic), text => match text {
            Some(text) => ask.answer.accept_with(text),
            None => ask.answer.accept(),
        }),
        Some(Request::Etrn(ask)) => settle!(ask, handler.etrn(ask.command), queue => match queue {
            Queue::Started => ask.answer.accept(),
            Queue::Empty => ask.answer.nothing_waiting(),
        }),
        Some(Request::Xclient(ask)) => settle!(ask, handler.xclient(ask.command), known => match known {
            Proxied::Client => ask.answer.accept(),
            Proxied::User => ask.answer.accept_authenticated(),
        }),
        Some(Request::Xforward(ask)) => settle!(ask, handler.xforward(ask.command), () => ask.answer.accept()),
        // One that this version does not know is refused by being dropped.
        Some(_) | None => {}
    }
}
