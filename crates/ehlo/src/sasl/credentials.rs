//! What a client claims, as the caller sees it.

#[cfg(feature = "mechanisms")]
use super::further::{CramMd5, ScramProof};
use super::mechanism::Mechanism;
#[cfg(feature = "mechanisms")]
use super::mechanism::ScramHash;
use crate::secret::Secret;

/// What a client says to prove who it is. All texts are UTF-8 without NUL.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Credentials<'s> {
    /// A user name and a password, by PLAIN or LOGIN.
    Password {
        /// PLAIN or LOGIN.
        mechanism: Mechanism,
        /// The identity to act as (RFC 4616); empty for that of the user.
        authorization: &'s str,
        /// The user name, at least one octet.
        user: &'s str,
        /// The password, at least one octet.
        password: Secret<'s>,
    },
    /// A user name, and what was made of the password and the challenge, by CRAM-MD5.
    #[cfg(feature = "mechanisms")]
    CramMd5(CramMd5<'s>),
    /// SCRAM, first of three: who says it is there. To be answered by [`AuthAnswer::salt`](crate::AuthAnswer::salt); for a user that
    /// does not exist too, or users could be told from others.
    #[cfg(feature = "mechanisms")]
    ScramUser {
        /// With channel binding or without.
        mechanism: Mechanism,
        /// Its hash function.
        hash: ScramHash,
        /// The identity to act as; empty for that of the user.
        authorization: &'s str,
        /// The user name, at least one octet, not yet prepared (RFC 5802 5.1 names SASLprep).
        user: &'s str,
    },
    /// SCRAM, second of three: the client's proof. To be answered by [`AuthAnswer::signature`](crate::AuthAnswer::signature), or
    /// refused.
    #[cfg(feature = "mechanisms")]
    ScramProof(ScramProof<'s>),
    /// SCRAM, last of three: the proof was right, as the signature given for it says.
    #[cfg(feature = "mechanisms")]
    Proven {
        /// With channel binding or without.
        mechanism: Mechanism,
        /// The identity to act as; empty for that of the user.
        authorization: &'s str,
        /// The user name, as it was in the other two.
        user: &'s str,
    },
    /// A bearer token, by OAUTHBEARER or XOAUTH2. Refused with `535`, the client is first told that the token is invalid.
    #[cfg(feature = "mechanisms")]
    Bearer {
        /// OAUTHBEARER or XOAUTH2.
        mechanism: Mechanism,
        /// The identity to act as; empty for that of the token.
        user: &'s str,
        /// The token, at least one octet.
        token: Secret<'s>,
        /// The host that the client means to talk to; empty where it is not said.
        host: &'s str,
        /// The port that the client means to talk to.
        port: Option<u16>,
    },
    /// The certificate that the client gave within TLS is to say who it is, by EXTERNAL.
    #[cfg(feature = "mechanisms")]
    External {
        /// The identity to act as; empty for that of the certificate.
        authorization: &'s str,
    },
    /// Nobody in particular, by ANONYMOUS.
    #[cfg(feature = "mechanisms")]
    Anonymous {
        /// What the client says of itself: an address, or a text without meaning (RFC 4505 2). At most 255 characters, perhaps none.
        trace: &'s str,
    },
}

impl Credentials<'_> {
    /// The mechanism by which they came.
    pub const fn mechanism(&self) -> Mechanism {
        match self {
            Self::Password { mechanism, .. } => *mechanism,
            #[cfg(feature = "mechanisms")]
            Self::ScramUser { mechanism, .. }
            | Self::ScramProof(ScramProof { mechanism, .. })
            | Self::Proven { mechanism, .. }
            | Self::Bearer { mechanism, .. } => *mechanism,
            #[cfg(feature = "mechanisms")]
            Self::CramMd5(_) => Mechanism::CramMd5,
            #[cfg(feature = "mechanisms")]
            Self::External { .. } => Mechanism::External,
            #[cfg(feature = "mechanisms")]
            Self::Anonymous { .. } => Mechanism::Anonymous,
        }
    }
}
