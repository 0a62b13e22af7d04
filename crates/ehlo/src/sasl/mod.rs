//! SASL (RFC 4422) as exchanges within AUTH (RFC 4954).

mod base64;
mod exchange;

pub(crate) use exchange::{Exchange, Outcome};

use crate::secret::Secret;

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// The mechanism that older devices speak; it has no RFC.
    Login,
}

impl Mechanism {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// Whether it shows the password to whoever sees the connection, and so wants TLS.
    pub const fn shows_password(self) -> bool {
        match self {
            Self::Plain | Self::Login => true,
        }
    }
}

/// What a client says to prove who it is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Credentials<'s> {
    /// A user name and a password, by PLAIN or LOGIN. All are UTF-8.
    Password {
        /// The identity to act as (RFC 4616); empty for that of the user.
        authorization: &'s str,
        /// The user name, at least one octet.
        user: &'s str,
        /// The password, at least one octet.
        password: Secret<'s>,
    },
}
