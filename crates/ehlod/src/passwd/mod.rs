//! Passwords: what the accounts file keeps of them, and the command that makes it.
//!
//! One line holds all of it, in words: an Argon2id string for PLAIN and LOGIN, a verifier for each hash function of SCRAM, and, where
//! that is wanted, the password itself for CRAM-MD5, which cannot do with less.

mod argon;
mod scram;
mod stored;

pub(crate) use argon::{Verifier, matches};
pub(crate) use scram::{ScramVerifier, prepared};
pub(crate) use stored::{Stored, parse};

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

/// The longest password, in octets.
const LONGEST: usize = 1024;

/// What is said of a text that `ehlod passwd` never prints.
const NOT_ONE: &str = "is not a verifier (make one with `ehlod passwd`)";

/// What the accounts file keeps of a password, with salts of its own: one line.
///
/// A password that SCRAM does not allow (RFC 4013, not UTF-8 or with characters that are prohibited) gets no verifiers for it.
///
/// # Errors
///
/// The system has no memory or no randomness to give.
pub fn make(password: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    let mut line = argon::make(password)?;
    if let Some(prepared) = std::str::from_utf8(password).ok().and_then(prepared) {
        for hash in [ehlo::ScramHash::Sha256, ehlo::ScramHash::Sha1] {
            line += &format!(" {}", ScramVerifier::make(hash, prepared.as_bytes())?);
        }
    }
    Ok(line)
}

/// The same, and the password itself, so that CRAM-MD5 can be served.
///
/// # Errors
///
/// As [`make`].
pub fn make_recoverable(password: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    Ok(format!("{} {}", make(password)?, stored::recoverable(password)))
}

/// `ehlod passwd`: reads a password from standard input, without echo where that is a terminal, and prints what the accounts file
/// keeps of it; the password itself too for CRAM-MD5.
#[must_use]
pub fn run(cram_md5: bool) -> ExitCode {
    let made = read().and_then(check).and_then(|password| {
        let made = if cram_md5 { make_recoverable(&password) } else { make(&password) };
        if cram_md5 {
            warn(
                "the line holds the password itself, since CRAM-MD5 needs it: whoever reads the accounts file knows it",
            );
        }
        if std::str::from_utf8(&password).ok().and_then(prepared).is_none() {
            warn("SCRAM does not allow this password (RFC 4013), so that it serves PLAIN and LOGIN only");
        }
        made.map_err(|error| error.to_string())
    });
    match made {
        Ok(line) if writeln!(io::stdout(), "{line}").is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod passwd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn warn(what: &str) {
    let _ = writeln!(io::stderr(), "warning: {what}");
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
    fn one_line_serves_all_mechanisms() {
        let words = |line: &str| {
            line.split(' ')
                .map(|word| word.split('$').find(|part| !part.is_empty()).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&make(b"x").unwrap()), ["argon2id", "SCRAM-SHA-256", "SCRAM-SHA-1"]);
        assert_eq!(words(&make_recoverable(b"x").unwrap()), ["argon2id", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]);
        // Not UTF-8, and a character that SASLprep prohibits.
        assert_eq!(words(&make(b"\xff").unwrap()), ["argon2id"]);
        assert_eq!(words(&make("a\u{7f}".as_bytes()).unwrap()), ["argon2id"]);
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
