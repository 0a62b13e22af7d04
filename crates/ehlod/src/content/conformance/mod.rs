//! What `content.conformance` demands of a message. The list is for administrators too: it stands in `book/src/messages.md`.

mod encoded_word;
mod grammar;

use super::decode::Encoding;
pub(super) use encoded_word::encoded_words;
pub(super) use grammar::{content_type, encoding, is_boundary, mime_version};

/// The longest line, without its end (RFC 5322 2.1.1).
const LONGEST_LINE: usize = 998;
/// The longest line of Base64 and quoted-printable (RFC 2045 6.7, 6.8).
const LONGEST_ENCODED: usize = 76;

/// Fields that a message, or a part, has once at the most.
const ONCE: [&str; 15] = [
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-id",
];

/// The first fault of a message.
#[derive(Debug, Default)]
pub(super) struct Conformance {
    /// Whether header sections may hold UTF-8.
    utf8: bool,
    fault: Option<&'static str>,
    /// Octets of the line that is coming in.
    line: usize,
}

impl Conformance {
    pub(super) fn new(utf8: bool) -> Self {
        Self { utf8, ..Self::default() }
    }

    /// The first fault that was found.
    pub(super) const fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    /// Keeps a fault.
    pub(super) fn wrong(&mut self, what: &'static str) {
        self.fault.get_or_insert(what);
    }

    /// The same where something does not hold.
    pub(super) fn demand(&mut self, holds: bool, what: &'static str) {
        if !holds {
            self.wrong(what);
        }
    }

    /// A line, or a piece of one, of a body that is encoded so.
    pub(super) fn body(&mut self, octets: &[u8], ends: bool, encoding: Encoding) {
        self.length(octets, ends, encoding);
        if encoding == Encoding::Binary || self.fault.is_some() {
            return;
        }
        self.demand(memchr::memchr(0, octets).is_none(), "NUL in a body");
        if encoding == Encoding::SevenBit {
            self.demand(octets.is_ascii(), "octets over 127 in a body that is 7bit");
        }
    }

    fn length(&mut self, octets: &[u8], ends: bool, encoding: Encoding) {
        self.line = self.line.saturating_add(octets.len());
        match encoding {
            Encoding::Binary => {}
            Encoding::Base64 | Encoding::QuotedPrintable => {
                self.demand(self.line <= LONGEST_ENCODED, "an encoded line of more than 76 characters");
            }
            _ => self.demand(self.line <= LONGEST_LINE, "a line of more than 998 octets"),
        }
        if ends {
            self.line = 0;
        }
    }

    /// A line of a header section, or a piece of one.
    pub(super) fn header(&mut self, octets: &[u8], starts: bool, ends: bool) {
        self.length(octets, ends, Encoding::EightBit);
        let is_continuation = starts && matches!(octets.first(), Some(b' ' | b'\t'));
        if is_continuation && ends {
            self.demand(!octets.trim_ascii().is_empty(), "a field is continued by white space alone");
        }
        self.demand(memchr::memchr(0, octets).is_none(), "NUL in the header section");
    }

    /// A whole field: its name, if it has one, and its value; or as much of it as is looked at.
    pub(super) fn field(&mut self, name: Option<&[u8]>, value: &[u8], is_whole: bool) {
        let Some(name) = name else { return self.wrong("a line of the header section is no field") };
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        self.demand(is_name, "a field name of other characters, or with white space behind it");
        if !value.is_ascii() {
            self.demand(self.utf8, "octets over 127 in the header section");
            self.demand(!is_whole || std::str::from_utf8(value).is_ok(), "the header section is not UTF-8");
        }
    }
}

/// The place of a field among those that are there once at the most.
pub(super) fn once(name: &[u8]) -> Option<usize> {
    ONCE.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}
