//! What is sent.

/// Columns of a line of text.
const COLUMNS: usize = 76;

/// A message, as it goes over the wire.
pub(crate) struct Message {
    /// Ready for DATA, its end included.
    pub(crate) stuffed: Vec<u8>,
    /// The same without the dots, for BDAT.
    pub(crate) octets: Vec<u8>,
}

impl Message {
    /// A message of so many octets, or a few more where there is no room for a header: text in lines, one in a hundred with a dot at its
    /// beginning.
    pub(crate) fn new(size: usize) -> Self {
        let mut octets = b"From: alice@example.com\r\nTo: bob@example.net\r\nSubject: load\r\n\r\n".to_vec();
        let text = "the quick brown fox jumps over the lazy dog; ".repeat(4);
        for number in 1.. {
            let room = size.saturating_sub(octets.len() + 2);
            if room == 0 {
                break;
            }
            let dot = if number % 100 == 0 { "." } else { "" };
            let line = [dot, text.get(number % 45..).unwrap_or_default()].concat();
            // What is left after a line must hold another line end, or nothing.
            let columns = match room.min(COLUMNS) {
                columns if room > columns && room - columns < 3 => columns - 2,
                columns => columns,
            };
            octets.extend_from_slice(line.get(..columns).unwrap_or_default().as_bytes());
            octets.extend_from_slice(b"\r\n");
        }
        let mut stuffed = Vec::with_capacity(octets.len() + octets.len() / 64 + 8);
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if line.starts_with(b".") {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        stuffed.extend_from_slice(b".\r\n");
        Self { stuffed, octets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_long_as_they_are_to_be() {
        for size in (100..1000).chain([1024, 10 * 1024, 1024 * 1024]) {
            let Message { octets, stuffed } = Message::new(size);
            assert_eq!(octets.len(), size);
            assert!(octets.ends_with(b"\r\n") && stuffed.ends_with(b"\r\n.\r\n"));
            assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() <= COLUMNS + 1));
        }
        assert!(Message::new(1024 * 1024).stuffed.len() > 1024 * 1024 + 3, "nothing is stuffed");
    }
}
