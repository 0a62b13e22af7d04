//! The embedded store: one file, one thread that writes.
//!
//! Changes that come while the thread writes are written together, with one sync for all of them. What must survive a crash is answered
//! after that sync; rates are answered at once, and written within a second.
//!
//! After an error of the disk the file must be opened anew: redb does nothing more with it before. The thread does that, when it is asked
//! something and has not tried for a second; until it succeeds the store is unavailable.

use super::record::{Change, Outcome, Record, now};
use super::socket::{FILE, Socket};
use super::{Kind, Unavailable, key};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition};
use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So many things are remembered at the most.
pub(super) const ENTRIES: u64 = 10_000_000;

/// Octets of the file that are kept in memory at the most; the system keeps more of them where it has room. (By redb's default of 1 GiB the
/// server took 1.2 GB with ten million entries.)
const CACHE: usize = 64 << 20;

/// So many changes may wait for the thread; past that the store is unavailable.
const WAITING: usize = 4096;

/// So many changes are written together.
const TOGETHER: usize = 1000;

/// For so long a change that nobody waits for may lie unwritten.
const LAZY: Duration = Duration::from_secs(1);

/// For so long a file is left alone that was opened anew, or could not be.
const RETRY: Duration = Duration::from_secs(1);

/// After each writing so many entries are looked at, and dropped where they have expired: more than can have come in.
const SWEPT: usize = 2 * TOGETHER;

/// Key to: when it is forgotten, since when, and how much.
pub(super) const RECORDS: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("records");

/// The open file, or `None` where it broke.
pub(super) type Slot = Arc<RwLock<Option<Database>>>;

/// An open store.
pub struct Embedded {
    slot: Slot,
    /// `None` only while it is being closed.
    jobs: Option<SyncSender<Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// By which `ehlod state` asks.
    socket: Option<Socket>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}

/// What the thread is asked for.
enum Job {
    Change(Wish),
    /// The file cannot be read.
    Heal,
}

/// A change that somebody waits for.
struct Wish {
    key: String,
    kind: Kind,
    change: Change,
    told: oneshot::Sender<Outcome>,
}

impl Embedded {
    /// Opens the store in a directory, which is made where it is not there. Blocks.
    pub(super) fn open(directory: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        let file = directory.join(FILE);
        let mut store = Self::with(move || Database::builder().set_cache_size(CACHE).create(&file))?;
        match Socket::open(directory, Arc::clone(&store.slot)) {
            Ok(socket) => store.socket = Some(socket),
            Err(error) => tracing::warn!(%error, "`ehlod state` cannot ask this server: no socket beside the state"),
        }
        Ok(store)
    }

    /// The same on what opens the file.
    fn with(open: impl Open) -> Result<Self, String> {
        let database = begin(&open).map_err(|error| error.to_string())?;
        let slot = Arc::new(RwLock::new(Some(database)));
        let (jobs, waiting) = sync_channel(WAITING);
        let writer = Writer { open, slot: Arc::clone(&slot), swept: String::new(), tried: None };
        let writer = thread::Builder::new().name("state".to_owned()).spawn(move || writer.run(&waiting));
        let writer = writer.map_err(|error| error.to_string())?;
        Ok(Self { slot, jobs: Some(jobs), writer: Mutex::new(Some(writer)), socket: None })
    }

    /// Changes what is remembered of something.
    ///
    /// # Errors
    ///
    /// Where it could not be stored.
    pub async fn change(&self, kind: Kind, name: &str, change: Change) -> Result<Outcome, Unavailable> {
        let (told, outcome) = oneshot::channel();
        self.ask(Job::Change(Wish { key: key(kind, name), kind, change, told }))?;
        outcome.await.map_err(|_| Unavailable)
    }

    /// Whether something is on a list.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn is_listed(&self, kind: Kind, name: &str) -> Result<bool, Unavailable> {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        let read = |database: &Database| -> Result<_, redb::Error> {
            let table = database.begin_read()?.open_table(RECORDS)?;
            Ok(get(&table, &key(kind, name))?)
        };
        match slot.as_ref().map(read) {
            Some(Ok(record)) => return Ok(record.is_some_and(|record| record.lives(now()))),
            Some(Err(error)) => tracing::error!(%error, "the state cannot be read"),
            None => {}
        }
        // Nobody may come to change anything while lists cannot be read.
        self.ask(Job::Heal)?;
        Err(Unavailable)
    }

    fn ask(&self, job: Job) -> Result<(), Unavailable> {
        self.jobs.as_ref().ok_or(Unavailable)?.try_send(job).map_err(|_| Unavailable)
    }
}

/// Waits until everything is written.
impl Drop for Embedded {
    fn drop(&mut self) {
        self.socket = None;
        self.jobs = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

/// What is remembered under a key.
pub(super) fn get(
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

/// What opens the file.
trait Open: Fn() -> Result<Database, DatabaseError> + Send + 'static {}
impl<O: Fn() -> Result<Database, DatabaseError> + Send + 'static> Open for O {}

/// Opens the file, and has the table there to be read.
fn begin(open: &impl Open) -> Result<Database, redb::Error> {
    let database = open()?;
    write(&database, |_| Ok(()))?;
    Ok(database)
}

/// The thread that writes.
struct Writer<O> {
    open: O,
    slot: Slot,
    /// The key up to which expired entries have been dropped.
    swept: String,
    /// When the file was opened anew, or should have been.
    tried: Option<Instant>,
}

impl<O: Open> Writer<O> {
    /// Writes until nobody can send anything any more.
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Heal => self.heal(),
                Job::Change(first) => {
                    if self.slot.read().unwrap_or_else(PoisonError::into_inner).is_none() {
                        self.heal();
                    }
                    if let Err(error) = self.write(first, jobs) {
                        tracing::error!(%error, "the state cannot be written");
                        self.heal();
                    }
                }
            }
        }
    }

    /// Opens the file anew, unless that was tried just now.
    fn heal(&mut self) {
        if self.tried.is_some_and(|tried| tried.elapsed() < RETRY) {
            return;
        }
        self.tried = Some(Instant::now());
        let set = |database| *self.slot.write().unwrap_or_else(PoisonError::into_inner) = database;
        // The file must be closed first. It is opened with nobody locked out: that may take its time.
        set(None);
        match begin(&self.open) {
            Ok(database) => {
                tracing::info!("the state was opened anew");
                set(Some(database));
            }
            Err(error) => tracing::error!(%error, "the state cannot be opened anew"),
        }
    }

    /// Writes a change, and those that come meanwhile. Where that fails, who waits is told by the end of its channel.
    fn write(&mut self, first: Wish, jobs: &Receiver<Job>) -> Result<(), redb::Error> {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = slot.as_ref() else { return Ok(()) };
        let mut waiting = Vec::new();
        write(database, |table| {
            let until = Instant::now() + LAZY;
            waiting.extend(apply(table, first)?);
            for _ in 1..TOGETHER {
                let next = if waiting.is_empty() {
                    jobs.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
                } else {
                    jobs.try_recv().ok()
                };
                match next {
                    Some(Job::Change(wish)) => waiting.extend(apply(table, wish)?),
                    // Where it was the disk, writing fails as well.
                    Some(Job::Heal) => {}
                    None => break,
                }
            }
            sweep(table, &mut self.swept)
        })?;
        for (told, outcome) in waiting {
            let _ = told.send(outcome);
        }
        Ok(())
    }
}

/// Makes a change, and tells what came of it at once, or leaves that for later.
fn apply(
    table: &mut Table<'_, &'static str, (u64, u64, u64)>,
    wish: Wish,
) -> Result<Option<(oneshot::Sender<Outcome>, Outcome)>, redb::StorageError> {
    let Wish { key, kind, change, told } = wish;
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
    use std::sync::atomic::{AtomicBool, Ordering};

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
        let slot = store.slot.read().unwrap();
        let table = slot.as_ref().unwrap().begin_read().unwrap().open_table(RECORDS).unwrap();
        assert_eq!(table.len().unwrap(), 3);
    }

    /// A file on a disk that can be broken.
    #[derive(Debug)]
    struct Fragile(redb::backends::FileBackend, Arc<AtomicBool>);

    impl Fragile {
        fn check(&self) -> std::io::Result<()> {
            if self.1.load(Ordering::SeqCst) { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl redb::StorageBackend for Fragile {
        fn len(&self) -> std::io::Result<u64> {
            self.check().and_then(|()| self.0.len())
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
            self.check().and_then(|()| self.0.read(offset, out))
        }

        fn set_len(&self, len: u64) -> std::io::Result<()> {
            self.check().and_then(|()| self.0.set_len(len))
        }

        fn sync_data(&self) -> std::io::Result<()> {
            self.check().and_then(|()| self.0.sync_data())
        }

        fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
            self.check().and_then(|()| self.0.write(offset, data))
        }
    }

    #[tokio::test]
    async fn it_heals_after_an_error_of_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let broken = Arc::new(AtomicBool::new(false));
        let (path, own) = (directory.path().join("state.redb"), Arc::clone(&broken));
        let store = Embedded::with(move || {
            let mut options = std::fs::OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path).unwrap();
            let backend = Fragile(redb::backends::FileBackend::new(file)?, Arc::clone(&own));
            Database::builder().create_with_backend(backend)
        })
        .unwrap();
        let list = |name: &'static str| store.change(Kind::ClientAudit, name, Change::List(Duration::from_secs(60)));
        list("192.0.2.1").await.unwrap();
        broken.store(true, Ordering::SeqCst);
        assert_eq!(list("192.0.2.2").await, Err(Unavailable));
        assert_eq!(list("192.0.2.3").await, Err(Unavailable));
        assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.1"), Err(Unavailable));
        broken.store(false, Ordering::SeqCst);
        // To be asked is enough.
        let began = Instant::now();
        while store.is_listed(Kind::ClientAudit, "192.0.2.1") != Ok(true) {
            assert!(began.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(list("192.0.2.2").await, Ok(Outcome::Fine));
        assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.2"), Ok(true));
    }

    #[tokio::test]
    async fn a_store_is_not_opened_twice() {
        let directory = tempfile::tempdir().unwrap();
        let _first = Embedded::open(directory.path()).unwrap();
        assert!(Embedded::open(directory.path()).is_err());
    }
}
