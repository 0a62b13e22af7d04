//! A raw SMTP client: it sends the octets it is given, and says what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net;
use rustls::{ClientConnection, StreamOwned};

use crate::reply::{Reply, lossy};
use crate::{Result, tls};

/// How long a reply may take before the test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing must come for that to count as silence.
pub const SILENCE: Duration = Duration::from_millis(250);

/// What the server said within the time given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A whole reply.
    Reply(Reply),
    /// Nothing.
    Silence,
    /// The end of the connection.
    Closed,
}

/// One connection.
pub struct Client {
    stream: Stream,
    inbox: Vec<u8>,
    closed: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Client {
    /// Connects in plaintext; the greeting is not read yet.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self::over(Stream::Plain(tcp(address)?)))
    }

    /// Connects in plaintext from an address of one's own: all of 127.0.0.0/8 is this machine's.
    pub fn connect_from(from: IpAddr, address: SocketAddr) -> Result<Self> {
        let family = if from.is_ipv4() { net::AddressFamily::INET } else { net::AddressFamily::INET6 };
        let connected = net::socket(family, net::SocketType::STREAM, None).and_then(|socket| {
            net::bind(&socket, &SocketAddr::new(from, 0))?;
            net::connect(&socket, &address)?;
            Ok(socket)
        });
        let socket = connected.map_err(|error| format!("connecting from {from} to {address}: {error}"))?;
        Ok(Self::over(Stream::Plain(ready(socket.into())?)))
    }

    /// Connects with TLS from the first octet.
    pub fn connect_tls(address: SocketAddr) -> Result<Self> {
        Ok(Self::over(Stream::Tls(Box::new(tls::handshake(tcp(address)?)?))))
    }

    fn over(stream: Stream) -> Self {
        Self { stream, inbox: Vec::new(), closed: false }
    }

    /// Sends octets as they are. A server that has closed is noticed when it is next listened to.
    pub fn send(&mut self, octets: &[u8]) {
        let sent = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(octets),
            Stream::Tls(stream) => stream.write_all(octets).and_then(|()| stream.flush()),
        };
        // The replies sent before the close are still to be read, so a failure here is not the end.
        drop(sent);
    }

    /// Sends octets one a segment.
    pub fn send_split(&mut self, octets: &[u8]) {
        for octet in octets.chunks(1) {
            self.send(octet);
        }
    }

    /// Waits until something has come, and leaves it unread.
    pub fn await_unread(&self) -> Result<()> {
        match self.tcp().peek(&mut [0]) {
            Ok(1..) => Ok(()),
            Ok(_) => Err("the server has closed".into()),
            Err(error) => Err(format!("nothing has come: {error}")),
        }
    }

    /// Waits for the next reply, at most `patience`.
    pub fn hear(&mut self, patience: Duration) -> Result<Heard> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(reply) = Reply::take(&mut self.inbox)? {
                return Ok(Heard::Reply(reply));
            }
            if self.closed {
                return match self.inbox.as_slice() {
                    [] => Ok(Heard::Closed),
                    half => Err(format!("the connection closed within a reply: \"{}\"", lossy(half))),
                };
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return match self.inbox.as_slice() {
                    [] => Ok(Heard::Silence),
                    half => Err(format!("half a reply, and then nothing: \"{}\"", lossy(half))),
                };
            }
            self.fill(left)?;
        }
    }

    /// Everything that comes until the server closes or is silent, as raw octets.
    pub fn raw(&mut self, patience: Duration) -> Result<Vec<u8>> {
        loop {
            let before = self.inbox.len();
            self.fill(patience)?;
            if self.closed || self.inbox.len() == before {
                return Ok(std::mem::take(&mut self.inbox));
            }
        }
    }

    /// Whether the server has closed, as far as has been seen.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next reply, which must come.
    pub fn reply(&mut self) -> Result<Reply> {
        match self.hear(PATIENCE)? {
            Heard::Reply(reply) => Ok(reply),
            Heard::Silence => Err("no reply came".into()),
            Heard::Closed => Err("the server closed instead of a reply".into()),
        }
    }

    /// Sends a line and its CRLF, and gives the reply.
    pub fn command(&mut self, line: &str) -> Result<Reply> {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Sends a line, and demands a code of the reply.
    pub fn expect(&mut self, code: u16, line: &str) -> Result<Reply> {
        let reply = self.command(line)?;
        match reply.code == code {
            true => Ok(reply),
            false => Err(format!("{line}: expected {code}, got {reply}")),
        }
    }

    /// Reads the greeting and says EHLO; gives the EHLO reply.
    pub fn greet(&mut self) -> Result<Reply> {
        match self.reply()? {
            Reply { code: 220, .. } => self.expect(250, "EHLO client.example"),
            reply => Err(format!("expected the greeting, got {reply}")),
        }
    }

    /// Demands that the server closes.
    pub fn expect_close(&mut self) -> Result<()> {
        match self.hear(PATIENCE)? {
            Heard::Closed => Ok(()),
            other => Err(format!("expected the server to close, got {other:?}")),
        }
    }

    /// Goes on under TLS: the handshake that follows the 220 to STARTTLS.
    pub fn start_tls(self) -> Result<Self> {
        match self.stream {
            Stream::Plain(_) if !self.inbox.is_empty() => {
                Err(format!("plaintext behind the reply to STARTTLS: \"{}\"", lossy(&self.inbox)))
            }
            Stream::Plain(stream) => Ok(Self::over(Stream::Tls(Box::new(tls::handshake(stream)?)))),
            Stream::Tls(_) => Err("the connection is under TLS already".into()),
        }
    }

    /// Sends one whole message on an idle session, dot-stuffed; gives the final reply.
    pub fn deliver(&mut self, from: &str, to: &[&str], content: &[u8]) -> Result<Reply> {
        self.expect(250, &format!("MAIL FROM:<{from}>"))?;
        for to in to {
            self.expect(250, &format!("RCPT TO:<{to}>"))?;
        }
        self.expect(354, "DATA")?;
        self.send(&stuff(content));
        self.reply()
    }

    /// Reads once more into the inbox, waiting at most `patience`.
    fn fill(&mut self, patience: Duration) -> Result<()> {
        let mut piece = [0; 16 * 1024];
        self.tcp().set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut piece),
            Stream::Tls(stream) => stream.read(&mut piece),
        };
        match read {
            Ok(0) => self.closed = true,
            Ok(count) => self.inbox.extend_from_slice(&piece[..count]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                // A close that leaves unread input behind is a reset on the wire; under TLS a missing
                // close_notify is an unexpected end.
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => self.closed = true,
                _ => return Err(format!("reading: {error}")),
            },
        }
        Ok(())
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }
}

/// A message as DATA sends it: leading dots doubled, and the final dot.
pub fn stuff(content: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(content.len() + content.len() / 64 + 8);
    for line in content.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}

fn tcp(address: SocketAddr) -> Result<TcpStream> {
    ready(TcpStream::connect(address).map_err(|error| format!("connecting to {address}: {error}"))?)
}

/// With time limits.
fn ready(stream: TcpStream) -> Result<TcpStream> {
    let ready = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
    ready.map_err(|error| error.to_string())?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffs_dots_at_the_start_of_lines_only() {
        assert_eq!(stuff(b".\r\na.\r\n..x\r\n"), b"..\r\na.\r\n...x\r\n.\r\n");
        assert_eq!(stuff(b""), b".\r\n");
    }
}
