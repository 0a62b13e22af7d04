//! TLS by rustls, on a stream whose calls end in time.
//!
//! `rustls::StreamOwned` would read where it cannot write, and read on until there is something to give: a peer that does not read, or
//! drips its records, could then outstay its time. Here each call does at most one call of the stream's.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::handler::Handler;
use crate::stream::Stream;

/// What handshakes are done with.
pub(crate) type Acceptor = Arc<ServerConfig>;

/// How long a peer may take to read why TLS has ended.
const ALERT: Duration = Duration::from_secs(1);

/// A stream under TLS.
#[derive(Debug)]
pub(crate) struct Tls<S> {
    connection: ServerConnection,
    stream: S,
}

impl<S: Stream> Tls<S> {
    /// Before the handshake.
    pub(crate) fn begin(acceptor: &Acceptor, stream: S) -> io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(acceptor)).map_err(io::Error::other)?;
        Ok(Self { connection, stream })
    }

    /// Whether the handshake is done, and all of it written.
    pub(crate) fn is_up(&self) -> bool {
        !self.connection.is_handshaking() && !self.connection.wants_write()
    }

    /// One step of the handshake.
    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        if self.connection.wants_write() {
            return self.push();
        }
        match self.pull()? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Lets the handler look at it.
    pub(crate) fn show(&self, handler: &mut impl Handler) {
        handler.secured(&self.connection);
    }

    /// What the session has to know of it.
    pub(crate) fn facts(&self) -> ehlo::Tls {
        let tls = &self.connection;
        let client_certificate = tls.peer_certificates().is_some_and(|chain| !chain.is_empty());
        // Under TLS 1.2 it takes an extended master secret (RFC 9266 3), and whether there is one cannot be asked.
        let fits = tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let export = || tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok();
        ehlo::Tls { client_certificate, exporter: fits.then(export).flatten() }
    }

    /// Reads from the stream once.
    fn pull(&mut self) -> io::Result<usize> {
        let read = self.connection.read_tls(&mut self.stream)?;
        if let Err(error) = self.connection.process_new_packets() {
            // The peer may want to know why; the error is the same if it does not.
            let _ = self.stream.limit_write(ALERT).and_then(|()| self.push());
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(read)
    }

    /// Writes to the stream once. Fails as a stream does in want of time where something is left to write.
    fn push(&mut self) -> io::Result<()> {
        if self.connection.wants_write() && self.connection.write_tls(&mut self.stream)? == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        if self.connection.wants_write() { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    }
}

impl<S: Stream> Read for Tls<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.connection.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.pull()?;
                self.connection.reader().read(buffer)
            }
            read => read,
        }
    }
}

/// Octets are taken first, and written by `flush`.
impl<S: Stream> Write for Tls<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.push()?;
        self.connection.writer().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push()?;
        self.stream.flush()
    }
}

impl<S: Stream> Stream for Tls<S> {
    fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
        self.stream.limit_read(limit)
    }

    fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
        self.stream.limit_write(limit)
    }

    fn end(&mut self) -> io::Result<()> {
        self.connection.send_close_notify();
        self.push()?;
        self.stream.end()
    }
}
