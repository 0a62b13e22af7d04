//! CRAM-MD5 (RFC 2195).

use core::fmt;

use super::nonce::ServerNonce;

/// The client's answer to a CRAM-MD5 challenge.
#[derive(Clone, Copy)]
pub struct CramMd5<'s> {
    /// The user name, at least one octet.
    pub user: &'s str,
    pub(crate) digest: &'s [u8],
    pub(crate) nonce: ServerNonce,
    pub(crate) hostname: &'s str,
}

impl<'s> CramMd5<'s> {
    /// What the client was sent.
    pub fn challenge(&self) -> impl Iterator<Item = u8> + Clone + use<'s> {
        challenge(self.nonce, self.hostname)
    }

    /// What it made of it: 32 hexadecimal digits in lower case. For whoever checks it otherwise than by `matches`.
    pub const fn digest(&self) -> &'s [u8] {
        self.digest
    }

    /// Whether the answer was made with this password, told in constant time.
    #[cfg(feature = "cram-md5")]
    pub fn matches(&self, password: &[u8]) -> bool {
        matches(password, self.challenge(), self.digest)
    }
}

impl fmt::Debug for CramMd5<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CramMd5").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A msg-id (RFC 2195 2), which is never the same twice.
pub(crate) fn challenge(nonce: ServerNonce, hostname: &str) -> impl Iterator<Item = u8> + Clone + use<'_> {
    [b'<'].into_iter().chain(nonce.text()).chain([b'@']).chain(hostname.bytes()).chain([b'>'])
}

/// The user name and the digest: what stands before and behind the last space. The digest is 16 octets in hexadecimal lower case.
pub(crate) fn response(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = message.iter().rposition(|octet| *octet == b' ')?;
    let (user, digest) = message.split_at_checked(space)?;
    let digest = digest.strip_prefix(b" ")?;
    let is_hex = |octet: &u8| octet.is_ascii_digit() || matches!(octet, b'a'..=b'f');
    (crate::sasl::password::is_name(user) && digest.len() == 32 && digest.iter().all(is_hex)).then_some((user, digest))
}

#[cfg(feature = "cram-md5")]
fn matches(password: &[u8], challenge: impl Iterator<Item = u8>, digest: &[u8]) -> bool {
    use hmac::{Hmac, Mac};

    let Ok(mut mac) = Hmac::<md5::Md5>::new_from_slice(password) else { return false };
    for octet in challenge {
        mac.update(&[octet]);
    }
    let mut octets = [0_u8; 16];
    let (pairs, []) = digest.as_chunks::<2>() else { return false };
    if pairs.len() != octets.len() {
        return false;
    }
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        *octet = (nibble(*high) << 4) | nibble(*low);
    }
    mac.verify_slice(&octets).is_ok()
}

#[cfg(feature = "cram-md5")]
const fn nibble(digit: u8) -> u8 {
    match digit {
        b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
        _ => digit.wrapping_sub(b'0') & 15,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    #[test]
    fn the_challenge_is_a_msg_id() {
        let nonce = ServerNonce { random: [0; 18], attempt: 7 };
        let text = String::from_utf8(challenge(nonce, "mx.example.net").collect()).unwrap();
        assert_eq!(text, "<AAAAAAAAAAAAAAAAAAAAAAAA.7@mx.example.net>");
    }

    /// RFC 2195 2.
    #[cfg(feature = "cram-md5")]
    #[test]
    fn the_example_of_the_rfc() {
        let (user, digest) = response(b"tim b913a602c7eda7a495b4e6e7334d3890").unwrap();
        let challenge = "<1896.697170952@postoffice.reston.mci.net>";
        assert_eq!(user, b"tim");
        assert!(matches(b"tanstaaftanstaaf", challenge.bytes(), digest));
        assert!(!matches(b"tanstaaftanstaa", challenge.bytes(), digest));
        assert!(!matches(b"tanstaaftanstaaf", challenge.bytes().skip(1), digest));
        assert!(!matches(b"tanstaaftanstaaf", challenge.bytes(), &digest[..30]));
    }

    #[test]
    fn responses_right_and_wrong() {
        let digest = "0123456789abcdef0123456789abcdef";
        let with = |user: &str| std::format!("{user} {digest}");
        assert_eq!(response(with("a b").as_bytes()), Some((&b"a b"[..], digest.as_bytes())));
        for wrong in [
            "",
            " ",
            digest,
            "a",
            "a 0123",
            &with(""),
            &with("a\0b"),
            &with("a").to_uppercase(),
            &(with("a") + "0"),
            &(with("a") + " "),
        ] {
            assert_eq!(response(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
