//! VRFY and EXPN (RFC 5321 4.1.1.6, 4.1.1.7).

use super::characters::{end_before, holds, same_word};
use super::mailbox::quoted_string;
use super::{ArgumentError, text};

/// A VRFY or EXPN command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Query<'a> {
    /// The user, mailbox or list asked for, as written: a name, an address, perhaps in angle brackets.
    pub what: &'a str,
    /// The client takes UTF-8 in the answer (RFC 6531 3.7.4.2).
    pub smtputf8: bool,
}

/// `vrfy = "VRFY" SP String [SP "SMTPUTF8"]`, from behind `VRFY `; EXPN likewise.
/// `utf8` says whether there are octets over 127, which are valid UTF-8 then.
pub(crate) fn query(arguments: &[u8], utf8: bool, smtputf8_offered: bool) -> Result<Query<'_>, ArgumentError> {
    // A quoted string may hold spaces, and may be the local part of an address.
    let quoted = quoted_string(arguments, utf8).unwrap_or(0);
    let end = end_before(arguments.get(quoted..).unwrap_or_default(), b' ').wrapping_add(quoted);
    let (what, rest) = arguments.split_at_checked(end).unwrap_or((arguments, &[]));
    let smtputf8 = match rest.split_first() {
        None => false,
        Some((_, option)) if smtputf8_offered && same_word(option, b"SMTPUTF8") => true,
        Some((_, option)) if !option.is_empty() && !holds(option, b' ') => return Err(ArgumentError::UnknownValue),
        Some(_) => return Err(ArgumentError::Syntax),
    };
    if what.is_empty() {
        Err(ArgumentError::Syntax)
    } else if utf8 && !smtputf8 {
        Err(ArgumentError::NotAscii)
    } else {
        Ok(Query { what: text(what), smtputf8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        let what = |line: &'static str, offered| {
            query(line.as_bytes(), !line.is_ascii(), offered).map(|q| (q.what, q.smtputf8))
        };
        assert_eq!(what("bob", true), Ok(("bob", false)));
        assert_eq!(what("<bob@x.y>", true), Ok(("<bob@x.y>", false)));
        assert_eq!(what("\"b ob\"@x.y", true), Ok(("\"b ob\"@x.y", false)));
        assert_eq!(what("b\u{fc}b smtputf8", true), Ok(("b\u{fc}b", true)));
        assert_eq!(what("b\u{fc}b", true), Err(ArgumentError::NotAscii));
        assert_eq!(what("bob SMTPUTF8", false), Err(ArgumentError::UnknownValue));
        assert_eq!(what("bob option", true), Err(ArgumentError::UnknownValue));
        assert_eq!(what("", true), Err(ArgumentError::Syntax));
        assert_eq!(what("a b c", true), Err(ArgumentError::Syntax));
    }
}
