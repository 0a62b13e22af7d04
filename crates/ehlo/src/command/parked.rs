//! Commands as places in the line, which is how they are kept while a decision is pending.
//!
//! Of the parameters only the place is kept, and they are read again for the view: as fields they would make a quarter of a session.

use super::mail::{Body, InForce, Mail, Rcpt, mail_parameters, rcpt_parameters};
use super::mailbox::Mailbox;
use super::path::{ForwardPath, ReversePath};
use crate::buffer::Span;

/// A mailbox as its place in the line; `None` for the path that has none (`<>`, `<Postmaster>`).
type MailboxSpan = Option<(Span, u8)>;

fn park(line: &[u8], mailbox: &Mailbox<'_>) -> MailboxSpan {
    Some((Span::of(line, mailbox.as_str().as_bytes()), mailbox.local_len()))
}

fn rebuild(line: &[u8], span: MailboxSpan) -> Option<Mailbox<'_>> {
    span.map(|(span, local)| Mailbox::rebuilt(span.text(line), local))
}

/// A MAIL command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedMail {
    path: MailboxSpan,
    parameters: Span,
    smtputf8: bool,
    binary: bool,
}

impl ParkedMail {
    /// Of a command and its parameters, both in the line.
    pub(crate) fn new(line: &[u8], mail: &Mail<'_>, parameters: &[u8]) -> Self {
        let path = match &mail.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => park(line, mailbox),
        };
        let binary = mail.body == Some(Body::BinaryMime);
        Self { path, parameters: Span::of(line, parameters), smtputf8: mail.smtputf8, binary }
    }

    pub(crate) const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Whether the body is any octets.
    pub(crate) const fn is_binary(&self) -> bool {
        self.binary
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let path = rebuild(line, self.path).map_or(ReversePath::Null, ReversePath::Mailbox);
        // They were right when the command was read.
        mail_parameters(path, self.parameters.octets(line), true, InForce::ALL).unwrap_or(Mail::new(path))
    }
}

/// A RCPT command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedRcpt {
    path: MailboxSpan,
    parameters: Span,
}

impl ParkedRcpt {
    /// Of a command and its parameters, both in the line.
    pub(crate) fn new(line: &[u8], rcpt: &Rcpt<'_>, parameters: &[u8]) -> Self {
        let path = match &rcpt.forward_path {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => park(line, mailbox),
        };
        Self { path, parameters: Span::of(line, parameters) }
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        let path = rebuild(line, self.path).map_or(ForwardPath::Postmaster, ForwardPath::Mailbox);
        // They were right when the command was read.
        let rcpt = rcpt_parameters(path, self.parameters.octets(line), true, InForce::ALL);
        rcpt.unwrap_or(Rcpt { forward_path: path, notify: None, orcpt: None })
    }
}
