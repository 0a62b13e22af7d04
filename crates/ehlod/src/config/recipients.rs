//! `[recipients]`: who may not be a recipient.

use super::read::elements;
use super::table::Table;
use super::values;
use crate::pattern::Pattern;

/// Who may not be a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Addresses that are on the administrator's list, here or elsewhere.
    pub deny: Vec<Pattern>,
    /// Addresses that are no mailboxes here, whatever account or catch-all would have them.
    pub not_allowed: Vec<Pattern>,
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>) -> Recipients {
    let mut table = document.table_or_empty("recipients");
    let recipients = Recipients {
        deny: elements(table.list("deny", values::pattern), Vec::new()),
        not_allowed: elements(table.list("not_allowed", values::pattern), Vec::new()),
    };
    table.finish();
    recipients
}
