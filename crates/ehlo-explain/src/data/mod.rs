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
    pub(crate) fault: Act,
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

    /// The same where the cause lies elsewhere than with whoever has to act.
    const fn at_fault(mut self, fault: Act) -> Self {
        self.fault = fault;
        self
    }

    fn words(&self, lang: Lang) -> [&'static str; 2] {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

const fn note(act: Act, retry: Retry, en: [&'static str; 2], zh: [&'static str; 2]) -> Note {
    Note { act, fault: act, retry, en, zh }
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

impl Known {
    /// The same where the cause lies elsewhere than with whoever has to act.
    const fn at_fault(mut self, fault: Act) -> Self {
        self.note.fault = fault;
        self
    }
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

impl Status {
    /// The same where the cause lies elsewhere than with whoever has to act.
    const fn at_fault(mut self, fault: Act) -> Self {
        self.note.fault = fault;
        self
    }
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

impl Basic {
    /// The same where the cause lies elsewhere than with whoever has to act.
    const fn at_fault(mut self, fault: Act) -> Self {
        self.note.fault = fault;
        self
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;
    use crate::words::words;
    use std::collections::HashSet;

    /// The registry of enhanced status codes, by subject: the last detail of each.
    #[test]
    fn every_registered_code() {
        let last = [(0, 0), (1, 10), (2, 4), (3, 6), (4, 7), (5, 6), (6, 10), (7, 30)];
        let mut count = 0;
        for (subject, last) in last {
            for detail in 0..=last {
                assert_eq!(status_of(subject, detail).unwrap().code, (subject, detail));
                count += 1;
            }
        }
        assert_eq!(count, enhanced::STATUSES.len() + security::STATUSES.len());
    }

    #[test]
    fn every_note_is_in_both_languages() {
        let known = KNOWN.into_iter().flatten().map(|known| &known.note);
        let said = SAID.into_iter().flatten().map(|said| said.note);
        let statuses = enhanced::STATUSES.iter().chain(security::STATUSES).map(|status| &status.note);
        let basics = basic::CODES.iter().chain(&basic::CLASSES).map(|basic| &basic.note);
        for note in known.chain(said).chain(statuses).chain(basics) {
            for text in note.en {
                assert!(text.ends_with('.') && text.is_ascii(), "{text}");
            }
            for text in note.zh {
                let han = text.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count();
                assert!(text.ends_with('。') && han >= 3, "{text}");
            }
        }
    }

    /// Each wording is in the normal form: what a server writes comes down to its words, and none of them falls out.
    #[test]
    fn every_wording_is_in_normal_form() {
        let known = KNOWN.into_iter().flatten().flat_map(|known| known.wordings);
        let said = SAID.into_iter().flatten().flat_map(|said| said.wordings);
        let is_normal = |wording: &&&str| {
            let plain: Vec<&str> = wording.split_whitespace().filter(|part| !matches!(*part, "?" | "*")).collect();
            let spelt = plain.iter().flat_map(|part| words(part)).collect::<Vec<_>>();
            // A word for each character in Chinese.
            let is_spelt = !wording.is_ascii() || spelt == words(&plain.join(" ")) && spelt == plain;
            !spelt.is_empty() && !Pattern::new(wording, true).key().is_empty() && is_spelt
        };
        let wrong: Vec<_> = known.chain(said).filter(|wording| !is_normal(wording)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn names_are_given_once() {
        let mut seen = HashSet::new();
        assert!(KNOWN.into_iter().flatten().all(|known| seen.insert(known.id)));
    }
}
