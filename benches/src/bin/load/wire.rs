//! A connection to the server: octets out, replies in.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::{Plan, Security};

/// What both kinds of stream are.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection, and what came in and is still to be looked at.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
}

impl Wire {
    /// Connects, and says EHLO; under TLS from then on, where the plan says so.
    pub(crate) async fn open(plan: &Plan) -> io::Result<Self> {
        let stream = connect(plan.args.address).await?;
        let mut wire = Self { stream: Box::new(stream), inbox: Vec::with_capacity(4096) };
        if plan.args.tls == Security::Implicit {
            wire = wire.secure(plan).await?;
        }
        wire.replies(1, b'2').await?;
        wire.hello().await?;
        if plan.args.tls == Security::Starttls {
            wire.send(b"STARTTLS\r\n").await?;
            wire.replies(1, b'2').await?;
            wire = wire.secure(plan).await?;
            wire.hello().await?;
        }
        Ok(wire)
    }

    async fn hello(&mut self) -> io::Result<()> {
        self.send(b"EHLO load.example.com\r\n").await?;
        self.replies(1, b'2').await
    }

    async fn secure(self, plan: &Plan) -> io::Result<Self> {
        let name = ServerName::try_from("mx.example.net").map_err(io::Error::other)?;
        let stream = plan.tls.connect(name, self.stream).await?;
        Ok(Self { stream: Box::new(stream), inbox: self.inbox })
    }

    /// Sends all of it.
    pub(crate) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await
    }

    /// Waits for so many replies, each of which has to begin with this digit.
    pub(crate) async fn replies(&mut self, count: usize, digit: u8) -> io::Result<()> {
        for _ in 0..count {
            self.reply_of(&[digit]).await?;
        }
        Ok(())
    }

    /// Waits for a reply that begins with one of these digits.
    pub(crate) async fn reply_of(&mut self, digits: &[u8]) -> io::Result<()> {
        loop {
            let Some(end) = self.inbox.iter().position(|octet| *octet == b'\n') else {
                if self.stream.read_buf(&mut self.inbox).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            };
            let line: Vec<u8> = self.inbox.drain(..=end).collect();
            if !line.first().is_some_and(|first| digits.contains(first)) {
                return Err(io::Error::other(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if line.get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }

    /// Ends the session in order.
    pub(crate) async fn quit(mut self) -> io::Result<()> {
        self.send(b"QUIT\r\n").await?;
        self.replies(1, b'2').await
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
