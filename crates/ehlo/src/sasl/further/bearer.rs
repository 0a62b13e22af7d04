//! Bearer tokens (RFC 6750): OAUTHBEARER (RFC 7628) and XOAUTH2, its predecessor.

use super::super::mechanism::Mechanism;
use super::super::password::is_text;
use super::gs2::{self, Flag};

/// The parts of a client's response, as they stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer<'m> {
    /// A saslname in OAUTHBEARER, a plain one in XOAUTH2.
    pub(crate) user: &'m [u8],
    /// Empty where the client only asks what would be wanted (RFC 7628 4.3).
    pub(crate) token: &'m [u8],
    pub(crate) host: &'m [u8],
    /// 0 where it is not said.
    pub(crate) port: u16,
}

/// `kvsep`, the octet 1.
const SEPARATOR: u8 = 1;

/// What is refused tells the client why (RFC 7628 3.2.2).
pub(crate) const fn error(mechanism: Mechanism) -> &'static str {
    match mechanism {
        // The HTTP status, which clients of this one look for.
        Mechanism::Xoauth2 => r#"{"status":"401","schemes":"bearer"}"#,
        _ => r#"{"status":"invalid_token","schemes":"bearer"}"#,
    }
}

/// `client-resp = gs2-header kvsep *kvpair kvsep` (RFC 7628 3.1).
pub(crate) fn oauthbearer(message: &[u8]) -> Option<Bearer<'_>> {
    let gs2 = gs2::gs2(message)?;
    if matches!(gs2.flag, Flag::Bound(_)) {
        return None;
    }
    let pairs = gs2.rest.strip_prefix(&[SEPARATOR])?;
    let (mut token, mut host, mut port) = (None, None, None);
    each_pair(pairs, |key, value| match key {
        b"auth" => set(&mut token, authorization(value)?),
        b"host" => set(&mut host, value),
        b"port" => set(&mut port, number(value)?),
        _ => Some(()),
    })?;
    Some(Bearer {
        user: gs2.authorization,
        token: token?,
        host: host.unwrap_or_default(),
        port: port.unwrap_or_default(),
    })
}

/// `"user=" user ^A "auth=Bearer " token ^A ^A`.
pub(crate) fn xoauth2(message: &[u8]) -> Option<Bearer<'_>> {
    let (mut user, mut token) = (None, None);
    each_pair(message, |key, value| match key {
        b"user" => set(&mut user, value),
        b"auth" => set(&mut token, authorization(value)?),
        _ => Some(()),
    })?;
    Some(Bearer { user: user.filter(|user| is_text(user))?, token: token?, host: b"", port: 0 })
}

/// `*kvpair kvsep`, where `kvpair = key "=" value kvsep`.
fn each_pair<'m>(pairs: &'m [u8], mut take: impl FnMut(&'m [u8], &'m [u8]) -> Option<()>) -> Option<()> {
    let pairs = pairs.strip_suffix(&[SEPARATOR])?;
    let Some(pairs) = pairs.strip_suffix(&[SEPARATOR]) else { return pairs.is_empty().then_some(()) };
    for pair in pairs.split(|octet| *octet == SEPARATOR) {
        let equals = pair.iter().position(|octet| *octet == b'=')?;
        let (key, value) = pair.split_at_checked(equals)?;
        let value = value.strip_prefix(b"=")?;
        let is_value = |octet: &u8| matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..);
        if key.is_empty() || !key.iter().all(u8::is_ascii_alphabetic) || !value.iter().all(is_value) || !is_text(value)
        {
            return None;
        }
        take(key, value)?;
    }
    Some(())
}

/// Sets what was not set before: a key that stands there twice is malformed.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// `"Bearer" 1*SP b64token` (RFC 6750 2.1); or nothing at all.
fn authorization(value: &[u8]) -> Option<&[u8]> {
    if value.is_empty() {
        return Some(value);
    }
    let (scheme, rest) = value.split_at_checked(b"Bearer".len())?;
    let mut token = rest.strip_prefix(b" ").filter(|_| scheme.eq_ignore_ascii_case(b"Bearer"))?;
    while let Some(rest) = token.strip_prefix(b" ") {
        token = rest;
    }
    let mut body = token;
    while let Some(rest) = body.strip_suffix(b"=") {
        body = rest;
    }
    let is_token = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(octet);
    (!body.is_empty() && body.iter().all(is_token)).then_some(token)
}

fn number(digits: &[u8]) -> Option<u16> {
    let port = core::str::from_utf8(digits).ok()?;
    port.bytes().all(|octet| octet.is_ascii_digit()).then(|| port.parse().ok())?.filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7628 4.1.
    #[test]
    fn the_example_of_the_rfc() {
        let message = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
            auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        let expected = Bearer {
            user: b"user@example.com",
            token: b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
            host: b"server.example.com",
            port: 143,
        };
        assert_eq!(oauthbearer(message), Some(expected));
    }

    #[test]
    fn responses_right_and_wrong() {
        let only = |user, token| Some(Bearer { user, token, host: b"", port: 0 });
        for (message, expected) in [
            (&b"n,,\x01auth=Bearer t\x01\x01"[..], only(&b""[..], &b"t"[..])),
            (b"y,,\x01auth=bearer  t\x01mthd=POST\x01\x01", only(b"", b"t")),
            (b"n,,\x01auth=\x01\x01", only(b"", b"")),
            (b"n,a=a=2Cb,\x01auth=Bearer t.-_~+/==\x01\x01", only(b"a=2Cb", b"t.-_~+/==")),
            (b"", None),
            (b"\x01", None),
            (b"n,,", None),
            (b"n,,\x01", None),
            (b"n,,\x01\x01", None),
            (b"p=tls-exporter,,\x01auth=Bearer t\x01\x01", None),
            (b"n,,auth=Bearer t\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01", None),
            (b"n,,\x01auth=Bearer t", None),
            (b"n,,\x01auth=Bearer t\x01\x01\x01", None),
            (b"n,,\x01auth=Bearer\x01\x01", None),
            (b"n,,\x01auth=Bearer \x01\x01", None),
            (b"n,,\x01auth=Bearer =\x01\x01", None),
            (b"n,,\x01auth=Bearer a b\x01\x01", None),
            (b"n,,\x01auth=Basic t\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01", None),
            (b"n,,\x01host=x\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01port=0\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01port=65536\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01port=+1\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01a1=\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01x\x01\x01", None),
            (b"n,,\x01auth=Bearer t\x01host=\x00\x01\x01", None),
        ] {
            assert_eq!(oauthbearer(message), expected, "{}", message.escape_ascii());
        }
        for (message, expected) in [
            (&b"user=u@x\x01auth=Bearer t\x01\x01"[..], only(&b"u@x"[..], &b"t"[..])),
            (b"user=\x01auth=Bearer t\x01\x01", only(b"", b"t")),
            (b"auth=Bearer t\x01\x01", None),
            (b"user=u\x01\x01", None),
            (b"user=u\x01user=v\x01auth=Bearer t\x01\x01", None),
            (b"user=u\xff\x01auth=Bearer t\x01\x01", None),
            (b"", None),
        ] {
            assert_eq!(xoauth2(message), expected, "{}", message.escape_ascii());
        }
    }
}
