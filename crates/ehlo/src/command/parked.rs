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
    fn reverse_path(self, line: &[u8]) -> ReversePath<'_> {
        if self.local == 0 { ReversePath::Null } else { ReversePath::Mailbox(self.mailbox(line)) }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    fn forward_path(self, line: &[u8]) -> ForwardPath<'_> {
        if self.local == 0 { ForwardPath::Postmaster } else { ForwardPath::Mailbox(self.mailbox(line)) }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    fn mailbox(self, line: &[u8]) -> Mailbox<'_> {
        Mailbox::rebuilt(self.address.octets(line), self.local)
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

    /// Whether there are parameters of which only the place is kept. (Such commands are viewed by [`read_again`](Self::read_again), and not
    /// by a branch of [`view`](Self::view): the others are then built where they are wanted, and not moved there.)
    pub(crate) const fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let reverse_path = self.path.reverse_path(line);
        let size = (self.size != 0).then_some(self.size.into());
        Mail { size, body: self.body, smtputf8: self.smtputf8, ..Mail::new(reverse_path) }
    }

    pub(crate) fn read_again<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        let mut mail = Mail::new(self.path.reverse_path(line));
        // They were right when the command was read.
        let _ = mail_parameters(&mut mail, self.parameters.octets(line), true, InForce::ALL);
        mail
    }
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
        let reverse_path = self.path.reverse_path(line);
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

    /// As of MAIL.
    #[cfg(feature = "extensions")]
    pub(crate) const fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        Rcpt::new(self.path.forward_path(line))
    }

    #[cfg(feature = "extensions")]
    pub(crate) fn read_again<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        let mut rcpt = self.view(line);
        let _ = rcpt_parameters(&mut rcpt, self.parameters.octets(line), true, InForce::ALL);
        rcpt
    }
}
