//! Which mechanisms may be used, by what is configured and what is known of the peer.

#[cfg(feature = "mechanisms")]
use super::further::ServerNonce;
use super::mechanism::Mechanism;
use crate::config::{Config, Tls};
use crate::reply::Canned;

/// What is known of a peer that matters for authentication.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    nonce: Option<[u8; 18]>,
    /// Exchanges begun that used the nonce.
    attempts: u16,
    pub(crate) tls: Tls,
}

impl Facts {
    pub(crate) const fn new(nonce: Option<[u8; 18]>, tls: Tls) -> Self {
        Self { nonce, attempts: 0, tls }
    }

    /// Begins an exchange: what it says for a nonce was never said before.
    pub(crate) const fn begin(&mut self, mechanism: Mechanism) {
        if mechanism.needs_nonce() {
            self.attempts = self.attempts.saturating_add(1);
            if self.attempts == u16::MAX {
                self.nonce = None;
            }
        }
    }

    /// The nonce of the exchange that is going on.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn nonce(&self) -> Option<ServerNonce> {
        self.nonce.map(|random| ServerNonce { random, attempt: self.attempts })
    }
}

/// Why a mechanism may not be used now; `None` where it may.
pub(crate) fn refusal(mechanism: Mechanism, config: &Config<'_>, tls: bool, facts: &Facts) -> Option<&'static Canned> {
    let binding = facts.tls.exporter.is_some() || config.tls_server_end_point.is_some();
    let wants_tls = !tls
        && (mechanism.binds_channel()
            || mechanism.needs_certificate()
            || (mechanism.shows_password() && !config.plaintext_auth));
    let lacks = (mechanism.needs_nonce() && facts.nonce.is_none())
        || (tls && mechanism.binds_channel() && !binding)
        || (tls && mechanism.needs_certificate() && !facts.tls.client_certificate);
    if lacks || !config.mechanisms.contains(&mechanism) {
        Some(const { &Canned::auth_type_unrecognized() })
    } else if config.auth_minimum.is_some_and(|minimum| mechanism.is_weaker_than(minimum)) {
        Some(const { &Canned::mechanism_too_weak() })
    } else if wants_tls {
        Some(const { &Canned::encryption_required() })
    } else {
        None
    }
}

/// The mechanisms that may be used now, in the order of the configuration.
pub(crate) fn usable<'c>(config: &Config<'c>, tls: bool, facts: Facts) -> impl Iterator<Item = Mechanism> + use<'c> {
    let config = *config;
    config.mechanisms.iter().copied().filter(move |mechanism| refusal(*mechanism, &config, tls, &facts).is_none())
}

/// Whether the same SCRAM mechanism with channel binding may be used too.
#[cfg(feature = "mechanisms")]
pub(crate) fn offers_plus(mechanism: Mechanism, config: &Config<'_>, tls: bool, facts: &Facts) -> bool {
    let plus = match mechanism {
        Mechanism::ScramSha1 => Mechanism::ScramSha1Plus,
        Mechanism::ScramSha256 => Mechanism::ScramSha256Plus,
        _ => return false,
    };
    refusal(plus, config, tls, facts).is_none()
}
