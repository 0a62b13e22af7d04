//! The line of the accounts file: all that is kept of one password.

use super::{NOT_ONE, ScramVerifier, Verifier, argon};
use base64ct::{Base64, Encoding as _};
use ehlo::ScramHash;
use std::fmt;
use zeroize::Zeroizing;

/// The word that holds the password itself, in base64.
const RECOVERABLE: &str = "CRAM-MD5$";

/// What the accounts file keeps of a password; each part serves other mechanisms. It never prints.
#[derive(Clone, Default)]
pub(crate) struct Stored {
    /// For PLAIN and LOGIN.
    pub(crate) argon2: Option<Verifier>,
    scram: [Option<ScramVerifier>; 2],
    /// The password itself, for CRAM-MD5.
    pub(crate) recoverable: Option<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stored")
    }
}

impl Stored {
    /// The verifier for a hash function of SCRAM.
    pub(crate) fn scram(&self, hash: ScramHash) -> Option<&ScramVerifier> {
        self.scram.iter().flatten().find(|verifier| verifier.hash == hash)
    }
}

/// Reads a line as `ehlod passwd` prints it: words in any order, one of a kind.
pub(crate) fn parse(line: &str) -> Result<Stored, String> {
    let mut stored = Stored::default();
    for word in line.split(' ') {
        let twice = if word.starts_with("SCRAM-") {
            let verifier = ScramVerifier::parse(word)?;
            let [sha1, sha256] = &mut stored.scram;
            let place = if verifier.hash == ScramHash::Sha1 { sha1 } else { sha256 };
            place.replace(verifier).is_some()
        } else if let Some(text) = word.strip_prefix(RECOVERABLE) {
            let password = Base64::decode_vec(text).map_err(|_| NOT_ONE.to_owned())?;
            stored.recoverable.replace(Zeroizing::new(password)).is_some()
        } else {
            stored.argon2.replace(argon::parse(word)?).is_some()
        };
        if twice {
            return Err(NOT_ONE.to_owned());
        }
    }
    Ok(stored)
}

/// The word that holds the password itself.
pub(super) fn recoverable(password: &[u8]) -> String {
    format!("{RECOVERABLE}{}", Base64::encode_string(password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwd;

    #[test]
    fn lines_right_and_wrong() {
        let line = passwd::make_recoverable(b"x").unwrap();
        let stored = parse(&line).unwrap();
        assert!(stored.argon2.is_some() && stored.scram(ScramHash::Sha1).is_some());
        assert_eq!(stored.recoverable.as_deref().map(Vec::as_slice), Some(&b"x"[..]));
        assert_eq!(format!("{stored:?}"), "Stored");
        let words: Vec<&str> = line.split(' ').collect();
        let only = parse(words[1]).unwrap();
        assert!(
            only.argon2.is_none() && only.scram(ScramHash::Sha256).is_some() && only.scram(ScramHash::Sha1).is_none()
        );
        for wrong in
            ["", " ", &format!("{line} {}", words[1]), &format!("{line} "), "CRAM-MD5$!", "SCRAM-SHA-512$x", "x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
