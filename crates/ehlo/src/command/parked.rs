//! Commands as places in the line, which is how they are kept while a decision is pending.
//!
//! Of most parameters only the place is kept, and they are read again for the view: as fields they would make a quarter of a session.
//! Those that nearly every client sends are kept as what they mean, since to read them twice took a sixth of a command's time.

use super::declared::Declared;
use super::mail::{Body, Mail, Raw, Rcpt};
#[cfg(feature = "extensions")]
use super::mail::{InForce, mail_parameters, rcpt_parameters};
use super::mailbox::Mailbox;
#[cfg(not(feature = "extensions"))]
use super::parameters::Xtext;
use super::path::{ForwardPath, RawPath, ReversePath};
use crate::buffer::Span;

/// A mailbox as its place in the line. The path that has none (`<>`, `<Postmaster>`) has a local part of no octets.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    address: Span,
    local: u8,
}

impl Place {
    fn of(line: &[u8], path: RawPath<'_>) -> Self {
        path.map(|mailbox| Self { address: Span::of(line, mailbox.address), local: mailbox.local }).unwrap_or_default()
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    fn mailbox(self, line: &[u8]) -> Option<Mailbox<'_>> {
        (self.local != 0).then(|| Mailbox::rebuilt(self.address.octets(line), self.local))
    }
}

/// A MAIL command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedMail {
    path: Place,
    /// Empty where size and body, and that it is internationalised, are all that there is to know.
    #[cfg(feature = "extensions")]
    parameters: Span,
    /// 0 where none was declared.
    #[cfg(feature = "extensions")]
    size: u32,
    /// `u64::MAX` where none was declared, or one that no message can have. (As octets, which need no place of their own.)
    #[cfg(not(feature = "extensions"))]
    size: [u8; 8],
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
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, Declared<'_>>) -> Self {
        let Declared { size, body, smtputf8, .. } = raw.declared;
        let small = match size {
            None => Some(0),
            Some(size) => u32::try_from(size).ok().filter(|size| *size != 0),
        };
        let told = small.is_some() && !raw.rare;
        let parameters = if told { Span::default() } else { Span::of(line, raw.parameters) };
        Self { path: Place::of(line, raw.path), parameters, size: small.unwrap_or(0), body, smtputf8 }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let reverse_path = self.path.mailbox(line).map_or(ReversePath::Null, ReversePath::Mailbox);
        if !self.parameters.is_empty() {
            return mail_read_again(reverse_path, self.parameters.octets(line));
        }
        let size = (self.size != 0).then_some(self.size.into());
        Mail { size, body: self.body, smtputf8: self.smtputf8, ..Mail::new(reverse_path) }
    }
}

/// By itself, so that a command without these is built where it is wanted, and not moved there.
#[cfg(feature = "extensions")]
#[inline(never)]
fn mail_read_again<'l>(reverse_path: ReversePath<'l>, parameters: &'l [u8]) -> Mail<'l> {
    let mut mail = Mail::new(reverse_path);
    // They were right when the command was read.
    let _ = mail_parameters(&mut mail, parameters, true, InForce::ALL);
    mail
}

/// The same.
#[cfg(feature = "extensions")]
#[inline(never)]
fn rcpt_read_again<'l>(forward_path: ForwardPath<'l>, parameters: &'l [u8]) -> Rcpt<'l> {
    let mut rcpt = Rcpt::new(forward_path);
    let _ = rcpt_parameters(&mut rcpt, parameters, true, InForce::ALL);
    rcpt
}

/// All of them: without DSN there are few.
#[cfg(not(feature = "extensions"))]
impl ParkedMail {
    /// Of a command that lies in the line.
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, Declared<'_>>) -> Self {
        let Declared { size, body, smtputf8, auth } = raw.declared;
        let auth = auth.map(|auth| Span::of(line, auth.encoded().as_bytes()));
        Self { path: Place::of(line, raw.path), size: size.unwrap_or(u64::MAX).to_ne_bytes(), auth, body, smtputf8 }
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let reverse_path = self.path.mailbox(line).map_or(ReversePath::Null, ReversePath::Mailbox);
        let size = Some(u64::from_ne_bytes(self.size)).filter(|size| *size != u64::MAX);
        let auth = self.auth.map(|auth| auth.text(line));
        Mail { reverse_path, size, body: self.body, smtputf8: self.smtputf8, auth: auth.map(Xtext::rebuilt) }
    }
}

/// A RCPT command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedRcpt {
    path: Place,
    #[cfg(feature = "extensions")]
    parameters: Span,
}

impl ParkedRcpt {
    /// Of a command that lies in the line.
    pub(crate) fn new(line: &[u8], raw: &Raw<'_, ()>) -> Self {
        Self {
            path: Place::of(line, raw.path),
            #[cfg(feature = "extensions")]
            parameters: Span::of(line, raw.parameters),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        let forward_path = self.path.mailbox(line).map_or(ForwardPath::Postmaster, ForwardPath::Mailbox);
        #[cfg(feature = "extensions")]
        if !self.parameters.is_empty() {
            return rcpt_read_again(forward_path, self.parameters.octets(line));
        }
        Rcpt::new(forward_path)
    }
}
