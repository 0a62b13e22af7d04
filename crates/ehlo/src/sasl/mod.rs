//! SASL (RFC 4422) as exchanges within AUTH (RFC 4954).

mod base64;
mod bearer;
mod challenge;
mod cram;
mod credentials;
mod dialogue;
mod exchange;
mod gs2;
mod mechanism;
mod nonce;
mod offer;
mod password;
mod scram;
#[cfg(feature = "scram")]
mod scram_verify;
#[cfg(test)]
mod tests;

pub use cram::CramMd5;
pub use credentials::Credentials;
pub use mechanism::{Mechanism, ScramHash, UnknownMechanism};
pub use scram::{ScramKeys, ScramProof, ServerSignature};

pub(crate) use exchange::Exchange;
pub(crate) use offer::{Facts, usable};

use crate::state::State;
use heapless::VecView;

/// Writes the challenge with the salt (RFC 5802 7, `server-first-message`); whether that could be done.
pub(crate) fn salt(state: &mut State, out: &mut VecView<u8>, line: &[u8], salt: &[u8], iterations: u32) -> bool {
    let (Some(Exchange::ScramUser(scram)), Some(nonce)) = (state.exchange, state.facts.nonce()) else { return false };
    if salt.is_empty() || iterations == 0 || !challenge::write(out, scram.server_first(line, nonce, salt, iterations)) {
        return false;
    }
    state.exchange = Some(Exchange::ScramFinal(scram));
    true
}

/// Writes the challenge with the server's signature (RFC 5802 7, `server-final-message`); whether that could be done.
pub(crate) fn signature(state: &mut State, out: &mut VecView<u8>, signature: &ServerSignature) -> bool {
    let Some(Exchange::ScramProof(scram)) = state.exchange else { return false };
    let text = b"v=".iter().copied().chain(base64::encoded(signature.octets().iter().copied()));
    if !challenge::write(out, text) {
        return false;
    }
    state.exchange = Some(Exchange::ScramEnd(scram));
    true
}

/// Writes the challenge that tells why a token is refused (RFC 7628 3.2.2); whether there was a token, and that could be done.
pub(crate) fn token_refused(state: &mut State, out: &mut VecView<u8>) -> bool {
    let Some(Exchange::Bearer { mechanism, .. }) = state.exchange else { return false };
    if !challenge::write(out, bearer::error(mechanism).bytes()) {
        return false;
    }
    state.exchange = Some(Exchange::BearerRefused);
    true
}
