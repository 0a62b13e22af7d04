//! A client that speaks line by line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Client<T = TcpStream> {
    stream: BufReader<T>,
    /// All that was read.
    pub(crate) heard: Vec<u8>,
}

impl Client {
    /// A client over TCP, which gives up where the server says nothing for too long.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Self::new(stream)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).expect("the stream can be ended");
    }
}

impl<T: Read + Write> Client<T> {
    pub(crate) fn new(stream: T) -> Self {
        Self { stream: BufReader::new(stream), heard: Vec::new() }
    }

    pub(crate) fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(octets.as_ref()).expect("the server reads");
        self.stream.get_mut().flush().expect("the server reads");
    }

    /// The next reply, its lines parted by line feeds; empty at the end of the connection.
    pub(crate) fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let begin = reply.len();
            self.stream.read_line(&mut reply).expect("a reply");
            let line = reply[begin..].to_owned();
            self.heard.extend_from_slice(line.as_bytes());
            assert!(line.is_empty() || line.ends_with("\r\n"), "half a line: {line:?}");
            reply.truncate(begin + line.trim_end().len());
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
            reply.push('\n');
        }
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n"));
        self.reply()
    }

    /// Takes a reply that begins so.
    pub(crate) fn hear(&mut self, start: &str) {
        let reply = self.reply();
        assert!(!reply.is_empty(), "the connection ended before {start:?}");
        assert!(reply.starts_with(start), "{reply:?}, and not {start:?}");
    }

    /// Says a line, and takes a reply that begins so.
    pub(crate) fn expect(&mut self, line: &str, start: &str) {
        let reply = self.ask(line);
        assert!(!reply.is_empty() && reply.starts_with(start), "{line:?} is answered by {reply:?}, and not {start:?}");
    }

    pub(crate) fn up_to_hello(&mut self) {
        self.hear("220 mx.example.net");
        self.expect("EHLO client.example.com", "250-mx.example.net");
    }

    /// From the greeting to a transaction with a recipient.
    pub(crate) fn up_to_rcpt(&mut self) {
        self.up_to_hello();
        self.expect("MAIL FROM:<alice@example.com>", "250 2.1.0");
        self.expect("RCPT TO:<bob@example.net>", "250 2.1.5");
    }

    /// From the greeting to mail data.
    pub(crate) fn up_to_data(&mut self) {
        self.up_to_rcpt();
        self.expect("DATA", "354");
    }

    /// What comes until the server closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the server closes, and does not reset");
        self.heard.extend_from_slice(&rest);
        String::from_utf8(rest).expect("replies are ASCII")
    }

    /// Waits until the connection is gone, in whatever way.
    pub(crate) fn gone(&mut self) {
        let ended = self.stream.read_to_end(&mut Vec::new());
        assert!(
            !ended.is_err_and(|error| matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            )),
            "the server does not close"
        );
    }

    /// The stream itself.
    pub(crate) fn into_stream(self) -> T {
        assert!(self.stream.buffer().is_empty(), "something was not taken");
        self.stream.into_inner()
    }
}
