//! ETRN (RFC 1985): a client wants the mail that waits for it.

use super::characters::LET_DIG;
use super::domain::domain;
use super::{ArgumentError, text};

/// An ETRN command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Etrn<'a> {
    /// Whose mail is wanted: a domain, or with [`EtrnOption::Queue`] the name of a queue.
    pub node: &'a str,
    /// How the name is meant.
    pub option: EtrnOption,
}

/// How the name in ETRN is meant (RFC 1985 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EtrnOption {
    /// One node.
    Node,
    /// `@`: the node and its subdomains.
    Subdomains,
    /// `#`: a queue of that name.
    Queue,
}

/// `etrn = "ETRN" SP [option-character] node-name`, from behind `ETRN `.
pub(crate) fn etrn(arguments: &[u8]) -> Result<Etrn<'_>, ArgumentError> {
    let (option, node) = match arguments {
        [b'@', node @ ..] => (EtrnOption::Subdomains, node),
        [b'#', node @ ..] => (EtrnOption::Queue, node),
        // Another option is well-formed, and not offered.
        [first, ..] if first.is_ascii_punctuation() => return Err(ArgumentError::UnknownValue),
        node => (EtrnOption::Node, node),
    };
    let fits = match option {
        EtrnOption::Queue => !node.is_empty() && !node.contains(&b' '),
        EtrnOption::Node | EtrnOption::Subdomains => domain(node, LET_DIG) == Some(node.len()),
    };
    if fits { Ok(Etrn { node: text(node), option }) } else { Err(ArgumentError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_options() {
        let read = |line: &'static str| etrn(line.as_bytes()).map(|etrn| (etrn.node, etrn.option));
        assert_eq!(read("example.net"), Ok(("example.net", EtrnOption::Node)));
        assert_eq!(read("@example.net"), Ok(("example.net", EtrnOption::Subdomains)));
        assert_eq!(read("#slow"), Ok(("slow", EtrnOption::Queue)));
        assert_eq!(read("!x"), Err(ArgumentError::UnknownValue));
        for bad in ["", "a b", "@", "#", "#a b", "a..b"] {
            assert_eq!(read(bad), Err(ArgumentError::Syntax), "{bad}");
        }
    }
}
