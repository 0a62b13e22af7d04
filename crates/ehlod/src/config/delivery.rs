//! `[delivery]`: where accepted mail goes.

use super::next_hop::{self, HopAddress};
use super::table::Table;
use super::values::{self, boolean, choice};
use std::path::{Path, PathBuf};

/// Where accepted mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryConfig {
    /// Into Maildirs.
    Maildir {
        /// The directory they are in.
        path: PathBuf,
        /// Whether a message is on stable storage before it is answered for.
        sync: bool,
    },
    /// To another server, before it is answered for.
    NextHop(HopAddress),
    /// Nowhere.
    Discard,
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>, base: &Path) -> DeliveryConfig {
    #[derive(Clone, Copy)]
    enum Kind {
        Maildir,
        NextHop,
        Discard,
    }
    let mut table = document.table_or_empty("delivery");
    let kinds = [("maildir", Kind::Maildir), ("discard", Kind::Discard), ("next_hop", Kind::NextHop)];
    let kind = table.value("kind", choice(&kinds));
    let path = table.value("path", values::name);
    let sync = table.or("sync", true, boolean);
    let next_hop = table.or("next_hop", None, next_hop::address);
    let directory = base.join(path.as_ref().map_or("mail", |found| &found.value));
    if directory.exists() && !directory.is_dir() {
        table.error(path.map_or(table.at(), |found| found.at), "path", "is not a directory");
    }
    let at = kind.as_ref().map_or(table.at(), |found| found.at);
    let delivery = match (kind.map_or(Kind::Maildir, |found| found.value), next_hop) {
        (Kind::Maildir, _) => DeliveryConfig::Maildir { path: directory, sync },
        (Kind::NextHop, Some(next_hop)) => DeliveryConfig::NextHop(next_hop),
        (Kind::NextHop, None) => {
            table.error(at, "kind", "needs a next hop (set delivery.next_hop)");
            DeliveryConfig::Discard
        }
        (Kind::Discard, _) => DeliveryConfig::Discard,
    };
    table.finish();
    delivery
}
