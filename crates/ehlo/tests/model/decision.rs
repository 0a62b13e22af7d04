//! What the application decides.

use proptest::prelude::*;
use proptest::sample::select;

#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// It is left pending first, for so many milliseconds.
    pub delay: Option<u32>,
    pub answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accept,
    /// Another way to say yes, where there is one.
    Otherwise,
    /// Yes, and the user lives elsewhere.
    Forward,
    Refuse(Refusal),
    Drop,
}

/// A code, an enhanced status code but for its class, a text.
pub type Refusal = (u16, (u16, u16), &'static str);

impl Decision {
    pub const ACCEPT: Self = Self { delay: None, answer: Answer::Accept };
}

const REFUSALS: &[Refusal] = &[
    (550, (7, 1), "No"),
    (450, (2, 1), "Not now"),
    (421, (3, 2), "Enough"),
    (521, (7, 1), "No mail"),
    (535, (7, 8), "Wrong"),
    (454, (7, 0), "Back end"),
    // A refusal that says yes.
    (250, (0, 0), "Yes"),
];

/// An application that lets a client in, and then always says the same.
pub fn stubborn() -> impl Strategy<Value = Vec<Decision>> {
    select(REFUSALS).prop_map(|refusal| {
        let refusal = Decision { delay: None, answer: Answer::Refuse(refusal) };
        [vec![Decision::ACCEPT; 2], vec![refusal; 40]].concat()
    })
}

pub fn decision() -> impl Strategy<Value = Decision> {
    let answer = prop_oneof![
        40 => Just(Answer::Accept),
        3 => Just(Answer::Otherwise),
        2 => Just(Answer::Forward),
        4 => select(REFUSALS).prop_map(Answer::Refuse),
        1 => Just(Answer::Drop),
    ];
    let delay =
        prop_oneof![40 => Just(None), 3 => (0..10_000_u32).prop_map(Some), 1 => (0..400_000_u32).prop_map(Some)];
    (delay, answer).prop_map(|(delay, answer)| Decision { delay, answer })
}
