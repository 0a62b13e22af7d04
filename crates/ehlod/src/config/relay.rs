//! `[relay]`: mail for recipients elsewhere.

use super::Network;
use super::next_hop::{self, HopAddress};
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
    /// Where it is passed on to; nowhere without one.
    pub next_hop: Option<HopAddress>,
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>) -> Relay {
    let mut table = document.table_or_empty("relay");
    let relay = Relay {
        clients: elements(table.list("clients", values::network), Vec::new()),
        senders: elements(table.list("senders", values::pattern), Vec::new()),
        to: elements(table.list("to", values::domain), Vec::new()),
        next_hop: table.or("next_hop", None, next_hop::address),
    };
    table.finish();
    relay
}
