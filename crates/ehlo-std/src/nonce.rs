//! Randomness, which some mechanisms of SASL make their nonces of.

/// Random octets for one session; `None` where there are none to be had.
#[cfg(feature = "rustls")]
pub(crate) fn nonce() -> Option<[u8; 18]> {
    let mut octets = [0; 18];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut octets).ok()?;
    Some(octets)
}

/// Random octets for one session; `None` where the system has no such file.
#[cfg(not(feature = "rustls"))]
pub(crate) fn nonce() -> Option<[u8; 18]> {
    use std::io::Read;
    let mut octets = [0; 18];
    std::fs::File::open("/dev/urandom").ok()?.read_exact(&mut octets).ok()?;
    Some(octets)
}
