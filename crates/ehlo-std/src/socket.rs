//! What a listener accepts: a TCP connection, or one of a Unix socket.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::stream::Stream;

/// A listener of either kind.
#[derive(Debug)]
pub enum Listener {
    /// On an address and port.
    Tcp(TcpListener),
    /// On a path.
    Unix(UnixListener),
}

/// A connection of either kind.
#[derive(Debug)]
pub struct Socket(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A hold on a connection of another thread's.
#[derive(Debug)]
pub(crate) struct Handle(Weak<Kind>);

/// Does the same to the socket of either kind.
macro_rules! either {
    ($kind:expr, $socket:ident => $do:expr) => {
        match $kind {
            Kind::Tcp($socket) => $do,
            Kind::Unix($socket) => $do,
        }
    };
}

impl Listener {
    /// Has `accept` not wait: who waits is [`Server::run`](crate::Server::run), for all listeners at once.
    pub(crate) fn make_ready(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            Self::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    /// The next connection, and where it comes from; a Unix socket does not say.
    pub(crate) fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        let (kind, peer) = match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // Replies are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                (Kind::Tcp(stream), Some(peer))
            }
            Self::Unix(listener) => (Kind::Unix(listener.accept()?.0), None),
        };
        // Some systems hand this down from the listener.
        either!(&kind, socket => socket.set_nonblocking(false))?;
        Ok((Socket(Arc::new(kind)), peer))
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self(Arc::new(Kind::Tcp(stream)))
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self(Arc::new(Kind::Unix(stream)))
    }
}

impl Socket {
    pub(crate) fn handle(&self) -> Handle {
        Handle(Arc::downgrade(&self.0))
    }

    /// The same connection again, for whoever cannot give it away yet.
    pub(crate) fn again(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Writes without waiting. A new connection has room for one line; where it has not, the peer learns less.
    pub(crate) fn write_at_once(&self, octets: &[u8]) {
        let _ = either!(&*self.0, socket => socket.set_nonblocking(true).and_then(|()| (&*socket).write(octets)));
    }
}

impl Handle {
    /// Ends the connection, if it is still there; who reads or writes it is told at once.
    pub(crate) fn cut_off(&self) {
        if let Some(kind) = self.0.upgrade() {
            let _ = either!(&*kind, socket => socket.shutdown(Shutdown::Both));
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(&*self.0, socket => (&*socket).read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        either!(&*self.0, socket => (&*socket).write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Socket {
    fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
        either!(&*self.0, socket => socket.set_read_timeout(Some(limit)))
    }

    fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
        either!(&*self.0, socket => socket.set_write_timeout(Some(limit)))
    }

    fn end(&mut self) -> io::Result<()> {
        either!(&*self.0, socket => socket.shutdown(Shutdown::Write))
    }
}
