//! EHLO and HELO (RFC 5321 4.1.1.1).

use super::ArgumentError;
use super::characters::{LET_DIG, UNDERSCORE};
use super::domain::{Domain, domain, domain_or_literal};

/// An EHLO or HELO command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Hello<'a> {
    /// What the client calls itself, as written.
    pub name: &'a str,
    /// It said EHLO, and may use the extensions.
    pub extended: bool,
}

impl<'a> Hello<'a> {
    /// The name as a domain or an address literal.
    pub fn domain(&self) -> Domain<'a> {
        Domain::read(self.name.as_bytes())
    }
}

/// `ehlo = "EHLO" SP ( Domain / address-literal )`, from behind `EHLO `. Names with an underscore are let pass: RFC 5321 has none,
/// but machines of Windows have them, and RFC 5321 4.1.4 wants no mail refused for the name alone.
pub(crate) fn hello(arguments: &[u8]) -> Result<&[u8], ArgumentError> {
    let length = match arguments.first() {
        Some(b'[') => domain_or_literal(arguments, false),
        _ => domain(arguments, LET_DIG | UNDERSCORE),
    };
    if length == Some(arguments.len()) { Ok(arguments) } else { Err(ArgumentError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals() {
        for good in ["client.example", "[192.0.2.1]", "[IPv6:::1]", "localhost", "MY_PC"] {
            assert_eq!(hello(good.as_bytes()), Ok(good.as_bytes()));
        }
        for bad in ["", " ", "a b", "a@b", "[1.2.3]", "192.0.2.1]", "a.", "-a"] {
            assert_eq!(hello(bad.as_bytes()), Err(ArgumentError::Syntax), "{bad}");
        }
    }
}
