//! The exchange of one AUTH command, over the session's line buffer.

use super::base64;
use super::credentials::Credentials;
#[cfg(feature = "mechanisms")]
use super::further::Further;
use super::mechanism::Mechanism;
use super::offer::Facts;
use super::password::{self, is_name};
use crate::buffer::Span;
use crate::config::Config;
use crate::line::Line;
use crate::secret::Secret;

/// How far an exchange is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exchange {
    /// The first response is due.
    Begun(Mechanism),
    /// LOGIN: the password is due; the user name lies here.
    LoginPassword(Span),
    /// A user name and a password are in.
    Password { mechanism: Mechanism, authorization: Span, user: Span, password: Span },
    /// One of the other mechanisms.
    #[cfg(feature = "mechanisms")]
    Further(Further),
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ask for the password, by LOGIN.
    AskPassword,
    /// A decision is due.
    Complete,
    /// `*`: the client gives up.
    Cancelled,
    /// Not base64, or not what the mechanism wants.
    Malformed,
    /// The mechanism lets the server begin, and the client did.
    #[cfg(feature = "mechanisms")]
    Unwanted,
    /// The authentication fails.
    #[cfg(feature = "mechanisms")]
    Failed,
    /// The authentication has failed, and all was said but the reply.
    #[cfg(feature = "mechanisms")]
    Over,
}

/// Whom a session talks with, and by which settings.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "mechanisms"), expect(dead_code, reason = "PLAIN and LOGIN need none of it"))]
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config<'a>,
    pub(crate) facts: &'a Facts,
    pub(crate) tls: bool,
}

impl Exchange {
    /// Takes a response, which is a part of the line, still in base64. `initial`: it came with the command, where `=` is an empty
    /// one (RFC 4954 4).
    pub(crate) fn respond<const N: usize>(
        &mut self,
        line: &mut Line<N>,
        response: Span,
        initial: bool,
        context: Context<'_>,
    ) -> Outcome {
        #[cfg(feature = "mechanisms")]
        if initial && matches!(self, Self::Begun(Mechanism::CramMd5)) {
            return Outcome::Unwanted;
        }
        let encoded = line.part_mut(response);
        let decoded = match (&*encoded, initial) {
            (b"=", true) => 0,
            (b"*", false) => return Outcome::Cancelled,
            _ => match base64::decode(encoded) {
                Some(decoded) => decoded,
                None => return Outcome::Malformed,
            },
        };
        self.decoded(line, Span::new(response.start(), decoded), context)
    }

    /// Takes a response that has been decoded.
    fn decoded<const N: usize>(&mut self, line: &mut Line<N>, response: Span, context: Context<'_>) -> Outcome {
        let octets = response.octets(line.buffer());
        match *self {
            Self::Begun(mechanism @ Mechanism::Plain) => match password::plain(octets) {
                Some((authorization, user, password)) => {
                    let span = |part| Span::of(line.buffer(), part);
                    let (authorization, user, password) = (span(authorization), span(user), span(password));
                    *self = Self::Password { mechanism, authorization, user, password };
                    Outcome::Complete
                }
                None => Outcome::Malformed,
            },
            Self::Begun(Mechanism::Login) if is_name(octets) => {
                *self = Self::LoginPassword(line.keep(response));
                Outcome::AskPassword
            }
            Self::LoginPassword(user) if is_name(octets) => {
                let mechanism = Mechanism::Login;
                *self = Self::Password { mechanism, authorization: Span::default(), user, password: response };
                Outcome::Complete
            }
            #[cfg(feature = "mechanisms")]
            Self::Begun(_) | Self::Further(_) => self.further(line, response, context),
            _ => {
                let _ = context;
                Outcome::Malformed
            }
        }
    }

    /// What is to be decided, once a decision is due.
    pub(crate) fn credentials<'l>(
        &self,
        line: &'l [u8],
        config: &'l Config<'_>,
        facts: &Facts,
    ) -> Option<Credentials<'l>> {
        match *self {
            Self::Password { mechanism, authorization, user, password } => Some(Credentials::Password {
                mechanism,
                authorization: authorization.text(line),
                user: user.text(line),
                password: Secret::new(password.octets(line)),
            }),
            #[cfg(feature = "mechanisms")]
            Self::Further(further) => further.credentials(line, config, facts),
            _ => {
                let _ = (config, facts);
                None
            }
        }
    }

    /// Whether to accept what is claimed now is to authenticate the client: not in the middle of SCRAM.
    pub(crate) const fn may_be_accepted(&self) -> bool {
        match self {
            Self::Password { .. } => true,
            #[cfg(feature = "mechanisms")]
            Self::Further(further) => further.may_be_accepted(),
            _ => false,
        }
    }
}
