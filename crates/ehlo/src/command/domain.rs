//! Domains and address literals (RFC 5321 4.1.2, 4.1.3).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::characters::{
    DCONTENT, HYPHEN, LET_DIG, end_before, next_part, split_run, strip_keyword, strip_octet, with_utf8,
};
use super::{AddressError, text};

/// The longest domain, in octets (RFC 5321 4.5.3.1.2).
const DOMAIN: usize = 255;
/// The longest label, in octets (RFC 1035 2.3.4).
const LABEL: usize = 63;

/// The right side of a mailbox, or what a client calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Domain<'a> {
    /// A name of labels. Compare it without regard to the case of ASCII letters.
    Name(&'a str),
    /// An address in brackets.
    Literal(Literal<'a>),
}

/// An address literal (RFC 5321 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Literal<'a> {
    /// `[192.0.2.1]`.
    Ipv4(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] Ipv4Addr),
    /// `[IPv6:2001:db8::1]`.
    Ipv6(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] Ipv6Addr),
    /// `[tag:content]`, a form that some standard may define.
    General {
        /// The name of the form.
        tag: &'a str,
        /// The address in that form.
        content: &'a str,
    },
}

impl<'a> Domain<'a> {
    /// Reads a domain or an address literal by RFC 5321 4.1.2, with UTF-8 where RFC 6531 allows it.
    ///
    /// # Errors
    ///
    /// Where it does not follow the grammar, or has a label over 63 octets, or 255 in all.
    pub fn parse(text: &'a str) -> Result<Self, AddressError> {
        match domain_or_literal(text.as_bytes(), true) {
            Some(length) if length == text.len() => Ok(Self::read(text.as_bytes())),
            _ => Err(AddressError),
        }
    }

    /// Reads a domain or address literal that was checked before.
    pub(crate) fn read(octets: &'a [u8]) -> Self {
        match octets {
            [b'[', inside @ .., b']'] => literal(inside).map_or(Self::Name(""), Self::Literal),
            name => Self::Name(text(name)),
        }
    }
}

/// `( Domain / address-literal )`: its length.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn domain_or_literal(input: &[u8], utf8: bool) -> Option<usize> {
    if input.first() == Some(&b'[') {
        address_literal(input).filter(|length| *length <= DOMAIN)
    } else {
        domain(input, with_utf8(LET_DIG, utf8))
    }
}

/// `Domain = sub-domain *("." sub-domain)`, `sub-domain = Let-dig [Ldh-str]`, where `Ldh-str` ends with a letter or digit, `/ U-label` by
/// RFC 6531 3.3: its length. `let_dig` says what stands for a letter or digit.
pub(crate) fn domain(input: &[u8], let_dig: u8) -> Option<usize> {
    let mut rest = input;
    loop {
        let (label, behind) = split_run(rest, let_dig | HYPHEN)?;
        if label.len() > LABEL || label.first() == Some(&b'-') || label.last() == Some(&b'-') {
            return None;
        }
        let Some(after) = strip_octet(behind, b'.') else {
            return Some(input.len().wrapping_sub(behind.len())).filter(|length| *length <= DOMAIN);
        };
        rest = after;
    }
}

/// `address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"`: its length.
fn address_literal(input: &[u8]) -> Option<usize> {
    // Whatever stands in a literal is made of `dcontent`.
    let (inside, rest) = split_run(strip_octet(input, b'[')?, DCONTENT)?;
    let rest = strip_octet(rest, b']')?;
    let fits = match strip_keyword(inside, b"IPv6:") {
        Some(address) => Groups::read(address)?.is_address(),
        None => ipv4(inside).is_some() || general(inside).is_some(),
    };
    fits.then_some(input.len().wrapping_sub(rest.len()))
}

/// The address in an address literal that was checked before, from between its brackets.
fn literal(inside: &[u8]) -> Option<Literal<'_>> {
    if let Some(address) = strip_keyword(inside, b"IPv6:") {
        return Some(Literal::Ipv6(Groups::read(address)?.address()));
    }
    match ipv4(inside) {
        Some(address) => Some(Literal::Ipv4(address.into())),
        None => general(inside).map(|(tag, content)| Literal::General { tag: text(tag), content: text(content) }),
    }
}

/// `IPv4-address-literal = Snum 3("." Snum)`, `Snum = 1*3DIGIT` from 0 to 255.
fn ipv4(input: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut numbers = Some(input);
    for place in &mut address {
        let digits = next_part(&mut numbers, b'.').filter(|digits| digits.len() <= 3)?;
        *place = u8::try_from(number(digits, 10)?).ok()?;
    }
    numbers.is_none().then_some(address)
}

/// Up to four digits, one at least, in a base of up to 16.
fn number(digits: &[u8], base: u16) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0_u16, |number, digit| {
        let digit = match digit | 0x20 {
            b'a'..=b'f' if base == 16 => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
            _ if digit.is_ascii_digit() => digit.wrapping_sub(b'0'),
            _ => return None,
        };
        Some(number.wrapping_mul(base).wrapping_add(digit.into()))
    })
}

/// The groups of an IPv6 address. (Aligned as a session is: on a small processor one routine then clears all that is cleared.)
#[repr(align(8))]
struct Groups {
    groups: [u16; 8],
    count: usize,
    /// How many stand before `::`, where there is one.
    before: Option<usize>,
}

impl Groups {
    /// `IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp`, but for the number of groups.
    fn read(mut rest: &[u8]) -> Option<Self> {
        let mut read = Self { groups: [0; 8], count: 0, before: None };
        if let [b':', b':', after @ ..] = rest {
            (read.before, rest) = (Some(0), after);
        }
        // Each turn reads a group and what parts it from the next.
        while !rest.is_empty() {
            let (group, behind) = rest.split_at_checked(end_before(rest, b':'))?;
            if behind.is_empty()
                && let Some([a, b, c, d]) = ipv4(group)
            {
                read.push(u16::from_be_bytes([a, b]))?;
                read.push(u16::from_be_bytes([c, d]))?;
                break;
            }
            read.push(number(group, 16)?)?;
            rest = match behind {
                [b':', b':', after @ ..] if read.before.is_none() => {
                    read.before = Some(read.count);
                    after
                }
                // A colon must have something behind it.
                [b':', after @ ..] if !after.is_empty() => after,
                _ => behind,
            };
            if let [b':'] = rest {
                return None;
            }
        }
        Some(read)
    }

    fn push(&mut self, group: u16) -> Option<()> {
        *self.groups.get_mut(self.count)? = group;
        self.count = self.count.wrapping_add(1);
        Some(())
    }

    /// Whether they are as many as there must be: `::` stands for two groups at least.
    const fn is_address(&self) -> bool {
        if self.before.is_some() { self.count <= 6 } else { self.count == 8 }
    }

    fn address(&self) -> Ipv6Addr {
        let before = self.before.unwrap_or(8);
        let mut address = [0_u16; 8];
        for (place, group) in address.iter_mut().zip(self.groups).take(before) {
            *place = group;
        }
        // What stands behind `::` moves to the end.
        let behind = self.groups.get(before..self.count).unwrap_or_default();
        for (place, group) in address.iter_mut().rev().zip(behind.iter().rev()) {
            *place = *group;
        }
        Ipv6Addr::from(address)
    }
}

/// `General-address-literal = Standardized-tag ":" 1*dcontent`, `Standardized-tag = Ldh-str`.
fn general(inside: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = split_run(inside, LET_DIG | HYPHEN)?;
    let content = strip_octet(rest, b':').filter(|content| !content.is_empty())?;
    (tag.last() != Some(&b'-')).then_some((tag, content))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    fn parsed(input: &str) -> Option<Domain<'_>> {
        Domain::parse(input).ok()
    }

    #[test]
    fn names_follow_the_grammar() {
        for good in ["a", "example.com", "a-b.c1", "1.2.3.4", "xn--bcher-kva.example", "b\u{fc}cher.example"] {
            assert_eq!(parsed(good), Some(Domain::Name(good)));
        }
        for bad in ["", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "a-.b"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let label = "a".repeat(63);
        assert!(parsed(&label).is_some());
        assert!(parsed(&(label.clone() + "a")).is_none());
        let name = std::format!("{label}.{label}.{label}.{label}");
        assert_eq!(name.len(), 255);
        assert!(parsed(&name).is_some());
        assert!(parsed(&(name + ".a")).is_none());
        let literal = |n: usize| std::format!("[tag:{}]", "x".repeat(n));
        assert!(parsed(&literal(249)).is_some());
        assert!(parsed(&literal(250)).is_none());
    }

    #[test]
    fn ipv4_literals() {
        assert_eq!(parsed("[192.0.2.255]"), Some(Domain::Literal(Literal::Ipv4(Ipv4Addr::new(192, 0, 2, 255)))));
        for bad in ["[1.2.3]", "[1.2.3.4.5]", "[256.1.1.1]", "[1.2.3.0004]", "[1.2.3.4", "[]", "[1.2.3. 4]"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    /// The standard library agrees, save for what RFC 5321 narrows: `::` for one group alone.
    #[test]
    fn ipv6_literals_agree_with_the_standard_library() {
        let good = [
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:1.2.3.4",
            "::1.2.3.4",
            "1::1.2.3.4",
            "2001:db8::ff00:42:8329",
            "1:2:3:4:5:6::",
            "::3:4:5:6:7:8",
            "fe80::0204:61ff:254.157.241.86",
            "ABCD:ef01::",
        ];
        for good in good {
            let expected = good.parse().unwrap();
            let literal = String::from("[IPv6:") + good + "]";
            assert_eq!(parsed(&literal), Some(Domain::Literal(Literal::Ipv6(expected))), "{good}");
        }
        let bad = [
            "",
            ":",
            ":::",
            "1",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::2::3",
            "12345::",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3",
            "1.2.3.4",
            "::1%eth0",
            ":1::",
            "1:",
            "g::",
            "1:2:3:4:5:6:7:",
            "::1:",
        ];
        for bad in bad {
            assert_eq!(parsed(&(String::from("[IPv6:") + bad + "]")), None, "{bad}");
        }
    }

    #[test]
    fn general_literals() {
        let literal = parsed("[X-tag:a!b]").unwrap();
        assert_eq!(literal, Domain::Literal(Literal::General { tag: "X-tag", content: "a!b" }));
        for bad in ["[tag:]", "[:x]", "[tag-:x]", "[tag:a[b]", "[tag:a\\b]"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
