//! Which mechanisms may be used, by what is configured and what is known of the peer.

#[cfg(feature = "mechanisms")]
use super::further::ServerNonce;
use super::mechanism::Mechanism;
use crate::config::{Config, Tls};
use crate::reply::Canned;

/// What is known of a peer that matters for authentication. PLAIN and LOGIN need none of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    #[cfg(feature = "mechanisms")]
    nonce: Option<[u8; 18]>,
    /// Exchanges begun that used the nonce.
    #[cfg(feature = "mechanisms")]
    attempts: u16,
    #[cfg(feature = "mechanisms")]
    pub(crate) tls: Tls,
}

impl Facts {
    #[cfg(feature = "mechanisms")]
    pub(crate) const fn new(nonce: Option<[u8; 18]>, tls: Tls) -> Self {
        Self { nonce, attempts: 0, tls }
    }

    #[cfg(not(feature = "mechanisms"))]
    pub(crate) const fn new(_: Option<[u8; 18]>, _: Tls) -> Self {
        Self {}
    }

    /// The connection is under TLS now.
    pub(crate) const fn secured(&mut self, tls: Tls) {
        #[cfg(feature = "mechanisms")]
        {
            self.tls = tls;
        }
        let _ = tls;
    }

    /// Begins an exchange: what it says for a nonce was never said before.
    #[cfg(feature = "mechanisms")]
    pub(crate) const fn begin(&mut self, mechanism: Mechanism) {
        if mechanism.needs_nonce() {
            self.attempts = self.attempts.saturating_add(1);
            if self.attempts == u16::MAX {
                self.nonce = None;
            }
        }
    }

    /// Whether a mechanism wants TLS that is not there, and whether it lacks something else.
    #[cfg(feature = "mechanisms")]
    fn missing(&self, mechanism: Mechanism, config: &Config<'_>, tls: bool) -> (bool, bool) {
        let binding = self.tls.exporter.is_some() || config.tls_server_end_point.is_some();
        let wants_tls = !tls
            && (mechanism.binds_channel()
                || mechanism.needs_certificate()
                || (mechanism.shows_password() && !config.plaintext_auth));
        let lacks = (mechanism.needs_nonce() && self.nonce.is_none())
            || (tls && mechanism.binds_channel() && !binding)
            || (tls && mechanism.needs_certificate() && !self.tls.client_certificate);
        (wants_tls, lacks)
    }

    /// The nonce of the exchange that is going on.
    #[cfg(feature = "mechanisms")]
    pub(crate) fn nonce(&self) -> Option<ServerNonce> {
        self.nonce.map(|random| ServerNonce { random, attempt: self.attempts })
    }
}

/// Why a mechanism, which is configured, may not be used now; `None` where it may.
pub(crate) fn refusal(mechanism: Mechanism, config: &Config<'_>, tls: bool, facts: &Facts) -> Option<Canned> {
    #[cfg(feature = "mechanisms")]
    let (wants_tls, lacks) = facts.missing(mechanism, config, tls);
    #[cfg(not(feature = "mechanisms"))]
    let (wants_tls, lacks) = (!tls && !config.plaintext_auth, false);
    let _ = facts;
    if lacks {
        Some(const { Canned::auth_type_unrecognized() })
    } else if config.auth_minimum.is_some_and(|minimum| mechanism.is_weaker_than(minimum)) {
        Some(const { Canned::mechanism_too_weak() })
    } else if wants_tls {
        Some(const { Canned::encryption_required() })
    } else {
        None
    }
}

/// Whether the same SCRAM mechanism with channel binding may be used too.
#[cfg(feature = "mechanisms")]
pub(crate) fn offers_plus(mechanism: Mechanism, config: &Config<'_>, tls: bool, facts: &Facts) -> bool {
    let plus = match mechanism {
        Mechanism::ScramSha1 => Mechanism::ScramSha1Plus,
        Mechanism::ScramSha256 => Mechanism::ScramSha256Plus,
        _ => return false,
    };
    config.mechanisms.contains(&plus) && refusal(plus, config, tls, facts).is_none()
}
