//! What authentication needs of the connection: randomness, and what TLS has to say.

use std::sync::LazyLock;

use ehlo::Tls;
use tokio_rustls::rustls::crypto::{SecureRandom, ring};
use tokio_rustls::rustls::{ProtocolVersion, ServerConnection};

static RANDOM: LazyLock<&dyn SecureRandom> = LazyLock::new(|| ring::default_provider().secure_random);

/// Random octets for one session; `None` where the system has none to give.
pub(crate) fn nonce() -> Option<[u8; 18]> {
    let mut octets = [0; 18];
    RANDOM.fill(&mut octets).ok()?;
    Some(octets)
}

/// What the session has to know of TLS; `binds` says whether a mechanism may bind to the channel, whose key takes a fortieth of the handshake's
/// instructions.
pub(crate) fn of_channel(tls: &ServerConnection, binds: bool) -> Tls {
    let client_certificate = tls.peer_certificates().is_some_and(|chain| !chain.is_empty());
    // Under TLS 1.2 it takes an extended master secret (RFC 9266 3), and whether there is one cannot be asked.
    let fits = binds && tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let export = || tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok();
    Tls { client_certificate, exporter: fits.then(export).flatten() }
}
