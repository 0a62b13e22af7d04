//! The file of bearer tokens: the hash of each, and whose it is.
//!
//! ```toml
//! [[token]]
//! sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" # of the token, in hexadecimal
//! user = "alice@example.com"
//! ```

use crate::config::table::{Found, Table};
use crate::config::{Problem, Problems, Report, values};
use crate::mailbox::Mailbox;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::Path;
use toml::de::DeValue;

/// Tokens, known by their hashes. A token is random enough to need no salt, and looking its hash up tells nothing of it.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashMap<[u8; 32], Mailbox>);

impl Tokens {
    /// Whose token it is.
    pub(super) fn owner(&self, token: &[u8]) -> Option<&Mailbox> {
        self.0.get(&<[u8; 32]>::from(Sha256::digest(token)))
    }
}

/// Reads the file. `has_account` tells whose tokens are of use.
pub(super) fn read(path: &Path, has_account: impl Fn(&Mailbox) -> bool) -> Result<(Tokens, Vec<Problem>), Problems> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Problems::unreadable(&file, &error))?;
    let report = Report::new(&file, &text);
    let mut tokens = Tokens::default();
    if let Some(mut document) = Table::document(&report) {
        for mut table in document.tables("token").into_iter().flatten() {
            let hash = table.required("sha256", "\"9f86d0...\"", sha256);
            let user = table.required("user", "\"user@example.com\"", values::mailbox);
            if let Some(Found { at, value: user }) = user.as_ref().filter(|user| !has_account(&user.value)) {
                table.warning(*at, "user", format!("\"{user}\" has no account, so that nobody logs in by the token"));
            }
            let twice = hash.zip(user).filter(|(hash, user)| tokens.0.insert(hash.value, user.value.clone()).is_some());
            if let Some((Found { at, .. }, _)) = twice {
                table.error(at, "sha256", "listed twice");
            }
            table.finish();
        }
        document.finish();
    }
    report.finish().map(|warnings| (tokens, warnings))
}

/// 32 octets in hexadecimal.
fn sha256(value: &DeValue<'_>) -> Result<[u8; 32], String> {
    let text = values::text(value)?;
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let octets = digits.map(|digits| {
        digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect::<Vec<u8>>()
    });
    octets
        .filter(|_| text.len() == 64)
        .and_then(|octets| octets.try_into().ok())
        .ok_or_else(|| "is not the SHA-256 of a token in hexadecimal (64 digits)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_right_and_wrong() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("t.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path, |user| user.local() == "alice")
        };
        let test = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let entry = format!("[[token]]\nsha256 = \"{test}\"\nuser = \"alice@x\"\n");
        let (tokens, warnings) = read(&entry).unwrap();
        assert_eq!(tokens.owner(b"test").map(ToString::to_string).as_deref(), Some("alice@x"));
        assert_eq!((tokens.owner(b"Test"), warnings.len()), (None, 0));
        assert_eq!(read(&entry.replace("alice", "bob")).unwrap().1.len(), 1);
        for wrong in [
            &entry.replace("9f", "9g"),
            &entry.replace("9f", ""),
            &entry.replace("9f", "9fff"),
            &format!("{entry}{entry}"),
            &entry.replace("user", "usr"),
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
