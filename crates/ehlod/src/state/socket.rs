//! The socket by which `ehlod state` asks a running server.
//!
//! The file of the embedded store has one owner at a time. While a server runs it is the owner, and answers for the store on a Unix socket
//! beside the file, which belongs to its user alone. A question and each part of the answer is a line of JSON.

use super::embedded::Slot;
use super::entry::{Ask, Each, Entry};
use super::manage::{Walk, forget};
use redb::{Database, DatabaseError};
use serde::{Deserialize, Serialize};
use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The names of the store's file and of the socket, in the directory of the store.
pub(super) const FILE: &str = "state.redb";
const SOCKET: &str = "state.sock";

/// So long the other side may take for a line.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long a question may be.
const LONGEST: u64 = 1 << 20;
/// A store that is in use belongs to a server that may just be starting: so often, and after so long, it is asked again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// A part of an answer.
#[derive(Debug, Serialize, Deserialize)]
enum Part {
    Entry(Entry),
    Done(u64),
    Failed(String),
}

/// The socket of an open store. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Socket {
    /// Opens the socket beside a store that this process has open.
    pub(super) fn open(directory: &Path, slot: Slot) -> io::Result<Self> {
        let path = directory.join(SOCKET);
        // Under another name until nobody else may use it; one that a server left behind is replaced.
        let hidden = directory.join(format!(".{SOCKET}"));
        match fs::remove_file(&hidden) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&hidden)?;
        fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
        fs::rename(&hidden, &path)?;
        let ending = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&ending);
        let thread = thread::Builder::new().name("state socket".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                if own.load(Ordering::Acquire) {
                    return;
                }
                // One at a time, each for a short while; whoever breaks off has lost nothing but its answer.
                let _ = stream.and_then(|stream| serve(&stream, &slot, &own));
            }
        })?;
        Ok(Self { path, ending, thread: Some(thread) })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // The thread waits for somebody to come.
        let is_woken = UnixStream::connect(&self.path).is_ok();
        let _ = fs::remove_file(&self.path);
        if let Some(thread) = self.thread.take().filter(|_| is_woken) {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &UnixStream, slot: &Slot, ending: &AtomicBool) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    let mut out = BufWriter::new(stream);
    let mut put = |part: &Part| -> io::Result<()> {
        serde_json::to_writer(&mut out, part)?;
        out.write_all(b"\n")
    };
    let end = match serde_json::from_str(&line) {
        Err(error) => Part::Failed(format!("the question is not understood: {error}")),
        Ok(ask) => {
            let mut broken = None;
            let mut each = |entry| {
                broken = put(&Part::Entry(entry)).err();
                broken.is_none() && !ending.load(Ordering::Acquire)
            };
            // The lock is held for a piece at a time: whoever opens the file anew needs it.
            let within = |work: &mut dyn FnMut(&Database) -> Result<(), redb::Error>| {
                let slot = slot.read().unwrap_or_else(PoisonError::into_inner);
                let database = slot.as_ref().ok_or("the store is not available; the log says why")?;
                work(database).map_err(|error| error.to_string())
            };
            let done = work(&ask, within, &mut each);
            if let Some(error) = broken {
                return Err(error);
            }
            done.map_or_else(Part::Failed, Part::Done)
        }
    };
    put(&end)?;
    out.flush()
}

/// Answers a question on a store, which `within` gives for a piece of the work at a time.
fn work(
    ask: &Ask,
    within: impl Fn(&mut dyn FnMut(&Database) -> Result<(), redb::Error>) -> Result<(), String>,
    each: Each<'_>,
) -> Result<u64, String> {
    let (Ask::List(query) | Ask::Clear(query)) = ask;
    let mut walk = Walk::new(query);
    let mut count = 0;
    loop {
        let mut piece = None;
        within(&mut |database| {
            piece = walk.next(database)?;
            if let (Ask::Clear(_), Some(entries)) = (ask, piece.as_ref().filter(|entries| !entries.is_empty())) {
                count += forget(database, entries)?;
            }
            Ok(())
        })?;
        let Some(entries) = piece else { return Ok(count) };
        if let Ask::List(_) = ask {
            for entry in entries {
                count += 1;
                if !each(entry) {
                    return Ok(count);
                }
            }
        }
    }
}

/// Asks the server that has the store open or, where there is none, opens it for as long as it takes. How many entries were found, or
/// forgotten. Blocks.
///
/// # Errors
///
/// In words: the store cannot be reached.
pub fn ask_embedded(directory: &Path, ask: &Ask, each: Each<'_>) -> Result<u64, String> {
    let file = directory.join(FILE);
    let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    for _ in 0..TRIES {
        match UnixStream::connect(directory.join(SOCKET)) {
            Ok(stream) => return ask_server(&stream, ask, each).map_err(|error| shown(&error)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(shown(&error)),
            Err(_) => {}
        }
        if !file.try_exists().map_err(|error| shown(&error))? {
            // Nothing was ever remembered.
            return Ok(0);
        }
        match Database::open(&file) {
            Ok(database) => {
                let within = |work: &mut dyn FnMut(&Database) -> Result<(), redb::Error>| {
                    work(&database).map_err(|error| shown(&error))
                };
                return work(ask, within, each);
            }
            Err(DatabaseError::DatabaseAlreadyOpen) => thread::sleep(PAUSE),
            Err(error) => return Err(shown(&error)),
        }
    }
    Err(shown(&"in use by a program that does not answer"))
}

fn ask_server(stream: &UnixStream, ask: &Ask, each: Each<'_>) -> io::Result<u64> {
    // A piece without a match takes the server a moment; it says nothing meanwhile.
    stream.set_read_timeout(Some(12 * PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = serde_json::to_vec(ask)?;
    question.push(b'\n');
    (&*stream).write_all(&question)?;
    let mut count = 0;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Part::Entry(entry) => {
                count += 1;
                if !each(entry) {
                    return Ok(count);
                }
            }
            Part::Done(count) => return Ok(count),
            Part::Failed(why) => return Err(io::Error::other(why)),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::super::entry::Query;
    use super::super::{Change, Embedded, Kind};
    use super::*;

    const LASTS: Duration = Duration::from_secs(600);

    fn names(directory: &Path, query: Query) -> Vec<String> {
        let mut names = Vec::new();
        let mut each = |entry: Entry| {
            names.push(entry.name);
            true
        };
        let count = ask_embedded(directory, &Ask::List(query), &mut each).unwrap();
        assert_eq!(count, names.len() as u64);
        names
    }

    fn audit() -> Query {
        Query { kinds: vec![Kind::ClientAudit, Kind::SenderAudit], ..Query::default() }
    }

    /// What `check` finds must be the same whether the store is open in a server or not.
    fn both(store: Embedded, directory: &Path, check: impl Fn(&Path)) {
        check(directory);
        assert_eq!(fs::metadata(directory.join(SOCKET)).unwrap().permissions().mode() & 0o777, 0o600);
        drop(store);
        assert!(!directory.join(SOCKET).exists());
        check(directory);
    }

    #[tokio::test]
    async fn a_store_is_looked_through_whoever_has_it_open() {
        let place = tempfile::tempdir().unwrap();
        let store = Embedded::open(place.path()).unwrap();
        for n in 0..5 {
            store.change(Kind::ClientAudit, &format!("192.0.2.{n}"), Change::List(LASTS)).await.unwrap();
        }
        store.change(Kind::SenderAudit, "a@x.example", Change::List(LASTS)).await.unwrap();
        store.change(Kind::SenderAudit, "gone@x.example", Change::List(Duration::from_millis(1))).await.unwrap();
        let greylist = Change::Greylist { delay: LASTS, pending: LASTS * 2, expires: LASTS };
        store.change(Kind::Triple, "192.0.2.0 <a@x.example> <b@y.example>", greylist).await.unwrap();
        thread::sleep(Duration::from_millis(5));
        both(store, place.path(), |directory| {
            assert_eq!(names(directory, audit()).len(), 6);
            let containing = Query { containing: Some("x.example".to_owned()), ..audit() };
            assert_eq!(names(directory, containing), ["a@x.example"]);
            let named = Query { names: vec!["192.0.2.3".to_owned(), "192.0.2.9".to_owned()], ..audit() };
            assert_eq!(names(directory, named), ["192.0.2.3"]);
            let mut first = 0;
            let mut each = |_| {
                first += 1;
                first < 2
            };
            assert_eq!(ask_embedded(directory, &Ask::List(audit()), &mut each), Ok(2));
            let mut found = Vec::new();
            let mut each = |entry| {
                found.push(entry);
                true
            };
            let triples = Query { kinds: vec![Kind::Triple], ..Query::default() };
            ask_embedded(directory, &Ask::List(triples), &mut each).unwrap();
            assert_eq!((found.len(), found[0].passed, found[0].count), (1, Some(false), None));
            assert_eq!(found[0].expires - found[0].since, 1_200_000);
        });
    }

    #[tokio::test]
    async fn what_is_cleared_is_forgotten_at_once() {
        let place = tempfile::tempdir().unwrap();
        let clear = |query| ask_embedded(place.path(), &Ask::Clear(query), &mut |_| true);
        assert_eq!(clear(audit()), Ok(0));
        for is_open in [true, false] {
            let store = Embedded::open(place.path()).unwrap();
            for n in 0..4500 {
                let change = Change::Count { by: 1, rate: "9/1h".parse().unwrap() };
                store.change(Kind::ClientRate, &format!("192.0.2.{n}"), change).await.unwrap();
            }
            store.change(Kind::ClientAudit, "192.0.2.1", Change::List(LASTS)).await.unwrap();
            store.change(Kind::ClientAudit, "192.0.2.2", Change::List(LASTS)).await.unwrap();
            let store = is_open.then_some(store);
            let named = Query { names: vec!["192.0.2.1".to_owned()], ..audit() };
            assert_eq!((clear(named.clone()), clear(named)), (Ok(1), Ok(0)));
            let rates = Query { kinds: vec![Kind::ClientRate], ..Query::default() };
            assert_eq!(clear(rates), Ok(4500));
            drop(store);
            let store = Embedded::open(place.path()).unwrap();
            assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.1"), Ok(false));
            assert_eq!(store.is_listed(Kind::ClientAudit, "192.0.2.2"), Ok(true));
        }
    }

    #[test]
    fn what_is_no_question_gets_an_answer_and_hurts_nobody() {
        let place = tempfile::tempdir().unwrap();
        let _store = Embedded::open(place.path()).unwrap();
        for question in ["\n", "{}\n", "[[[[[[\n", "\u{1}"] {
            let stream = UnixStream::connect(place.path().join(SOCKET)).unwrap();
            (&stream).write_all(question.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            (&stream).read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("{\"Failed\":\"the question is not understood"), "{answer}");
        }
        assert_eq!(names(place.path(), audit()).len(), 0);
    }
}
