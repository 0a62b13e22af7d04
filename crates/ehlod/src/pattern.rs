//! Patterns for addresses, as the configuration writes them.

use crate::mailbox::{Mailbox, is_domain};
use std::fmt;
use std::str::FromStr;

/// Which addresses are meant. ASCII letters are the same in either case, as everywhere in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `user@example.com`: this one.
    Address(Mailbox),
    /// `@example.com`: all of the domain, in ASCII lower case.
    Domain(String),
    /// `@.example.com`: all of its subdomains, of any depth; not of the domain itself, in ASCII lower case.
    Subdomains(String),
    /// `user@`: this local part in any domain, in ASCII lower case.
    LocalPart(String),
}

impl Pattern {
    /// Whether an address is among those that are meant.
    #[must_use]
    pub fn matches(&self, address: &Mailbox) -> bool {
        match self {
            Self::Address(own) => own == address,
            Self::Domain(domain) => domain == address.domain(),
            Self::Subdomains(domain) => {
                let above = address.domain().strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.'));
                above.is_some_and(|label| !label.is_empty())
            }
            Self::LocalPart(local) => local == address.local(),
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    /// Reads one of the four forms.
    ///
    /// # Errors
    ///
    /// That it is none of them, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a pattern for addresses (for instance \"user@example.com\", \"@example.com\", \
                 \"@.example.com\" or \"user@\")"
            )
        };
        let domain = |name: &str| is_domain(name).then(|| name.to_ascii_lowercase());
        let read = if let Some(name) = text.strip_prefix("@.") {
            domain(name).map(Self::Subdomains)
        } else if let Some(name) = text.strip_prefix('@') {
            domain(name).map(Self::Domain)
        } else if text.ends_with('@') {
            // Any domain would do to read the local part by.
            format!("{text}x").parse::<Mailbox>().ok().map(|mailbox| Self::LocalPart(mailbox.local().to_owned()))
        } else {
            text.parse().ok().map(Self::Address)
        };
        read.ok_or_else(wrong)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Subdomains(domain) => write!(f, "@.{domain}"),
            Self::LocalPart(local) => {
                let shown = Mailbox::new(local, "x").to_string();
                f.write_str(shown.strip_suffix('x').unwrap_or(&shown))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_addresses_are_meant() {
        for (pattern, addresses, others) in [
            (
                "Bob@Example.com",
                &["bob@example.com", "\"bob\"@EXAMPLE.com"][..],
                &["bobs@example.com", "bob@a.example.com"][..],
            ),
            ("@Example.com", &["bob@example.com", "alice@example.COM"], &["bob@a.example.com", "bob@anexample.com"]),
            ("@.example.com", &["bob@a.example.com", "bob@b.a.example.com"], &["bob@example.com", "bob@anexample.com"]),
            ("Bob@", &["bob@example.com", "BOB@localhost"], &["bobs@example.com", "\"bob@\"@example.com"]),
            ("\"a @b\"@", &["\"a @b\"@example.com"], &["b@example.com"]),
            ("\"@x\"@", &["\"@x\"@example.com"], &["x@example.com"]),
        ] {
            let read: Pattern = pattern.parse().unwrap();
            assert_eq!(read.to_string().parse().as_ref(), Ok(&read), "{pattern}");
            assert!(read.to_string().eq_ignore_ascii_case(pattern), "{read}");
            for address in addresses {
                assert!(read.matches(&address.parse().unwrap()), "{pattern} {address}");
            }
            for address in others {
                assert!(!read.matches(&address.parse().unwrap()), "{pattern} {address}");
            }
        }
    }

    #[test]
    fn what_is_none() {
        for text in ["", "@", "@.", "@..x", "bob", "@a_b", "@-a", "a b@", "bob@x@", "<bob@x>", "@[192.0.2.1]"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
