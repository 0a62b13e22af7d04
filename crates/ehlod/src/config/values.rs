//! Readers of single values: each takes a TOML value, and gives what it means or says what is wrong with it.

use super::table::expected;
use super::units::{self, Network};
use crate::mailbox::{Mailbox, is_domain};
use crate::pattern::Pattern;
use ehlo::Mechanism;
use std::time::Duration;
use toml::de::DeValue;

type Read<T> = Result<T, String>;

/// Times are kept in 32 bits of milliseconds further in: 49 days.
const LONGEST: Duration = Duration::from_millis(u32::MAX as u64);

fn str<'v>(value: &'v DeValue<'_>) -> Read<&'v str> {
    value.as_str().ok_or_else(|| expected("a string", value))
}

pub(crate) fn text(value: &DeValue<'_>) -> Read<String> {
    str(value).map(str::to_owned)
}

/// A text that says something: not the empty one.
pub(crate) fn name(value: &DeValue<'_>) -> Read<String> {
    match str(value)? {
        "" => Err("must not be empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

pub(crate) fn boolean(value: &DeValue<'_>) -> Read<bool> {
    value.as_bool().ok_or_else(|| expected("true or false", value))
}

/// A number from 1 up.
pub(crate) fn count(value: &DeValue<'_>) -> Read<u32> {
    let integer = value.as_integer().ok_or_else(|| expected("an integer", value))?;
    match i128::from_str_radix(integer.as_str(), integer.radix()).ok() {
        Some(0) => Err("must not be zero".to_owned()),
        Some(number) => u32::try_from(number).map_err(|_| format!("{integer} is out of range (1 to {})", u32::MAX)),
        None => Err(format!("{integer} is out of range (1 to {})", u32::MAX)),
    }
}

/// A size in octets; zero means something here.
pub(crate) fn reserve(value: &DeValue<'_>) -> Read<u64> {
    match value {
        DeValue::String(text) => units::parse_size(text),
        DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| format!("{integer} is out of range (0 to {})", u64::MAX)),
        other => Err(format!("{} (for instance \"25 MiB\")", expected("a size", other))),
    }
}

/// A size in octets, from 1 up.
pub(crate) fn size(value: &DeValue<'_>) -> Read<u64> {
    match reserve(value)? {
        0 => Err("must not be zero".to_owned()),
        size => Ok(size),
    }
}

/// A time that may be zero.
pub(crate) fn delay(value: &DeValue<'_>) -> Read<Duration> {
    let DeValue::String(text) = value else {
        return Err(format!("{} (for instance \"30s\" or \"5m\")", expected("a time", value)));
    };
    let time = units::parse_duration(text)?;
    if time > LONGEST { Err(format!("{text:?} is too long (49 days at the most)")) } else { Ok(time) }
}

/// A time above zero.
pub(crate) fn timeout(value: &DeValue<'_>) -> Read<Duration> {
    match delay(value)? {
        Duration::ZERO => Err("must not be zero".to_owned()),
        time => Ok(time),
    }
}

pub(crate) fn network(value: &DeValue<'_>) -> Read<Network> {
    str(value)?.parse()
}

/// A domain; U-labels and A-labels are different names here.
pub(crate) fn domain(value: &DeValue<'_>) -> Read<String> {
    match str(value)? {
        text if is_domain(text) => Ok(text.to_ascii_lowercase()),
        text => Err(format!("{text:?} is not a domain (for instance \"example.com\")")),
    }
}

/// The name the server gives itself, which every client has to understand: a domain in ASCII.
pub(crate) fn hostname(value: &DeValue<'_>) -> Read<String> {
    match str(value)? {
        text if is_domain(text) && text.is_ascii() => Ok(text.to_owned()),
        text => Err(format!("{text:?} is not a host name (for instance \"mx.example.com\")")),
    }
}

/// An address for a reply line: printable ASCII, and short enough for the line.
pub(crate) fn url(value: &DeValue<'_>) -> Read<String> {
    match str(value)? {
        "" => Err("must not be empty".to_owned()),
        text if text.len() > 400 => Err("is too long for a reply (400 octets at the most)".to_owned()),
        text if text.bytes().all(|octet| octet.is_ascii_graphic()) => Ok(text.to_owned()),
        text => Err(format!("{text:?} is not an URL (printable ASCII without spaces)")),
    }
}

pub(crate) fn mailbox(value: &DeValue<'_>) -> Read<Mailbox> {
    str(value)?.parse()
}

pub(crate) fn pattern(value: &DeValue<'_>) -> Read<Pattern> {
    str(value)?.parse()
}

/// A SASL mechanism, by its name in capitals.
pub(crate) fn mechanism(value: &DeValue<'_>) -> Read<Mechanism> {
    let text = str(value)?;
    text.parse().map_err(|_| {
        let known: Vec<_> = Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
        format!("unknown mechanism {text:?} ({})", either(&known))
    })
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| {
        let text = str(value)?;
        words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("unknown value {text:?} ({})", either(&known))
        })
    }
}

/// "a, b or c".
fn either(words: &[&str]) -> String {
    match words {
        [first @ .., before, last] => {
            let first: String = first.iter().flat_map(|word| [word, ", "]).collect();
            format!("{first}{before} or {last}")
        }
        words => words.concat(),
    }
}

/// Whether a value is the empty string.
pub(crate) fn empty_text(value: &DeValue<'_>) -> Read<bool> {
    str(value).map(str::is_empty)
}
