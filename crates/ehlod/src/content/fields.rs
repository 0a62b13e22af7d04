//! A header section that comes in line by line: of a message, of a part, or of a message within.

use super::conformance::{self, Conformance};
use super::decode::Encoding;
use super::subject;
use mail_parser::{Message, MessageParser, MimeHeaders as _};

/// How much of one field is looked at, in octets.
const LONGEST: usize = 16 * 1024;

/// Whose header section it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Message,
    Part,
    /// A part of a digest: what does not say what it is, is a message.
    DigestPart,
    MessageWithin,
}

/// What fields say of what follows them.
#[derive(Debug)]
pub(super) struct Described {
    /// The text of the Subject of the message, decoded.
    pub(super) subject: Option<String>,
    pub(super) encoding: Encoding,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Multipart { boundary: String, is_digest: bool },
    Message,
    Text { charset: Option<String>, is_html: bool },
    Else,
}

/// A header section.
#[derive(Debug)]
pub(super) struct Fields {
    of: Of,
    /// The fields that say something to anybody here, each once, by their place in the list of [`conformance::once`].
    kept: Vec<(usize, Vec<u8>)>,
    seen: u32,
    /// The field that is coming in.
    field: Vec<u8>,
    is_whole: bool,
}

/// The fields that are kept.
const KEPT: [&str; 6] = ["date", "from", "subject", "mime-version", "content-type", "content-transfer-encoding"];

impl Fields {
    pub(super) const fn new(of: Of) -> Self {
        Self { of, kept: Vec::new(), seen: 0, field: Vec::new(), is_whole: true }
    }

    /// Takes a line with its end, or a piece of one.
    pub(super) fn line(&mut self, octets: &[u8], starts: bool, strict: &mut Conformance) {
        if starts && !matches!(octets.first(), Some(b' ' | b'\t')) {
            self.end_field(strict);
        }
        let room = LONGEST.saturating_sub(self.field.len());
        self.is_whole &= octets.len() <= room;
        self.field.extend_from_slice(octets.get(..octets.len().min(room)).unwrap_or_default());
    }

    fn end_field(&mut self, strict: &mut Conformance) {
        let field = std::mem::take(&mut self.field);
        let is_whole = std::mem::replace(&mut self.is_whole, true);
        if field.is_empty() {
            return;
        }
        let colon = field.iter().position(|octet| *octet == b':');
        let (name, value) = match colon {
            Some(colon) => (field.get(..colon), field.get(colon + 1..).unwrap_or_default()),
            None => (None, field.as_slice()),
        };
        strict.field(name, value, is_whole);
        let Some(place) = name.and_then(|name| conformance::once(name.trim_ascii_end())) else { return };
        let bit = 1 << place;
        if self.seen & bit != 0 {
            // Of two the first counts, as for most readers.
            return strict.wrong("a field that may be there once is there twice");
        }
        self.seen |= bit;
        if KEPT.iter().any(|kept| conformance::once(kept.as_bytes()) == Some(place)) {
            self.kept.push((place, value.to_vec()));
        }
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        let place = conformance::once(name.as_bytes())?;
        self.kept.iter().find(|(kept, _)| *kept == place).map(|(_, value)| value.as_slice())
    }

    /// Ends the header section.
    pub(super) fn end(mut self, strict: &mut Conformance) -> Described {
        self.end_field(strict);
        let mut text = Vec::new();
        for name in KEPT {
            if let Some(value) = self.value(name) {
                text.extend_from_slice(name.as_bytes());
                text.push(b':');
                text.extend_from_slice(value);
                if !value.ends_with(b"\n") {
                    text.extend_from_slice(b"\r\n");
                }
            }
        }
        text.extend_from_slice(b"\r\n");
        // Where there is no field, there is no message.
        let read = if self.kept.is_empty() { None } else { MessageParser::default().parse_headers(&text) };
        let read = read.as_ref();
        let encoding = self.encoding(strict);
        let kind = self.kind(read);
        let charset = read.and_then(|read| read.content_type()).and_then(|read| read.attribute("charset"));
        let subject = self.value("subject").filter(|_| self.of == Of::Message);
        let subject = subject.map(|value| subject::decoded(value, charset));
        self.demand(read, encoding, &kind, strict);
        Described { subject, encoding, kind }
    }

    fn encoding(&self, strict: &mut Conformance) -> Encoding {
        let Some(value) = self.value("content-transfer-encoding") else { return Encoding::SevenBit };
        let encoding = conformance::encoding(value);
        strict.demand(encoding.is_some(), "a Content-Transfer-Encoding that there is none of");
        // Readers are lenient, and so is whoever looks for what they find: the first word counts.
        let first = || value.trim_ascii().split(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'-')).next();
        let lenient = || first().and_then(|name| std::str::from_utf8(name).ok()).and_then(Encoding::named);
        encoding.or_else(lenient).unwrap_or(Encoding::Unknown)
    }

    fn kind(&self, read: Option<&Message<'_>>) -> Kind {
        let Some(read) = read.and_then(|read| read.content_type()) else {
            return match self.of {
                Of::DigestPart => Kind::Message,
                _ => Kind::Text { charset: None, is_html: false },
            };
        };
        let is = |word: &str| read.ctype().eq_ignore_ascii_case(word);
        let is_sub = |word: &str| read.subtype().is_some_and(|found| found.eq_ignore_ascii_case(word));
        let boundary = read.attribute("boundary").filter(|boundary| !boundary.is_empty());
        if let Some(boundary) = boundary.filter(|_| is("multipart")) {
            Kind::Multipart { boundary: boundary.trim_end().to_owned(), is_digest: is_sub("digest") }
        } else if is("message") && (is_sub("rfc822") || is_sub("global") || is_sub("news")) {
            Kind::Message
        } else if is("text") || is("multipart") {
            Kind::Text { charset: read.attribute("charset").map(str::to_owned), is_html: is_sub("html") }
        } else {
            Kind::Else
        }
    }

    /// What is demanded of the fields together.
    fn demand(&self, read: Option<&Message<'_>>, encoding: Encoding, kind: &Kind, strict: &mut Conformance) {
        if self.of == Of::Message {
            let date = read.and_then(Message::date).is_some_and(mail_parser::DateTime::is_valid);
            strict.demand(date, "no Date, or one that is none");
            let from = read.and_then(Message::from).is_some_and(|from| match from {
                mail_parser::Address::List(list) => {
                    list.iter().any(|one| one.address().is_some_and(|address| address.contains('@')))
                }
                mail_parser::Address::Group(groups) => !groups.is_empty(),
            });
            strict.demand(from, "no From, or one without an address");
        }
        let version = self.value("mime-version");
        strict.demand(version.is_none_or(conformance::mime_version), "a MIME-Version that is not 1.0");
        let content_type = self.value("content-type");
        if matches!(self.of, Of::Message) && version.is_none() {
            let speaks = content_type.is_some() || self.value("content-transfer-encoding").is_some();
            strict.demand(!speaks, "fields of MIME without MIME-Version");
        }
        strict.demand(content_type.is_none_or(conformance::content_type), "a Content-Type that is none");
        let content_type = read.and_then(|read| read.content_type());
        if content_type.is_some_and(|read| read.ctype().eq_ignore_ascii_case("multipart")) {
            let Kind::Multipart { boundary, .. } = kind else { return strict.wrong("a multipart without a boundary") };
            strict.demand(conformance::is_boundary(boundary), "a boundary that cannot be one");
            strict.demand(encoding.is_identity(), "a multipart that is encoded");
        }
        strict.demand(*kind != Kind::Message || encoding.is_identity(), "a message within that is encoded");
        let subject = self.value("subject").unwrap_or_default();
        strict.demand(conformance::encoded_words(subject), "an encoded word that is none in the Subject");
    }
}
