//! Maildirs: one a mailbox, all in one mail directory. Everything here blocks.
//!
//! A message for one mailbox goes the [shorter way](super::unsettled), where it can. Any other is written once, into the `tmp` of the first
//! mailbox, and synced. Its file is then linked into the `new`
//! of each other mailbox and renamed into the `new` of the first, and these directories are synced, once for all deliveries that wait for it. A crash before
//! that leaves at most a file in `tmp`, which [`Maildir::clean`] removes one day; a crash after it loses nothing.

use super::draft::Draft;
use super::error::DeliveryError;
use super::name::{self, PARTS};
use super::turns::Turns;
use super::unsettled::{Unsettled, redeem};
use crate::mailbox::Mailbox;
use std::collections::HashSet;
use std::fs::{self, DirBuilder, DirEntry, File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

type Result<T> = std::result::Result<T, DeliveryError>;

/// How many Maildirs are remembered as being there; past it they are all looked at anew.
const REMEMBERED: usize = 10_000;

/// The mail directory.
#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
    sync: bool,
    hostname: String,
    /// The Maildirs that this process has seen to be on stable storage, so that it need not look again.
    prepared: Mutex<HashSet<PathBuf>>,
    syncs: Turns,
    /// Where whole messages need not wait for a sync of the directory.
    unsettled: Option<Unsettled>,
}

impl Maildir {
    /// Opens the mail directory, and creates it where it does not exist. With `sync`, whatever is committed is on
    /// stable storage when the commit returns.
    ///
    /// # Errors
    ///
    /// The directory cannot be created.
    pub fn open(root: &Path, sync: bool, hostname: &str) -> Result<Self> {
        let missing: Vec<&Path> =
            root.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        let created = DirBuilder::new().recursive(true).mode(0o700).create(root);
        created.map_err(|error| DeliveryError::new(root, error))?;
        if sync {
            missing.iter().filter_map(|path| path.parent()).try_for_each(sync_directory)?;
        }
        let unsettled = if sync { Unsettled::of(root) } else { None };
        let (root, hostname) = (root.to_path_buf(), hostname.to_owned());
        Ok(Self { root, sync, hostname, prepared: Mutex::default(), syncs: Turns::default(), unsettled })
    }

    /// The mail directory's path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this is the same directory as another, whatever the two are called.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let found = |maildir: &Self| fs::canonicalize(&maildir.root).unwrap_or_else(|_| maildir.root.clone());
        self.root == other.root || found(self) == found(other)
    }

    /// Starts a message to these mailboxes, of which there has to be one at least.
    ///
    /// # Errors
    ///
    /// A Maildir or the file in it cannot be created, or there is no mailbox.
    pub fn begin(self: &Arc<Self>, mailboxes: &[Mailbox]) -> Result<Draft> {
        let mut directories: Vec<PathBuf> = Vec::with_capacity(mailboxes.len());
        for mailbox in mailboxes {
            let directory = name::directory(mailbox);
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        if directories.is_empty() {
            return Err(DeliveryError::new(&self.root, ErrorKind::InvalidInput));
        }
        let first = directories.remove(0);
        Draft::create(Arc::clone(self), first, directories, name::unique(&self.hostname))
    }

    /// Delivers a message that is there as a whole to these mailboxes, of which there has to be one at least.
    ///
    /// # Errors
    ///
    /// As of [`begin`](Self::begin) and of [`Draft::commit`].
    pub(super) fn deliver_whole(self: &Arc<Self>, mailboxes: &[Mailbox], octets: &[u8]) -> Result<()> {
        match (&self.unsettled, mailboxes) {
            (Some(unsettled), [mailbox]) => self.pledge(unsettled, mailbox, octets),
            _ => {
                let mut draft = self.begin(mailboxes)?;
                draft.write(octets)?;
                draft.commit()
            }
        }
    }

    /// Removes files that have been in a `tmp` for longer than `age`, and those of processes of this machine that are no more; says how many.
    /// Messages among them that were answered with 250 before a crash are delivered.
    ///
    /// # Errors
    ///
    /// The mail directory cannot be read. What cannot be read or removed further in is left alone.
    pub fn clean(&self, age: Duration) -> Result<usize> {
        let entries = fs::read_dir(&self.root).map_err(|error| DeliveryError::new(&self.root, error))?;
        let mut removed = 0;
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            removed += clean_maildir(&entry.path(), age);
            for inner in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                removed += clean_maildir(&inner.path(), age);
            }
        }
        Ok(removed)
    }

    /// What the machine is called in the names of files.
    pub(super) fn hostname(&self) -> &str {
        &self.hostname
    }

    /// Whether messages are brought to stable storage.
    pub(super) fn syncs(&self) -> bool {
        self.sync
    }

    /// Brings the entries of a directory to stable storage, together with others who want the same.
    pub(super) fn sync(&self, directory: &Path) -> Result<()> {
        self.syncs.sync(directory)
    }

    /// Does something in a Maildir that has been prepared; once more, prepared anew, where the Maildir that was once
    /// there is gone.
    pub(super) fn in_maildir<T>(&self, directory: &Path, work: impl Fn(&Path) -> Result<T>) -> Result<T> {
        let path = self.root.join(directory);
        let was_prepared = self.remembered().contains(directory);
        if !was_prepared {
            self.prepare(directory)?;
        }
        match work(&path) {
            Err(error) if was_prepared && error.source.kind() == ErrorKind::NotFound => {
                self.remembered().remove(directory);
                self.prepare(directory)?;
                work(&path)
            }
            done => done,
        }
    }

    /// Creates what is missing of a Maildir, and brings it to stable storage up to the mail directory. The mail
    /// directory itself is not created: where it has gone, its disk may be gone, and mail must not go elsewhere.
    fn prepare(&self, directory: &Path) -> Result<()> {
        let path = self.root.join(directory);
        let mut levels: Vec<&Path> = path.ancestors().take_while(|level| *level != self.root).collect();
        levels.reverse();
        let parts = PARTS.map(|part| path.join(part));
        for level in levels.iter().copied().chain(parts.iter().map(PathBuf::as_path)) {
            match DirBuilder::new().mode(0o700).create(level) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(DeliveryError::new(level, error)),
                _ => {}
            }
        }
        if self.sync {
            levels.iter().copied().chain([self.root.as_path()]).try_for_each(sync_directory)?;
        }
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(directory.to_path_buf());
        Ok(())
    }

    fn remembered(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings the entries of a directory to stable storage.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|error| DeliveryError::new(path, error))
}

/// Removes from a Maildir's `tmp` what is old or [abandoned](name::is_abandoned), and says how many files that were.
fn clean_maildir(path: &Path, age: Duration) -> usize {
    let is_left = |entry: &DirEntry| {
        let old = |modified: SystemTime| modified.elapsed().is_ok_and(|elapsed| elapsed > age);
        let is_old = |found: &Metadata| found.modified().is_ok_and(old);
        let is_abandoned = || name::is_abandoned(&entry.file_name().to_string_lossy());
        entry.metadata().is_ok_and(|found| found.is_file() && (is_old(&found) || is_abandoned()))
    };
    let entries = fs::read_dir(path.join("tmp")).into_iter().flatten().flatten();
    let is_removed = |entry: &DirEntry| {
        match redeem(path, &entry.file_name().to_string_lossy()) {
            Ok(false) => {}
            Ok(true) => tracing::info!(file = %entry.path().display(), "delivered what a crash had left in tmp"),
            Err(error) => {
                tracing::error!(%error, file = %entry.path().display(), "a message that a crash has left in tmp cannot be delivered");
                return false;
            }
        }
        fs::remove_file(entry.path()).is_ok()
    };
    entries.filter(is_left).filter(is_removed).count()
}
