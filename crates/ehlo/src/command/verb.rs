//! Verbs.

use super::characters::{end_before, word_in};

/// The verb of a command, whether or not it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    /// RFC 5321 4.1.1.1.
    Ehlo,
    /// RFC 5321 4.1.1.1.
    Helo,
    /// RFC 2033 4.1.
    #[cfg(feature = "extensions")]
    Lhlo,
    /// RFC 5321 4.1.1.2.
    Mail,
    /// RFC 5321 4.1.1.3.
    Rcpt,
    /// RFC 5321 4.1.1.4.
    Data,
    /// RFC 3030 2.
    #[cfg(feature = "chunking")]
    Bdat,
    /// RFC 5321 4.1.1.5.
    Rset,
    /// RFC 5321 4.1.1.6.
    Vrfy,
    /// RFC 5321 4.1.1.7.
    #[cfg(feature = "extensions")]
    Expn,
    /// RFC 5321 4.1.1.8.
    #[cfg(feature = "extensions")]
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
    #[cfg(feature = "extensions")]
    Etrn,
    /// Postfix, XCLIENT_README.
    #[cfg(feature = "extensions")]
    Xclient,
    /// Postfix, XFORWARD_README.
    #[cfg(feature = "extensions")]
    Xforward,
    /// A verb that is known and not spoken here: 502, so that it is told from a mistyped one.
    NotImplemented,
    /// The method of an HTTP request: another protocol.
    Http,
    /// None of them.
    Unknown,
}

impl Verb {
    /// All of them, in their order.
    pub(crate) const ALL: &[Self] = &[
        Self::Ehlo,
        Self::Helo,
        #[cfg(feature = "extensions")]
        Self::Lhlo,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        #[cfg(feature = "chunking")]
        Self::Bdat,
        Self::Rset,
        Self::Vrfy,
        #[cfg(feature = "extensions")]
        Self::Expn,
        #[cfg(feature = "extensions")]
        Self::Help,
        Self::Noop,
        Self::Quit,
        Self::Auth,
        Self::Starttls,
        #[cfg(feature = "extensions")]
        Self::Etrn,
        #[cfg(feature = "extensions")]
        Self::Xclient,
        #[cfg(feature = "extensions")]
        Self::Xforward,
        Self::NotImplemented,
        Self::Http,
        Self::Unknown,
    ];

    /// What has to be seen to before it is carried out.
    #[inline]
    pub(crate) fn traits(self) -> Traits {
        TRAITS.get(self as usize).copied().unwrap_or(Traits(0))
    }

    /// Those of one verb, for the table of all.
    const fn own_traits(self) -> Traits {
        const ENDS: u8 = Traits::ENDS_A_GROUP;
        const PLACED: u8 = Traits::PLACED;
        const OPTIONAL: u8 = Traits::OPTIONAL;
        const IDLE: u8 = Traits::IDLE;
        Traits(match self {
            Self::Mail | Self::Rcpt | Self::Quit => 0,
            Self::Data => ENDS | PLACED,
            Self::Ehlo | Self::Helo => OPTIONAL | ENDS | IDLE,
            Self::Auth => OPTIONAL | ENDS | PLACED,
            Self::Starttls => OPTIONAL | PLACED,
            Self::Rset | Self::Noop => IDLE,
            Self::Vrfy => OPTIONAL | IDLE,
            Self::NotImplemented | Self::Http | Self::Unknown => OPTIONAL,
            #[cfg(feature = "chunking")]
            Self::Bdat => OPTIONAL | PLACED,
            #[cfg(feature = "extensions")]
            Self::Lhlo | Self::Xclient => OPTIONAL | ENDS | IDLE,
            #[cfg(feature = "extensions")]
            Self::Expn | Self::Etrn | Self::Xforward => OPTIONAL | IDLE,
            #[cfg(feature = "extensions")]
            Self::Help => IDLE,
        })
    }
}

/// What has to be seen to before a command is carried out. Most commands have next to none of it, so that one look-up tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits(u8);

impl Traits {
    /// It is not always offered, or never.
    const OPTIONAL: u8 = 1;
    /// It ends a group of commands that are sent together (RFC 2920 3.1, RFC 4954 4).
    const ENDS_A_GROUP: u8 = 1 << 1;
    /// Where it may stand depends on more than the phase.
    const PLACED: u8 = 1 << 2;
    /// It moves no message on.
    const IDLE: u8 = 1 << 3;

    pub(crate) const fn are_none(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn is_optional(self) -> bool {
        self.0 & Self::OPTIONAL != 0
    }

    pub(crate) const fn ends_a_group(self) -> bool {
        self.0 & Self::ENDS_A_GROUP != 0
    }

    pub(crate) const fn is_placed(self) -> bool {
        self.0 & Self::PLACED != 0
    }

    pub(crate) const fn is_idle(self) -> bool {
        self.0 & Self::IDLE != 0
    }
}

/// Those of all verbs.
static TRAITS: [Traits; Verb::ALL.len()] = {
    let mut traits = [Traits(0); Verb::ALL.len()];
    let mut places: &mut [Traits] = &mut traits;
    let mut verbs: &[Verb] = Verb::ALL;
    while let (Some((place, places_after)), Some((verb, verbs_after))) = (places.split_first_mut(), verbs.split_first())
    {
        *place = verb.own_traits();
        (places, verbs) = (places_after, verbs_after);
    }
    traits
};

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

/// The words of four letters, those that come most often first, and behind them those of HTTP.
static OF_FOUR: [u32; 22] = [
    RCPT, MAIL, DATA, EHLO, QUIT, RSET, BDAT, NOOP, AUTH, HELO, LHLO, VRFY, EXPN, HELP, ETRN, TURN, ATRN, SEND, SOML,
    SAML, POST, HEAD,
];

/// What they are.
static VERBS: [Verb; 20] = [
    Verb::Rcpt,
    Verb::Mail,
    Verb::Data,
    Verb::Ehlo,
    Verb::Quit,
    Verb::Rset,
    #[cfg(feature = "chunking")]
    Verb::Bdat,
    #[cfg(not(feature = "chunking"))]
    Verb::NotImplemented,
    Verb::Noop,
    Verb::Auth,
    Verb::Helo,
    #[cfg(feature = "extensions")]
    Verb::Lhlo,
    #[cfg(not(feature = "extensions"))]
    Verb::NotImplemented,
    Verb::Vrfy,
    #[cfg(feature = "extensions")]
    Verb::Expn,
    #[cfg(not(feature = "extensions"))]
    Verb::NotImplemented,
    #[cfg(feature = "extensions")]
    Verb::Help,
    #[cfg(not(feature = "extensions"))]
    Verb::NotImplemented,
    #[cfg(feature = "extensions")]
    Verb::Etrn,
    #[cfg(not(feature = "extensions"))]
    Verb::NotImplemented,
    Verb::NotImplemented,
    Verb::NotImplemented,
    Verb::NotImplemented,
    Verb::NotImplemented,
    Verb::NotImplemented,
];

/// The other words: verbs, and the other methods of HTTP.
#[cfg(not(feature = "extensions"))]
const LONGER: &[u8] = b"STARTTLS GET PUT DELETE OPTIONS CONNECT TRACE PATCH";
#[cfg(feature = "extensions")]
const LONGER: &[u8] = b"STARTTLS XCLIENT XFORWARD GET PUT DELETE OPTIONS CONNECT TRACE PATCH";

/// The first word of a line, and where what follows the space behind it begins.
pub(crate) fn split(line: &[u8]) -> (Verb, usize) {
    // Nearly all verbs have four letters.
    match line {
        [a, b, c, d] => (of_four([*a, *b, *c, *d]), 4),
        [a, b, c, d, b' ', ..] => (of_four([*a, *b, *c, *d]), 5),
        _ => {
            let end = end_before(line, b' ');
            (longer(line.get(..end).unwrap_or_default()), end.wrapping_add(1).min(line.len()))
        }
    }
}

/// Four letters fit a number. Clearing one bit makes capitals of letters, and no letter of anything else.
pub(crate) fn of_four(word: [u8; 4]) -> Verb {
    let word = u32::from_be_bytes(word) & 0xdfdf_dfdf;
    match OF_FOUR.iter().position(|of| *of == word) {
        Some(at) => VERBS.get(at).map_or(Verb::Http, |verb| *verb),
        None => Verb::Unknown,
    }
}

#[inline(never)]
fn longer(word: &[u8]) -> Verb {
    match word_in(word, LONGER) {
        Some(0) => Verb::Starttls,
        #[cfg(feature = "extensions")]
        Some(1) => Verb::Xclient,
        #[cfg(feature = "extensions")]
        Some(2) => Verb::Xforward,
        Some(_) => Verb::Http,
        None => Verb::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_in_its_place() {
        for (place, verb) in Verb::ALL.iter().enumerate() {
            assert_eq!(*verb as usize, place);
        }
    }

    #[test]
    fn verbs_are_found_in_any_case_and_nothing_else_is() {
        assert_eq!(split(b"mAiL FROM:<>"), (Verb::Mail, 5));
        assert_eq!(split(b"QUIT"), (Verb::Quit, 4));
        assert_eq!(split(b"sTaRtTlS"), (Verb::Starttls, 8));
        assert_eq!(split(b"GET / HTTP/1.1").0, Verb::Http);
        assert_eq!(split(b"\rAIL").0, Verb::Unknown);
        assert_eq!(split(b"-OOP").0, Verb::Unknown);
        assert_eq!(split(b"").0, Verb::Unknown);
        assert_eq!(split(b" NOOP").0, Verb::Unknown);
        assert_eq!(split(b"NOOP\tx").0, Verb::Unknown);
    }
}
