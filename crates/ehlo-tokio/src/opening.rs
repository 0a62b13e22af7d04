//! What stands before the session on a connection, and why a connection is turned away before it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time;

use crate::prefixed::Prefixed;
use crate::proxy::{self, Origin};
use crate::socket::Socket;

/// A connection that has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which listener it came to: their order of [`Server::bind`](crate::Server::bind) and [`Server::add`](crate::Server::add), from 0.
    pub listener: usize,
    /// Who connected; `None` for a Unix socket, which does not say.
    pub peer: Option<SocketAddr>,
}

/// What stands before the session on a connection. By default, nothing.
///
/// ```
/// use ehlo_tokio::{Opening, Server};
///
/// let server = Server::new("mx.example.net").opening(|arrival| {
///     // Behind a proxy on this machine.
///     Opening::new().proxy_protocol(arrival.peer.is_some_and(|peer| peer.ip().is_loopback()))
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether the peer is trusted, where a header is due.
    proxy: Option<bool>,
    header_timeout: Duration,
    implicit_tls: bool,
}

impl Opening {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { proxy: None, header_timeout: Duration::from_secs(5), implicit_tls: false }
    }

    /// A header of the PROXY protocol, of version 1 or 2. Only a peer that is `trusted` is let in: of anybody else such a header cannot
    /// be believed, nor that its own address is the client's, since that is what the listener is there for.
    #[must_use]
    pub const fn proxy_protocol(mut self, trusted: bool) -> Self {
        self.proxy = Some(trusted);
        self
    }

    /// How long the header may take: 5 seconds where nothing else is said. The protocol wants 3 at the least.
    #[must_use]
    pub const fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// A TLS handshake, which the [`Connection`](crate::Connection) does. A client that is turned away is then not told so, for it would
    /// not understand.
    #[must_use]
    pub const fn implicit_tls(mut self) -> Self {
        self.implicit_tls = true;
        self
    }

    /// Whether the client understands a reply before the session.
    pub(crate) const fn speaks_smtp(&self) -> bool {
        !self.implicit_tls
    }

    /// Takes what comes before TLS and SMTP, and says who the client is.
    pub(crate) async fn take(
        &self,
        socket: Socket,
        peer: Option<SocketAddr>,
    ) -> Result<(Prefixed<Socket>, Option<SocketAddr>), TurnedAway> {
        match self.proxy {
            None => Ok((socket.into(), peer)),
            Some(false) => Err(TurnedAway::Untrusted),
            // In a box: most connections have no such header, and need no room for it.
            Some(true) => match Box::pin(time::timeout(self.header_timeout, proxy::receive(socket))).await {
                Ok(Ok((Origin::Client(client), stream))) => Ok((stream, Some(client))),
                Ok(Ok((Origin::Proxy, stream))) => Ok((stream, peer)),
                Ok(Err(error)) => Err(TurnedAway::Header(error)),
                Err(elapsed) => Err(TurnedAway::Header(elapsed.into())),
            },
        }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a connection was turned away before its session.
#[derive(Debug)]
#[non_exhaustive]
pub enum TurnedAway {
    /// There are as many connections as there may be, in all or of this client. It is told `421`, unless it wants TLS first.
    Full {
        /// The client, where it is known: all connections may have been taken before it could be asked for.
        client: Option<SocketAddr>,
    },
    /// It came to a listener for proxies, and is none that is trusted. It is told nothing.
    Untrusted,
    /// The header of the PROXY protocol is none (`InvalidData`), broke off (`UnexpectedEof`) or did not come in time (`TimedOut`). The
    /// proxy is told nothing.
    Header(io::Error),
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { .. } => f.write_str("too many connections"),
            Self::Untrusted => f.write_str("not a trusted proxy"),
            Self::Header(error) => write!(f, "no PROXY header: {error}"),
        }
    }
}

impl std::error::Error for TurnedAway {}
