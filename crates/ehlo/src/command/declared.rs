//! What nearly every MAIL declares: the size of its message, and what it is made of.

use super::mail::{Body, Mail};
use super::parameters::Xtext;

/// The parameters of MAIL whose meaning is kept while a decision is pending.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Declared<'l> {
    pub(crate) size: Option<u64>,
    pub(crate) body: Option<Body>,
    pub(crate) smtputf8: bool,
    #[cfg_attr(feature = "extensions", expect(dead_code, reason = "it is read again"))]
    pub(crate) auth: Option<Xtext<'l>>,
}

impl<'l> Declared<'l> {
    /// Those of a command.
    pub(crate) const fn of(mail: &Mail<'l>) -> Self {
        Self { size: mail.size, body: mail.body, smtputf8: mail.smtputf8, auth: mail.auth }
    }
}
