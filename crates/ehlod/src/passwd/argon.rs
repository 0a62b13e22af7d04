//! The Argon2id verifier of a password, for mechanisms that bring the password itself.

use argon2::password_hash::rand_core::{OsRng, RngCore as _};
use argon2::password_hash::{
    Error, PasswordHash, PasswordHashString, PasswordHasher as _, PasswordVerifier as _, SaltString,
};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;

/// Costs of a new verifier: 19 MiB of memory, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What is checked where there is no password at all: a verifier that nothing is known to match.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What the accounts file keeps of a password: an Argon2id string in the PHC format. It never prints.
#[derive(Clone)]
pub(crate) struct Verifier(PasswordHashString);

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// Reads a verifier as `ehlod passwd` prints it.
pub(crate) fn parse(text: &str) -> Result<Verifier, String> {
    let wrong = || super::NOT_ONE.to_owned();
    let hash = PasswordHash::new(text).map_err(|_| wrong())?;
    let argon2id = Algorithm::try_from(hash.algorithm).is_ok_and(|algorithm| algorithm == Algorithm::Argon2id);
    let whole = hash.salt.is_some() && hash.hash.is_some() && Params::try_from(&hash).is_ok();
    let version = hash.version.is_none_or(|version| Version::try_from(version).is_ok());
    if argon2id && whole && version { Ok(Verifier(hash.serialize())) } else { Err(wrong()) }
}

/// Whether the password is the verifier's; without a verifier it is not, in the same time.
pub(crate) fn matches(password: &[u8], verifier: Option<&Verifier>) -> Result<bool, Error> {
    let hash = match verifier {
        Some(Verifier(hash)) => hash.password_hash(),
        None => PasswordHash::new(NOBODY)?,
    };
    match Argon2::default().verify_password(password, &hash) {
        Ok(()) => Ok(verifier.is_some()),
        Err(Error::Password) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A verifier of a password, with a salt of its own.
pub(super) fn make(password: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::from)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(argon2.hash_password(password, &salt)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_and_matched() {
        let line = make("pässword".as_bytes()).unwrap();
        assert!(line.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{line}");
        assert_ne!(line, make("pässword".as_bytes()).unwrap());
        let verifier = parse(&line).unwrap();
        assert_eq!(matches("pässword".as_bytes(), Some(&verifier)), Ok(true));
        assert_eq!(matches(b"password", Some(&verifier)), Ok(false));
        assert_eq!(matches(b"", Some(&verifier)), Ok(false));
        assert_eq!(format!("{verifier:?}"), "Verifier");
    }

    #[test]
    fn nobody_matches() {
        parse(NOBODY).unwrap();
        assert_eq!(matches(b"", None), Ok(false));
    }

    #[test]
    fn verifiers_that_are_none() {
        for text in [
            "",
            "secret",
            "$argon2i$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=18$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1,t=2,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$scrypt$ln=16,r=8,p=1$bm9ib2R5LWhhcy10aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
