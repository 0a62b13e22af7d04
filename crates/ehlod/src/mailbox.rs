//! Domains and mailboxes, in the one form in which they are compared.

use std::fmt;
use std::str::FromStr;

/// Whether a text is a domain: labels of letters, digits and inner hyphens, 63 octets a label and 255 in all.
///
/// Characters outside ASCII are let through, since U-labels are domains too (RFC 6531).
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let fits = |c: char| match c {
        '-' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_control() && !c.is_whitespace(),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(fits)
    };
    text.len() <= 255 && text.split('.').all(label)
}

/// A mailbox of a hosted domain: where mail goes, and who logs in.
///
/// Both parts are kept in ASCII lower case, so that two mailboxes are equal where the server takes them for the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    local: String,
    domain: String,
}

impl Mailbox {
    /// A mailbox from its two parts; the local part as it means, without the quotes and backslashes of a quoted string.
    #[must_use]
    pub fn new(local: &str, domain: &str) -> Self {
        Self { local: local.to_ascii_lowercase(), domain: domain.to_ascii_lowercase() }
    }

    /// The local part, unquoted, in ASCII lower case.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in ASCII lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

impl fmt::Display for Mailbox {
    /// The mailbox as SMTP writes it: the local part in quotes where it needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

impl FromStr for Mailbox {
    type Err = String;

    /// Reads `local@domain`, where the local part is a dot-string or a quoted string.
    ///
    /// # Errors
    ///
    /// That it is not an address, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an address (for instance \"user@example.com\")");
        let (local, domain) = text.rsplit_once('@').filter(|(_, domain)| is_domain(domain)).ok_or_else(wrong)?;
        let local = if is_dot_string(local) { local.to_owned() } else { unquote(local).ok_or_else(wrong)? };
        if local.is_empty() || local.len() > 64 {
            return Err(wrong());
        }
        Ok(Self::new(&local, domain))
    }
}

/// Dot-string of RFC 5321, section 4.1.2, with the UTF-8 of RFC 6531.
fn is_dot_string(local: &str) -> bool {
    let atext = |c: char| match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    };
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

/// The content of a Quoted-string of RFC 5321, section 4.1.2.
fn unquote(local: &str) -> Option<String> {
    let mut inner = local.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut content = String::new();
    while let Some(c) = inner.next() {
        let c = match c {
            '\\' => inner.next()?,
            '"' => return None,
            c => c,
        };
        if c.is_control() {
            return None;
        }
        content.push(c);
    }
    Some(content)
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
