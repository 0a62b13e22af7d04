//! Commands as places in the line, which is how they are kept while a decision is pending.
//!
//! Of most parameters only the place is kept, and they are read again for the view: as fields they would make a quarter of a session.
//! Those that nearly every client sends are kept as what they mean, since to read them twice took a sixth of a command's time.

use super::mail::{Body, Mail, Raw, Rcpt};
#[cfg(feature = "extensions")]
use super::mail::{InForce, mail_parameters, rcpt_parameters};
use super::mailbox::Mailbox;
#[cfg(not(feature = "extensions"))]
use super::parameters::Xtext;
use super::path::{ForwardPath, RawPath, ReversePath};
use crate::buffer::Span;

/// A mailbox as its place in the line; `None` for the path that has none (`<>`, `<Postmaster>`).
type MailboxSpan = Option<(Span, u8)>;

fn park(line: &[u8], path: RawPath<'_>) -> MailboxSpan {
    path.map(|mailbox| (Span::of(line, mailbox.address), mailbox.local))
}

#[cfg_attr(target_pointer_width = "64", inline)]
fn rebuild(line: &[u8], (span, local): (Span, u8)) -> Mailbox<'_> {
    Mailbox::rebuilt(span.octets(line), local)
}

/// A MAIL command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedMail {
    path: MailboxSpan,
    /// None where size and body, and that it is internationalised, are all that there is to know.
    #[cfg(feature = "extensions")]
    parameters: Option<Span>,
    /// 0 where none was declared.
    #[cfg(feature = "extensions")]
    size: u32,
    /// `u64::MAX` where none was declared, or one that no message can have.
    #[cfg(not(feature = "extensions"))]
    size: u64,
    #[cfg(not(feature = "extensions"))]
    auth: Option<Span>,
    body: Option<Body>,
    smtputf8: bool,
}

impl ParkedMail {
    pub(crate) const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Whether the body is any octets.
    #[cfg(feature = "chunking")]
    pub(crate) const fn is_binary(&self) -> bool {
        matches!(self.body, Some(Body::BinaryMime))
    }
}

#[cfg(feature = "extensions")]
impl ParkedMail {
    /// Of a command that lies in the line.
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, Mail<'_>>) -> Self {
        let Mail { size, body, smtputf8, .. } = raw.command;
        let small = match size {
            None => Some(0),
            Some(size) => u32::try_from(size).ok().filter(|size| *size != 0),
        };
        let parameters = (raw.rare || small.is_none()).then(|| Span::of(line, raw.parameters));
        Self { path: park(line, raw.path), parameters, size: small.unwrap_or(0), body, smtputf8 }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let mut mail = Mail::new(match self.path {
            Some(mailbox) => ReversePath::Mailbox(rebuild(line, mailbox)),
            None => ReversePath::Null,
        });
        match self.parameters {
            None => {
                mail.size = (self.size != 0).then_some(self.size.into());
                mail.body = self.body;
                mail.smtputf8 = self.smtputf8;
            }
            // They were right when the command was read.
            Some(parameters) => {
                let _ = mail_parameters(&mut mail, parameters.octets(line), true, InForce::ALL);
            }
        }
        mail
    }
}

/// All of them: without DSN there are few.
#[cfg(not(feature = "extensions"))]
impl ParkedMail {
    /// Of a command that lies in the line.
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, Mail<'_>>) -> Self {
        let Mail { size, body, smtputf8, auth, .. } = raw.command;
        let auth = auth.map(|auth| Span::of(line, auth.encoded().as_bytes()));
        Self { path: park(line, raw.path), size: size.unwrap_or(u64::MAX), auth, body, smtputf8 }
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let reverse_path = self.path.map_or(ReversePath::Null, |mailbox| ReversePath::Mailbox(rebuild(line, mailbox)));
        let (size, auth) = (Some(self.size).filter(|size| *size != u64::MAX), self.auth.map(|auth| auth.text(line)));
        Mail { reverse_path, size, body: self.body, smtputf8: self.smtputf8, auth: auth.map(Xtext::rebuilt) }
    }
}

/// A RCPT command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedRcpt {
    path: MailboxSpan,
    #[cfg(feature = "extensions")]
    parameters: Span,
}

impl ParkedRcpt {
    /// Of a command that lies in the line.
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, ()>) -> Self {
        Self {
            path: park(line, raw.path),
            #[cfg(feature = "extensions")]
            parameters: Span::of(line, raw.parameters),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        let rcpt = Rcpt::new(match self.path {
            Some(mailbox) => ForwardPath::Mailbox(rebuild(line, mailbox)),
            None => ForwardPath::Postmaster,
        });
        #[cfg(feature = "extensions")]
        let mut rcpt = rcpt;
        #[cfg(feature = "extensions")]
        if !self.parameters.is_empty() {
            // They were right when the command was read.
            let _ = rcpt_parameters(&mut rcpt, self.parameters.octets(line), true, InForce::ALL);
        }
        rcpt
    }
}
