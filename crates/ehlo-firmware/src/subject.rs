//! Finds the subject of a message as it comes in.

use crate::text::Text;

/// The name of the field that is looked for, in lower case.
const NAME: &[u8] = b"subject:";

pub struct Subject {
    state: State,
    pub text: Text<48>,
}

#[derive(Clone, Copy)]
enum State {
    /// So many octets of the name have been seen.
    Name(usize),
    /// In another field.
    Elsewhere,
    /// At the start of a line behind another field.
    Within,
    /// In the text, and at the start of a line behind it, which may go on with it (RFC 5322 2.2.3).
    Text,
    Folded,
    /// The header is over, or the subject is.
    Over,
}

impl Subject {
    pub const fn new() -> Self {
        Self { state: State::Name(0), text: Text::new() }
    }

    /// The message goes on with these octets. All lines end by CRLF, so LF alone tells them.
    pub fn feed(&mut self, octets: &[u8]) {
        for octet in octets {
            if matches!(self.state, State::Over) {
                return;
            }
            self.state = self.after(*octet);
        }
    }

    fn after(&mut self, octet: u8) -> State {
        match (self.state, octet) {
            // An empty line ends the header.
            (State::Name(0) | State::Within | State::Folded, b'\r') => State::Over,
            (State::Folded, b' ' | b'\t') => {
                self.text.push(' ');
                State::Text
            }
            (State::Folded, _) => State::Over,
            (State::Name(_) | State::Elsewhere, b'\n') => State::Within,
            (State::Within, b' ' | b'\t') => State::Elsewhere,
            (State::Within, _) => self.name(0, octet),
            (State::Name(seen), _) => self.name(seen, octet),
            (State::Text, b'\n') => State::Folded,
            (State::Text, b' ' | b'\t') if self.text.as_str().is_empty() => State::Text,
            (State::Text, b' '..=b'~') => {
                self.text.push(octet.into());
                State::Text
            }
            // Nothing but printable ASCII goes into a log.
            (State::Text, b'\r') => State::Text,
            (State::Text, _) => {
                self.text.push('?');
                State::Text
            }
            (state @ (State::Elsewhere | State::Over), _) => state,
        }
    }

    fn name(&self, seen: usize, octet: u8) -> State {
        match NAME.get(seen) {
            Some(wanted) if octet.eq_ignore_ascii_case(wanted) && seen + 1 == NAME.len() => State::Text,
            Some(wanted) if octet.eq_ignore_ascii_case(wanted) => State::Name(seen + 1),
            _ => State::Elsewhere,
        }
    }
}
