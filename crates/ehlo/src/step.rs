//! What the caller has to do next.

use crate::time::Instant;

/// What [`Session::advance`](crate::Session::advance) asks of its caller.
///
/// A step borrows from the caller's own input and from nothing else, so the session can be used while it is held.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Step<'i> {
    /// The input is used up and there is nothing to send: read more, then advance again.
    /// At the deadline advance again too, with no input: the session then ends itself.
    Recv {
        /// When the peer's time is up.
        deadline: Instant,
    },
    /// Write [`output`](crate::Session::output), and say how much was written by
    /// [`consume_output`](crate::Session::consume_output).
    Send,
    /// A decision is due: take it from [`request`](crate::Session::request) and answer it.
    Request,
    /// Mail data as the sender meant them: dots unstuffed, lines ended by CRLF. Borrowed from the input, of any length but 0.
    Content(&'i [u8]),
    /// The transaction is over, and not by an answer of yours: drop its envelope, and the part of the message that came.
    Aborted(Abort),
    /// Do the TLS handshake, then say [`tls_started`](crate::Session::tls_started) or
    /// [`tls_failed`](crate::Session::tls_failed). What was read ahead in plaintext must be thrown away;
    /// the session has emptied the input that it was given.
    StartTls,
    /// Close the connection. Everything has been sent.
    Closed,
}

/// Why a transaction ended without an answer to its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Abort {
    /// RSET, a new EHLO or HELO, or STARTTLS came within the transaction.
    Reset,
    /// The peer said QUIT, or was turned out for what it did, within the transaction.
    Closed,
    /// The peer's side of the connection ended.
    Eof,
    /// The peer's time was up.
    Timeout,
    /// The server is shutting down.
    Shutdown,
    /// A bare CR or LF in the mail data. The data are read to their true end, refused with 550, and the connection is closed.
    LineEnding,
    /// More mail data than the limit. The rest is read and dropped, then refused with 552.
    TooBig,
    /// A chunk was refused (RFC 3030 2), by an answer to its request or for its place.
    Chunk,
    /// More `Received` fields than the limit. The rest is read and dropped, then refused with 554.
    TooManyHops,
}
