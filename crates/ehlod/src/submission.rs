//! What a submission server adds to a message (RFC 6409 8): Date and Message-ID, where they are missing.

use crate::date;
use std::time::SystemTime;

/// The longest header section that is looked through, in octets. Behind it nothing is added any more.
const LONGEST: usize = 64 * 1024;

/// Holds back the header section of a message until it is known what is missing in it.
#[derive(Debug)]
pub struct Completion {
    held: Vec<u8>,
    /// The start of the line that is coming in.
    line: usize,
    /// How far its end has been looked for.
    looked: usize,
    has_date: bool,
    has_message_id: bool,
    done: bool,
}

impl Completion {
    /// At the start of a message.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: Vec::new(), line: 0, looked: 0, has_date: false, has_message_id: false, done: false }
    }

    /// Takes a piece of the message. Once the header section is whole, returns it with what was missing at its head, and what came
    /// behind it; from then on pieces need not be given any more ([`is_done`](Self::is_done)).
    pub fn take(&mut self, piece: &[u8], id: &str, hostname: &str) -> Option<Vec<u8>> {
        self.held.extend_from_slice(piece);
        while let Some(ahead) = self.held.get(self.looked..)?.iter().position(|octet| *octet == b'\n') {
            let end = self.looked + ahead + 1;
            let line = self.held.get(self.line..end).unwrap_or_default();
            match line.split(|octet| *octet == b':').next().map(<[u8]>::trim_ascii_end) {
                // The empty line behind the header section.
                _ if line == b"\r\n" => return Some(self.finish(id, hostname)),
                Some(name) if name.eq_ignore_ascii_case(b"date") => self.has_date = true,
                Some(name) if name.eq_ignore_ascii_case(b"message-id") => self.has_message_id = true,
                _ => {}
            }
            (self.line, self.looked) = (end, end);
        }
        self.looked = self.held.len();
        (self.held.len() > LONGEST).then(|| self.finish(id, hostname))
    }

    /// At the end of a message: what is held back of it still, completed. `None` where all of it has been returned.
    pub fn end(&mut self, id: &str, hostname: &str) -> Option<Vec<u8>> {
        (!self.done).then(|| self.finish(id, hostname))
    }

    /// Whether the header section has been returned.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self, id: &str, hostname: &str) -> Vec<u8> {
        self.done = true;
        let held = std::mem::take(&mut self.held);
        let mut message = Vec::with_capacity(held.len() + 128);
        if !self.has_date {
            message.extend_from_slice(format!("Date: {}\r\n", date::rfc5322(SystemTime::now())).as_bytes());
        }
        if !self.has_message_id {
            message.extend_from_slice(format!("Message-ID: <{id}@{hostname}>\r\n").as_bytes());
        }
        message.extend_from_slice(&held);
        message
    }
}

impl Default for Completion {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a message that comes in pieces of a size.
    fn completed(message: &str, cut: usize) -> String {
        let mut completion = Completion::new();
        let mut out = Vec::new();
        for piece in message.as_bytes().chunks(cut) {
            if completion.is_done() {
                out.extend_from_slice(piece);
            } else if let Some(head) = completion.take(piece, "ID", "mx.example") {
                out.extend(head);
            }
        }
        out.extend(completion.end("ID", "mx.example").into_iter().flatten());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let message = "date : x\r\nSubject: s\r\nMESSAGE-ID: <1@x>\r\n\r\nbody\r\n";
        for cut in 1..message.len() {
            assert_eq!(completed(message, cut), message, "cut {cut}");
        }
    }

    #[test]
    fn what_is_missing_is_added_at_the_head() {
        let message = "Subject: s\r\n Date: folded\r\nX-Date: x\r\n\r\nDate: in the body\r\n";
        for cut in 1..message.len() {
            let completed = completed(message, cut);
            assert!(completed.starts_with("Date: "), "{completed}");
            assert!(completed.contains(" +0000\r\nMessage-ID: <ID@mx.example>\r\nSubject: s\r\n"), "{completed}");
            assert!(completed.ends_with(message));
        }
    }

    #[test]
    fn a_message_without_a_body_or_a_header_section_is_completed_too() {
        assert!(completed("Date: x\r\n", 3).starts_with("Message-ID: "));
        assert!(completed("\r\nbody\r\n", 100).ends_with(">\r\n\r\nbody\r\n"));
        assert!(completed("", 1).starts_with("Date: "));
        let long = format!("X: {}\r\n", "x".repeat(2 * LONGEST));
        assert!(completed(&long, 4096).ends_with(&long));
    }
}
