//! The body of a part that has no parts: decoded, and looked at for keywords and macros.

use super::conformance::Conformance;
use super::decode::{Decoder, Encoding};
use super::fields::Kind;
use super::macros::{Bounds, Macros};
use super::text::Text;
use super::walk::Walker;
use super::{Checks, Finding};
use std::io;
use std::sync::Arc;

/// How much is decoded before it is looked at.
const PIECE: usize = 8 * 1024;

/// A body.
pub(super) struct Leaf {
    encoding: Encoding,
    decoder: Decoder,
    decoded: Vec<u8>,
    /// The end of the last line, which belongs to the delimiter where one follows (RFC 2046 5.1.1).
    pending: Option<&'static [u8]>,
    text: Option<Text>,
    macros: Option<Macros>,
    /// What is a message, though it is encoded: no reader minds.
    message: Option<Box<Walker>>,
    found: Option<Finding>,
}

impl Leaf {
    /// A body of this kind; `within` says how deep a message in it stands, where one is looked for.
    pub(super) fn new(checks: &Arc<Checks>, kind: &Kind, encoding: Encoding, within: Option<[usize; 2]>) -> Self {
        let text = match (kind, &checks.keywords) {
            (Kind::Text { charset, is_html }, Some(keywords)) => {
                Some(Text::new(keywords, charset.as_deref(), *is_html))
            }
            // Too deep to be taken apart: a text of some kind.
            (Kind::Multipart { .. } | Kind::Message, Some(keywords)) => Some(Text::new(keywords, None, false)),
            _ => None,
        };
        let is_message = *kind == Kind::Message;
        let message = within.filter(|_| is_message).map(|depths| Box::new(Walker::within(Arc::clone(checks), depths)));
        Self {
            encoding,
            decoder: Decoder::new(encoding),
            decoded: Vec::new(),
            pending: None,
            text,
            macros: checks.config.refuse_macros.then(Macros::new),
            message,
            found: None,
        }
    }

    /// Takes a line and its end, or a piece of one without.
    pub(super) fn line(
        &mut self,
        checks: &Checks,
        text: &[u8],
        end: &[u8],
        strict: &mut Conformance,
        bounds: &mut Bounds,
    ) -> io::Result<()> {
        if checks.is_strict() {
            strict.body(text, !end.is_empty(), self.encoding);
        }
        if self.is_idle(checks) {
            return Ok(());
        }
        if let Some(pending) = self.pending.take() {
            self.decoder.end_of_line(pending, &mut self.decoded);
        }
        self.decoder.line(text, &mut self.decoded);
        self.pending = match end {
            b"" => None,
            b"\n" => Some(b"\n"),
            _ => Some(b"\r\n"),
        };
        if self.decoded.len() < PIECE { Ok(()) } else { self.look(checks, bounds) }
    }

    /// Whether nobody wants to see any more of it.
    fn is_idle(&self, checks: &Checks) -> bool {
        self.text.is_none()
            && self.message.is_none()
            && self.macros.as_ref().is_none_or(Macros::is_idle)
            && (!checks.is_strict() || self.encoding.is_identity())
    }

    fn look(&mut self, checks: &Checks, bounds: &mut Bounds) -> io::Result<()> {
        if let Some((text, keywords)) = self.text.as_mut().zip(checks.keywords.as_ref()) {
            text.take(keywords, &self.decoded);
        }
        if let Some(macros) = &mut self.macros {
            macros.take(&self.decoded)?;
        }
        if let Some(message) = &mut self.message {
            self.found = self.found.take().or(message.take(&self.decoded, bounds)?);
        }
        self.decoded.clear();
        Ok(())
    }

    /// Ends the body, at a delimiter or at the end of the message.
    pub(super) fn end(
        mut self,
        checks: &Checks,
        at_end: bool,
        strict: &mut Conformance,
        bounds: &mut Bounds,
    ) -> io::Result<Option<Finding>> {
        if let Some(pending) = self.pending.take().filter(|_| at_end || !self.encoding.is_identity()) {
            self.decoder.end_of_line(pending, &mut self.decoded);
        }
        if let Some(fault) = self.decoder.end() {
            strict.wrong(fault);
        }
        self.look(checks, bounds)?;
        if self.found.is_none()
            && let Some((text, keywords)) = self.text.as_mut().zip(checks.keywords.as_ref())
        {
            self.found = text.end(keywords).map(|key| Finding::Key(key.to_owned()));
        }
        if self.found.is_none()
            && let Some(message) = &mut self.message
        {
            self.found = message.end(bounds)?;
        }
        if let Some(macros) = self.macros
            && self.found.is_none()
            && macros.end(bounds)?
        {
            self.found = Some(Finding::Macros);
        }
        Ok(self.found)
    }
}
