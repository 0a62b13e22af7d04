//! What a message from elsewhere may not bring: fields that say what this server found out (RFC 8601 5).

/// The longest field that is looked at whole, in octets.
const LONGEST: usize = 16 * 1024;

/// The field in question.
const NAME: &[u8] = b"authentication-results";

/// Leaves out the Authentication-Results fields in the server's own name, piece by piece. It holds back one field at the most.
#[derive(Debug)]
pub struct Forged {
    /// The server's name, in small letters.
    own: String,
    /// What has come in of a field.
    field: Vec<u8>,
    /// How far its end has been looked for.
    looked: usize,
    /// What becomes of the rest of a field that was too long to be held back.
    rest: Option<Fate>,
    done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Dropped,
}

impl Forged {
    /// At the start of a message, by the server's name.
    #[must_use]
    pub fn new(own: &str) -> Self {
        let own = own.to_ascii_lowercase();
        Self { own, field: Vec::new(), looked: 0, rest: None, done: false }
    }

    /// Takes a piece of the message, and gives what may go on.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        if self.done {
            return piece.to_vec();
        }
        let mut kept = Vec::with_capacity(piece.len());
        self.field.extend_from_slice(piece);
        // The empty line behind a header section without fields.
        if self.rest.is_none() && self.field.first() == Some(&b'\r') {
            self.done = true;
            return std::mem::take(&mut self.field);
        }
        // A field ends where a line begins that is not folded.
        while let Some(end) = self.end_of_line() {
            let Some(next) = self.field.get(end).copied() else { break };
            self.looked = end;
            if matches!(next, b' ' | b'\t') {
                continue;
            }
            let rest = self.field.split_off(end);
            self.pass(&mut kept);
            self.field = rest;
            self.looked = 0;
            // The empty line behind the header section, or what cannot be a field in it.
            if next == b'\r' {
                self.done = true;
                kept.append(&mut self.field);
                return kept;
            }
        }
        if self.field.len() > LONGEST {
            let fate = *self.rest.get_or_insert(if is_results(&self.field) { Fate::Dropped } else { Fate::Kept });
            // The last octet stays, so that a line's end is seen.
            let last = self.field.split_off(self.field.len() - 1);
            if fate == Fate::Kept {
                kept.append(&mut self.field);
            }
            self.field = last;
            self.looked = 0;
        }
        kept
    }

    /// At the end of a message: what is held back of it still.
    pub fn end(&mut self) -> Vec<u8> {
        let mut kept = Vec::new();
        self.pass(&mut kept);
        kept
    }

    /// The octet behind the next line's end, where there is one.
    fn end_of_line(&self) -> Option<usize> {
        let ahead = self.field.get(self.looked..)?.iter().position(|octet| *octet == b'\n')?;
        Some(self.looked + ahead + 1)
    }

    /// Lets a whole field go on, or not.
    fn pass(&mut self, kept: &mut Vec<u8>) {
        let is_kept = match self.rest.take() {
            Some(fate) => fate == Fate::Kept,
            None => !(is_results(&self.field) && server(&self.field).eq_ignore_ascii_case(&self.own)),
        };
        if is_kept {
            kept.append(&mut self.field);
        }
        self.field.clear();
    }
}

/// Whether a field is named so.
fn is_results(field: &[u8]) -> bool {
    field.split(|octet| *octet == b':').next().is_some_and(|name| name.trim_ascii_end().eq_ignore_ascii_case(NAME))
}

/// In whose name such a field is: the first word that is no comment (RFC 8601 2.2), without quotes and escapes.
fn server(field: &[u8]) -> String {
    let value = field.iter().skip_while(|octet| **octet != b':').skip(1);
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    let mut word = String::new();
    for octet in value {
        match octet {
            _ if escaped => {
                escaped = false;
                if depth == 0 {
                    word.push(char::from(*octet));
                }
            }
            b'\\' => escaped = true,
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b' ' | b'\t' | b'\r' | b'\n' if word.is_empty() => {}
            b' ' | b'\t' | b'\r' | b'\n' | b';' if !quoted => break,
            octet => word.push(char::from(*octet)),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a message that comes in pieces of a size.
    fn passed(message: &str, cut: usize) -> String {
        let mut forged = Forged::new("mx.Example");
        let mut out: Vec<u8> = message.as_bytes().chunks(cut).flat_map(|piece| forged.take(piece)).collect();
        out.extend(forged.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_in_the_own_name_are_left_out() {
        for field in [
            "Authentication-Results: mx.example; spf=pass\r\n",
            "AUTHENTICATION-RESULTS : MX.EXAMPLE 1; spf=pass\r\n",
            "Authentication-Results:\r\n\tmx.example;\r\n spf=pass\r\n",
            "Authentication-Results: (a \\) (comment)) mx.example(b);none\r\n",
            "Authentication-Results: \"mx.example\"; none\r\n",
            "Authentication-Results: \"mx.\\example\"; none\r\n",
        ] {
            let message = format!("A: b\r\n{field}C: d\r\n\r\n{field}");
            for cut in 1..message.len() {
                assert_eq!(passed(&message, cut), format!("A: b\r\nC: d\r\n\r\n{field}"), "{cut}");
            }
            assert_eq!(passed(field, 7), "");
            assert_eq!(passed(&field.repeat(3), 7), "");
        }
    }

    #[test]
    fn all_else_stays() {
        for message in [
            "Authentication-Results: mx.example.org; spf=pass\r\n\r\n",
            "Authentication-Results: \r\n other; mx.example\r\n\r\n",
            "X-Authentication-Results: mx.example; spf=pass\r\nA: b\r\n c\r\n\r\nbody\r\n",
            "\r\nAuthentication-Results: mx.example; none\r\n",
            "no field\r\n",
            "",
        ] {
            for cut in 1..message.len().max(2) {
                assert_eq!(passed(message, cut), message, "{cut}");
            }
        }
    }

    #[test]
    fn what_is_too_long_to_be_looked_at_is_left_out_too() {
        let filler = "\tx\r\n".repeat(LONGEST);
        for cut in [1000, 4096, LONGEST * 2] {
            let long = format!("Subject: a\r\n{filler}B: c\r\n\r\nbody\r\n");
            assert_eq!(passed(&long, cut), long);
            let forged = format!("Authentication-Results: (\r\n{filler} ) mx.example; none\r\nB: c\r\n\r\nbody\r\n");
            assert!(passed(&forged, cut) == "B: c\r\n\r\nbody\r\n", "{cut}");
        }
        let mut forged = Forged::new("mx.example");
        for _ in 0..100 {
            forged.take(&[b'x'; 1000]);
            assert!(forged.field.len() <= LONGEST + 1000);
        }
    }
}
