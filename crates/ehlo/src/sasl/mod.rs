//! SASL (RFC 4422) as exchanges within AUTH (RFC 4954).

mod base64;
mod credentials;
mod dialogue;
mod exchange;
#[cfg(feature = "mechanisms")]
pub(crate) mod further;
mod mechanism;
mod offer;
mod password;
#[cfg(all(test, feature = "mechanisms"))]
mod tests;

pub use credentials::Credentials;
#[cfg(feature = "mechanisms")]
pub use further::{CramMd5, ScramKeys, ScramProof, ServerSignature};
#[cfg(feature = "mechanisms")]
pub use mechanism::ScramHash;
pub use mechanism::{Mechanism, UnknownMechanism};

pub(crate) use exchange::Exchange;
pub(crate) use offer::{Facts, refusal};
