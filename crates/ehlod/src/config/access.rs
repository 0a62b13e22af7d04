//! `[access]`: which clients may connect.

use super::Network;
use super::read::elements;
use super::table::Table;
use super::values::{self, choice};

/// Which clients may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Networks whose clients are not looked at any further.
    pub allow: Vec<Network>,
    /// Networks whose clients are refused.
    pub deny: Vec<Network>,
}

/// Reads the section. What is not served yet may stand there switched off.
pub(super) fn read(document: &mut Table<'_, '_>) -> Access {
    let mut table = document.table_or_empty("access");
    let access = Access {
        allow: elements(table.list("allow", values::network), Vec::new()),
        deny: elements(table.list("deny", values::network), Vec::new()),
    };
    table.off("dnsbl", values::empty_list);
    table.value("reverse_dns", choice(&[("off", Some(())), ("exists", None), ("confirmed", None)]));
    table.value("hello", choice(&[("off", Some(())), ("resolves", None), ("matches", None)]));
    table.not_yet("rule");
    table.not_yet("audit");
    table.finish();
    access
}
