//! What a session came to, for its line in the log.

use crate::metrics::metrics;

/// Replies and messages of a session.
#[derive(Debug, Default)]
pub struct Tally {
    /// Messages that were taken over.
    pub messages: u32,
    /// Replies 2yz and 3yz.
    pub positive: u32,
    /// Replies 4yz.
    pub temporary: u32,
    /// Replies 5yz.
    pub permanent: u32,
    last_refusal: String,
}

impl Tally {
    /// Counts the replies in some output of the server.
    pub fn count(&mut self, output: &[u8]) {
        let replies = &metrics().replies;
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', output) {
            let line = output.get(begin..=end).unwrap_or_default();
            begin = end + 1;
            // The last line of a reply has a space behind its code (RFC 5321 4.2.1).
            if line.get(3) != Some(&b' ') {
                continue;
            }
            replies.of(line).inc();
            match line.first() {
                Some(b'2' | b'3') => self.positive += 1,
                Some(b'4') => self.temporary += 1,
                _ => self.permanent += 1,
            }
            if matches!(line.first(), Some(b'4' | b'5')) {
                self.last_refusal = String::from_utf8_lossy(line).trim_end().to_owned();
            }
        }
    }

    /// The last reply that refused something.
    pub fn last_refusal(&self) -> Option<&str> {
        Some(self.last_refusal.as_str()).filter(|refusal| !refusal.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_replies_are_counted() {
        let mut tally = Tally::default();
        tally.count(b"250-mx\r\n250 SIZE\r\n550 5.1.1 no\r\n451 later\r\n354 go\r\n");
        assert_eq!((tally.positive, tally.temporary, tally.permanent), (2, 1, 1));
        assert_eq!(tally.last_refusal(), Some("451 later"));
    }
}
