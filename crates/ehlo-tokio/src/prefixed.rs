//! A stream of which something has been read already.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream, and octets that come before what is still to be read of it.
#[derive(Debug)]
pub struct Prefixed<T> {
    prefix: Vec<u8>,
    stream: T,
}

impl<T> Prefixed<T> {
    /// Puts octets back before a stream.
    pub const fn new(prefix: Vec<u8>, stream: T) -> Self {
        Self { prefix, stream }
    }

    /// The octets that have not been read, and the stream.
    pub fn into_parts(self) -> (Vec<u8>, T) {
        (self.prefix, self.stream)
    }
}

impl<T> From<T> for Prefixed<T> {
    /// A stream of which nothing has been read.
    fn from(stream: T) -> Self {
        Self::new(Vec::new(), stream)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Prefixed<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.prefix.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let now = this.prefix.len().min(buffer.remaining());
        buffer.put_slice(this.prefix.get(..now).unwrap_or_default());
        this.prefix.drain(..now);
        if this.prefix.is_empty() {
            // A connection may be idle for long.
            this.prefix = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Prefixed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
