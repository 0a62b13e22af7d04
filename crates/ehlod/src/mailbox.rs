//! Domains and mailboxes, in the one form in which they are compared.

use std::fmt;
use std::str::FromStr;

/// Whether a text is a domain by RFC 5321 4.1.2; U-labels are domains too (RFC 6531).
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let odd = |c: char| !c.is_ascii() && (c.is_control() || c.is_whitespace());
    matches!(ehlo::Domain::parse(text), Ok(ehlo::Domain::Name(_))) && !text.contains(odd)
}

/// A mailbox of a hosted domain: where mail goes, and who logs in.
///
/// Both parts are kept in ASCII lower case, so that two mailboxes are equal where the server takes them for the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    /// The local part, and the domain behind it: mailboxes are made and copied for every recipient.
    text: String,
    /// Where the domain begins.
    domain: usize,
}

impl Mailbox {
    /// A mailbox from its two parts; the local part as it means, without the quotes and backslashes of a quoted string.
    #[must_use]
    pub fn new(local: &str, domain: &str) -> Self {
        let mut text = [local, domain].concat();
        text.make_ascii_lowercase();
        Self { text, domain: local.len() }
    }

    /// The local part, unquoted, in ASCII lower case.
    #[must_use]
    pub fn local(&self) -> &str {
        self.text.get(..self.domain).unwrap_or_default()
    }

    /// The domain, in ASCII lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.domain..).unwrap_or_default()
    }
}

impl fmt::Display for Mailbox {
    /// The mailbox as SMTP writes it: the local part in quotes where it needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{}@{}", self.local(), self.domain());
        if ehlo::Mailbox::parse(&plain).is_ok_and(|parsed| parsed.local_part() == self.local()) {
            return f.write_str(&plain);
        }
        f.write_str("\"")?;
        for c in self.local().chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain())
    }
}

impl FromStr for Mailbox {
    type Err = String;

    /// Reads `local@domain`, where the local part is a dot-string or a quoted string (RFC 5321 4.1.2). An address literal is no
    /// domain that can be hosted, and an empty local part no mailbox.
    ///
    /// # Errors
    ///
    /// That it is not an address, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an address (for instance \"user@example.com\")");
        let parsed = ehlo::Mailbox::parse(text).map_err(|_| wrong())?;
        let local: String = parsed.unquoted().collect();
        if local.is_empty() || !is_domain(parsed.domain_str()) {
            return Err(wrong());
        }
        Ok(Self::new(&local, parsed.domain_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        let long = format!("{}.com", "a".repeat(63));
        for domain in
            ["localhost", "example.com", "a-b.example", "1.2", "bücher.example", "xn--bcher-kva.example", &long]
        {
            assert!(is_domain(domain), "{domain}");
        }
        let label = "a".repeat(64);
        let whole = "a.".repeat(128) + "a";
        for text in
            ["", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "[192.0.2.1]", "a/b", "a\u{a0}b", &label, &whole]
        {
            assert!(!is_domain(text), "{text}");
        }
    }

    #[test]
    fn mailboxes_read_and_shown() {
        for (text, local, domain, shown) in [
            ("Alice@Example.COM", "alice", "example.com", "alice@example.com"),
            ("a.b+c@x", "a.b+c", "x", "a.b+c@x"),
            ("\"a b\"@x", "a b", "x", "\"a b\"@x"),
            ("\"a@\\\"b\\\\\"@x", "a@\"b\\", "x", "\"a@\\\"b\\\\\"@x"),
            ("\"plain\"@x", "plain", "x", "plain@x"),
            ("δοκιμή@x", "δοκιμή", "x", "δοκιμή@x"),
        ] {
            let mailbox: Mailbox = text.parse().unwrap();
            assert_eq!((mailbox.local(), mailbox.domain()), (local, domain), "{text}");
            assert_eq!(mailbox.to_string(), shown);
            assert_eq!(shown.parse::<Mailbox>().as_ref(), Ok(&mailbox));
        }
        let long = format!("{}@x", "a".repeat(65));
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@x",
            ".a@x",
            "a.@x",
            "a..b@x",
            "a b@x",
            "\"a@x",
            "\"a\"b\"@x",
            "\"\"@x",
            "\"\\\"@x",
            "<a@x>",
            "a@x y",
            &long,
        ] {
            assert!(text.parse::<Mailbox>().is_err(), "{text}");
        }
    }
}
