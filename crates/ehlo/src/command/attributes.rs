//! XCLIENT and XFORWARD (Postfix, XCLIENT_README and XFORWARD_README): whom a trusted peer speaks for.

use super::characters::{same_word, split_at_octet};
use super::parameters::Xtext;
use super::{ArgumentError, text};

/// The attributes of an XCLIENT or XFORWARD command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Attributes<'a>(&'a str);

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Attribute<'a> {
    /// Its name, in any case: `ADDR`, `NAME`, `HELO` and so on.
    pub name: &'a str,
    /// Its value; `[UNAVAILABLE]` and `[TEMPUNAVAIL]` stand for what is not known.
    pub value: Xtext<'a>,
}

impl<'a> Attributes<'a> {
    /// Attributes that were checked before.
    pub(crate) const fn read(text: &'a str) -> Self {
        Self(text)
    }

    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// The attributes in their order.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'a>> + 'a {
        self.0.as_bytes().split(|octet| *octet == b' ').filter_map(attribute)
    }
}

/// `attribute-name"="attribute-value`.
fn attribute(word: &[u8]) -> Option<Attribute<'_>> {
    let (name, value) = split_at_octet(word, b'=')?;
    Some(Attribute { name: text(name), value: Xtext::read(value)? })
}

/// The attributes behind `XCLIENT ` or `XFORWARD `, each of a name that is among `known`.
pub(crate) fn attributes<'l>(arguments: &'l [u8], known: &[&str]) -> Result<Attributes<'l>, ArgumentError> {
    for word in arguments.split(|octet| *octet == b' ') {
        let attribute = attribute(word).ok_or(ArgumentError::Syntax)?;
        if !known.iter().any(|known| same_word(attribute.name.as_bytes(), known.as_bytes())) {
            return Err(ArgumentError::Syntax);
        }
    }
    Ok(Attributes(text(arguments)))
}

/// What XCLIENT may tell.
pub(crate) const XCLIENT: &[&str] = &["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"];
/// What XFORWARD may tell.
pub(crate) const XFORWARD: &[&str] = &["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_known_and_xtext() {
        let read = attributes(b"ADDR=192.0.2.1 name=[UNAVAILABLE] HELO=a+2Bb", XCLIENT).unwrap();
        let mut all = read.iter();
        assert_eq!(all.next().unwrap().name, "ADDR");
        assert_eq!(all.next().unwrap().value.encoded(), "[UNAVAILABLE]");
        assert!(all.next().unwrap().value.decoded().eq(*b"a+b"));
        assert!(all.next().is_none());
        for bad in ["", "ADDR", "ADDR=1  NAME=2", "FOO=1", "IDENT=1", "ADDR=a+0"] {
            assert_eq!(attributes(bad.as_bytes(), XCLIENT), Err(ArgumentError::Syntax), "{bad}");
        }
    }
}
