//! What mail data mean.

use ehlo::Abort;

use crate::script::TextLine;
use crate::settings::Settings;

/// The content so far, and whether a bare CR or LF spoils it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub octets: Vec<u8>,
    pub spoilt: bool,
}

/// What the lines of a message sent by DATA mean. A dot at the start of a line goes, where only CRLF makes a line start; a bare
/// LF is made a CRLF for a client that is known to send it.
pub fn of_message(lines: &[TextLine], lenient: bool) -> Content {
    let mut content = Content::default();
    let mut fresh = true;
    for line in lines {
        // What was stuffed is as the client meant it.
        let forgotten = fresh && line.unstuffed && line.text.starts_with(b".") && (line.text != b"." || line.bare_lf);
        content.octets.extend(&line.text[usize::from(forgotten)..]);
        content.octets.extend(b"\r\n");
        content.spoilt |= line.text.contains(&b'\r') || (line.bare_lf && !lenient);
        fresh = !line.bare_lf;
    }
    if !fresh {
        content.octets.extend(b"\r\n");
    }
    content
}

/// What the octets of a message sent by BDAT mean: a dot means nothing. `whole`: nothing more will come.
pub fn of_chunks(sent: &[u8], lenient: bool, whole: bool) -> Content {
    let mut content = Content::default();
    let mut before = 0;
    for (at, octet) in sent.iter().copied().enumerate() {
        if octet == b'\n' && before != b'\r' {
            content.spoilt |= !lenient;
            content.octets.push(b'\r');
        }
        if octet == b'\r' {
            content.spoilt |= sent.get(at + 1).map_or(whole, |next| *next != b'\n');
        }
        content.octets.push(octet);
        before = octet;
    }
    content
}

impl Content {
    /// Why it is refused, the weightiest reason first.
    pub fn faults(&self, settings: &Settings) -> Vec<Abort> {
        let too_big = settings.message_size != 0 && self.octets.len() as u64 > settings.message_size;
        let loops = received(&self.octets) > usize::from(settings.hops);
        let faults = [(self.spoilt, Abort::LineEnding), (too_big, Abort::TooBig), (loops, Abort::TooManyHops)];
        faults.into_iter().filter(|fault| fault.0).map(|fault| fault.1).collect()
    }
}

/// The `Received` fields in the header section (RFC 5321 6.3). White space may stand before the colon (RFC 5322 4.5.8).
fn received(content: &[u8]) -> usize {
    let header = content.split(|octet| *octet == b'\n').take_while(|line| !line.starts_with(b"\r"));
    let is_received = |line: &[u8]| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix(b"received").is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    };
    header.filter(|line| is_received(line)).count()
}
