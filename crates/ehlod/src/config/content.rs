//! `[content]`: what a message may not be, or hold.

use super::Address;
use super::read::elements;
use super::table::Table;
use super::values::{self, choice, timeout};
use crate::content::folded;
use std::time::Duration;
use toml::de::DeValue;

/// The longest keyword, in octets of UTF-8. It stands in a reply.
const LONGEST: usize = 200;
/// The most keywords in one list.
const MOST: usize = 20_000;

/// What is looked for in messages. By default nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentConfig {
    /// What becomes of messages that do not conform to RFC 5322 and MIME.
    pub conformance: Conformance,
    /// What may not stand in the text.
    pub keywords: Vec<String>,
    /// What may not stand in the Subject.
    pub subject_keywords: Vec<String>,
    /// Whether Office documents with macros are refused.
    pub refuse_macros: bool,
    /// Where the virus scanner listens, if there is one.
    pub clamd: Option<Address>,
    /// Whether a message is taken that the scanner could not look at.
    pub unscanned: Unscanned,
    /// How long the scanner may take for a message, in all.
    pub clamd_timeout: Duration,
}

impl Default for ContentConfig {
    fn default() -> Self {
        Self {
            conformance: Conformance::Off,
            keywords: Vec::new(),
            subject_keywords: Vec::new(),
            refuse_macros: false,
            clamd: None,
            unscanned: Unscanned::Defer,
            clamd_timeout: Duration::from_secs(120),
        }
    }
}

/// What becomes of messages that do not conform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conformance {
    /// They are not looked at.
    Off,
    /// They are refused for the moment, by `451`.
    Defer,
    /// They are refused for good, by `550`.
    Refuse,
}

/// What becomes of messages that the scanner could not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unscanned {
    /// They are refused for the moment, by `451`.
    Defer,
    /// They are taken.
    Accept,
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>) -> ContentConfig {
    let mut table = document.table_or_empty("content");
    let default = ContentConfig::default();
    let conformance =
        choice(&[("off", Conformance::Off), ("defer", Conformance::Defer), ("refuse", Conformance::Refuse)]);
    let macros = choice(&[("allow", false), ("refuse", true)]);
    let unscanned = choice(&[("defer", Unscanned::Defer), ("accept", Unscanned::Accept)]);
    let content = ContentConfig {
        conformance: table.or("conformance", default.conformance, conformance),
        keywords: keywords(&mut table, "keywords"),
        subject_keywords: keywords(&mut table, "subject_keywords"),
        refuse_macros: table.or("macros", default.refuse_macros, macros),
        clamd: table.or("clamd", None, clamd),
        unscanned: table.or("clamd_failure", default.unscanned, unscanned),
        clamd_timeout: table.or("clamd_timeout", default.clamd_timeout, timeout),
    };
    table.finish();
    content
}

fn keywords(table: &mut Table<'_, '_>, key: &'static str) -> Vec<String> {
    let list = table.list(key, keyword);
    if let Some(found) = list.as_ref().filter(|found| found.value.len() > MOST) {
        table.error(found.at, key, format!("more than {MOST} keywords"));
    }
    elements(list, Vec::new())
}

fn keyword(value: &DeValue<'_>) -> Result<String, String> {
    let keyword = values::text(value)?;
    if folded(&keyword).trim().is_empty() {
        return Err(format!("{keyword:?} would stand in every message"));
    }
    if keyword.len() > LONGEST || keyword.contains(char::is_control) {
        return Err(format!("{keyword:?} is no keyword ({LONGEST} octets at the most, and no control characters)"));
    }
    Ok(keyword)
}

fn clamd(value: &DeValue<'_>) -> Result<Option<Address>, String> {
    match values::empty_text(value)? {
        true => Ok(None),
        false => values::text(value)?.parse().map(Some),
    }
}
