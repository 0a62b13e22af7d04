//! The exchange of one AUTH command, over the session's line buffer.

use super::bearer;
use super::cram::{self, CramMd5};
use super::credentials::Credentials;
use super::gs2;
use super::mechanism::Mechanism;
use super::offer::{self, Facts};
use super::password::{self, is_name};
use super::scram::{Refused, Scram};
use super::{base64, challenge};
use crate::buffer::Span;
use crate::config::Config;
use crate::line::Line;
use crate::secret::Secret;
use heapless::VecView;

/// How far an exchange is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exchange {
    /// The first response is due.
    Begun(Mechanism),
    /// LOGIN: the password is due; the user name lies here.
    LoginPassword(Span),
    /// A user name and a password are in.
    Password { mechanism: Mechanism, authorization: Span, user: Span, password: Span },
    /// The answer to a CRAM-MD5 challenge is in.
    CramMd5 { user: Span, digest: Span },
    /// SCRAM: the client's first message is in; the salt is to be decided.
    ScramUser(Scram),
    /// SCRAM: the salt was sent; the client's final message is due.
    ScramFinal(Scram),
    /// SCRAM: the client's proof is in.
    ScramProof(Scram),
    /// SCRAM: the server's signature was sent; an empty response is due.
    ScramEnd(Scram),
    /// SCRAM: the client has proved itself, and did not object to the server's signature.
    Proven(Scram),
    /// A token is in.
    Bearer { mechanism: Mechanism, user: Span, token: Span, host: Span, port: u16 },
    /// The client has been told why its token is refused; a response without meaning is due.
    BearerRefused,
    /// EXTERNAL: the identity to act as is in.
    External(Span),
    /// ANONYMOUS: the trace is in.
    Anonymous(Span),
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ask for more with this challenge.
    Challenge(&'static str),
    /// A decision is due.
    Complete,
    /// `*`: the client gives up.
    Cancelled,
    /// Not base64, or not what the mechanism wants.
    Malformed,
    /// The mechanism lets the server begin, and the client did.
    Unwanted,
    /// The authentication fails.
    Failed,
    /// The authentication has failed, and all was said but the reply.
    Over,
}

/// Whom a session talks with, and by which settings.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config<'a>,
    pub(crate) facts: &'a Facts,
    pub(crate) tls: bool,
}

impl Exchange {
    /// Writes the challenge that asks for the first response; false where there is no room, or nothing to say.
    pub(crate) fn first_challenge(&self, out: &mut VecView<u8>, context: Context<'_>) -> bool {
        match self {
            Self::Begun(Mechanism::CramMd5) => match context.facts.nonce() {
                Some(nonce) => challenge::write(out, cram::challenge(nonce, context.config.hostname)),
                None => false,
            },
            Self::Begun(Mechanism::Login) => challenge::write(out, "Username:".bytes()),
            _ => challenge::write(out, "".bytes()),
        }
    }

    /// Takes a response, which is a part of the line, still in base64. `initial`: it came with the command, where `=` is an empty
    /// one (RFC 4954 4).
    pub(crate) fn respond<const N: usize>(
        &mut self,
        line: &mut Line<N>,
        response: Span,
        initial: bool,
        context: Context<'_>,
    ) -> Outcome {
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
        let response = Span::new(response.start(), decoded);
        let next = match *self {
            Self::BearerRefused => return Outcome::Over,
            Self::Begun(Mechanism::Login) if is_name(response.octets(line.buffer())) => {
                *self = Self::LoginPassword(line.keep(response));
                return Outcome::Challenge("Password:");
            }
            Self::Begun(mechanism) => first(mechanism, line, response, context),
            Self::ScramFinal(scram) => scram.last(line, response, context.config, context.facts).map(Self::ScramProof),
            Self::ScramEnd(scram) if decoded == 0 => Ok(Self::Proven(scram)),
            Self::LoginPassword(user) if is_name(response.octets(line.buffer())) => {
                let mechanism = Mechanism::Login;
                Ok(Self::Password { mechanism, authorization: Span::default(), user, password: response })
            }
            _ => Err(Refused::Malformed),
        };
        match next {
            Ok(next) => *self = next,
            Err(Refused::Malformed) => return Outcome::Malformed,
            Err(Refused::Failed) => return Outcome::Failed,
        }
        // Without a token there is nothing to decide: the client asks what would be wanted (RFC 7628 4.3).
        match self {
            Self::Bearer { token, .. } if token.octets(line.buffer()).is_empty() => Outcome::Failed,
            _ => Outcome::Complete,
        }
    }

    /// What is to be decided, once a decision is due.
    pub(crate) fn credentials<'l>(
        &self,
        line: &'l [u8],
        config: &'l Config<'_>,
        facts: &Facts,
    ) -> Option<Credentials<'l>> {
        Some(match *self {
            Self::Password { mechanism, authorization, user, password } => Credentials::Password {
                mechanism,
                authorization: authorization.text(line),
                user: user.text(line),
                password: Secret::new(password.octets(line)),
            },
            Self::CramMd5 { user, digest } => Credentials::CramMd5(CramMd5 {
                user: user.text(line),
                digest: digest.octets(line),
                nonce: facts.nonce()?,
                hostname: config.hostname,
            }),
            Self::ScramUser(scram) => Credentials::ScramUser {
                mechanism: scram.mechanism,
                hash: scram.mechanism.scram()?,
                authorization: scram.authorization.text(line),
                user: scram.user.text(line),
            },
            Self::ScramProof(scram) => Credentials::ScramProof(scram.proof(line, facts.nonce()?)?),
            Self::Proven(scram) => Credentials::Proven {
                mechanism: scram.mechanism,
                authorization: scram.authorization.text(line),
                user: scram.user.text(line),
            },
            Self::Bearer { mechanism, user, token, host, port } => Credentials::Bearer {
                mechanism,
                user: user.text(line),
                token: Secret::new(token.octets(line)),
                host: host.text(line),
                port: (port != 0).then_some(port),
            },
            Self::External(authorization) => Credentials::External { authorization: authorization.text(line) },
            Self::Anonymous(trace) => Credentials::Anonymous { trace: trace.text(line) },
            Self::Begun(_) | Self::LoginPassword(_) | Self::ScramFinal(_) | Self::ScramEnd(_) | Self::BearerRefused => {
                return None;
            }
        })
    }

    /// Whether to accept what is claimed now is to authenticate the client: not in the middle of SCRAM.
    pub(crate) const fn may_be_accepted(&self) -> bool {
        matches!(
            self,
            Self::Password { .. }
                | Self::CramMd5 { .. }
                | Self::Proven(_)
                | Self::Bearer { .. }
                | Self::External(_)
                | Self::Anonymous(_)
        )
    }
}

/// The first response of a mechanism.
fn first<const N: usize>(
    mechanism: Mechanism,
    line: &mut Line<N>,
    response: Span,
    context: Context<'_>,
) -> Result<Exchange, Refused> {
    if mechanism.scram().is_some() {
        let Context { config, facts, tls } = context;
        let may_bind = offer::offers_plus(mechanism, config, tls, facts);
        return Scram::first(mechanism, line, response, may_bind, config, facts).map(Exchange::ScramUser);
    }
    let buffer = line.buffer();
    let message = response.octets(buffer);
    let span = |part: &[u8]| if part.is_empty() { Span::default() } else { Span::of(buffer, part) };
    let found = match mechanism {
        Mechanism::Plain => password::plain(message).map(|(authorization, user, password)| Exchange::Password {
            mechanism,
            authorization: span(authorization),
            user: span(user),
            password: span(password),
        }),
        Mechanism::CramMd5 => {
            cram::response(message).map(|(user, digest)| Exchange::CramMd5 { user: span(user), digest: span(digest) })
        }
        Mechanism::Xoauth2 | Mechanism::OauthBearer => {
            let escaped = mechanism == Mechanism::OauthBearer;
            let found = if escaped { bearer::oauthbearer(message) } else { bearer::xoauth2(message) };
            let found = found.ok_or(Refused::Malformed)?;
            let (user, token, host, port) = (span(found.user), span(found.token), span(found.host), found.port);
            if escaped && found.user.contains(&b'=') {
                return unescaped_user(line, response, user, token, host, port);
            }
            Some(Exchange::Bearer { mechanism, user, token, host, port })
        }
        Mechanism::External => password::is_text(message).then_some(Exchange::External(response)),
        Mechanism::Anonymous => password::is_trace(message).then_some(Exchange::Anonymous(response)),
        _ => None,
    };
    found.ok_or(Refused::Malformed)
}

/// A user name with escapes is put behind the message, which then is all that the line keeps.
fn unescaped_user<const N: usize>(
    line: &mut Line<N>,
    response: Span,
    user: Span,
    token: Span,
    host: Span,
    port: u16,
) -> Result<Exchange, Refused> {
    let kept = line.keep_only(response);
    let moved = |span: Span| span.moved(response.start(), kept.start());
    let user = gs2::unescaped(line, moved(user)).ok_or(Refused::Malformed)?;
    Ok(Exchange::Bearer { mechanism: Mechanism::OauthBearer, user, token: moved(token), host: moved(host), port })
}
