//! Bounce messages: which parts of them tell of replies (RFC 3462, RFC 3464).

use crate::find::{Found, clean, code_at, replies, without_returned};
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use std::borrow::Cow;

/// What a report says of one recipient.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipient {
    /// The reply of Diagnostic-Code, or its text.
    pub(crate) diagnostic: String,
    /// The field Status.
    pub(crate) status: String,
    /// The field Action.
    pub(crate) action: String,
}

impl Recipient {
    /// The reply that the report hands on.
    pub(crate) fn reply(&self) -> Option<Found> {
        if let Some(code) = code_at(&self.diagnostic) {
            return Some(Found { code: Some(code), lines: vec![clean(&self.diagnostic)] });
        }
        replies(&self.diagnostic, 1).pop()
    }
}

/// What a bounce consists of.
#[derive(Debug, Default)]
pub(crate) struct Bounce {
    /// What it says to people.
    pub(crate) text: String,
    /// What it says to programs.
    pub(crate) recipients: Vec<Recipient>,
}

/// Takes a text or a message apart.
pub(crate) fn read(octets: &[u8], most: usize) -> Bounce {
    let start = octets.iter().position(|octet| !octet.is_ascii_whitespace()).unwrap_or(octets.len());
    let octets = &octets[start..];
    if is_message(octets)
        && let Some(bounce) = read_message(octets, most)
    {
        return bounce;
    }
    let text = String::from_utf8_lossy(octets);
    Bounce { recipients: read_report(&text, most), text: without_returned(&text).to_owned() }
}

/// Whether a text begins with the header section of a message.
fn is_message(octets: &[u8]) -> bool {
    const FIELDS: [&str; 12] = [
        "received",
        "return-path",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "auto-submitted",
        "x-failed-recipients",
    ];
    let mut known = 0;
    for (at, line) in octets.split(|octet| *octet == b'\n').take(200).enumerate() {
        if line.trim_ascii().is_empty() {
            break;
        }
        if matches!(line, [b' ' | b'\t', ..]) || at == 0 && line.starts_with(b"From ") {
            continue;
        }
        let Some(colon) = line.iter().position(|octet| *octet == b':') else { return false };
        let name = line[..colon].trim_ascii_end();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return false;
        }
        known += usize::from(FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes())));
    }
    known >= 2
}

fn read_message(octets: &[u8], most: usize) -> Option<Bounce> {
    let octets = match octets.strip_prefix(b"From ") {
        Some(_) => &octets[octets.iter().position(|octet| *octet == b'\n')? + 1..],
        None => octets,
    };
    Some(read_parts(&MessageParser::default().parse(octets)?, most))
}

fn read_parts(message: &Message<'_>, most: usize) -> Bounce {
    let (mut bounce, mut html) = (Bounce::default(), Vec::new());
    for part in &message.parts {
        let kind = part.content_type().map(|kind| (kind.ctype(), kind.subtype().unwrap_or_default()));
        let is_report = is_report(part);
        let is_returned = kind.is_some_and(|(_, sub)| sub.to_ascii_lowercase().starts_with("rfc822"));
        let text = match &part.body {
            PartType::Text(text) => Cow::Borrowed(&**text),
            PartType::Binary(octets) | PartType::InlineBinary(octets) if is_report => String::from_utf8_lossy(octets),
            PartType::Html(text) => {
                html.push(text);
                continue;
            }
            // A bounce that was passed on as an attachment; what it gives back has no report in it.
            PartType::Message(inner) if inner.parts.iter().any(self::is_report) => return read_parts(inner, most),
            _ => continue,
        };
        if is_report {
            bounce.recipients.extend(read_report(&text, most));
        } else if !is_returned {
            bounce.text.push_str(without_returned(&text));
            bounce.text.push_str("\n\n");
        }
    }
    if bounce.text.trim().is_empty() {
        for text in html {
            bounce.text.push_str(&html_to_text(text));
            bounce.text.push_str("\n\n");
        }
    }
    if bounce.recipients.is_empty() {
        // Some put the fields of a report into their text.
        bounce.recipients = read_report(&bounce.text, most);
    }
    bounce.recipients.truncate(most);
    bounce
}

/// Whether a part of a message is the report for programs (RFC 3464, RFC 6533).
fn is_report(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("message")
            && kind.subtype().is_some_and(|sub| sub.to_ascii_lowercase().ends_with("delivery-status"))
    })
}

/// Reads the groups of a report that are about a recipient.
fn read_report(text: &str, most: usize) -> Vec<Recipient> {
    let (mut out, mut group, mut field) = (Vec::new(), Recipient::default(), None);
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            let done = std::mem::take(&mut group);
            // A field of that name alone, amid other text, is none of a report.
            if !done.status.is_empty() || !done.diagnostic.is_empty() {
                out.push(done);
            }
            field = None;
            if out.len() == most {
                break;
            }
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if field == Some("diagnostic-code") && group.diagnostic.len() < 4000 {
                group.diagnostic.push(' ');
                group.diagnostic.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            field = None;
            continue;
        };
        let value = value.trim();
        field =
            ["diagnostic-code", "status", "action"].into_iter().find(|known| name.trim().eq_ignore_ascii_case(known));
        match field {
            // The type of the diagnostic, such as `smtp;`, stands before it.
            Some("diagnostic-code") => {
                let typed = value.split_once(';').filter(|(kind, _)| !kind.trim().contains(' '));
                group.diagnostic = typed.map_or(value, |(_, said)| said).trim().to_owned();
            }
            // Some write the reply there.
            Some("status") if code_at(value).is_some() && group.diagnostic.is_empty() => {
                group.diagnostic = value.to_owned()
            }
            Some("status") => {
                let status = value.split_whitespace().next().unwrap_or_default();
                // Else it is a word of something else.
                if status.starts_with(['2', '4', '5']) && status.contains('.') {
                    group.status = status.to_owned();
                }
            }
            Some(_) => group.action = value.to_ascii_lowercase(),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_in_a_message() {
        let message = "From: mailer-daemon@example.net\r\nTo: a@example.com\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
            --b\r\n\r\nIt did not work.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
            Final-Recipient: rfc822; b@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No\r\n    such user\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n550 5.7.1 not this\r\n--b--\r\n";
        let bounce = read(message.as_bytes(), 9);
        assert_eq!(bounce.recipients.len(), 1);
        assert_eq!(bounce.recipients[0].diagnostic, "550 5.1.1 No such user");
        assert_eq!(bounce.recipients[0].reply().unwrap().code, Some(550));
        assert!(bounce.text.contains("did not work") && !bounce.text.contains("not this"), "{}", bounce.text);
    }

    #[test]
    fn messages_are_told_from_texts() {
        assert!(is_message(b"From x@example.net Mon\nReceived: a\nSubject: b\n\nc"));
        assert!(!is_message(b"550 5.1.1 a: b\n"));
        assert!(!is_message(b"Status: 5.1.1\nDiagnostic-Code: smtp; 550 No"));
        assert!(!is_message(b"Subject: one\nand text"));
    }
}
