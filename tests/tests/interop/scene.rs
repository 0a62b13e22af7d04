//! What a client finds, and where it says what must come of it. For scripts this is their environment.

use std::fs;
use std::path::PathBuf;

use ehlo_tests::Result;

/// A running server, and the directory it runs in.
pub(crate) struct Scene {
    /// On 127.0.0.1, with STARTTLS; AUTH in plaintext too. What is sent here is recorded.
    pub(crate) port: u16,
    /// With TLS from the first octet.
    pub(crate) tls_port: u16,
    /// The directory.
    pub(crate) here: PathBuf,
}

impl Scene {
    /// The message to send.
    pub(crate) fn message(&self) -> Vec<u8> {
        fs::read(self.here.join("message.eml")).expect("the scene has a message")
    }

    /// Says that a message must be in a mailbox.
    pub(crate) fn expect(&self, mailbox: &str, message: &[u8]) {
        let directory = self.here.join("expect").join(mailbox);
        fs::create_dir_all(&directory).expect("a directory can be made");
        fs::write(directory.join("1"), message).expect("a file can be written");
    }

    /// Says who must be the sender.
    pub(crate) fn sender(&self, sender: &str) {
        fs::write(self.here.join("sender"), sender).expect("a file can be written");
    }

    /// Demands that a line with all these has been sent in plaintext.
    pub(crate) fn sent(&self, parts: &[&str]) -> Result<()> {
        let sent = fs::read(self.here.join("sent")).expect("a record can be read");
        let sent = String::from_utf8_lossy(&sent);
        match sent.lines().any(|line| parts.iter().all(|part| line.contains(part))) {
            true => Ok(()),
            false => Err(format!("no line with {parts:?} was sent")),
        }
    }
}

/// A message with an empty line behind it, which some clients put there by DATA.
pub(crate) fn lengthened(message: &[u8]) -> Vec<u8> {
    [message, b"\r\n"].concat()
}
