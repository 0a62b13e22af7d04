//! Thousands of keywords at once, in text that comes piece by piece.
//!
//! Keywords and text are compared folded: capital and small letters are alike in every script, as `ß` and `ss` are, every run of white space is
//! one space, and characters that nobody sees are none. A text begins and ends with a space, so that `" word "` stands for a whole word.

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;

/// The keywords of a list.
#[derive(Debug)]
pub(super) struct Keywords {
    words: Vec<String>,
    automaton: NFA,
    start: StateID,
}

impl Keywords {
    /// Makes ready to look for these; `None` where there are none.
    ///
    /// # Errors
    ///
    /// In words: they are too many.
    pub(super) fn new(words: &[String]) -> Result<Option<Self>, String> {
        if words.is_empty() {
            return Ok(None);
        }
        let automaton = NFA::new(words.iter().map(|word| folded(word))).map_err(|error| error.to_string())?;
        let start = automaton.start_state(Anchored::No).map_err(|error| error.to_string())?;
        Ok(Some(Self { words: words.to_vec(), automaton, start }))
    }

    /// Begins a text.
    #[must_use]
    pub(super) fn search(&self) -> Search {
        let mut search = Search { state: self.start, found: None, fold: Fold::default() };
        search.space(self);
        search
    }
}

/// How far a text has been looked through.
#[derive(Clone, Debug)]
pub(super) struct Search {
    state: StateID,
    /// The first keyword found, by its number.
    found: Option<usize>,
    fold: Fold,
}

impl Search {
    /// Looks through more of the text.
    pub(super) fn take(&mut self, keywords: &Keywords, text: &str) {
        if self.found.is_some() {
            return;
        }
        let Self { state, found, fold } = self;
        fold.text(text, |octet| step(keywords, state, found, octet));
    }

    /// What parts words, where the text does not say it.
    pub(super) fn space(&mut self, keywords: &Keywords) {
        self.take(keywords, " ");
    }

    /// The keyword that was found first, as the administrator wrote it.
    #[must_use]
    pub(super) fn found<'k>(&self, keywords: &'k Keywords) -> Option<&'k str> {
        keywords.words.get(self.found?).map(String::as_str)
    }
}

fn step(keywords: &Keywords, state: &mut StateID, found: &mut Option<usize>, octet: u8) {
    let automaton = &keywords.automaton;
    *state = automaton.next_state(Anchored::No, *state, octet);
    if automaton.is_special(*state) && automaton.is_match(*state) && found.is_none() {
        *found = Some(automaton.match_pattern(*state, 0).as_usize());
    }
}

/// A text as it is compared.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    Fold::default().text(text, |octet| octets.push(octet));
    String::from_utf8_lossy(&octets).into_owned()
}

#[derive(Clone, Debug, Default)]
struct Fold {
    after_space: bool,
}

impl Fold {
    fn text(&mut self, text: &str, mut put: impl FnMut(u8)) {
        for c in text.chars() {
            if c.is_whitespace() {
                if !self.after_space {
                    put(b' ');
                }
                self.after_space = true;
                continue;
            }
            if is_unseen(c) {
                continue;
            }
            self.after_space = false;
            if c.is_ascii() {
                put(c.to_ascii_lowercase() as u8);
                continue;
            }
            // By way of the capitals letters come together that have the same ones: σ and ς, ß and ss.
            for small in c.to_uppercase().flat_map(char::to_lowercase) {
                small.encode_utf8(&mut [0; 4]).bytes().for_each(&mut put);
            }
        }
    }
}

/// Characters without a width, and the hyphen that only shows where a line is broken: they part words for nobody but a filter.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\0'..='\u{1f}' | '\u{7f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Option<String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let keywords = Keywords::new(&words).unwrap().unwrap();
        let mut whole = keywords.search();
        whole.take(&keywords, text);
        whole.space(&keywords);
        let mut bit_by_bit = keywords.search();
        text.chars().for_each(|c| bit_by_bit.take(&keywords, c.encode_utf8(&mut [0; 4])));
        bit_by_bit.space(&keywords);
        assert_eq!(whole.found(&keywords), bit_by_bit.found(&keywords));
        whole.found(&keywords).map(str::to_owned)
    }

    #[test]
    fn the_first_keyword_is_found_whatever_its_letters() {
        assert_eq!(
            found(&["Free Money", "lottery"], "get free\r\n  MONEY in the Lottery").as_deref(),
            Some("Free Money")
        );
        assert_eq!(found(&["lottery", "Free Money"], "no such thing"), None);
        assert_eq!(found(&["STRASSE"], "in der Straße").as_deref(), Some("STRASSE"));
        assert_eq!(found(&["ΣΊΣΥΦΟΣ"], "ο Σίσυφος").as_deref(), Some("ΣΊΣΥΦΟΣ"));
        assert_eq!(found(&["发票"], "代开发票,请联系").as_deref(), Some("发票"));
        assert_eq!(found(&["viagra"], "v\u{200b}i\u{ad}agra").as_deref(), Some("viagra"));
    }

    #[test]
    fn spaces_around_a_keyword_want_a_whole_word() {
        for (text, is_there) in [("class", false), ("an ass", true), ("ass", true), ("ass-", false), ("assent", false)]
        {
            assert_eq!(found(&[" ass "], text).is_some(), is_there, "{text}");
        }
    }

    #[test]
    fn thousands_of_keywords() {
        let words: Vec<String> = (0..5000).map(|number| format!("keyword number {number}.")).collect();
        let keywords = Keywords::new(&words).unwrap().unwrap();
        let mut search = keywords.search();
        search.take(&keywords, "Keyword number 5001. Keyword  number\t4711.");
        assert_eq!(search.found(&keywords), Some("keyword number 4711."));
        assert!(Keywords::new(&[]).unwrap().is_none());
    }
}
