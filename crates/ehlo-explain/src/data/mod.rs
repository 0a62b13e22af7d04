//! What is known, as tables.

mod basic;
mod cases;
mod enhanced;
mod policy;
mod security;
mod session;
mod wordings;

use crate::{Act, Lang, Retry};
pub(crate) use wordings::SAID;

/// What a reply means and what to do.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) act: Act,
    pub(crate) retry: Retry,
    // Meaning and remedy.
    en: [&'static str; 2],
    zh: [&'static str; 2],
}

impl Note {
    pub(crate) fn meaning(&self, lang: Lang) -> &'static str {
        self.words(lang)[0]
    }

    pub(crate) fn remedy(&self, lang: Lang) -> &'static str {
        self.words(lang)[1]
    }

    fn words(&self, lang: Lang) -> [&'static str; 2] {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

const fn note(act: Act, retry: Retry, en: [&'static str; 2], zh: [&'static str; 2]) -> Note {
    Note { act, retry, en, zh }
}

/// A row of the catalogue or a field case, which has a name.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: &'static str,
    /// The code, or the classes by first digit.
    pub(crate) when: &'static str,
    /// Whole replies, in the normal form of `words.rs`; `?` is one word or none, `*` any number.
    pub(crate) wordings: &'static [&'static str],
    pub(crate) note: Note,
    pub(crate) source: &'static str,
}

const fn row(
    id: &'static str,
    when: &'static str,
    wordings: &'static [&'static str],
    act: Act,
    retry: Retry,
    en: [&'static str; 2],
    zh: [&'static str; 2],
) -> Known {
    Known { id, when, wordings, note: note(act, retry, en, zh), source: "ehlo: catalogue of replies" }
}

const fn case(
    id: &'static str,
    when: &'static str,
    wordings: &'static [&'static str],
    act: Act,
    retry: Retry,
    en: [&'static str; 2],
    zh: [&'static str; 2],
) -> Known {
    Known { id, when, wordings, note: note(act, retry, en, zh), source: "ehlo: field cases" }
}

/// Every row and every case.
pub(crate) const KNOWN: [&[Known]; 3] = [cases::CASES, session::ROWS, policy::ROWS];

/// A registered enhanced status code, whatever its class.
#[derive(Debug)]
pub(crate) struct Status {
    /// Subject and detail.
    pub(crate) code: (u16, u16),
    pub(crate) note: Note,
    pub(crate) source: &'static str,
}

const fn status(
    code: (u16, u16),
    act: Act,
    retry: Retry,
    source: &'static str,
    en: [&'static str; 2],
    zh: [&'static str; 2],
) -> Status {
    Status { code, note: note(act, retry, en, zh), source }
}

/// What is registered for a subject and a detail; for an unknown detail, what the subject says.
pub(crate) fn status_of(subject: u16, detail: u16) -> Option<&'static Status> {
    let find = |code| enhanced::STATUSES.iter().chain(security::STATUSES).find(|status| status.code == code);
    find((subject, detail)).or_else(|| find((subject, 0)))
}

/// A basic reply code.
#[derive(Debug)]
pub(crate) struct Basic {
    pub(crate) code: u16,
    pub(crate) note: Note,
    pub(crate) source: &'static str,
}

const fn basic(
    code: u16,
    act: Act,
    retry: Retry,
    source: &'static str,
    en: [&'static str; 2],
    zh: [&'static str; 2],
) -> Basic {
    Basic { code, note: note(act, retry, en, zh), source }
}

/// What a code says; for an unknown one, what its first digit says.
pub(crate) fn basic_of(code: u16) -> &'static Basic {
    let [success, temporary, permanent] = &basic::CLASSES;
    basic::CODES.iter().find(|basic| basic.code == code).unwrap_or(match code / 100 {
        4 => temporary,
        5 => permanent,
        _ => success,
    })
}

/// Whether a code is one of those that are told apart by more than the first digit.
pub(crate) fn is_standard(code: u16) -> bool {
    basic::CODES.iter().any(|basic| basic.code == code)
}
