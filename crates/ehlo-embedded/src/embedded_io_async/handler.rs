//! The decisions of a server that waits for them.

use ehlo::{Abort, Credentials, Hello, Mail, Rcpt, Reply, Request, Session};
#[cfg(feature = "extensions")]
use ehlo::{Attributes, Etrn, Query};

use crate::handler::{AuthStep, Receipt, Recipient};
#[cfg(feature = "extensions")]
use crate::handler::{Proxied, Queue, Verified};

/// What the core asks of a server, a method a request, and what it hands to it: [`crate::Handler`] for programs with an executor, where
/// an answer that takes its time is waited for.
///
/// Each has a default that is safe: what lets a client go on says yes; [`auth`](Self::auth), [`rcpt`](Self::rcpt) and
/// [`message`](Self::message) say no, since to say yes there is a promise to keep. A refusal is a 4yz or 5yz reply; a positive one
/// becomes `451 4.3.0`.
///
/// ```
/// use ehlo_embedded::ehlo::{Abort, Rcpt, Reply};
/// use ehlo_embedded::embedded_io_async::Handler;
/// use ehlo_embedded::{Receipt, Recipient};
///
/// #[derive(Default)]
/// struct Counter { octets: usize }
///
/// impl Handler for Counter {
///     async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
///         match rcpt.forward_path.as_str() {
///             "bob@example.net" => Ok(Recipient::Here),
///             other => Err(Reply::invalid_user(other)),
///         }
///     }
///
///     async fn content(&mut self, octets: &[u8]) {
///         self.octets += octets.len();
///     }
///
///     async fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
///         assert_eq!(size, self.octets as u64);
///         self.octets = 0;
///         Ok(Receipt::Ok)
///     }
///
///     async fn aborted(&mut self, _: Abort) {
///         self.octets = 0;
///     }
/// }
/// ```
#[expect(async_fn_in_trait, reason = "an executor of one thread asks nothing more of a future than to be one")]
pub trait Handler {
    /// A client has connected. Default: it is let in.
    async fn connect(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }

    /// EHLO or HELO. Default: it is welcome.
    async fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Result<(), Reply<'a>> {
        let _ = hello;
        Ok(())
    }

    /// AUTH: once for most mechanisms, up to three times for SCRAM, with the answer that each [`Credentials`] names. Default: `535`.
    async fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Result<AuthStep<'a>, Reply<'a>> {
        let _ = credentials;
        Err(Reply::auth_failed())
    }

    /// MAIL. Default: the transaction is opened.
    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        let _ = mail;
        Ok(())
    }

    /// RCPT. Default: `550`, for no one is known.
    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        Err(Reply::invalid_user(rcpt.forward_path.as_str()))
    }

    /// DATA. Default: the message is asked for.
    async fn data(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }

    /// A piece of the message, borrowed from the receive buffer. What goes wrong here is told at [`message`](Self::message).
    async fn content(&mut self, octets: &[u8]) {
        let _ = octets;
    }

    /// The message is whole, of `size` octets. To say yes is to answer for it from now on (RFC 5321 6.1). Default: `451`.
    ///
    /// In LMTP this is asked for each recipient: `recipient` counts them from 0, in the order in which they were taken, duplicates
    /// too. In SMTP it is `None`.
    async fn message(&mut self, size: u64, recipient: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let _ = (size, recipient);
        Err(Reply::processing_error())
    }

    /// The transaction ended without an answer to its message: its envelope and content are void. Default: nothing to drop.
    async fn aborted(&mut self, abort: Abort) {
        let _ = abort;
    }

    /// VRFY, where the configuration answers it. Default: `252`.
    #[cfg(feature = "extensions")]
    async fn verify<'a>(&'a mut self, query: Query<'a>) -> Result<Verified<'a>, Reply<'a>> {
        let _ = query;
        Ok(Verified::Ambiguous)
    }

    /// EXPN, where the configuration offers it: the members of the list. Default: `550`.
    #[cfg(feature = "extensions")]
    async fn expand<'a>(&'a mut self, query: Query<'a>) -> Result<&'a [&'a str], Reply<'a>> {
        Err(Reply::invalid_user(query.what))
    }

    /// HELP: a text, or `None` to name the configured address. Default: that.
    #[cfg(feature = "extensions")]
    async fn help<'a>(&'a mut self, topic: &'a str) -> Result<Option<&'a str>, Reply<'a>> {
        let _ = topic;
        Ok(None)
    }

    /// ETRN, where the configuration offers it: shall the queue for a node be started? Default: `502`.
    #[cfg(feature = "extensions")]
    async fn etrn<'a>(&'a mut self, etrn: Etrn<'a>) -> Result<Queue, Reply<'a>> {
        let _ = etrn;
        Err(Reply::command_not_implemented())
    }

    /// XCLIENT, by a peer that is trusted: from now on it speaks for this client, and the session starts over with
    /// [`connect`](Self::connect). Default: `550`.
    #[cfg(feature = "extensions")]
    async fn xclient<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<Proxied, Reply<'a>> {
        let _ = attributes;
        Err(Reply::access_denied())
    }

    /// XFORWARD, by a peer that is trusted: the next message comes from this client. Default: it is noted, and means nothing.
    #[cfg(feature = "extensions")]
    async fn xforward<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<(), Reply<'a>> {
        let _ = attributes;
        Ok(())
    }

    /// Replies have been written, those of the core too: one or more, each of one or more lines, or where the stream did not take all of
    /// them at once a part. For logs.
    fn replies(&mut self, octets: &[u8]) {
        let _ = octets;
    }
}

/// Puts the pending request to the handler, and gives its answer.
pub(super) async fn decide<H: Handler, const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    handler: &mut H,
) {
    /// Accepts or refuses.
    macro_rules! settle {
        ($request:ident, $decision:expr, $yes:pat => $accept:expr) => {
            match $decision.await {
                Ok($yes) => $accept,
                Err(reply) => $request.answer.refuse(&reply),
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
}
