//! Commands: their verbs, paths, parameters and addresses, each production of the grammar a function.

#[cfg(feature = "extensions")]
pub(crate) mod attributes;
pub(crate) mod characters;
pub(crate) mod declared;
pub(crate) mod domain;
#[cfg(feature = "extensions")]
pub(crate) mod dsn;
#[cfg(feature = "extensions")]
pub(crate) mod etrn;
pub(crate) mod hello;
pub(crate) mod mail;
pub(crate) mod mailbox;
#[cfg(feature = "extensions")]
pub(crate) mod options;
pub(crate) mod parameters;
pub(crate) mod parked;
pub(crate) mod path;
#[cfg(feature = "extensions")]
pub(crate) mod query;
#[cfg(target_pointer_width = "64")]
pub(crate) mod usual;
pub(crate) mod verb;

#[cfg(feature = "extensions")]
pub use attributes::{Attribute, Attributes};
pub use domain::{Domain, Literal};
#[cfg(feature = "extensions")]
pub use dsn::{Notify, Orcpt, Ret};
#[cfg(feature = "extensions")]
pub use etrn::{Etrn, EtrnOption};
pub use hello::Hello;
pub use mail::{Body, Mail, Rcpt};
pub use mailbox::{AddressError, Mailbox};
#[cfg(feature = "extensions")]
pub use options::{ByMode, DeliverBy, Hold};
pub use parameters::Xtext;
pub use path::{ForwardPath, ReversePath};
#[cfg(feature = "extensions")]
pub use query::Query;
pub(crate) use verb::Verb;

/// What is wrong with the arguments of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentError {
    /// 501: not by the grammar, or a parameter given twice.
    Syntax,
    /// 555: a parameter of no extension in force.
    UnknownParameter,
    /// 504: a value that the server does not offer.
    UnknownValue,
    /// 500: an octet over 127 where SMTPUTF8 does not allow it.
    NotAscii,
}

/// The octets as text, where they are UTF-8.
#[cfg(target_pointer_width = "64")]
#[inline]
pub(crate) fn utf8(octets: &[u8]) -> Option<&str> {
    core::str::from_utf8(octets).ok()
}

/// The octets as text, where they are UTF-8: slower than the above, and 200 octets of code less.
#[cfg(not(target_pointer_width = "64"))]
#[inline(never)]
pub(crate) fn utf8(octets: &[u8]) -> Option<&str> {
    let Some(first) = octets.utf8_chunks().next() else { return Some("") };
    first.invalid().is_empty().then_some(first.valid())
}

/// The text of octets that a production has checked; it can only be UTF-8.
pub(crate) fn text(octets: &[u8]) -> &str {
    utf8(octets).unwrap_or_default()
}

/// Whether arguments have octets over 127, which must then be valid UTF-8 in a place that allows it.
pub(crate) fn is_utf8(arguments: &[u8], allowed: bool) -> Result<bool, ArgumentError> {
    if characters::is_ascii(arguments) {
        Ok(false)
    } else if allowed && utf8(arguments).is_some() {
        Ok(true)
    } else {
        Err(ArgumentError::NotAscii)
    }
}
