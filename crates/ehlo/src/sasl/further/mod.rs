//! The mechanisms beside PLAIN and LOGIN.

mod anonymous;
mod bearer;
mod challenge;
mod cram;
pub(super) mod encode;
mod gs2;
mod nonce;
mod scram;
#[cfg(feature = "scram")]
mod scram_verify;

pub use cram::CramMd5;
pub use scram::{ScramKeys, ScramProof, ServerSignature};

pub(super) use nonce::ServerNonce;
#[cfg(all(test, feature = "scram"))]
pub(super) use scram_verify::tests as scram_tests;

use super::credentials::Credentials;
use super::exchange::{Context, Exchange, Outcome};
use super::mechanism::Mechanism;
use super::offer::{self, Facts};
use super::password;
use crate::buffer::{Buffer, Span};
use crate::config::Config;
use crate::line::Line;
use crate::secret::Secret;
use crate::state::State;
use scram::{Refused, Scram};

/// How far an exchange of one of these is, once the client has said something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Further {
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

impl Exchange {
    /// Takes a decoded response of an exchange of these mechanisms.
    pub(super) fn further<const N: usize>(
        &mut self,
        line: &mut Line<N>,
        response: Span,
        context: Context<'_>,
    ) -> Outcome {
        let next = match *self {
            Self::Begun(mechanism) => first(mechanism, line, response, context),
            Self::Further(Further::BearerRefused) => return Outcome::Over,
            Self::Further(Further::ScramFinal(scram)) => {
                scram.last(line, response, context.config, context.facts).map(Further::ScramProof)
            }
            Self::Further(Further::ScramEnd(scram)) if response.is_empty() => Ok(Further::Proven(scram)),
            _ => Err(Refused::Malformed),
        };
        match next {
            // Without a token there is nothing to decide: the client asks what would be wanted (RFC 7628 4.3).
            Ok(next @ Further::Bearer { token, .. }) if token.is_empty() => {
                *self = Self::Further(next);
                Outcome::Failed
            }
            Ok(next) => {
                *self = Self::Further(next);
                Outcome::Complete
            }
            Err(Refused::Malformed) => Outcome::Malformed,
            Err(Refused::Failed) => Outcome::Failed,
        }
    }
}

impl Further {
    pub(super) fn credentials<'l>(
        self,
        line: &'l [u8],
        config: &'l Config<'_>,
        facts: &Facts,
    ) -> Option<Credentials<'l>> {
        Some(match self {
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
            Self::ScramFinal(_) | Self::ScramEnd(_) | Self::BearerRefused => return None,
        })
    }

    pub(super) const fn may_be_accepted(&self) -> bool {
        matches!(
            self,
            Self::CramMd5 { .. } | Self::Proven(_) | Self::Bearer { .. } | Self::External(_) | Self::Anonymous(_)
        )
    }
}

/// Writes the challenge that CRAM-MD5 begins with; false where there is no room.
pub(super) fn cram_challenge(out: &mut Buffer, config: &Config<'_>, facts: &Facts) -> bool {
    facts.nonce().is_some_and(|nonce| challenge::write(out, cram::challenge(nonce, config.hostname)))
}

/// Writes the challenge with the salt (RFC 5802 7, `server-first-message`); whether that could be done.
pub(crate) fn salt(state: &mut State, out: &mut Buffer, line: &[u8], salt: &[u8], iterations: u32) -> bool {
    let (Some(Exchange::Further(Further::ScramUser(scram))), Some(nonce)) = (state.exchange, state.facts.nonce())
    else {
        return false;
    };
    if salt.is_empty() || iterations == 0 || !challenge::write(out, scram.server_first(line, nonce, salt, iterations)) {
        return false;
    }
    state.exchange = Some(Exchange::Further(Further::ScramFinal(scram)));
    true
}

/// Writes the challenge with the server's signature (RFC 5802 7, `server-final-message`); whether that could be done.
pub(crate) fn signature(state: &mut State, out: &mut Buffer, signature: &ServerSignature) -> bool {
    let Some(Exchange::Further(Further::ScramProof(scram))) = state.exchange else { return false };
    let text = b"v=".iter().copied().chain(encode::encoded(signature.octets().iter().copied()));
    if !challenge::write(out, text) {
        return false;
    }
    state.exchange = Some(Exchange::Further(Further::ScramEnd(scram)));
    true
}

/// Writes the challenge that tells why a token is refused (RFC 7628 3.2.2); whether there was a token, and that could be done.
pub(crate) fn token_refused(state: &mut State, out: &mut Buffer) -> bool {
    let Some(Exchange::Further(Further::Bearer { mechanism, .. })) = state.exchange else { return false };
    if !challenge::write(out, bearer::error(mechanism).bytes()) {
        return false;
    }
    state.exchange = Some(Exchange::Further(Further::BearerRefused));
    true
}

/// The first response of a mechanism.
fn first<const N: usize>(
    mechanism: Mechanism,
    line: &mut Line<N>,
    response: Span,
    context: Context<'_>,
) -> Result<Further, Refused> {
    if mechanism.scram().is_some() {
        let Context { config, facts, tls } = context;
        let may_bind = offer::offers_plus(mechanism, config, tls, facts);
        return Scram::first(mechanism, line, response, may_bind, config, facts).map(Further::ScramUser);
    }
    let buffer = line.buffer();
    let message = response.octets(buffer);
    let span = |part: &[u8]| if part.is_empty() { Span::default() } else { Span::of(buffer, part) };
    let found = match mechanism {
        Mechanism::CramMd5 => {
            cram::response(message).map(|(user, digest)| Further::CramMd5 { user: span(user), digest: span(digest) })
        }
        Mechanism::Xoauth2 | Mechanism::OauthBearer => {
            let escaped = mechanism == Mechanism::OauthBearer;
            let found = if escaped { bearer::oauthbearer(message) } else { bearer::xoauth2(message) };
            let found = found.ok_or(Refused::Malformed)?;
            let (user, token, host, port) = (span(found.user), span(found.token), span(found.host), found.port);
            if escaped && found.user.contains(&b'=') {
                return unescaped_user(line, response, user, token, host, port);
            }
            Some(Further::Bearer { mechanism, user, token, host, port })
        }
        Mechanism::External => password::is_text(message).then_some(Further::External(response)),
        Mechanism::Anonymous => anonymous::is_trace(message).then_some(Further::Anonymous(response)),
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
) -> Result<Further, Refused> {
    let kept = line.keep_only(response);
    let moved = |span: Span| span.moved(response.start(), kept.start());
    let user = gs2::unescaped(line, moved(user)).ok_or(Refused::Malformed)?;
    Ok(Further::Bearer { mechanism: Mechanism::OauthBearer, user, token: moved(token), host: moved(host), port })
}
