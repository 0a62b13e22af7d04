//! Paths (RFC 5321 4.1.2).

use super::characters::{LET_DIG, strip_keyword, strip_octet, with_utf8};
use super::domain::domain;
use super::mailbox::{Mailbox, RawMailbox, mailbox};

/// The longest path, in octets, its angle brackets counted (RFC 5321 4.5.3.1.3).
pub(crate) const PATH: usize = 256;

/// Where a message comes from, and where a report of its failure goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReversePath<'a> {
    /// `<>`: a report itself, to which none may answer (RFC 5321 4.5.5).
    Null,
    /// An address.
    Mailbox(Mailbox<'a>),
}

impl<'a> ReversePath<'a> {
    /// The address without angle brackets; empty for `<>`.
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ForwardPath<'a> {
    /// `<Postmaster>` without a domain: the one who runs this server (RFC 5321 4.5.1).
    Postmaster,
    /// An address.
    Mailbox(Mailbox<'a>),
}

impl<'a> ForwardPath<'a> {
    /// The address without angle brackets; `postmaster` for `<Postmaster>`.
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Postmaster => "postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

/// A path as the grammar finds it; `None` for the one without a mailbox (`<>`, `<Postmaster>`).
pub(crate) type RawPath<'l> = Option<RawMailbox<'l>>;

/// `Reverse-path = Path / "<>"`, and what is behind it.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn reverse_path(input: &[u8], utf8: bool) -> Option<(RawPath<'_>, &[u8])> {
    match input {
        [b'<', b'>', rest @ ..] => Some((None, rest)),
        _ => path(input, utf8).map(|(mailbox, rest)| (Some(mailbox), rest)),
    }
}

/// `Forward-path = Path`, or `"<Postmaster>"` (RFC 5321 4.1.1.3), and what is behind it.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn forward_path(input: &[u8], utf8: bool) -> Option<(RawPath<'_>, &[u8])> {
    match path(input, utf8) {
        Some((mailbox, rest)) => Some((Some(mailbox), rest)),
        // Only that one has no domain.
        None => strip_keyword(input, b"<postmaster>").map(|rest| (None, rest)),
    }
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`. The source route is taken and ignored (RFC 5321 appendix C).
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn path(input: &[u8], utf8: bool) -> Option<(RawMailbox<'_>, &[u8])> {
    let mut inside = strip_octet(input, b'<')?;
    if inside.first() == Some(&b'@') {
        inside = source_route(inside, utf8)?;
    }
    let (mailbox, rest) = mailbox(inside, utf8)?;
    let rest = strip_octet(rest, b'>')?;
    (input.len().wrapping_sub(rest.len()) <= PATH).then_some((mailbox, rest))
}

/// `A-d-l ":"`, where `A-d-l = At-domain *( "," At-domain )` and `At-domain = "@" Domain`: what is behind it.
fn source_route(input: &[u8], utf8: bool) -> Option<&[u8]> {
    let mut rest = input;
    loop {
        let name = strip_octet(rest, b'@')?;
        rest = name.get(domain(name, with_utf8(LET_DIG, utf8))?..)?;
        match rest.split_first()? {
            (b',', after) => rest = after,
            (b':', after) => return Some(after),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn reverse(input: &str) -> Option<&str> {
        let (path, []) = reverse_path(input.as_bytes(), false)? else { return None };
        Some(path.map_or("", |mailbox| super::super::text(mailbox.address)))
    }

    #[test]
    fn paths_follow_the_grammar() {
        assert_eq!(reverse("<>"), Some(""));
        assert_eq!(reverse("<a@b>"), Some("a@b"));
        assert_eq!(reverse("<@x,@y.z:a@b>"), Some("a@b"));
        for bad in [
            "",
            "a@b",
            "<a@b",
            "a@b>",
            "<<a@b>>",
            "< a@b>",
            "<a@b >",
            "<@x a@b>",
            "<@x:>",
            "<@:a@b>",
            "<@x,a@b>",
            "<postmaster>",
        ] {
            assert_eq!(reverse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_a_forward_path_may_be_postmaster_alone() {
        let forward = |input: &'static str| match forward_path(input.as_bytes(), false) {
            Some((path, [])) => Some(path),
            _ => None,
        };
        assert_eq!(forward("<pOSTMASTER>"), Some(None));
        assert_eq!(forward("<>"), None);
        assert_eq!(forward("<bob>"), None);
        assert!(matches!(forward("<postmaster@b>"), Some(Some(_))));
    }

    #[test]
    fn a_path_is_bounded() {
        let path = |n: usize| std::format!("<{}@{}aa>", "a".repeat(60), "a.".repeat(n));
        assert_eq!(path(95).len(), 255);
        assert!(reverse(&path(95)).is_some());
        assert!(reverse(&path(96)).is_none());
    }
}
