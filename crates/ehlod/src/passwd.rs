//! Passwords: what the accounts file keeps of them, and the command that makes it.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{
    Error, PasswordHash, PasswordHashString, PasswordHasher as _, PasswordVerifier as _, SaltString,
};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

/// The longest password, in octets.
const LONGEST: usize = 1024;

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
    let wrong = || "is not a verifier (make one with `ehlod passwd`)".to_owned();
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

/// The verifier of a password, with a salt of its own: one line for the accounts file.
///
/// # Errors
///
/// The system has no memory or no randomness to give.
pub fn make(password: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::from)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt = [0; 16];
    argon2::password_hash::rand_core::RngCore::try_fill_bytes(&mut OsRng, &mut salt)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(argon2.hash_password(password, &salt)?.to_string())
}

/// `ehlod passwd`: reads a password from standard input, without echo where that is a terminal, and prints its verifier.
#[must_use]
pub fn run() -> ExitCode {
    let made = read().and_then(check).and_then(|password| make(&password).map_err(|error| error.to_string()));
    match made {
        Ok(line) if writeln!(io::stdout(), "{line}").is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod passwd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("the password cannot be read: {error}");
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ").map_err(unreadable)?;
        let again = rpassword::prompt_password("Again: ").map_err(unreadable)?;
        return if password == again { Ok(password.into_bytes()) } else { Err("the two are not the same".to_owned()) };
    }
    let mut input = Vec::new();
    let most = LONGEST as u64 + 3; // one too many, and CRLF
    io::stdin().lock().take(most).read_to_end(&mut input).map_err(unreadable)?;
    Ok(first_line(&input).to_vec())
}

/// What stands before the first LF, without the CR before it.
fn first_line(input: &[u8]) -> &[u8] {
    let line = input.split(|octet| *octet == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn check(password: Vec<u8>) -> Result<Vec<u8>, String> {
    if password.is_empty() {
        Err("the password is empty".to_owned())
    } else if password.len() > LONGEST {
        Err(format!("the password is too long ({LONGEST} octets at the most)"))
    } else if password.contains(&0) {
        Err("the password holds a NUL, which no mail client can send".to_owned())
    } else {
        Ok(password)
    }
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

    #[test]
    fn lines() {
        for (input, line) in
            [("a b \r\nrest", "a b "), ("x\n", "x"), ("x", "x"), ("\r\n", ""), ("", ""), ("a\rb\n", "a\rb")]
        {
            assert_eq!(first_line(input.as_bytes()), line.as_bytes(), "{input:?}");
        }
        assert!(check(Vec::new()).is_err());
        assert!(check(vec![b'a'; LONGEST + 1]).is_err());
        assert!(check(b"a\0b".to_vec()).is_err());
        assert_eq!(check(vec![b'a'; LONGEST]).map(|password| password.len()), Ok(LONGEST));
    }
}
