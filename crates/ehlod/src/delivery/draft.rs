//! One message on its way into Maildirs. Everything here blocks.

use super::error::DeliveryError;
use super::maildir::Maildir;
use super::usage::add_size;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Result<T> = std::result::Result<T, DeliveryError>;

/// A message that is being written. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct Draft {
    maildir: Arc<Maildir>,
    file: File,
    temporary: Removed,
    first: PathBuf,
    /// Whether the first gets the message after all.
    keeps_first: bool,
    others: Vec<PathBuf>,
    name: String,
    size: u64,
}

/// Files that are removed when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Removed(pub(super) Vec<PathBuf>);

impl Removed {
    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        for path in &self.0 {
            // What cannot be removed from `tmp` is cleaned up later; what cannot be removed from `new` is delivered
            // twice in the end, which is better than not at all.
            let _ = fs::remove_file(path);
        }
    }
}

impl Draft {
    /// Creates the file, in the `tmp` of the first Maildir. The Maildirs are all different.
    pub(super) fn create(maildir: Arc<Maildir>, first: PathBuf, others: Vec<PathBuf>, name: String) -> Result<Self> {
        let (path, file) = maildir.in_maildir(&first, |maildir| create(maildir, &name))?;
        Ok(Self { maildir, file, temporary: Removed(vec![path]), first, keeps_first: true, others, name, size: 0 })
    }

    /// Adds octets to the message.
    ///
    /// # Errors
    ///
    /// They could not be written. The message cannot be used any more: drop it.
    pub fn write(&mut self, octets: &[u8]) -> Result<()> {
        self.file
            .write_all(octets)
            .map_err(|error| DeliveryError::new(&self.maildir.root().join(&self.first), error))?;
        self.size += octets.len() as u64;
        Ok(())
    }

    /// Leaves out Maildirs, that are not to get the message.
    pub(super) fn leave_out(&mut self, directories: &[PathBuf]) {
        self.keeps_first = !directories.contains(&self.first);
        self.others.retain(|other| !directories.contains(other));
    }

    /// Brings what is written to stable storage, where that is asked for.
    pub(super) fn sync(&self) -> Result<()> {
        if !self.maildir.syncs() {
            return Ok(());
        }
        let path = || self.maildir.root().join(&self.first).join("tmp").join(&self.name);
        self.file.sync_all().map_err(|error| DeliveryError::new(&path(), error))
    }

    /// Makes the message visible in every mailbox; on stable storage, where that is asked for.
    ///
    /// # Errors
    ///
    /// One of the mailboxes could not get it. It has then been taken back from the others, as far as a mail program has
    /// not moved it there meanwhile.
    pub fn commit(mut self) -> Result<()> {
        let source = self.maildir.root().join(&self.first).join("tmp").join(&self.name);
        self.sync()?;
        let name = format!("{},S={}", self.name, self.size);
        let mut placed = Removed::default();
        for other in &self.others {
            let target = self.maildir.in_maildir(other, |maildir| {
                let target = maildir.join("new").join(&name);
                match fs::hard_link(&source, &target) {
                    Ok(()) => Ok(target),
                    // Another file system, or one without links, or too many of them.
                    Err(_) => self.copy(&source, maildir, &name),
                }
            })?;
            placed.0.push(target);
        }
        if self.keeps_first {
            let target = self.maildir.in_maildir(&self.first, |maildir| {
                let target = maildir.join("new").join(&name);
                match fs::rename(&source, &target) {
                    Ok(()) => Ok(target),
                    Err(error) => Err(DeliveryError::new(&target, error)),
                }
            })?;
            placed.0.push(target);
            self.temporary.0.clear();
        }
        if self.maildir.syncs() {
            placed.0.iter().filter_map(|file| file.parent()).try_for_each(|new| self.maildir.sync(new))?;
        }
        let maildirs = placed.0.iter().filter_map(|file| file.parent()?.parent());
        maildirs.for_each(|maildir| add_size(maildir, self.size));
        placed.keep();
        Ok(())
    }

    /// Delivers a copy of its own to one more Maildir, by way of its `tmp`.
    fn copy(&self, source: &Path, maildir: &Path, name: &str) -> Result<PathBuf> {
        let (path, mut file) = create(maildir, &self.name)?;
        let temporary = Removed(vec![path.clone()]);
        let copied = File::open(source).and_then(|mut source| {
            io::copy(&mut source, &mut file)?;
            if self.maildir.syncs() { file.sync_all() } else { Ok(()) }
        });
        copied.map_err(|error| DeliveryError::new(&path, error))?;
        let target = maildir.join("new").join(name);
        fs::rename(&path, &target).map_err(|error| DeliveryError::new(&target, error))?;
        temporary.keep();
        Ok(target)
    }
}

/// Creates a file in the `tmp` of a Maildir.
pub(super) fn create(maildir: &Path, name: &str) -> Result<(PathBuf, File)> {
    let path = maildir.join("tmp").join(name);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(DeliveryError::new(&path, error)),
    }
}
