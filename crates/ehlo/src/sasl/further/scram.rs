//! SCRAM (RFC 5802, RFC 7677): what the client says, and what the server says to it.
//!
//! No key of the server's is held here: the salt and the keys come from the caller, step by step, and what both sides sign is put
//! together again from what the line keeps.

use core::fmt;

use super::super::base64;
use super::super::mechanism::{Mechanism, ScramHash};
use super::super::offer::Facts;
use super::encode::encoded;
use super::gs2::{self, Flag};
use super::nonce::{ServerNonce, decimal};
use crate::buffer::Span;
use crate::config::Config;
use crate::line::Line;

/// How far an exchange is, and what it has said. The spans lie in what the line keeps, but for `last`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scram {
    pub(crate) mechanism: Mechanism,
    binding: Binding,
    /// The length of the gs2-header, at the start of the buffer.
    header: u16,
    /// client-first-message-bare.
    bare: Span,
    pub(crate) authorization: Span,
    pub(crate) user: Span,
    /// client-final-message-without-proof. `,p=` and the proof itself, decoded, stand behind it.
    last: Span,
}

/// What the exchange is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binding {
    None,
    /// RFC 9266.
    Exporter,
    /// RFC 5929 4.
    ServerEndPoint,
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not by the grammar, or not what this mechanism allows.
    Malformed,
    /// The authentication fails.
    Failed,
}

/// The parts of client-first-message-bare that matter.
struct Bare<'m> {
    user: &'m [u8],
    nonce: &'m [u8],
}

/// `client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]`. A mandatory extension is not known here,
/// and so refused (RFC 5802 5.1).
fn bare(message: &[u8]) -> Option<Bare<'_>> {
    let mut attributes = message.split(|octet| *octet == b',');
    let user = attributes.next()?.strip_prefix(b"n=").filter(|name| gs2::is_saslname(name))?;
    let nonce = attributes.next()?.strip_prefix(b"r=").filter(|nonce| is_nonce(nonce))?;
    attributes.all(is_extension).then_some(Bare { user, nonce })
}

/// `c-nonce = printable`: `%x21-2B / %x2D-7E`.
fn is_nonce(nonce: &[u8]) -> bool {
    !nonce.is_empty() && nonce.iter().all(|octet| octet.is_ascii_graphic() && *octet != b',')
}

/// `attr-val = ALPHA "=" value`, where the value is UTF-8 without NUL and comma, and the attribute not `m`.
fn is_extension(attribute: &[u8]) -> bool {
    match attribute {
        [b'm', ..] => false,
        [name, b'=', value @ ..] => {
            name.is_ascii_alphabetic()
                && !value.is_empty()
                && !value.contains(&0)
                && core::str::from_utf8(value).is_ok()
        }
        _ => false,
    }
}

impl Scram {
    /// Takes client-first-message, which becomes all that the line keeps.
    pub(crate) fn first<const N: usize>(
        mechanism: Mechanism,
        line: &mut Line<N>,
        message: Span,
        may_bind: bool,
        config: &Config<'_>,
        facts: &Facts,
    ) -> Result<Self, Refused> {
        let message = line.keep_only(message);
        let buffer = line.buffer();
        let gs2 = gs2::gs2(message.octets(buffer)).ok_or(Refused::Malformed)?;
        let parts = bare(gs2.rest).ok_or(Refused::Malformed)?;
        let binding = match (gs2.flag, mechanism.binds_channel()) {
            (Flag::No, false) => Binding::None,
            // The client was kept from seeing that the server can (RFC 5802 6).
            (Flag::NotOffered, false) if may_bind => return Err(Refused::Failed),
            (Flag::NotOffered, false) => Binding::None,
            (Flag::Bound(b"tls-exporter"), true) if facts.tls.exporter.is_some() => Binding::Exporter,
            (Flag::Bound(b"tls-server-end-point"), true) if config.tls_server_end_point.is_some() => {
                Binding::ServerEndPoint
            }
            (Flag::Bound(_), true) => return Err(Refused::Failed),
            (Flag::Bound(_), false) | (_, true) => return Err(Refused::Malformed),
        };
        let header = u16::try_from(gs2.header.len()).map_err(|_| Refused::Malformed)?;
        let (bare, user) = (Span::of(buffer, gs2.rest), Span::of(buffer, parts.user));
        let authorization = match gs2.authorization {
            [] => Span::default(),
            name => Span::of(buffer, name),
        };
        // There is room: what the copies add is less than what base64 had added.
        let user = gs2::unescaped(line, user).ok_or(Refused::Malformed)?;
        let authorization = gs2::unescaped(line, authorization).ok_or(Refused::Malformed)?;
        Ok(Self { mechanism, binding, header, bare, authorization, user, last: Span::default() })
    }

    /// server-first-message, in answer to the first of the client's.
    pub(crate) fn server_first<'l>(
        &self,
        line: &'l [u8],
        nonce: ServerNonce,
        salt: &'l [u8],
        iterations: u32,
    ) -> impl Iterator<Item = u8> + Clone + use<'l> {
        server_first(client_nonce(self.bare.octets(line)), nonce, salt, iterations)
    }

    /// Takes client-final-message, in which the proof is decoded in place.
    ///
    /// `client-final-message = channel-binding "," nonce ["," extensions] "," proof`.
    pub(crate) fn last<const N: usize>(
        mut self,
        line: &mut Line<N>,
        message: Span,
        config: &Config<'_>,
        facts: &Facts,
    ) -> Result<Self, Refused> {
        let buffer = line.buffer();
        let octets = message.octets(buffer);
        let comma = octets.iter().rposition(|octet| *octet == b',').ok_or(Refused::Malformed)?;
        let (without_proof, proof) = octets.split_at_checked(comma).ok_or(Refused::Malformed)?;
        let proof = Span::of(buffer, proof.strip_prefix(b",p=").ok_or(Refused::Malformed)?);
        let mut attributes = without_proof.split(|octet| *octet == b',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix(b"c="));
        let nonce = attributes.next().and_then(|attribute| attribute.strip_prefix(b"r="));
        let (Some(binding), Some(nonce)) = (binding, nonce) else { return Err(Refused::Malformed) };
        if !attributes.all(is_extension) {
            return Err(Refused::Malformed);
        }
        let server_nonce = facts.nonce().ok_or(Refused::Failed)?;
        let bound_to: &[u8] = match self.binding {
            Binding::None => &[],
            Binding::Exporter => facts.tls.exporter.as_ref().ok_or(Refused::Failed)?,
            Binding::ServerEndPoint => config.tls_server_end_point.ok_or(Refused::Failed)?,
        };
        let header = Span::new(0, usize::from(self.header)).octets(buffer);
        let expected = encoded(header.iter().chain(bound_to).copied());
        let both = client_nonce(self.bare.octets(buffer)).iter().copied().chain(server_nonce.text());
        // Nothing of either is secret.
        let as_expected = expected.eq(binding.iter().copied()) && both.eq(nonce.iter().copied());
        self.last = Span::of(buffer, without_proof);
        let length = base64::decode(line.part_mut(proof)).ok_or(Refused::Malformed)?;
        if Some(length) != self.mechanism.scram().map(ScramHash::octets) {
            return Err(Refused::Malformed);
        }
        if as_expected { Ok(self) } else { Err(Refused::Failed) }
    }

    /// What the client proves, once its last message is in.
    pub(crate) fn proof<'l>(&self, line: &'l [u8], nonce: ServerNonce) -> Option<ScramProof<'l>> {
        let hash = self.mechanism.scram()?;
        Some(ScramProof {
            mechanism: self.mechanism,
            hash,
            authorization: self.authorization.text(line),
            user: self.user.text(line),
            bare: self.bare.octets(line),
            nonce,
            last: self.last.octets(line),
            proof: Span::new(self.last.end().saturating_add(b",p=".len()), hash.octets()).octets(line),
        })
    }
}

/// The nonce in a client-first-message-bare that has been checked.
fn client_nonce(message: &[u8]) -> &[u8] {
    bare(message).map(|bare| bare.nonce).unwrap_or_default()
}

/// `server-first-message = nonce "," salt "," iteration-count`.
fn server_first<'l>(
    client_nonce: &'l [u8],
    nonce: ServerNonce,
    salt: &'l [u8],
    iterations: u32,
) -> impl Iterator<Item = u8> + Clone + use<'l> {
    let nonce = b"r=".iter().chain(client_nonce).copied().chain(nonce.text());
    let salt = b",s=".iter().copied().chain(encoded(salt.iter().copied()));
    nonce.chain(salt).chain(*b",i=").chain(decimal(iterations))
}

/// What is kept of a SCRAM password (RFC 5802 3), borrowed from wherever it is kept.
#[derive(Clone, Copy)]
pub struct ScramKeys<'k> {
    /// The salt that the client was told.
    pub salt: &'k [u8],
    /// The iteration count that the client was told.
    pub iterations: u32,
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored_key: &'k [u8],
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: &'k [u8],
}

impl fmt::Debug for ScramKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A client's proof that it knows a SCRAM password.
#[derive(Clone, Copy)]
pub struct ScramProof<'s> {
    /// The mechanism, with channel binding or without; the binding was checked.
    pub mechanism: Mechanism,
    /// Its hash function.
    pub hash: ScramHash,
    /// The identity to act as; empty for that of the user.
    pub authorization: &'s str,
    /// The user name.
    pub user: &'s str,
    bare: &'s [u8],
    nonce: ServerNonce,
    last: &'s [u8],
    pub(crate) proof: &'s [u8],
}

impl<'s> ScramProof<'s> {
    /// The proof itself, as long as the hash function's output. For whoever verifies it otherwise than by `verify`.
    pub const fn octets(&self) -> &'s [u8] {
        self.proof
    }

    /// What both sides sign: `AuthMessage` (RFC 5802 3), given the salt and the iteration count that the client was told.
    pub fn auth_message<'m>(&self, salt: &'m [u8], iterations: u32) -> impl Iterator<Item = u8> + Clone + use<'m>
    where
        's: 'm,
    {
        let server_first = server_first(client_nonce(self.bare), self.nonce, salt, iterations);
        let server_first = [b','].into_iter().chain(server_first).chain([b',']);
        self.bare.iter().copied().chain(server_first).chain(self.last.iter().copied())
    }
}

impl fmt::Debug for ScramProof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramProof")
            .field("mechanism", &self.mechanism)
            .field("authorization", &self.authorization)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The server's proof that it knows the password too: `ServerSignature` (RFC 5802 3).
#[derive(Clone, Copy)]
pub struct ServerSignature {
    octets: [u8; 32],
    hash: ScramHash,
}

impl ServerSignature {
    /// A signature made otherwise than by `verify`; `None` where its length is not that of the hash function's output.
    pub fn new(hash: ScramHash, signature: &[u8]) -> Option<Self> {
        if signature.len() != hash.octets() {
            return None;
        }
        let mut octets = [0; 32];
        for (to, from) in octets.iter_mut().zip(signature) {
            *to = *from;
        }
        Some(Self { octets, hash })
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.hash.octets()).unwrap_or_default()
    }
}

impl fmt::Debug for ServerSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSignature")
    }
}
