//! Replies as octets on the wire, parsed strictly.
//!
//! The parser is part of the test: a reply that breaks RFC 5321 4.2 (line ends, length, a code that changes
//! between the lines, characters that do not print) is an error wherever it turns up.

use crate::Result;

/// One reply: its code, and the text of each of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text behind code and separator, a string a line.
    pub lines: Vec<String>,
}

impl Reply {
    /// The longest reply line, CRLF included (RFC 5321 4.5.3.1.5).
    pub const LINE_LIMIT: usize = 512;

    /// Takes one whole reply off the front of `inbox`; `None` if it is not all there yet.
    pub fn take(inbox: &mut Vec<u8>) -> Result<Option<Self>> {
        let mut lines = Vec::new();
        let mut rest = inbox.as_slice();
        loop {
            let Some(end) = rest.iter().position(|&octet| octet == b'\n') else {
                if rest.len() > Self::LINE_LIMIT {
                    return Err(format!("a reply line without end: \"{}\"", lossy(&rest[..80])));
                }
                return Ok(None);
            };
            let (line, tail) = rest.split_at(end + 1);
            rest = tail;
            let (code, last, text) = parse_line(line)?;
            lines.push((code, text));
            if last {
                break;
            }
        }
        let code = lines[0].0;
        if lines.iter().any(|(other, _)| *other != code) {
            return Err(format!("the code changes within a reply: {lines:?}"));
        }
        let used = inbox.len() - rest.len();
        inbox.drain(..used);
        Ok(Some(Self { code, lines: lines.into_iter().map(|(_, text)| text).collect() }))
    }

    /// The first line's text.
    pub fn text(&self) -> &str {
        &self.lines[0]
    }

    /// Whether a line says `keyword`, alone or before parameters: an EHLO line.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.lines.iter().any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }
}

impl std::fmt::Display for Reply {
    /// The reply as it stood on the wire, the lines parted by ` / `.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, line) in self.lines.iter().enumerate() {
            let last = index + 1 == self.lines.len();
            let separator = if last { ' ' } else { '-' };
            write!(f, "{}{separator}{line}{}", self.code, if last { "" } else { " / " })?;
        }
        Ok(())
    }
}

/// Code, whether the line is the last of its reply, and text.
fn parse_line(line: &[u8]) -> Result<(u16, bool, String)> {
    let wrong = |why: &str| Err(format!("{why}: \"{}\"", lossy(line)));
    if line.len() > Reply::LINE_LIMIT {
        return wrong("a reply line over 512 octets");
    }
    let Some(line) = line.strip_suffix(b"\r\n") else {
        return wrong("a reply line that does not end with CRLF");
    };
    let Ok(line) = std::str::from_utf8(line) else {
        return wrong("a reply that is not UTF-8");
    };
    if line.chars().any(char::is_control) {
        return wrong("a control character in a reply");
    }
    let (Some(code), rest) = (line.get(..3), line.get(3..).unwrap_or_default()) else {
        return wrong("a reply line without a code");
    };
    let last = match rest.bytes().next() {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return wrong("a reply line without space or hyphen behind its code"),
    };
    match code.parse() {
        Ok(code @ 200..=599) => Ok((code, last, rest.get(1..).unwrap_or_default().to_owned())),
        _ => wrong("a reply code that is none"),
    }
}

/// Octets made readable, for messages to people.
pub fn lossy(octets: &[u8]) -> String {
    let shown = octets.get(..400).unwrap_or(octets);
    let mut text = shown.escape_ascii().to_string();
    if octets.len() > shown.len() {
        text.push_str(&format!("... ({} octets)", octets.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_reply_at_a_time() {
        let mut inbox = b"250-mx\r\n250 SIZE 10\r\n221 2.0.0 bye\r\n35".to_vec();
        let ehlo = Reply::take(&mut inbox).unwrap().unwrap();
        assert_eq!((ehlo.code, ehlo.lines.len()), (250, 2));
        assert!(ehlo.has_keyword("size") && !ehlo.has_keyword("10"));
        assert_eq!(Reply::take(&mut inbox).unwrap().unwrap().text(), "2.0.0 bye");
        assert_eq!(Reply::take(&mut inbox).unwrap(), None);
        assert_eq!(inbox, b"35");
    }

    #[test]
    fn refuses_what_is_not_a_reply() {
        for wrong in ["250 ok\n", "250-a\r\n251 b\r\n", "25\r\n", "250_ok\r\n", "999 x\r\n", "250 a\x07b\r\n"] {
            assert!(Reply::take(&mut wrong.as_bytes().to_vec()).is_err(), "{wrong:?}");
        }
        let long = format!("250 {}\r\n", "x".repeat(507));
        assert!(Reply::take(&mut long.into_bytes()).is_err());
    }
}
