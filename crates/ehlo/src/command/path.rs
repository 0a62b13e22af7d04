//! Paths (RFC 5321 4.1.2).

use nom::Parser;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::char;

use super::characters::consumed;
use super::domain::domain;
use super::mailbox::{Mailbox, RawMailbox, mailbox};
use super::{MISMATCH, Parsed};

/// The longest path, in octets, its angle brackets counted (RFC 5321 4.5.3.1.3).
const PATH: usize = 256;

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
    pub const fn as_str(&self) -> &'a str {
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
    pub const fn as_str(&self) -> &'a str {
        match self {
            Self::Postmaster => "postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

/// A path as the grammar finds it; `None` for the one without a mailbox (`<>`, `<Postmaster>`).
pub(crate) type RawPath<'l> = Option<RawMailbox<'l>>;

/// `Reverse-path = Path / "<>"`.
pub(crate) fn reverse_path(input: &[u8], utf8: bool) -> Parsed<'_, RawPath<'_>> {
    if let Ok((rest, _)) = tag::<_, _, ()>(&b"<>"[..]).parse(input) {
        return Ok((rest, None));
    }
    let (rest, mailbox) = path(input, utf8)?;
    Ok((rest, Some(mailbox)))
}

/// `Forward-path = Path`, or `"<Postmaster>"` (RFC 5321 4.1.1.3).
pub(crate) fn forward_path(input: &[u8], utf8: bool) -> Parsed<'_, RawPath<'_>> {
    // Only that one has no domain, so the other is tried first.
    if let Ok((rest, mailbox)) = path(input, utf8) {
        return Ok((rest, Some(mailbox)));
    }
    let (rest, _) = tag_no_case::<_, _, ()>(&b"<postmaster>"[..]).parse(input)?;
    Ok((rest, None))
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`. The source route is taken and ignored (RFC 5321 appendix C).
fn path(input: &[u8], utf8: bool) -> Parsed<'_, RawMailbox<'_>> {
    let (rest, _) = char::<_, ()>('<').parse(input)?;
    let rest = if rest.first() == Some(&b'@') { source_route(rest, utf8)?.0 } else { rest };
    let (rest, mailbox) = mailbox(rest, utf8)?;
    let (rest, _) = char::<_, ()>('>').parse(rest)?;
    if consumed(input, rest).len() > PATH { Err(MISMATCH) } else { Ok((rest, mailbox)) }
}

/// `A-d-l ":"`, where `A-d-l = At-domain *( "," At-domain )` and `At-domain = "@" Domain`.
fn source_route(input: &[u8], utf8: bool) -> Parsed<'_, ()> {
    let mut rest = input;
    loop {
        rest = char::<_, ()>('@').parse(rest)?.0;
        rest = domain(rest, utf8, false)?.0;
        match rest.split_first() {
            Some((b',', after)) => rest = after,
            Some((b':', after)) => return Ok((after, ())),
            _ => return Err(MISMATCH),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::whole;
    use super::*;

    fn reverse(input: &str) -> Option<&str> {
        let path = whole(reverse_path(input.as_bytes(), false))?;
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
        let forward = |input: &'static str| whole(forward_path(input.as_bytes(), false));
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
