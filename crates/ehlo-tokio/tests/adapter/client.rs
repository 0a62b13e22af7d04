//! A client that speaks line by line.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::{Duration, timeout};

pub(crate) struct Client<T> {
    stream: BufReader<T>,
    /// All that was read.
    pub(crate) heard: Vec<u8>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) fn new(stream: T) -> Self {
        Self { stream: BufReader::new(stream), heard: Vec::new() }
    }

    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.expect("the server reads");
        self.stream.flush().await.expect("the server reads");
    }

    /// The next reply, its lines parted by line feeds; empty at the end of the connection.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let begin = reply.len();
            self.stream.read_line(&mut reply).await.expect("a reply");
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

    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Takes a reply that begins so.
    pub(crate) async fn hear(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(!reply.is_empty() || start.is_empty(), "the connection ended before {start:?}");
        assert!(reply.starts_with(start), "{reply:?}, and not {start:?}");
    }

    /// Says a line, and takes a reply that begins so.
    pub(crate) async fn expect(&mut self, line: &str, start: &str) {
        let reply = self.ask(line).await;
        assert!(!reply.is_empty() && reply.starts_with(start), "{line:?} is answered by {reply:?}, and not {start:?}");
    }

    /// From the greeting to mail data.
    pub(crate) async fn up_to_data(&mut self) {
        self.up_to_rcpt().await;
        self.expect("DATA", "354").await;
    }

    /// From the greeting to a transaction with a recipient.
    pub(crate) async fn up_to_rcpt(&mut self) {
        self.up_to_hello().await;
        self.expect("MAIL FROM:<alice@example.com>", "250 2.1.0").await;
        self.expect("RCPT TO:<bob@example.net>", "250 2.1.5").await;
    }

    pub(crate) async fn up_to_hello(&mut self) {
        self.hear("220 mx.example.net").await;
        self.expect("EHLO client.example.com", "250-mx.example.net").await;
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn end(&mut self) {
        self.stream.shutdown().await.expect("the stream can be ended");
    }

    /// What comes until the server closes; a reset is a close here.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(60), self.stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the server does not close");
        self.heard.extend_from_slice(&rest);
        String::from_utf8(rest).expect("replies are ASCII")
    }

    /// The stream itself, for a handshake.
    pub(crate) fn into_stream(self) -> T {
        assert!(self.stream.buffer().is_empty(), "something was not taken");
        self.stream.into_inner()
    }
}
