//! The user `user` with the password `pencil`: what a client says, and what a server knows.

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use ehlo::{AuthRequest, Credentials, Reply, ScramKeys};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The user name.
pub const USER: &str = "user";
/// The password.
pub const PASSWORD: &str = "pencil";
/// The random octets of a session; the same in all, since there is nobody to attack.
pub const NONCE: [u8; 18] = [42; 18];

const SALT: &[u8] = b"sixteen octets !";
const ITERATIONS: u32 = 4096;

/// What the server keeps of the password.
struct Kept {
    client_key: [u8; 32],
    stored_key: [u8; 32],
    server_key: [u8; 32],
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let mut salted = [0; 32];
    pbkdf2::pbkdf2::<Hmac<Sha256>>(PASSWORD.as_bytes(), SALT, ITERATIONS, &mut salted).expect("32 octets are allowed");
    let client_key = hmac(&salted, b"Client Key");
    Kept { client_key, stored_key: Sha256::digest(client_key).into(), server_key: hmac(&salted, b"Server Key") }
});

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("a key of any length will do");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether these are the user and its password.
pub fn is_right(user: &[u8], password: &[u8]) -> bool {
    user == USER.as_bytes() && password == PASSWORD.as_bytes()
}

/// Answers as a server that knows this user.
pub fn answer(ask: AuthRequest<'_>) {
    match ask.credentials {
        Credentials::Password { user, password, .. } if is_right(user.as_bytes(), password.expose()) => {
            ask.answer.accept();
        }
        Credentials::ScramUser { user: USER, .. } => ask.answer.salt(SALT, ITERATIONS),
        Credentials::ScramProof(proof) => {
            let Kept { stored_key, server_key, .. } = &*KEPT;
            match proof.verify(&ScramKeys { salt: SALT, iterations: ITERATIONS, stored_key, server_key }) {
                Some(signature) => ask.answer.signature(&signature),
                None => ask.answer.refuse(const { &Reply::auth_failed() }),
            }
        }
        Credentials::Proven { user: USER, .. } => ask.answer.accept(),
        _ => ask.answer.refuse(const { &Reply::auth_failed() }),
    }
}

const HELLO: &str = "EHLO client.example.com\r\n";

/// A session that is over once the client is known by PLAIN.
pub fn plain() -> Vec<u8> {
    let response = Base64::encode_string(format!("\0{USER}\0{PASSWORD}").as_bytes());
    format!("{HELLO}AUTH PLAIN {response}\r\nQUIT\r\n").into_bytes()
}

/// A session that is over once the client is known by LOGIN.
pub fn login() -> Vec<u8> {
    let (user, password) = (Base64::encode_string(USER.as_bytes()), Base64::encode_string(PASSWORD.as_bytes()));
    format!("{HELLO}AUTH LOGIN\r\n{user}\r\n{password}\r\nQUIT\r\n").into_bytes()
}

/// A session that is over once client and server are known to each other by SCRAM-SHA-256. The client foresees what the server says.
pub fn scram() -> Vec<u8> {
    let bare = format!("n={USER},r=rOprNGfwEbeRWgbNEkqO");
    let nonce = format!("rOprNGfwEbeRWgbNEkqO{}.1", Base64::encode_string(&NONCE));
    let server_first = format!("r={nonce},s={},i={ITERATIONS}", Base64::encode_string(SALT));
    let without_proof = format!("c=biws,r={nonce}");
    let message = format!("{bare},{server_first},{without_proof}");
    let signature = hmac(&KEPT.stored_key, message.as_bytes());
    let proof: Vec<u8> = KEPT.client_key.iter().zip(signature).map(|(key, octet)| key ^ octet).collect();
    let first = Base64::encode_string(format!("n,,{bare}").as_bytes());
    let last = Base64::encode_string(format!("{without_proof},p={}", Base64::encode_string(&proof)).as_bytes());
    format!("{HELLO}AUTH SCRAM-SHA-256 {first}\r\n{last}\r\n\r\nQUIT\r\n").into_bytes()
}
