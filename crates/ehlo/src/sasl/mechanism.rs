//! The mechanisms: their names, how strong they are, and what each needs.

use core::fmt;
use core::str::FromStr;

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// The mechanism that older devices speak; it has no RFC.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 5802.
    ScramSha1,
    /// RFC 5802, bound to the TLS channel.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677, bound to the TLS channel.
    ScramSha256Plus,
    /// The predecessor of OAUTHBEARER, which many clients speak; it has no RFC.
    Xoauth2,
    /// RFC 7628.
    OauthBearer,
    /// RFC 4422, appendix A: the identity comes from the client's certificate.
    External,
    /// RFC 4505.
    Anonymous,
}

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ScramHash {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

impl ScramHash {
    /// Octets of its output.
    pub const fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl Mechanism {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::Xoauth2,
        Self::OauthBearer,
        Self::External,
        Self::Anonymous,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
            Self::External => "EXTERNAL",
            Self::Anonymous => "ANONYMOUS",
        }
    }

    /// Whether it shows the password or a token to whoever sees the connection, and so wants TLS.
    pub const fn shows_password(self) -> bool {
        matches!(self, Self::Plain | Self::Login | Self::Xoauth2 | Self::OauthBearer)
    }

    /// Whether it binds the exchange to the TLS channel: the names that end in `-PLUS`.
    pub const fn binds_channel(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus)
    }

    /// The hash function, of a SCRAM mechanism.
    pub const fn scram(self) -> Option<ScramHash> {
        match self {
            Self::ScramSha1 | Self::ScramSha1Plus => Some(ScramHash::Sha1),
            Self::ScramSha256 | Self::ScramSha256Plus => Some(ScramHash::Sha256),
            _ => None,
        }
    }

    /// Whether the server has to say something that it never said before: see [`Peer::nonce`](crate::Peer::nonce).
    pub const fn needs_nonce(self) -> bool {
        matches!(self, Self::CramMd5) || self.scram().is_some()
    }

    /// Whether it is weaker than another. From weak to strong: ANONYMOUS; PLAIN and LOGIN; XOAUTH2 and OAUTHBEARER, which show a
    /// token in place of the password; CRAM-MD5; SCRAM-SHA-1; SCRAM-SHA-1-PLUS; SCRAM-SHA-256; SCRAM-SHA-256-PLUS; EXTERNAL.
    pub const fn is_weaker_than(self, other: Self) -> bool {
        self.strength() < other.strength()
    }

    const fn strength(self) -> u8 {
        match self {
            Self::Anonymous => 0,
            Self::Plain | Self::Login => 1,
            Self::Xoauth2 | Self::OauthBearer => 2,
            Self::CramMd5 => 3,
            Self::ScramSha1 => 4,
            Self::ScramSha1Plus => 5,
            Self::ScramSha256 => 6,
            Self::ScramSha256Plus => 7,
            Self::External => 8,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No mechanism has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnknownMechanism;

impl fmt::Display for UnknownMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown SASL mechanism")
    }
}

impl core::error::Error for UnknownMechanism {}

/// By its registered name, in capitals.
impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name).ok_or(UnknownMechanism)
    }
}
