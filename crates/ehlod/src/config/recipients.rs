//! `[recipients]`: who may not be a recipient.

use super::read::elements;
use super::table::Table;
use super::values;
use crate::pattern::Pattern;
use toml::de::DeValue;

/// Who may not be a recipient, and what a recipient may be called besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    /// Addresses that are on the administrator's list, here or elsewhere.
    pub deny: Vec<Pattern>,
    /// Addresses that are no mailboxes here, whatever account or catch-all would have them.
    pub not_allowed: Vec<Pattern>,
    /// What parts a local part from what its user has put behind it, as in `alice+news` (RFC 5233).
    pub subaddress: Option<char>,
}

impl Default for Recipients {
    fn default() -> Self {
        Self { deny: Vec::new(), not_allowed: Vec::new(), subaddress: Some('+') }
    }
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>) -> Recipients {
    let mut table = document.table_or_empty("recipients");
    let recipients = Recipients {
        deny: elements(table.list("deny", values::pattern), Vec::new()),
        not_allowed: elements(table.list("not_allowed", values::pattern), Vec::new()),
        subaddress: table.or("subaddress", Some('+'), separator),
    };
    table.finish();
    recipients
}

/// One character that a local part may hold without quotes, or none at all.
fn separator(value: &DeValue<'_>) -> Result<Option<char>, String> {
    let text = values::text(value)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => Ok(None),
        (Some(c), None) if "+-_=#".contains(c) => Ok(Some(c)),
        _ => Err(format!("{text:?} is not a separator (\"+\", \"-\", \"_\", \"=\", \"#\", or \"\" for none)")),
    }
}
