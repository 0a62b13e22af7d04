//! What `user@example.net` can show in place of a password: a certificate and a token.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};

use crate::server::Home;
use crate::world::World;

/// Every mechanism that `ehlod` knows.
pub const MECHANISMS: [&str; 11] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
    "ANONYMOUS",
];

/// The SHA-256 of the token `test`, and whose it is.
const TOKENS: &str = "[[token]]\nsha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n\
    user = \"user@example.net\"\n";

/// The same world with every mechanism but these. Its home wants what [`write_into`] writes.
pub fn mechanisms_but(these: &[&str], world: World) -> World {
    let offered: Vec<_> = MECHANISMS.iter().filter(|mechanism| !these.contains(mechanism)).collect();
    let world = world.with("auth", format!("mechanisms = {offered:?}")).with("auth", "bearer_tokens = \"tokens.toml\"");
    world.with("tls", "client_ca = \"ca.pem\"")
}

/// Writes the server's `tokens.toml` and `ca.pem`, and the client's `client.pem` and `client.key`.
pub fn write_into(home: &Home) {
    let mut params = CertificateParams::new(Vec::new()).expect("no name is no wrong name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = || KeyPair::generate().expect("a key can be made");
    let authority = CertifiedIssuer::self_signed(params, key()).expect("an authority can be made");

    let mut params = CertificateParams::new(Vec::new()).expect("no name is no wrong name");
    let address = "user@example.net".try_into().expect("an address is ASCII");
    params.subject_alt_names.push(SanType::Rfc822Name(address));
    params.distinguished_name.push(DnType::CommonName, "user");
    let own = key();
    let certificate = params.signed_by(&own, &authority).expect("a certificate can be signed");

    home.write("tokens.toml", TOKENS);
    home.write("ca.pem", &authority.pem());
    home.write("client.pem", &certificate.pem());
    home.write("client.key", &own.serialize_pem());
}
