//! `[relay]`: mail for recipients elsewhere.

use super::Network;
use super::read::elements;
use super::table::Table;
use super::values;
use crate::pattern::Pattern;

/// Who may have mail passed on to recipients elsewhere. Whoever has logged in may in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    /// Clients that may.
    pub clients: Vec<Network>,
    /// The only senders for which it is done; none of them for all.
    pub senders: Vec<Pattern>,
    /// The only domains to which it is done, in ASCII lower case; none of them for all.
    pub to: Vec<String>,
}

/// Reads the section. What is not served yet may stand there switched off.
pub(super) fn read(document: &mut Table<'_, '_>) -> Relay {
    let mut table = document.table_or_empty("relay");
    let relay = Relay {
        clients: elements(table.list("clients", values::network), Vec::new()),
        senders: elements(table.list("senders", values::pattern), Vec::new()),
        to: elements(table.list("to", values::domain), Vec::new()),
    };
    table.off("next_hop", values::empty_text);
    table.finish();
    relay
}
