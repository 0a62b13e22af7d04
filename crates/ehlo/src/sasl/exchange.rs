//! The exchange of one AUTH command, over the session's line buffer.

use super::{Credentials, Mechanism, base64};
use crate::buffer::Span;
use crate::line::Line;
use crate::secret::Secret;

/// How far an exchange is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exchange {
    /// PLAIN: its one response is due.
    Plain,
    /// LOGIN: the user name is due.
    LoginUser,
    /// LOGIN: the password is due; the user name lies here.
    LoginPassword(Span),
    /// A user name and a password are in.
    Password { authorization: Span, user: Span, password: Span },
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ask for more with this challenge, which is base64 already.
    Challenge(&'static str),
    /// The credentials are complete.
    Complete,
    /// `*`: the client gives up.
    Cancelled,
    /// Not base64, or not what the mechanism wants.
    Malformed,
}

/// base64 of `Username:`.
const USERNAME: &str = "VXNlcm5hbWU6";
/// base64 of `Password:`.
const PASSWORD: &str = "UGFzc3dvcmQ6";

impl Exchange {
    /// The start of an exchange, and its challenge where there is no initial response.
    pub(crate) const fn begin(mechanism: Mechanism) -> (Self, &'static str) {
        match mechanism {
            Mechanism::Plain => (Self::Plain, ""),
            Mechanism::Login => (Self::LoginUser, USERNAME),
        }
    }

    /// Takes a response, which is a part of the line, still in base64. `initial`: it came with the command, where `=` is an empty
    /// one (RFC 4954 4).
    pub(crate) fn respond<const N: usize>(&mut self, line: &mut Line<N>, response: Span, initial: bool) -> Outcome {
        let encoded = line.part_mut(response);
        let decoded = match (&*encoded, initial) {
            (b"=", true) => 0,
            (b"*", false) => return Outcome::Cancelled,
            _ => match base64::decode(encoded) {
                Some(decoded) => decoded,
                None => return Outcome::Malformed,
            },
        };
        let response = Span::new(response.start(), decoded);
        match *self {
            Self::Plain => match plain(line.buffer(), response) {
                Some(password) => *self = password,
                None => return Outcome::Malformed,
            },
            Self::LoginUser => {
                if !is_name(response.octets(line.buffer())) {
                    return Outcome::Malformed;
                }
                *self = Self::LoginPassword(line.keep(response));
                return Outcome::Challenge(PASSWORD);
            }
            Self::LoginPassword(user) => {
                if !is_name(response.octets(line.buffer())) {
                    return Outcome::Malformed;
                }
                *self = Self::Password { authorization: Span::default(), user, password: response };
            }
            Self::Password { .. } => return Outcome::Malformed,
        }
        Outcome::Complete
    }

    /// The credentials, once they are complete.
    pub(crate) fn credentials<'l>(&self, line: &'l [u8]) -> Option<Credentials<'l>> {
        match *self {
            Self::Password { authorization, user, password } => Some(Credentials::Password {
                authorization: authorization.text(line),
                user: user.text(line),
                password: Secret::new(password.octets(line)),
            }),
            _ => None,
        }
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 2).
fn plain(line: &[u8], response: Span) -> Option<Exchange> {
    let mut parts = response.octets(line).split(|octet| *octet == 0);
    let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let authorization_ok = authorization.is_empty() || is_name(authorization);
    if parts.next().is_some() || !authorization_ok || !is_name(user) || !is_name(password) {
        return None;
    }
    Some(Exchange::Password {
        authorization: Span::of(line, authorization),
        user: Span::of(line, user),
        password: Span::of(line, password),
    })
}

/// A user name or a password: UTF-8, not empty, without NUL (RFC 4616 2).
fn is_name(octets: &[u8]) -> bool {
    !octets.is_empty() && !octets.contains(&0) && core::str::from_utf8(octets).is_ok()
}
