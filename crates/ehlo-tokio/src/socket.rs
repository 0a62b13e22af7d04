//! What a listener accepts: a TCP connection, or one of a Unix socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

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
pub enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// Within the machine.
    Unix(UnixStream),
}

impl Listener {
    /// The next connection, and where it comes from; a Unix socket does not say.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                // Replies are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                Ok((Socket::Tcp(stream), Some(client)))
            }
            Self::Unix(listener) => Ok((Socket::Unix(listener.accept().await?.0), None)),
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

impl Socket {
    /// Writes without waiting, as a plain non-blocking socket, since tokio would first wait to hear that it can be written. A new
    /// connection has room for one line; where it has not, the peer learns less.
    pub(crate) fn write_at_once(self, octets: &[u8]) {
        use std::io::Write;
        let _ = match self {
            Self::Tcp(stream) => stream.into_std().and_then(|mut stream| stream.write(octets)),
            Self::Unix(stream) => stream.into_std().and_then(|mut stream| stream.write(octets)),
        };
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
