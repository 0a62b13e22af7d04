//! The decisions of a server, as one trait.

use std::future::{Future, ready};

use ehlo::{Abort, Attributes, Credentials, Etrn, Hello, Mail, Query, Rcpt, Reply, ServerSignature};
use tokio_rustls::rustls::ServerConnection;

/// What the core asks of a server, a method a request, and what it hands to it.
///
/// Each has a default that is safe: what lets a client go on says yes; [`auth`](Self::auth), [`rcpt`](Self::rcpt) and
/// [`message`](Self::message) say no, since to say yes there is a promise to keep. Write them as `async fn`:
///
/// ```
/// use ehlo_tokio::{Handler, Receipt, Recipient};
/// use ehlo_tokio::ehlo::{Abort, Rcpt, Reply};
///
/// #[derive(Default)]
/// struct Sink { message: Vec<u8> }
///
/// impl Handler for Sink {
///     async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
///         match rcpt.forward_path.as_str() {
///             "bob@example.net" => Ok(Recipient::Here),
///             other => Err(Reply::invalid_user(other)),
///         }
///     }
///
///     async fn content(&mut self, octets: &[u8]) {
///         self.message.extend_from_slice(octets);
///     }
///
///     async fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
///         assert_eq!(size, self.message.len() as u64);
///         self.message.clear();
///         Ok(Receipt::Ok)
///     }
///
///     async fn aborted(&mut self, _: Abort) {
///         self.message.clear();
///     }
/// }
/// ```
///
/// A reply may borrow from the handler or from what the client said, as it does in `rcpt` above. Where it borrows from the handler,
/// or from nothing, the lifetimes can be left out:
///
/// ```
/// # use ehlo_tokio::{Handler, Recipient};
/// # use ehlo_tokio::ehlo::{Rcpt, Reply};
/// # struct Sink { known: Vec<String> }
/// # impl Handler for Sink {
/// async fn rcpt(&mut self, rcpt: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
///     let known = self.known.iter().any(|known| known == rcpt.forward_path.as_str());
///     if known { Ok(Recipient::Here) } else { Err(Reply::mailbox_name_not_allowed()) }
/// }
/// # }
/// ```
///
/// (`Reply<'static>` in a method's type is not taken by the compiler, which wants the types as they stand here.)
///
/// A handler that panics, or whose task is aborted, ends its connection without a word: the client, without an answer, keeps its
/// message. [`aborted`](Self::aborted) is not called then, so leave to `Drop` what has to be undone in any case.
pub trait Handler: Send {
    /// A client has connected. Default: it is let in.
    fn connect(&mut self) -> impl Future<Output = Result<(), Reply<'_>>> + Send {
        ready(Ok(()))
    }

    /// TLS is up, at the start of the connection or after STARTTLS. What was learned of the client before is void (RFC 3207 4.2).
    fn secured(&mut self, tls: &ServerConnection) {
        let _ = tls;
    }

    /// EHLO or HELO. Default: it is welcome.
    fn hello<'a>(&'a mut self, hello: Hello<'a>) -> impl Future<Output = Result<(), Reply<'a>>> + Send {
        let _ = hello;
        ready(Ok(()))
    }

    /// AUTH: once for most mechanisms, up to three times for SCRAM, with the answer that each [`Credentials`] names. Default: `535`.
    fn auth<'a>(
        &'a mut self,
        credentials: Credentials<'a>,
    ) -> impl Future<Output = Result<AuthStep<'a>, Reply<'a>>> + Send {
        let _ = credentials;
        ready(Err(Reply::auth_failed()))
    }

    /// MAIL. Default: the transaction is opened.
    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> impl Future<Output = Result<(), Reply<'a>>> + Send {
        let _ = mail;
        ready(Ok(()))
    }

    /// RCPT. Default: `550`, for no one is known.
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> impl Future<Output = Result<Recipient<'a>, Reply<'a>>> + Send {
        ready(Err(Reply::invalid_user(rcpt.forward_path.as_str())))
    }

    /// DATA. Default: the message is asked for.
    fn data(&mut self) -> impl Future<Output = Result<(), Reply<'_>>> + Send {
        ready(Ok(()))
    }

    /// A piece of the message, borrowed from the connection's buffer. What goes wrong here is told at [`message`](Self::message).
    fn content(&mut self, octets: &[u8]) -> impl Future<Output = ()> + Send {
        let _ = octets;
        ready(())
    }

    /// The message is whole, of `size` octets. To say yes is to answer for it from now on (RFC 5321 6.1). Default: `451`.
    ///
    /// In LMTP this is asked for each recipient: `recipient` counts them from 0, in the order in which they were taken, duplicates
    /// too. In SMTP it is `None`.
    fn message(
        &mut self,
        size: u64,
        recipient: Option<u16>,
    ) -> impl Future<Output = Result<Receipt<'_>, Reply<'_>>> + Send {
        let _ = (size, recipient);
        ready(Err(Reply::processing_error()))
    }

    /// The transaction ended without an answer to its message: its envelope and content are void. Default: nothing to drop.
    fn aborted(&mut self, abort: Abort) -> impl Future<Output = ()> + Send {
        let _ = abort;
        ready(())
    }

    /// VRFY, where the configuration answers it. Default: `252`.
    fn verify<'a>(&'a mut self, query: Query<'a>) -> impl Future<Output = Result<Verified<'a>, Reply<'a>>> + Send {
        let _ = query;
        ready(Ok(Verified::Ambiguous))
    }

    /// EXPN, where the configuration offers it: the members of the list. Default: `550`.
    fn expand<'a>(&'a mut self, query: Query<'a>) -> impl Future<Output = Result<Vec<String>, Reply<'a>>> + Send {
        ready(Err(Reply::invalid_user(query.what)))
    }

    /// HELP: a text, or `None` to name the configured address. Default: that.
    fn help<'a>(&'a mut self, topic: &'a str) -> impl Future<Output = Result<Option<&'a str>, Reply<'a>>> + Send {
        let _ = topic;
        ready(Ok(None))
    }

    /// ETRN, where the configuration offers it: shall the queue for a node be started? Default: `502`.
    fn etrn<'a>(&'a mut self, etrn: Etrn<'a>) -> impl Future<Output = Result<Queue, Reply<'a>>> + Send {
        let _ = etrn;
        ready(Err(Reply::command_not_implemented()))
    }

    /// XCLIENT, by a peer that is trusted: from now on it speaks for this client, and the session starts over with
    /// [`connect`](Self::connect). Default: `550`.
    fn xclient<'a>(
        &'a mut self,
        attributes: Attributes<'a>,
    ) -> impl Future<Output = Result<Proxied, Reply<'a>>> + Send {
        let _ = attributes;
        ready(Err(Reply::access_denied()))
    }

    /// XFORWARD, by a peer that is trusted: the next message comes from this client. Default: it is noted, and means nothing.
    fn xforward<'a>(&'a mut self, attributes: Attributes<'a>) -> impl Future<Output = Result<(), Reply<'a>>> + Send {
        let _ = attributes;
        ready(Ok(()))
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
