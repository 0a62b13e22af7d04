//! Looking through the embedded store, and forgetting what is in it.
//!
//! It is looked through in pieces, so that neither memory nor the store is held for long, however much there is.

use super::embedded::{RECORDS, get};
use super::entry::{Entry, Query};
use super::record::{EVENT, Record, now};
use super::{Kind, key};
use redb::{Database, ReadableDatabase as _, TableError};

/// So many keys are looked at, or removed, in one piece.
const PIECE: usize = 2000;

/// A way through the entries that are meant.
#[derive(Debug)]
pub(super) struct Walk<'q> {
    query: &'q Query,
    /// How many kinds, or names of one kind, are done.
    kind: usize,
    /// The key behind which it goes on.
    after: String,
}

impl<'q> Walk<'q> {
    pub(super) fn new(query: &'q Query) -> Self {
        Self { query, kind: 0, after: String::new() }
    }

    /// The next piece, which may be empty; `None` at the end.
    pub(super) fn next(&mut self, database: &Database) -> Result<Option<Vec<Entry>>, redb::Error> {
        let Some(kind) = self.query.kinds.get(self.kind).copied() else { return Ok(None) };
        let table = match database.begin_read()?.open_table(RECORDS) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let now = now();
        let mut found = Vec::new();
        let mut take = |name: &str, record: Record| {
            if record.lives(now) && self.query.fits(name) {
                found.push(Entry::new(kind, name, record, record.level as f64 / EVENT as f64));
            }
        };
        if !self.query.names.is_empty() {
            for name in &self.query.names {
                if let Some(record) = get(&table, &key(kind, name))? {
                    take(name, record);
                }
            }
            self.kind += 1;
            return Ok(Some(found));
        }
        let first = key(kind, "");
        // Names follow the space behind the prefix: `!` is the next octet.
        let end = format!("{}!", kind.prefix());
        let start = if self.after.is_empty() { first.clone() } else { format!("{}\0", self.after) };
        let mut seen = 0;
        for entry in table.range(start.as_str()..end.as_str())?.take(PIECE) {
            let (key, value) = entry?;
            let (expires, since, level) = value.value();
            let name = key.value().strip_prefix(first.as_str()).unwrap_or_default();
            take(name, Record { expires, since, level });
            seen += 1;
            if seen == PIECE {
                self.after = key.value().to_owned();
            }
        }
        if seen < PIECE {
            self.kind += 1;
            self.after.clear();
        }
        Ok(Some(found))
    }
}

/// Forgets entries, and has that on stable storage; how many there were.
pub(super) fn forget(database: &Database, entries: &[Entry]) -> Result<u64, redb::Error> {
    let transaction = database.begin_write()?;
    let mut count = 0;
    {
        let mut table = transaction.open_table(RECORDS)?;
        for Entry { kind, name, .. } in entries {
            count += u64::from(table.remove(key(*kind, name).as_str())?.is_some());
        }
    }
    transaction.commit()?;
    Ok(count)
}

impl Kind {
    /// Whether something is counted.
    pub(super) const fn is_counted(self) -> bool {
        matches!(self, Self::RecipientRate | Self::ClientRate | Self::ClientFailures | Self::SenderFailures)
    }
}
