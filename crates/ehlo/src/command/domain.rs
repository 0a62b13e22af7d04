//! Domains and address literals (RFC 5321 4.1.2, 4.1.3).

use core::net::{Ipv4Addr, Ipv6Addr};

use nom::Parser;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::char;
use nom::combinator::opt;

use super::characters::{consumed, is_dcontent, is_ldh, many};
use super::{AddressError, MISMATCH, Parsed, text, whole};

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
        whole(domain_or_literal(text.as_bytes(), true)).map(Self::read).ok_or(AddressError)
    }

    /// Reads a domain or address literal that was checked before.
    pub(crate) fn read(octets: &'a [u8]) -> Self {
        match octets {
            [b'[', ..] => match whole(address_literal(octets)) {
                Some(literal) => Self::Literal(literal),
                None => Self::Name(""),
            },
            name => Self::Name(text(name)),
        }
    }
}

/// `( Domain / address-literal )`, as octets.
pub(crate) fn domain_or_literal(input: &[u8], utf8: bool) -> Parsed<'_, &[u8]> {
    match input.first() {
        Some(b'[') => {
            let (rest, _) = address_literal(input)?;
            let literal = consumed(input, rest);
            if literal.len() > DOMAIN { Err(MISMATCH) } else { Ok((rest, literal)) }
        }
        _ => domain(input, utf8, false),
    }
}

/// `Domain = sub-domain *("." sub-domain)`. `underscores` lets them pass too: see [`super::hello`].
pub(crate) fn domain(input: &[u8], utf8: bool, underscores: bool) -> Parsed<'_, &[u8]> {
    let mut rest = sub_domain(input, utf8, underscores)?.0;
    while let Some((b'.', after)) = rest.split_first() {
        rest = sub_domain(after, utf8, underscores)?.0;
    }
    let domain = consumed(input, rest);
    if domain.len() > DOMAIN { Err(MISMATCH) } else { Ok((rest, domain)) }
}

/// `sub-domain = Let-dig [Ldh-str]`, where `Ldh-str` ends with a letter or digit; `/ U-label` by RFC 6531 3.3.
fn sub_domain(input: &[u8], utf8: bool, underscores: bool) -> Parsed<'_, &[u8]> {
    let (rest, label) = many(|octet| is_ldh(octet, utf8, underscores), input)?;
    let ends_well = label.first() != Some(&b'-') && label.last() != Some(&b'-');
    if ends_well && label.len() <= LABEL { Ok((rest, label)) } else { Err(MISMATCH) }
}

/// `address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"`.
fn address_literal(input: &[u8]) -> Parsed<'_, Literal<'_>> {
    let (rest, _) = char::<_, ()>('[').parse(input)?;
    // Whatever stands in a literal is made of `dcontent`.
    let (rest, inside) = many(is_dcontent, rest)?;
    let (rest, _) = char::<_, ()>(']').parse(rest)?;
    let literal = if let Ok((address, _)) = tag_no_case::<_, _, ()>(&b"IPv6:"[..]).parse(inside) {
        Literal::Ipv6(ipv6(address).ok_or(MISMATCH)?)
    } else if let Some(address) = whole(ipv4(inside)) {
        Literal::Ipv4(address)
    } else {
        general(inside).ok_or(MISMATCH)?
    };
    Ok((rest, literal))
}

/// `IPv4-address-literal = Snum 3("." Snum)`.
fn ipv4(input: &[u8]) -> Parsed<'_, Ipv4Addr> {
    let (rest, a) = snum(input)?;
    let (rest, b) = dot_snum(rest)?;
    let (rest, c) = dot_snum(rest)?;
    let (rest, d) = dot_snum(rest)?;
    Ok((rest, Ipv4Addr::new(a, b, c, d)))
}

fn dot_snum(input: &[u8]) -> Parsed<'_, u8> {
    let (rest, _) = char::<_, ()>('.').parse(input)?;
    snum(rest)
}

/// `Snum = 1*3DIGIT`, a value from 0 to 255.
fn snum(input: &[u8]) -> Parsed<'_, u8> {
    let (rest, digits) = many(|octet| octet.is_ascii_digit(), input)?;
    if digits.len() > 3 {
        return Err(MISMATCH);
    }
    let value = digits
        .iter()
        .fold(0_u16, |value, digit| value.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0'))));
    u8::try_from(value).map(|value| (rest, value)).map_err(|_| MISMATCH)
}

/// `IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp`. `::` stands for two groups at least.
fn ipv6(input: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0_u16; 8];
    let (mut rest, before) = groups_of(input, &mut groups)?;
    if before == 8 {
        return rest.is_empty().then(|| Ipv6Addr::from(groups));
    }
    let mut tail = [0_u16; 8];
    (rest, _) = tag::<_, _, ()>(&b"::"[..]).parse(rest).ok()?;
    let (rest, after) = if rest.is_empty() { (rest, 0) } else { groups_of(rest, &mut tail)? };
    if !rest.is_empty() || before.saturating_add(after) > 6 || (after == 0 && input.last() != Some(&b':')) {
        return None;
    }
    let start = 8_usize.saturating_sub(after);
    for (group, value) in groups.iter_mut().skip(start).zip(tail) {
        *group = value;
    }
    Some(Ipv6Addr::from(groups))
}

/// Up to eight groups parted by single colons, the last two perhaps an IPv4 address; what is left, and how many there were.
fn groups_of<'l>(mut input: &'l [u8], groups: &mut [u16; 8]) -> Option<(&'l [u8], usize)> {
    let mut count = 0_usize;
    // A leading `::` leaves no group before it.
    if input.starts_with(b"::") {
        return Some((input, 0));
    }
    loop {
        if count <= 6
            && let Some(address) = whole(ipv4(input))
        {
            let [a, b, c, d] = address.octets();
            *groups.get_mut(count)? = u16::from_be_bytes([a, b]);
            *groups.get_mut(count.saturating_add(1))? = u16::from_be_bytes([c, d]);
            return Some((&[], count.saturating_add(2)));
        }
        let (rest, group) = ipv6_hex(input).ok()?;
        *groups.get_mut(count)? = group;
        count = count.saturating_add(1);
        match rest {
            [b':', b':', ..] => return Some((rest, count)),
            [b':', after @ ..] if count < 8 => input = after,
            _ => return Some((rest, count)),
        }
    }
}

/// `IPv6-hex = 1*4HEXDIG`.
fn ipv6_hex(input: &[u8]) -> Parsed<'_, u16> {
    let (rest, digits) = many(|octet| octet.is_ascii_hexdigit(), input)?;
    if digits.len() > 4 {
        return Err(MISMATCH);
    }
    let value = digits.iter().fold(0_u16, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit.wrapping_sub(b'0'),
            b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
            _ => digit.wrapping_sub(b'A').wrapping_add(10),
        };
        value.wrapping_mul(16).wrapping_add(u16::from(digit))
    });
    Ok((rest, value))
}

/// `General-address-literal = Standardized-tag ":" 1*dcontent`, `Standardized-tag = Ldh-str`.
fn general(inside: &[u8]) -> Option<Literal<'_>> {
    let (rest, tag) = many(|octet| is_ldh(octet, false, false), inside).ok()?;
    let (content, _) = opt(char::<_, ()>(':')).parse(rest).ok().filter(|(_, colon)| colon.is_some())?;
    if tag.last() == Some(&b'-') || content.is_empty() {
        return None;
    }
    Some(Literal::General { tag: text(tag), content: text(content) })
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
