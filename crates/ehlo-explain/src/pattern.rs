//! Patterns over words: what a server wrote, with gaps. Matching is linear in the text.

use crate::words::words;

/// More elements than this a pattern cannot have: a state is a bit.
const MOST: usize = 63;

enum Element {
    Word(String),
    /// One word or none.
    Maybe,
    /// Any number of words.
    Any,
}

/// A wording with gaps.
pub(crate) struct Pattern {
    elements: Vec<Element>,
    /// Whether the pattern has to be all of the text.
    whole: bool,
}

impl Pattern {
    pub(crate) fn new(wording: &str, whole: bool) -> Self {
        let mut elements = Vec::new();
        for part in wording.split_whitespace() {
            match part {
                "?" => elements.push(Element::Maybe),
                "*" => elements.push(Element::Any),
                part => elements.extend(words(part).into_iter().map(Element::Word)),
            }
        }
        elements.truncate(MOST);
        Self { elements, whole }
    }

    /// How many words it names: the more, the more it says.
    pub(crate) fn weight(&self) -> usize {
        self.named().count()
    }

    /// The longest word, without which it cannot match.
    pub(crate) fn key(&self) -> &str {
        self.named().max_by_key(|word| word.len()).unwrap_or_default()
    }

    fn named(&self) -> impl Iterator<Item = &str> {
        self.elements.iter().filter_map(|element| match element {
            Element::Word(word) => Some(word.as_str()),
            _ => None,
        })
    }

    /// Whether the words match. All states are followed at once, a bit each, so no text makes it go back.
    pub(crate) fn matches(&self, text: &[String]) -> bool {
        let last = 1_u64 << self.elements.len();
        let begin = self.past_gaps(1);
        let mut states = begin;
        for word in text {
            if !self.whole && states & last != 0 {
                return true;
            }
            let mut next = if self.whole { 0 } else { 1 };
            for (at, element) in self.elements.iter().enumerate() {
                let state = 1_u64 << at;
                if states & state == 0 {
                    continue;
                }
                next |= match element {
                    Element::Word(wanted) if wanted == word => state << 1,
                    Element::Word(_) => 0,
                    Element::Maybe => state << 1,
                    Element::Any => state,
                };
            }
            states = self.past_gaps(next);
        }
        states & last != 0
    }

    /// The states that are reached from some without a word.
    fn past_gaps(&self, mut states: u64) -> u64 {
        for (at, element) in self.elements.iter().enumerate() {
            if !matches!(element, Element::Word(_)) && states & (1 << at) != 0 {
                states |= 1 << (at + 1);
            }
        }
        states
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps() {
        let whole = |pattern, text: &str| Pattern::new(pattern, true).matches(&words(text));
        assert!(whole("a b", "a b") && !whole("a b", "a") && !whole("a b", "a b c") && !whole("a b", "x a b"));
        assert!(whole("a ? b", "a b") && whole("a ? b", "a x b") && !whole("a ? b", "a x y b"));
        assert!(whole("a *", "a") && whole("a *", "a x y") && whole("a * b", "a b b") && !whole("a * b", "a b x"));
        assert!(whole("? a", "a") && whole("? a", "x a") && !whole("", "a"));
        let part = |pattern, text: &str| Pattern::new(pattern, false).matches(&words(text));
        assert!(part("a b", "x a a b y") && part("a * c", "a x c") && !part("a b", "a x b") && part("b", "a b"));
        assert_eq!(Pattern::new("is ? full", true).key(), "full");
        assert_eq!(Pattern::new("is ? full", true).weight(), 2);
    }
}
