//! How full a mailbox is, and whether it is locked.
//!
//! What lies in a Maildir is counted: its messages, and those of its folders (Maildir++). A count holds until a directory changes, which
//! its time of modification tells.

use super::maildir::Maildir;
use super::name;
use crate::mailbox::Mailbox;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file in a Maildir that stands for: deliver nothing for the moment.
const LOCK: &str = "mailbox.lock";
/// The most files that are counted in one mailbox, and the most folders; what lies beyond is not.
const MOST_FILES: usize = 1_000_000;
const MOST_FOLDERS: usize = 1000;
/// How long a directory has to lie still before its time of modification is believed: file systems tell it in steps.
const STILL: Duration = Duration::from_secs(1);

/// What lies in a mailbox, when its directories looked like this.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    octets: u64,
    directories: Vec<(PathBuf, SystemTime)>,
}

impl Maildir {
    /// Whether somebody has locked a mailbox: a file `mailbox.lock` lies in it.
    pub(super) fn is_locked(&self, mailbox: &Mailbox) -> bool {
        self.root().join(name::directory(mailbox)).join(LOCK).exists()
    }

    /// How many octets of mail lie in a mailbox; none where it is not there yet. What cannot be read is not counted.
    pub(super) fn usage(&self, mailbox: &Mailbox) -> u64 {
        let path = self.root().join(name::directory(mailbox));
        let directories = directories(&path);
        if let Some(counted) = self.counted(&path).filter(|counted| counted.directories == directories) {
            return counted.octets;
        }
        let mut left = MOST_FILES;
        let octets = directories.iter().map(|(directory, _)| count(directory, &mut left)).sum();
        if left == 0 {
            tracing::warn!(%mailbox, "the mailbox holds too many files to be counted ({MOST_FILES} at the most)");
        }
        let is_still = |(_, modified): &(PathBuf, SystemTime)| modified.elapsed().is_ok_and(|since| since > STILL);
        if directories.iter().all(is_still) {
            self.remember_count(path, Counted { octets, directories });
        }
        octets
    }
}

/// The directories in which messages lie, with the times at which something in them changed last.
fn directories(path: &Path) -> Vec<(PathBuf, SystemTime)> {
    let is_folder = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(is_folder).map(|entry| entry.path()).take(MOST_FOLDERS);
    let parts = std::iter::once(path.to_path_buf()).chain(folders);
    let parts = parts.flat_map(|folder| ["new", "cur"].map(|part| folder.join(part)));
    let mut found: Vec<_> = parts
        .filter_map(|part| {
            let modified = fs::metadata(&part).and_then(|metadata| metadata.modified()).ok()?;
            Some((part, modified))
        })
        .collect();
    found.sort_unstable();
    found
}

/// The octets of the files in a directory. A name may tell them (`,S=4711`, as Maildir++ has it), which spares a look at the file.
fn count(directory: &Path, left: &mut usize) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut octets: u64 = 0;
    for entry in entries {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let told = told(&entry);
        let size = told.or_else(|| entry.metadata().ok().filter(|found| found.is_file()).map(|found| found.len()));
        octets = octets.saturating_add(size.unwrap_or(0));
    }
    octets
}

fn told(entry: &DirEntry) -> Option<u64> {
    let name = entry.file_name();
    let (_, size) = name.to_str()?.split_once(",S=")?;
    let end = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
    size.get(..end)?.parse().ok()
}
