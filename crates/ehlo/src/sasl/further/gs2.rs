//! The header that SCRAM and OAUTHBEARER begin with (RFC 5801 4), and the names in it (RFC 5802 7).

use crate::buffer::Span;
use crate::line::Line;

/// What the client says of channel binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag<'m> {
    /// `n`: it cannot.
    No,
    /// `y`: it can, and thinks that the server cannot.
    NotOffered,
    /// `p=`: it does, by the binding of this name.
    Bound(&'m [u8]),
}

/// A message that begins with a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gs2<'m> {
    pub(crate) flag: Flag<'m>,
    /// As it stands in the message, escapes and all; empty where there is none.
    pub(crate) authorization: &'m [u8],
    /// The header, with the comma that ends it.
    pub(crate) header: &'m [u8],
    /// What comes behind it.
    pub(crate) rest: &'m [u8],
}

/// `gs2-header = gs2-cbind-flag "," [ authzid ] ","` (RFC 5802 7).
pub(crate) fn gs2(message: &[u8]) -> Option<Gs2<'_>> {
    let mut parts = message.splitn(3, |octet| *octet == b',');
    let (flag, authorization, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let flag = match flag {
        b"n" => Flag::No,
        b"y" => Flag::NotOffered,
        _ => Flag::Bound(flag.strip_prefix(b"p=").filter(|name| is_binding_name(name))?),
    };
    let authorization = match authorization {
        b"" => authorization,
        _ => authorization.strip_prefix(b"a=").filter(|name| is_saslname(name))?,
    };
    let header = message.get(..message.len().checked_sub(rest.len())?)?;
    Some(Gs2 { flag, authorization, header, rest })
}

/// `cb-name = 1*(ALPHA / DIGIT / "." / "-")`.
fn is_binding_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'))
}

/// `saslname = 1*(value-safe-char / "=2C" / "=3D")`, where the safe characters are UTF-8 without NUL, `=` and comma.
pub(crate) fn is_saslname(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some((octet, after)) = rest.split_first() {
        rest = match octet {
            0 | b',' => return false,
            b'=' => match after.strip_prefix(b"2C").or(after.strip_prefix(b"3D")) {
                Some(after) => after,
                None => return false,
            },
            _ => after,
        };
    }
    !name.is_empty() && core::str::from_utf8(name).is_ok()
}

/// A saslname as it is meant: the same place where it has no escapes, else a copy behind what the line keeps. The line must hold
/// nothing but that; `None` where it has no room.
pub(crate) fn unescaped<const N: usize>(line: &mut Line<N>, name: Span) -> Option<Span> {
    if !name.octets(line.buffer()).contains(&b'=') {
        return Some(name);
    }
    let start = line.buffer().len();
    let mut at = name.start();
    while at < name.end() {
        let (octet, step) = match (line.buffer().get(at)?, line.buffer().get(at.saturating_add(1))) {
            (b'=', Some(b'2')) => (b',', 3),
            (b'=', _) => (b'=', 3),
            (octet, _) => (*octet, 1),
        };
        if !line.keep_octet(octet) {
            return None;
        }
        at = at.saturating_add(step);
    }
    Some(Span::new(start, line.buffer().len().saturating_sub(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_right_and_wrong() {
        let found = gs2(b"p=tls-exporter,a=a=2Cb,n=user").unwrap();
        assert_eq!((found.flag, found.authorization), (Flag::Bound(b"tls-exporter"), &b"a=2Cb"[..]));
        assert_eq!((found.header, found.rest), (&b"p=tls-exporter,a=a=2Cb,"[..], &b"n=user"[..]));
        assert_eq!(gs2(b"n,,").unwrap().rest, b"");
        assert_eq!(gs2(b"y,,").unwrap().flag, Flag::NotOffered);
        for wrong in [
            &b""[..],
            b"n",
            b"n,",
            b"x,,",
            b"p,,",
            b"p=,,",
            b"p=a_b,,",
            b"n,a=,",
            b"n,b,",
            b"n,a=a=2c,",
            b"N,,",
            b"n,a=\xff,",
        ] {
            assert!(gs2(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn names() {
        for (name, right) in [
            (&b"user"[..], true),
            (b"=2C=3D", true),
            ("\u{fc}".as_bytes(), true),
            (b"", false),
            (b"a,b", false),
            (b"a\0b", false),
            (b"=", false),
            (b"=2", false),
            (b"=2c", false),
            (b"=41", false),
            (b"\xff", false),
        ] {
            assert_eq!(is_saslname(name), right, "{name:?}");
        }
    }
}
