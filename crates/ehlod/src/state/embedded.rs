//! The embedded store: one file, one thread that writes.
//!
//! Changes that come while the thread writes are written together, with one sync for all of them. What must survive a crash is answered
//! after that sync; rates are answered at once, and written within a second.

use super::record::{Change, Outcome, Record, now};
use super::{Kind, Unavailable, key};
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition};
use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So many things are remembered at the most.
pub(super) const ENTRIES: u64 = 10_000_000;

/// So many changes may wait for the thread; past that the store is unavailable.
const WAITING: usize = 4096;

/// So many changes are written together.
const TOGETHER: usize = 1000;

/// For so long a change that nobody waits for may lie unwritten.
const LAZY: Duration = Duration::from_secs(1);

/// After each writing so many entries are looked at, and dropped where they have expired: more than can have come in.
const SWEPT: usize = 2 * TOGETHER;

/// Key to: when it is forgotten, since when, and how much.
const RECORDS: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("records");

/// An open store.
pub struct Embedded {
    database: Arc<Database>,
    /// `None` only while it is being closed.
    jobs: Option<SyncSender<Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}

/// A change that somebody waits for.
struct Job {
    key: String,
    kind: Kind,
    change: Change,
    told: oneshot::Sender<Outcome>,
}

impl Embedded {
    /// Opens the store in a directory, which is made where it is not there. Blocks.
    pub(super) fn open(directory: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        let database = Database::create(directory.join("state.redb")).map_err(|error| error.to_string())?;
        let database = Arc::new(database);
        // From here on the table is there to be read.
        let begun = write(&database, |_| Ok(()));
        begun.map_err(|error| error.to_string())?;
        let (jobs, waiting) = sync_channel(WAITING);
        let own = Arc::clone(&database);
        let writer = thread::Builder::new().name("state".to_owned()).spawn(move || Writer::new(own).run(&waiting));
        let writer = writer.map_err(|error| error.to_string())?;
        Ok(Self { database, jobs: Some(jobs), writer: Mutex::new(Some(writer)) })
    }

    /// Changes what is remembered of something.
    ///
    /// # Errors
    ///
    /// Where it could not be stored.
    pub async fn change(&self, kind: Kind, name: &str, change: Change) -> Result<Outcome, Unavailable> {
        let (told, outcome) = oneshot::channel();
        let job = Job { key: key(kind, name), kind, change, told };
        self.jobs.as_ref().ok_or(Unavailable)?.try_send(job).map_err(|_| Unavailable)?;
        outcome.await.map_err(|_| Unavailable)
    }

    /// Whether something is on a list.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn is_listed(&self, kind: Kind, name: &str) -> Result<bool, Unavailable> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(RECORDS)?;
            Ok(get(&table, &key(kind, name))?)
        };
        match read() {
            Ok(record) => Ok(record.is_some_and(|record| record.lives(now()))),
            Err(error) => {
                tracing::error!(%error, "the state cannot be read");
                Err(Unavailable)
            }
        }
    }
}

/// Waits until everything is written.
impl Drop for Embedded {
    fn drop(&mut self) {
        self.jobs = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

fn get(
    table: &impl ReadableTable<&'static str, (u64, u64, u64)>,
    key: &str,
) -> Result<Option<Record>, redb::StorageError> {
    let found = table.get(key)?;
    Ok(found.map(|found| {
        let (expires, since, level) = found.value();
        Record { expires, since, level }
    }))
}

/// Does something to the table, and has it on stable storage.
fn write<T>(
    database: &Database,
    what: impl FnOnce(&mut Table<'_, &'static str, (u64, u64, u64)>) -> Result<T, redb::StorageError>,
) -> Result<T, redb::Error> {
    let transaction = database.begin_write()?;
    let done = what(&mut transaction.open_table(RECORDS)?)?;
    transaction.commit()?;
    Ok(done)
}

/// The thread that writes.
struct Writer {
    database: Arc<Database>,
    /// The key up to which expired entries have been dropped.
    swept: String,
}

impl Writer {
    fn new(database: Arc<Database>) -> Self {
        Self { database, swept: String::new() }
    }

    /// Writes until nobody can send anything any more.
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let Self { database, swept } = &mut self;
            let mut waiting = Vec::new();
            let written = write(database, |table| {
                let until = Instant::now() + LAZY;
                let mut job = Some(first);
                for _ in 0..TOGETHER {
                    let Some(this) = job else { break };
                    waiting.extend(apply(table, this)?);
                    job = if waiting.is_empty() {
                        jobs.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
                    } else {
                        jobs.try_recv().ok()
                    };
                }
                // One too many has been taken off.
                if let Some(last) = job {
                    waiting.extend(apply(table, last)?);
                }
                sweep(table, swept)
            });
            match written {
                Ok(()) => {
                    for (told, outcome) in waiting {
                        let _ = told.send(outcome);
                    }
                }
                // Who waits is told by the end of its channel.
                Err(error) => tracing::error!(%error, "the state cannot be written"),
            }
        }
    }
}

/// Makes a change, and tells what came of it at once, or leaves that for later.
fn apply(
    table: &mut Table<'_, &'static str, (u64, u64, u64)>,
    job: Job,
) -> Result<Option<(oneshot::Sender<Outcome>, Outcome)>, redb::StorageError> {
    let Job { key, kind, change, told } = job;
    let known = get(table, &key)?;
    let (record, outcome) = change.apply(known, now());
    let is_full = known.is_none() && record.is_some() && table.len()? >= ENTRIES;
    if let Some(Record { expires, since, level }) = record
        && !is_full
    {
        table.insert(key.as_str(), (expires, since, level))?;
    }
    // What is not remembered must not be put off: it would be for ever.
    let outcome = if is_full { Outcome::Fine } else { outcome };
    if kind.is_durable() && record.is_some() {
        return Ok(Some((told, outcome)));
    }
    let _ = told.send(outcome);
    Ok(None)
}

/// Drops what has expired among the entries behind a key, and moves the key.
fn sweep(table: &mut Table<'_, &'static str, (u64, u64, u64)>, swept: &mut String) -> Result<(), redb::StorageError> {
    let now = now();
    let mut expired = Vec::new();
    let mut last = None;
    for entry in table.range(swept.as_str()..)?.take(SWEPT) {
        let (key, value) = entry?;
        if value.value().0 <= now {
            expired.push(key.value().to_owned());
        }
        last = Some(key.value().to_owned());
    }
    for key in &expired {
        table.remove(key.as_str())?;
    }
    // At the end it begins anew. Where there was one entry left, it was the last of the round before.
    *swept = match last {
        Some(last) if last != *swept => last,
        _ => String::new(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rate;

    const RATE: Rate = Rate { count: 3, window: Duration::from_secs(60) };

    fn count() -> Change {
        Change::Count { by: 1, rate: RATE }
    }

    #[tokio::test]
    async fn what_is_remembered_outlives_the_process_and_expires() {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        store.change(Kind::ClientAudit, "192.0.2.1", Change::List(Duration::from_secs(60))).await.unwrap();
        store.change(Kind::SenderAudit, "a@b", Change::List(Duration::from_millis(1))).await.unwrap();
        for expected in [Outcome::Fine, Outcome::Fine, Outcome::Fine, Outcome::TooMuch] {
            assert_eq!(store.change(Kind::ClientRate, "192.0.2.1", count()).await, Ok(expected));
        }
        drop(store);
        let store = Embedded::open(directory.path()).unwrap();
        assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.1"), Ok(true));
        assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.2"), Ok(false));
        assert_eq!(store.is_listed(Kind::SenderAudit, "a@b"), Ok(false));
        assert_eq!(store.change(Kind::ClientRate, "192.0.2.1", count()).await, Ok(Outcome::TooMuch));
        assert_eq!(store.change(Kind::ClientRate, "192.0.2.2", count()).await, Ok(Outcome::Fine));
    }

    #[tokio::test]
    async fn what_has_expired_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        for n in 0..20 {
            store.change(Kind::SenderAudit, &n.to_string(), Change::List(Duration::from_millis(1))).await.unwrap();
        }
        thread::sleep(Duration::from_millis(5));
        for n in 0..3 {
            store.change(Kind::ClientAudit, &n.to_string(), Change::List(LAZY)).await.unwrap();
        }
        let table = store.database.begin_read().unwrap().open_table(RECORDS).unwrap();
        assert_eq!(table.len().unwrap(), 3);
    }

    #[tokio::test]
    async fn a_store_is_not_opened_twice() {
        let directory = tempfile::tempdir().unwrap();
        let _first = Embedded::open(directory.path()).unwrap();
        assert!(Embedded::open(directory.path()).is_err());
    }
}
