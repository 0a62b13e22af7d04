//! Commands as places in the line, which is how they are kept while a decision is pending.

use super::dsn::{Notify, Orcpt, Ret};
use super::mail::{Body, Mail, Rcpt};
use super::mailbox::Mailbox;
use super::options::{DeliverBy, Hold};
use super::parameters::Xtext;
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
    size: Option<u64>,
    auth: Option<Span>,
    envid: Option<Span>,
    solicit: Option<Span>,
    hold: Option<ParkedHold>,
    deliver_by: Option<DeliverBy>,
    priority: Option<i8>,
    body: Option<Body>,
    ret: Option<Ret>,
    smtputf8: bool,
    require_tls: bool,
}

#[derive(Debug, Clone, Copy)]
enum ParkedHold {
    For(u32),
    Until(Span),
}

impl ParkedMail {
    pub(crate) fn new(line: &[u8], mail: &Mail<'_>) -> Self {
        let xtext = |xtext: Xtext<'_>| Span::of(line, xtext.encoded().as_bytes());
        Self {
            path: match &mail.reverse_path {
                ReversePath::Null => None,
                ReversePath::Mailbox(mailbox) => park(line, mailbox),
            },
            size: mail.size,
            auth: mail.auth.map(xtext),
            envid: mail.envid.map(xtext),
            solicit: mail.solicit.map(|keywords| Span::of(line, keywords.as_bytes())),
            hold: mail.hold.map(|hold| match hold {
                Hold::For(seconds) => ParkedHold::For(seconds),
                Hold::Until(time) => ParkedHold::Until(Span::of(line, time.as_bytes())),
            }),
            deliver_by: mail.deliver_by,
            priority: mail.priority,
            body: mail.body,
            ret: mail.ret,
            smtputf8: mail.smtputf8,
            require_tls: mail.require_tls,
        }
    }

    pub(crate) const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Whether the body is any octets.
    pub(crate) fn is_binary(&self) -> bool {
        self.body == Some(Body::BinaryMime)
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let xtext = |span: Span| Xtext::parse(span.text(line));
        Mail {
            reverse_path: rebuild(line, self.path).map_or(ReversePath::Null, ReversePath::Mailbox),
            size: self.size,
            body: self.body,
            smtputf8: self.smtputf8,
            auth: self.auth.and_then(xtext),
            ret: self.ret,
            envid: self.envid.and_then(xtext),
            deliver_by: self.deliver_by,
            require_tls: self.require_tls,
            priority: self.priority,
            hold: self.hold.map(|hold| match hold {
                ParkedHold::For(seconds) => Hold::For(seconds),
                ParkedHold::Until(span) => Hold::Until(span.text(line)),
            }),
            solicit: self.solicit.map(|span| span.text(line)),
        }
    }
}

/// A RCPT command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedRcpt {
    path: MailboxSpan,
    notify: Option<Notify>,
    /// All of the value: type and address.
    orcpt: Option<Span>,
}

impl ParkedRcpt {
    pub(crate) fn new(line: &[u8], rcpt: &Rcpt<'_>) -> Self {
        let path = match &rcpt.forward_path {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => park(line, mailbox),
        };
        let orcpt = rcpt.orcpt.map(|orcpt| {
            let start = Span::of(line, orcpt.address_type.as_bytes());
            let end = Span::of(line, orcpt.address.encoded().as_bytes());
            Span::new(start.start(), end.end().saturating_sub(start.start()))
        });
        Self { path, notify: rcpt.notify, orcpt }
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        Rcpt {
            forward_path: rebuild(line, self.path).map_or(ForwardPath::Postmaster, ForwardPath::Mailbox),
            notify: self.notify,
            orcpt: self.orcpt.and_then(|span| Orcpt::parse(span.text(line))),
        }
    }
}
