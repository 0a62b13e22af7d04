//! The SCRAM verifier of a password (RFC 5802 3).

use super::NOT_ONE;
use argon2::password_hash::rand_core::{OsRng, RngCore as _};
use base64ct::{Base64, Encoding as _};
use ehlo::{ScramHash, ScramKeys};
use hmac::digest::Digest;
use hmac::digest::core_api::BlockSizeUser;
use hmac::{Mac as _, SimpleHmac};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;
use std::sync::LazyLock;

/// The iteration count of new verifiers, which is the work of the client (RFC 7677 4: at least 4096).
const ITERATIONS: u32 = 4096;
/// The most that is believed of an accounts file.
const MOST_ITERATIONS: u32 = 10_000_000;
const SALT: usize = 16;

/// Makes what is told of users that there are not. It lives as long as the process, so that a reload does not change that.
static STAND_IN: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut key = [0; 32];
    OsRng.fill_bytes(&mut key);
    key
});

/// What the accounts file keeps of a password for SCRAM. It never prints, but by `Display`, for the file.
#[derive(Clone)]
pub(crate) struct ScramVerifier {
    pub(crate) hash: ScramHash,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramVerifier")
    }
}

/// A password or a user name as SCRAM wants it (RFC 4013); `None` where that does not allow it.
pub(crate) fn prepared(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    stringprep::saslprep(text).ok().filter(|prepared| !prepared.is_empty())
}

impl ScramVerifier {
    /// The verifier of a prepared password, with a salt of its own.
    pub(super) fn make(hash: ScramHash, password: &[u8]) -> Result<Self, argon2::password_hash::rand_core::Error> {
        let mut salt = vec![0; SALT];
        OsRng.try_fill_bytes(&mut salt)?;
        Ok(Self::derive(hash, password, salt, ITERATIONS))
    }

    fn derive(hash: ScramHash, password: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        let (stored_key, server_key) = match hash {
            ScramHash::Sha1 => {
                let mut salted = [0; 20];
                pbkdf2::pbkdf2_hmac::<Sha1>(password, &salt, iterations, &mut salted);
                keys::<Sha1>(&salted)
            }
            ScramHash::Sha256 => {
                let mut salted = [0; 32];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, &salt, iterations, &mut salted);
                keys::<Sha256>(&salted)
            }
        };
        Self { hash, salt, iterations, stored_key, server_key }
    }

    /// What an unknown user gets for a verifier: the same each time for the same name, in the form of `like`. No password fits it.
    pub(crate) fn stand_in(hash: ScramHash, user: &str, like: Option<&Self>) -> Self {
        let derived = |label: &[u8]| {
            let user = user.to_ascii_lowercase();
            hmac::<Sha256>(STAND_IN.as_slice(), &[label, hash_name(hash).as_bytes(), user.as_bytes()])
        };
        let mut salt = derived(b"salt");
        salt.resize(like.map_or(SALT, |like| like.salt.len()), 0);
        let (mut stored_key, mut server_key) = (derived(b"stored"), derived(b"server"));
        stored_key.truncate(hash.octets());
        server_key.truncate(hash.octets());
        let iterations = like.map_or(ITERATIONS, |like| like.iterations);
        Self { hash, salt, iterations, stored_key, server_key }
    }

    /// For the core to check a proof by.
    pub(crate) fn keys(&self) -> ScramKeys<'_> {
        ScramKeys {
            salt: &self.salt,
            iterations: self.iterations,
            stored_key: &self.stored_key,
            server_key: &self.server_key,
        }
    }

    /// Reads `SCRAM-SHA-256$4096:salt$stored:server`.
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        let wrong = || NOT_ONE.to_owned();
        let [name, parameters, keys] = word.split('$').collect::<Vec<_>>().try_into().map_err(|_| wrong())?;
        let hash = [ScramHash::Sha1, ScramHash::Sha256].into_iter().find(|hash| hash_name(*hash) == name);
        let hash = hash.ok_or_else(wrong)?;
        let (iterations, salt) = parameters.split_once(':').ok_or_else(wrong)?;
        let (stored_key, server_key) = keys.split_once(':').ok_or_else(wrong)?;
        let iterations: u32 = iterations.parse().map_err(|_| wrong())?;
        let octets = |text| Base64::decode_vec(text).map_err(|_| wrong());
        let (salt, stored_key, server_key) = (octets(salt)?, octets(stored_key)?, octets(server_key)?);
        let fits = (1..=MOST_ITERATIONS).contains(&iterations)
            && (1..=64).contains(&salt.len())
            && stored_key.len() == hash.octets()
            && server_key.len() == hash.octets();
        fits.then_some(Self { hash, salt, iterations, stored_key, server_key }).ok_or_else(wrong)
    }
}

impl fmt::Display for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [&self.salt, &self.stored_key, &self.server_key].map(|key| Base64::encode_string(key));
        write!(f, "{}${}:{salt}${stored}:{server}", hash_name(self.hash), self.iterations)
    }
}

const fn hash_name(hash: ScramHash) -> &'static str {
    match hash {
        ScramHash::Sha1 => "SCRAM-SHA-1",
        ScramHash::Sha256 => "SCRAM-SHA-256",
    }
}

/// StoredKey and ServerKey, of SaltedPassword.
fn keys<D: Digest + BlockSizeUser>(salted: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (<D as Digest>::digest(hmac::<D>(salted, &[b"Client Key"])).to_vec(), hmac::<D>(salted, &[b"Server Key"]))
}

fn hmac<D: Digest + BlockSizeUser>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <SimpleHmac<D> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 7677 3 (as PostgreSQL's tests give them too) and of RFC 5802 5.
    #[test]
    fn the_keys_of_the_examples() {
        let salt = Base64::decode_vec("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let made = ScramVerifier::derive(ScramHash::Sha256, b"pencil", salt, 4096).to_string();
        let expected = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        assert_eq!(made, expected);
        assert_eq!(ScramVerifier::parse(expected).unwrap().to_string(), expected);
        let salt = Base64::decode_vec("QSXCR+Q6sek8bf92").unwrap();
        let made = ScramVerifier::derive(ScramHash::Sha1, b"pencil", salt, 4096).to_string();
        assert_eq!(made, "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=");
    }

    #[test]
    fn verifiers_that_are_none() {
        let right = ScramVerifier::make(ScramHash::Sha1, b"x").unwrap().to_string();
        for text in [
            "SCRAM-SHA-1",
            &right.replace("SHA-1", "SHA-256"),
            &right.replace("4096", "0"),
            &right.replace("4096", "99999999999"),
            &right.replace("$", ":"),
            &format!("{right}$"),
            &format!("{right}="),
        ] {
            assert!(ScramVerifier::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stand_in_is_the_same_for_the_same_user() {
        let of = |user| ScramVerifier::stand_in(ScramHash::Sha256, user, None);
        assert_eq!(of("Nobody").to_string(), of("nobody").to_string());
        assert_ne!(of("nobody").salt, of("somebody").salt);
        assert_eq!((of("nobody").salt.len(), of("nobody").iterations), (16, 4096));
        let like = ScramVerifier { iterations: 10_000, salt: vec![1; 12], ..of("x") };
        let stand_in = ScramVerifier::stand_in(ScramHash::Sha1, "nobody", Some(&like));
        assert_eq!((stand_in.salt.len(), stand_in.iterations, stand_in.stored_key.len()), (12, 10_000, 20));
    }

    #[test]
    fn preparation() {
        assert_eq!(prepared("I\u{ad}X").as_deref(), Some("IX"));
        assert_eq!(prepared("\u{2168}").as_deref(), Some("IX"));
        assert_eq!(prepared("\u{7}"), None);
        assert_eq!(prepared("\u{ad}"), None);
    }
}
