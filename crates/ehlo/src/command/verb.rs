//! Verbs.

use super::characters::same_word;

/// The verb of a command, whether or not it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    /// RFC 5321 4.1.1.1.
    Ehlo,
    /// RFC 5321 4.1.1.1.
    Helo,
    /// RFC 2033 4.1.
    Lhlo,
    /// RFC 5321 4.1.1.2.
    Mail,
    /// RFC 5321 4.1.1.3.
    Rcpt,
    /// RFC 5321 4.1.1.4.
    Data,
    /// RFC 3030 2.
    Bdat,
    /// RFC 5321 4.1.1.5.
    Rset,
    /// RFC 5321 4.1.1.6.
    Vrfy,
    /// RFC 5321 4.1.1.7.
    Expn,
    /// RFC 5321 4.1.1.8.
    Help,
    /// RFC 5321 4.1.1.9.
    Noop,
    /// RFC 5321 4.1.1.10.
    Quit,
    /// RFC 4954.
    Auth,
    /// RFC 3207.
    Starttls,
    /// RFC 1985.
    Etrn,
    /// Postfix, XCLIENT_README.
    Xclient,
    /// Postfix, XFORWARD_README.
    Xforward,
    /// A verb that is known and not spoken here: 502, so that it is told from a mistyped one.
    NotImplemented,
}

impl Verb {
    /// Whether it ends a group of commands that are sent together (RFC 2920 3.1, RFC 4954 4).
    pub(crate) const fn ends_a_group(self) -> bool {
        matches!(self, Self::Ehlo | Self::Helo | Self::Lhlo | Self::Data | Self::Auth | Self::Xclient)
    }

    /// Whether it moves no message on.
    pub(crate) const fn is_idle(self) -> bool {
        matches!(self, Self::Noop | Self::Rset | Self::Help | Self::Vrfy | Self::Expn | Self::Etrn)
            || matches!(self, Self::Ehlo | Self::Helo | Self::Lhlo | Self::Xclient | Self::Xforward)
    }
}

/// What the first word of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstWord {
    Verb(Verb),
    /// The method of an HTTP request: another protocol.
    Http,
    Unknown,
}

/// Words of four letters as numbers.
macro_rules! words {
    ($($word:ident)*) => { $(const $word: u32 = u32::from_be_bytes(four(stringify!($word)));)* };
}

words! { EHLO HELO MAIL RCPT DATA RSET VRFY EXPN HELP NOOP QUIT AUTH BDAT LHLO ETRN TURN ATRN SEND SOML SAML POST HEAD }

const fn four(word: &str) -> [u8; 4] {
    match word.as_bytes().first_chunk() {
        Some(four) => *four,
        None => [0; 4],
    }
}

/// Splits a line into its first word and what follows the space behind it.
pub(crate) fn split(line: &[u8]) -> (FirstWord, &[u8]) {
    // Nearly all verbs have four letters.
    let end = match line {
        [_, _, _, _] | [_, _, _, _, b' ', ..] => 4,
        _ => line.iter().position(|octet| *octet == b' ').unwrap_or(line.len()),
    };
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let arguments = rest.split_first().map_or(&[][..], |(_, arguments)| arguments);
    (first_word(word), arguments)
}

fn first_word(word: &[u8]) -> FirstWord {
    // Most verbs have four letters, which fit a number: the compiler searches it by halves. Clearing one bit makes capitals of letters,
    // and no letter of anything else.
    if let Ok(four) = <[u8; 4]>::try_from(word) {
        let verb = match u32::from_be_bytes(four) & 0xdfdf_dfdf {
            EHLO => Verb::Ehlo,
            HELO => Verb::Helo,
            MAIL => Verb::Mail,
            RCPT => Verb::Rcpt,
            DATA => Verb::Data,
            RSET => Verb::Rset,
            VRFY => Verb::Vrfy,
            EXPN => Verb::Expn,
            HELP => Verb::Help,
            NOOP => Verb::Noop,
            QUIT => Verb::Quit,
            AUTH => Verb::Auth,
            BDAT => Verb::Bdat,
            LHLO => Verb::Lhlo,
            ETRN => Verb::Etrn,
            TURN | ATRN | SEND | SOML | SAML => Verb::NotImplemented,
            POST | HEAD => return FirstWord::Http,
            _ => return FirstWord::Unknown,
        };
        return FirstWord::Verb(verb);
    }
    if same_word(word, b"STARTTLS") {
        return FirstWord::Verb(Verb::Starttls);
    }
    if same_word(word, b"XCLIENT") {
        return FirstWord::Verb(Verb::Xclient);
    }
    if same_word(word, b"XFORWARD") {
        return FirstWord::Verb(Verb::Xforward);
    }
    let methods = [&b"GET"[..], b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"];
    if methods.iter().any(|method| same_word(word, method)) {
        return FirstWord::Http;
    }
    FirstWord::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_found_in_any_case_and_nothing_else_is() {
        assert_eq!(split(b"mAiL FROM:<>"), (FirstWord::Verb(Verb::Mail), &b"FROM:<>"[..]));
        assert_eq!(split(b"QUIT"), (FirstWord::Verb(Verb::Quit), &b""[..]));
        assert_eq!(split(b"sTaRtTlS"), (FirstWord::Verb(Verb::Starttls), &b""[..]));
        assert_eq!(split(b"GET / HTTP/1.1").0, FirstWord::Http);
        assert_eq!(split(b"\rAIL").0, FirstWord::Unknown);
        assert_eq!(split(b"-OOP").0, FirstWord::Unknown);
        assert_eq!(split(b"").0, FirstWord::Unknown);
        assert_eq!(split(b" NOOP").0, FirstWord::Unknown);
        assert_eq!(split(b"NOOP\tx").0, FirstWord::Unknown);
    }
}
