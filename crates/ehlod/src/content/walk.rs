//! Taking a message apart as it comes in: lines, header sections, multiparts, messages within, and bodies (RFC 2045, RFC 2046).
//!
//! What is held does not grow with the message: a line's beginning, a field, the boundaries of the multiparts that are open.

use super::conformance::Conformance;
use super::fields::{Described, Fields, Kind, Of};
use super::leaf::Leaf;
use super::macros::Bounds;
use super::{Checks, Finding};
use std::io;
use std::sync::Arc;

/// How much of a line is held back until its end is there. No boundary is longer.
const HELD: usize = 1024;
/// How deep multiparts and messages stand in one another. What is deeper is read as a text.
const DEEPEST: usize = 50;
/// How many messages that are encoded, which none may be (RFC 2045 6.4), stand in one another. Each of them is decoded anew.
pub(super) const MOST_ENCODED: usize = 3;

/// Takes a message apart, and has its parts looked at.
pub(super) struct Walker {
    checks: Arc<Checks>,
    strict: Conformance,
    at: At,
    multiparts: Vec<Multipart>,
    /// Messages that stand in one another here, and how many of them are encoded.
    depth: usize,
    encoded: usize,
    /// The beginning of the line that is coming in, or what is held back of it.
    line: Vec<u8>,
    /// Whether the line's beginning has gone on.
    in_line: bool,
    finding: Option<Finding>,
}

enum At {
    Fields(Fields),
    Body(Box<Leaf>),
    /// Before the first part of a multipart, or behind the last.
    Between,
}

struct Multipart {
    boundary: Vec<u8>,
    is_digest: bool,
    has_parts: bool,
    /// Messages around it.
    depth: usize,
}

impl Walker {
    /// At the start of a message; `utf8` says whether its header sections may hold UTF-8.
    pub(super) fn new(checks: Arc<Checks>, utf8: bool) -> Self {
        Self::at(checks, utf8, Of::Message, [0, 0])
    }

    /// The same for a message that is encoded within another, or several.
    pub(super) fn within(checks: Arc<Checks>, depths: [usize; 2]) -> Self {
        Self::at(checks, true, Of::MessageWithin, depths)
    }

    fn at(checks: Arc<Checks>, utf8: bool, of: Of, [depth, encoded]: [usize; 2]) -> Self {
        Self {
            checks,
            strict: Conformance::new(utf8),
            at: At::Fields(Fields::new(of)),
            multiparts: Vec::new(),
            depth,
            encoded,
            line: Vec::new(),
            in_line: false,
            finding: None,
        }
    }

    /// Takes a piece of the message; `bounds` are those of the whole. What is found first is told; there is no more to be said to it then.
    ///
    /// # Errors
    ///
    /// An archive could not be written to the disk, or read.
    pub(super) fn take(&mut self, piece: &[u8], bounds: &mut Bounds) -> io::Result<Option<Finding>> {
        for part in piece.split_inclusive(|octet| *octet == b'\n') {
            let ends = part.ends_with(b"\n");
            if ends && self.line.is_empty() {
                self.part_of_line(part, true, bounds)?;
            } else {
                self.line.extend_from_slice(part);
                if ends || self.line.len() > HELD {
                    let mut line = std::mem::take(&mut self.line);
                    // The end of a line stays together.
                    let last = if !ends && line.ends_with(b"\r") { line.pop() } else { None };
                    self.part_of_line(&line, ends, bounds)?;
                    line.clear();
                    line.extend(last);
                    self.line = line;
                }
            }
            if self.finding.is_some() {
                break;
            }
        }
        Ok(self.finding.clone())
    }

    /// Ends the message: what was found in it.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub(super) fn end(&mut self, bounds: &mut Bounds) -> io::Result<Option<Finding>> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.part_of_line(&line, false, bounds)?;
        }
        match std::mem::replace(&mut self.at, At::Between) {
            // A message need have no body (RFC 5322 2.1).
            At::Fields(fields) => self.described(fields)?,
            At::Body(leaf) => self.end_leaf(*leaf, true, bounds)?,
            At::Between => {}
        }
        if let At::Body(leaf) = std::mem::replace(&mut self.at, At::Between) {
            self.end_leaf(*leaf, true, bounds)?;
        }
        self.strict.demand(self.multiparts.is_empty(), "a multipart without its end");
        let fault = self.strict.fault().and_then(|what| self.checks.fault(what));
        Ok(self.finding.take().or(fault))
    }

    /// A line with its end, or a piece of one.
    fn part_of_line(&mut self, octets: &[u8], ends: bool, bounds: &mut Bounds) -> io::Result<()> {
        let starts = !std::mem::replace(&mut self.in_line, !ends);
        let text = octets.strip_suffix(b"\n").unwrap_or(octets);
        let text = if ends { text.strip_suffix(b"\r").unwrap_or(text) } else { text };
        if starts
            && text.starts_with(b"--")
            && let Some((level, closes)) = self.delimiter(text)
        {
            return self.delimit(level, closes, bounds);
        }
        match &mut self.at {
            At::Fields(_) if starts && text.is_empty() && ends => {
                let At::Fields(fields) = std::mem::replace(&mut self.at, At::Between) else { return Ok(()) };
                self.described(fields)?;
            }
            At::Fields(fields) => {
                self.strict.header(text, starts, ends);
                fields.line(octets, starts, &mut self.strict);
            }
            At::Body(leaf) => {
                let end = octets.get(text.len()..).unwrap_or_default();
                leaf.line(&self.checks, text, end, &mut self.strict, bounds)?;
            }
            At::Between => self.strict.body(text, ends, super::decode::Encoding::EightBit),
        }
        Ok(())
    }

    /// Whether a line is a delimiter of an open multipart, of which one, and whether it closes that (RFC 2046 5.1.1). White space may stand
    /// behind it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let line = line.get(2..)?.trim_ascii_end();
        let is = |text: &[u8]| self.multiparts.iter().rposition(|multipart| multipart.boundary == text);
        let closing = || line.strip_suffix(b"--").and_then(is).map(|level| (level, true));
        is(line).map(|level| (level, false)).or_else(closing)
    }

    fn delimit(&mut self, level: usize, closes: bool, bounds: &mut Bounds) -> io::Result<()> {
        match std::mem::replace(&mut self.at, At::Between) {
            At::Fields(fields) => {
                self.described(fields)?;
                // What it describes is empty.
                if let At::Body(leaf) = std::mem::replace(&mut self.at, At::Between) {
                    self.end_leaf(*leaf, false, bounds)?;
                }
            }
            At::Body(leaf) => self.end_leaf(*leaf, false, bounds)?,
            At::Between => {}
        }
        self.strict.demand(self.multiparts.len() == level + 1, "a multipart without its end");
        self.multiparts.truncate(level + 1);
        let Some(multipart) = self.multiparts.last_mut() else { return Ok(()) };
        self.depth = multipart.depth;
        if closes {
            let has_parts = multipart.has_parts;
            self.strict.demand(has_parts, "a multipart without a part");
            self.multiparts.pop();
        } else {
            multipart.has_parts = true;
            let of = if multipart.is_digest { Of::DigestPart } else { Of::Part };
            self.at = At::Fields(Fields::new(of));
        }
        Ok(())
    }

    /// A header section is through: what follows is what it says.
    fn described(&mut self, fields: Fields) -> io::Result<()> {
        let Described { subject, encoding, kind } = fields.end(&mut self.strict);
        if let Some(subject) = subject {
            self.finding = self.finding.take().or_else(|| self.checks.in_subject(&subject));
        }
        let is_deep = self.depth + self.multiparts.len() >= DEEPEST;
        self.strict.demand(!is_deep, "parts in parts that are too deep");
        self.at = match kind {
            Kind::Multipart { boundary, is_digest } if !is_deep => {
                self.multiparts.push(Multipart {
                    boundary: boundary.into_bytes(),
                    is_digest,
                    has_parts: false,
                    depth: self.depth,
                });
                At::Between
            }
            Kind::Message if !is_deep && encoding.is_identity() => {
                self.depth += 1;
                At::Fields(Fields::new(Of::MessageWithin))
            }
            kind => {
                let goes_on = !is_deep && self.encoded < MOST_ENCODED;
                let within = goes_on.then_some([self.depth + 1, self.encoded + 1]);
                At::Body(Box::new(Leaf::new(&self.checks, &kind, encoding, within)))
            }
        };
        Ok(())
    }

    fn end_leaf(&mut self, leaf: Leaf, at_end: bool, bounds: &mut Bounds) -> io::Result<()> {
        let found = leaf.end(&self.checks, at_end, &mut self.strict, bounds)?;
        self.finding = self.finding.take().or(found);
        Ok(())
    }
}
