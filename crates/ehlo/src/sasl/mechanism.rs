//! The mechanisms: their names, how strong they are, and what each needs.

use core::fmt;
use core::str::FromStr;

/// Makes the enumeration and its tables of two lists: a line has the documentation, the variant, its registered name, how strong it is,
/// and whether it shows the password. The second list is there with the feature `mechanisms`.
macro_rules! mechanisms {
    (
        { $($(#[$doc:meta])* $name:ident = $text:literal, $strength:literal, $shows:literal;)* }
        { $($(#[$more_doc:meta])* $more:ident = $more_text:literal, $more_strength:literal, $more_shows:literal;)* }
    ) => {
        /// A SASL mechanism. Those beside PLAIN and LOGIN are there with the feature `mechanisms`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum Mechanism {
            $($(#[$doc])* $name,)*
            $($(#[$more_doc])* #[cfg(feature = "mechanisms")] $more,)*
        }

        impl Mechanism {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)* $(#[cfg(feature = "mechanisms")] Self::$more,)*];

            /// The registered name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    $(#[cfg(feature = "mechanisms")] Self::$more => $more_text,)*
                }
            }

            /// Whether it shows the password or a token to whoever sees the connection, and so wants TLS.
            pub const fn shows_password(self) -> bool {
                match self {
                    $(Self::$name => $shows,)*
                    $(#[cfg(feature = "mechanisms")] Self::$more => $more_shows,)*
                }
            }

            const fn strength(self) -> u8 {
                match self {
                    $(Self::$name => $strength,)*
                    $(#[cfg(feature = "mechanisms")] Self::$more => $more_strength,)*
                }
            }
        }
    };
}

mechanisms! {
    {
        /// RFC 4616.
        Plain = "PLAIN", 1, true;
        /// The mechanism that older devices speak; it has no RFC.
        Login = "LOGIN", 1, true;
    }
    {
        /// RFC 2195.
        CramMd5 = "CRAM-MD5", 3, false;
        /// RFC 5802.
        ScramSha1 = "SCRAM-SHA-1", 4, false;
        /// RFC 5802, bound to the TLS channel.
        ScramSha1Plus = "SCRAM-SHA-1-PLUS", 5, false;
        /// RFC 7677.
        ScramSha256 = "SCRAM-SHA-256", 6, false;
        /// RFC 7677, bound to the TLS channel.
        ScramSha256Plus = "SCRAM-SHA-256-PLUS", 7, false;
        /// The predecessor of OAUTHBEARER, which many clients speak; it has no RFC.
        Xoauth2 = "XOAUTH2", 2, true;
        /// RFC 7628.
        OauthBearer = "OAUTHBEARER", 2, true;
        /// RFC 4422, appendix A: the identity comes from the client's certificate.
        External = "EXTERNAL", 8, false;
        /// RFC 4505.
        Anonymous = "ANONYMOUS", 0, false;
    }
}

impl Mechanism {
    /// Whether it is weaker than another. From weak to strong: ANONYMOUS; PLAIN and LOGIN; XOAUTH2 and OAUTHBEARER, which show a
    /// token in place of the password; CRAM-MD5; SCRAM-SHA-1; SCRAM-SHA-1-PLUS; SCRAM-SHA-256; SCRAM-SHA-256-PLUS; EXTERNAL.
    pub const fn is_weaker_than(self, other: Self) -> bool {
        self.strength() < other.strength()
    }

    /// Whether it binds the exchange to the TLS channel: the names that end in `-PLUS`.
    pub const fn binds_channel(self) -> bool {
        match self {
            #[cfg(feature = "mechanisms")]
            Self::ScramSha1Plus | Self::ScramSha256Plus => true,
            _ => false,
        }
    }

    /// Whether the server has to say something that it never said before: see [`Peer::nonce`](crate::Peer::nonce).
    pub const fn needs_nonce(self) -> bool {
        match self {
            #[cfg(feature = "mechanisms")]
            Self::CramMd5 => true,
            #[cfg(feature = "mechanisms")]
            _ => self.scram().is_some(),
            #[cfg(not(feature = "mechanisms"))]
            _ => false,
        }
    }

    /// The hash function, of a SCRAM mechanism.
    #[cfg(feature = "mechanisms")]
    pub const fn scram(self) -> Option<ScramHash> {
        match self {
            Self::ScramSha1 | Self::ScramSha1Plus => Some(ScramHash::Sha1),
            Self::ScramSha256 | Self::ScramSha256Plus => Some(ScramHash::Sha256),
            _ => None,
        }
    }

    /// Whether it takes the word of the TLS handshake for who the client is.
    #[cfg(feature = "mechanisms")]
    pub(crate) const fn needs_certificate(self) -> bool {
        matches!(self, Self::External)
    }
}

/// The hash function of a SCRAM mechanism.
#[cfg(feature = "mechanisms")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ScramHash {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

#[cfg(feature = "mechanisms")]
impl ScramHash {
    /// Octets of its output.
    pub const fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
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
        Self::ALL.iter().copied().find(|mechanism| mechanism.name() == name).ok_or(UnknownMechanism)
    }
}
