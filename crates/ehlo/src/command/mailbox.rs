//! Mailboxes (RFC 5321 4.1.2).

use core::fmt;

use super::characters::{ATEXT, QTEXT, is_of, split_run, strip_octet, with_utf8};
use super::domain::{Domain, domain_or_literal};
use super::text;

/// The longest local part, in octets (RFC 5321 4.5.3.1.1).
const LOCAL_PART: usize = 64;

/// An address, `local-part@domain`, as the peer wrote it: quotes are kept, since without them it would mean something else.
///
/// ```
/// use ehlo::Mailbox;
///
/// let mailbox = Mailbox::parse("\"b ob\"@example.net").unwrap();
/// assert_eq!(mailbox.local_part(), "\"b ob\"");
/// assert!(mailbox.unquoted().eq("b ob".chars()));
/// assert_eq!(mailbox.domain_str(), "example.net");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Mailbox<'a> {
    #[cfg_attr(feature = "defmt", defmt(Display2Format))]
    address: Checked<'a>,
    local: u8,
}

/// Octets that are known to be UTF-8. They become a text when one is asked for: that takes some 60 instructions, where
/// the grammar of a whole path takes 250.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Checked<'a>(&'a [u8]);

impl<'a> Checked<'a> {
    fn text(self) -> &'a str {
        super::text(self.0)
    }
}

impl fmt::Display for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}

impl<'a> Mailbox<'a> {
    /// Reads an address by RFC 5321 4.1.2, with UTF-8 where RFC 6531 allows it.
    ///
    /// # Errors
    ///
    /// Where it does not follow the grammar, has a local part over 64 octets, or a domain over 255.
    pub fn parse(address: &'a str) -> Result<Self, AddressError> {
        if address.bytes().any(|octet| octet < 32 || octet == 127) {
            return Err(AddressError);
        }
        match mailbox(address.as_bytes(), true) {
            Some((found, [])) => Ok(Self::rebuilt(found.address, found.local)),
            _ => Err(AddressError),
        }
    }

    /// A mailbox that was checked before.
    pub(crate) const fn rebuilt(address: &'a [u8], local: u8) -> Self {
        Self { address: Checked(address), local }
    }

    /// The whole address, as written.
    pub fn as_str(&self) -> &'a str {
        self.address.text()
    }

    /// The local part as written, with its quotes where it has any; 1 to 64 octets.
    pub fn local_part(&self) -> &'a str {
        text(self.address.0.get(..usize::from(self.local)).unwrap_or_default())
    }

    /// The local part as it is meant: without quotes and backslashes. May be empty.
    pub fn unquoted(&self) -> impl Iterator<Item = char> + 'a {
        let written = self.local_part();
        let inside = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let mut characters = inside.unwrap_or(written).chars();
        let quoted = inside.is_some();
        core::iter::from_fn(move || match characters.next() {
            Some('\\') if quoted => characters.next(),
            character => character,
        })
    }

    /// The domain as written; at most 255 octets.
    pub fn domain_str(&self) -> &'a str {
        text(self.address.0.get(usize::from(self.local).wrapping_add(1)..).unwrap_or_default())
    }

    /// The domain, or the address in an address literal.
    pub fn domain(&self) -> Domain<'a> {
        Domain::read(self.domain_str().as_bytes())
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no address by RFC 5321 4.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AddressError;

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address by RFC 5321 4.1.2")
    }
}

impl core::error::Error for AddressError {}

/// A mailbox as the grammar finds it: octets that are known to be UTF-8, and how many are the local part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawMailbox<'l> {
    pub(crate) address: &'l [u8],
    pub(crate) local: u8,
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`, and what is behind it.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn mailbox(input: &[u8], utf8: bool) -> Option<(RawMailbox<'_>, &[u8])> {
    let local = local_part(input, utf8)?;
    let right = strip_octet(input.get(local..)?, b'@')?;
    let length = local.wrapping_add(1).wrapping_add(domain_or_literal(right, utf8)?);
    let (address, rest) = input.split_at_checked(length)?;
    // It is 64 at the most.
    Some((RawMailbox { address, local: local as u8 }, rest))
}

/// `Local-part = Dot-string / Quoted-string`: its length.
fn local_part(input: &[u8], utf8: bool) -> Option<usize> {
    let length = if input.first() == Some(&b'"') { quoted_string(input, utf8) } else { dot_string(input, utf8) };
    length.filter(|length| *length <= LOCAL_PART)
}

/// `Dot-string = Atom *("." Atom)`: its length.
fn dot_string(input: &[u8], utf8: bool) -> Option<usize> {
    let mut rest = input;
    loop {
        let (_, behind) = split_run(rest, with_utf8(ATEXT, utf8))?;
        let Some(after) = strip_octet(behind, b'.') else { return Some(input.len().wrapping_sub(behind.len())) };
        rest = after;
    }
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`, where `QcontentSMTP = qtextSMTP / quoted-pairSMTP`: its length.
pub(crate) fn quoted_string(input: &[u8], utf8: bool) -> Option<usize> {
    let mut rest = strip_octet(input, b'"')?;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(input.len().wrapping_sub(after.len())),
            // quoted-pairSMTP = %d92 %d32-126
            [b'\\', 32..=126, after @ ..] => after,
            [octet, after @ ..] if is_of(*octet, with_utf8(QTEXT, utf8)) => after,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    #[test]
    fn addresses_follow_the_grammar() {
        let good = [
            "a@b",
            "first.last+tag@example.com",
            "!#$%&'*+-/=?^_`{|}~@x",
            "\"\"@x",
            "\"b>ob\"@x",
            "\"b\\\"ob\"@x",
            "\" \"@x",
            "\"a@b\"@x",
            "a@[192.0.2.1]",
            "a@[IPv6:::1]",
            "a@[tag:x]",
            "\u{fc}ser@ex\u{e4}mple.org",
            "\"\u{fc}\"@x",
        ];
        for good in good {
            assert_eq!(Mailbox::parse(good).map(|m| m.as_str()), Ok(good));
        }
        let bad = [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a b@c",
            "a@b c",
            "\"a@b",
            "\"a\"b@c",
            "a\"b\"@c",
            "\"a\\\"@b",
            "a@b.",
            "a@-b",
            "a@[1.2.3]",
            "a,b@c",
            "a(b)@c",
            "a<b@c",
            "a\r@b.c",
            "a\0@b",
            "a@b\n",
            "\"a\u{7f}\"@b",
            "a@b>",
        ];
        for bad in bad {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn quotes_are_kept_and_can_be_taken_off() {
        let mailbox = Mailbox::parse(r#""b\"o\\b. "@x.y"#).unwrap();
        assert_eq!(mailbox.local_part(), r#""b\"o\\b. ""#);
        assert_eq!(mailbox.unquoted().collect::<String>(), r#"b"o\b. "#);
        assert_eq!(mailbox.domain(), Domain::Name("x.y"));
        assert_eq!(Mailbox::parse("a.b@c").unwrap().unquoted().collect::<String>(), "a.b");
    }

    #[test]
    fn the_local_part_is_bounded() {
        let at = |n: usize| "a".repeat(n) + "@b";
        assert!(Mailbox::parse(&at(64)).is_ok());
        assert!(Mailbox::parse(&at(65)).is_err());
    }
}
