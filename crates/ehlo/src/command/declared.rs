//! What nearly every MAIL declares: the size of its message, and what it is made of.

use super::mail::{Body, Mail};
use super::parameters::Xtext;
#[cfg(target_pointer_width = "64")]
use crate::config::Extensions;

/// The parameters of MAIL whose meaning is kept while a decision is pending.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Declared<'l> {
    pub(crate) size: Option<u64>,
    pub(crate) body: Option<Body>,
    pub(crate) smtputf8: bool,
    #[cfg_attr(feature = "extensions", expect(dead_code, reason = "it is read again"))]
    pub(crate) auth: Option<Xtext<'l>>,
}

impl<'l> Declared<'l> {
    /// Those of a command.
    pub(crate) const fn of(mail: &Mail<'l>) -> Self {
        Self { size: mail.size, body: mail.body, smtputf8: mail.smtputf8, auth: mail.auth }
    }

    /// Reads parameters where there are none but SIZE, BODY and SMTPUTF8, each in force and written as most clients write it; `None` where
    /// anything is otherwise, right or wrong. (By the way that knows all parameters a MAIL with SIZE and BODY takes 490 instructions more. A
    /// small processor has less room for code.)
    #[cfg(target_pointer_width = "64")]
    pub(crate) fn usual(parameters: &'l [u8], in_force: Extensions) -> Option<Self> {
        let mut declared = Self::default();
        let mut rest = parameters;
        while !rest.is_empty() {
            rest = if let Some(behind) = rest.strip_prefix(b" SIZE=") {
                let (size, behind) = size(behind)?;
                let first = declared.size.replace(size).is_none();
                Some(behind).filter(|_| first && in_force.contains(Extensions::SIZE))
            } else if let Some(behind) = rest.strip_prefix(b" BODY=8BITMIME") {
                let first = declared.body.replace(Body::EightBitMime).is_none();
                Some(behind).filter(|_| first && in_force.contains(Extensions::EIGHTBITMIME))
            } else if let Some(behind) = rest.strip_prefix(b" SMTPUTF8") {
                let first = !core::mem::replace(&mut declared.smtputf8, true);
                Some(behind).filter(|_| first && in_force.contains(Extensions::SMTPUTF8))
            } else {
                None
            }?;
        }
        Some(declared)
    }
}

/// The digits at the start as a number, and what is behind them; `None` where there are none, or more than surely fit.
#[cfg(target_pointer_width = "64")]
fn size(digits: &[u8]) -> Option<(u64, &[u8])> {
    let (mut size, mut rest) = (0_u64, digits);
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        size = size.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
        rest = behind;
    }
    matches!(digits.len().wrapping_sub(rest.len()), 1..=19).then_some((size, rest))
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    extern crate std;
    use super::super::mail::{InForce, mail_parameters};
    use super::super::path::ReversePath;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn read(parameters: &str, in_force: InForce) -> Option<Declared<'_>> {
        let mut mail = Mail::new(ReversePath::Null);
        let rare = mail_parameters(&mut mail, parameters.as_bytes(), false, in_force).ok()?;
        (!rare).then(|| Declared::of(&mail))
    }

    #[test]
    fn the_short_way_takes_nothing_that_the_long_way_does_not_and_means_the_same() {
        let words = [
            " SIZE=1",
            " SIZE=",
            " SIZE=0",
            " SIZE=99999999999999999999",
            " SIZE=9999999999999999999",
            " size=1",
            " SIZE=1x",
            " BODY=8BITMIME",
            " BODY=8BITMIMEX",
            " BODY=7BIT",
            " SMTPUTF8",
            " SMTPUTF8=",
            " SMTPUTF88",
            " AUTH=<>",
            " ",
        ];
        let mut texts: Vec<String> = words.map(String::from).to_vec();
        for length in [words.len(), words.len() * words.len()] {
            let longer = |text: &String| words.map(|word| std::format!("{text}{word}"));
            texts.extend(texts.iter().rev().take(length).flat_map(longer).collect::<Vec<_>>());
        }
        let mut taken = 0;
        for in_force in [InForce::ALL, InForce::NOTHING, InForce { extensions: Extensions::SIZE, ..InForce::NOTHING }] {
            // Miri is slow, and the first have all there is to see.
            for parameters in texts.iter().take(if cfg!(miri) { 240 } else { usize::MAX }) {
                let Some(usual) = Declared::usual(parameters.as_bytes(), in_force.extensions) else { continue };
                let read = read(parameters, in_force).unwrap_or_else(|| panic!("{parameters} is not taken"));
                assert_eq!((usual.size, usual.body, usual.smtputf8), (read.size, read.body, read.smtputf8));
                taken += 1;
            }
        }
        assert!(taken > 20, "{taken}");
    }
}
