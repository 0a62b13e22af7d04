//! How full a mailbox is, and whether it is locked.
//!
//! What lies in a mailbox with a quota stands in its file `maildirsize`, as Maildir++ has it: the quota in the first line (`1000000S`), then lines
//! of octets and messages that came (`4711 1`) or went (`-4711 -1`), whose sums are what is there. Whoever delivers or removes adds a line.
//! The mail itself is counted, and the file written anew, where there is none, where it says another quota or has grown long, and where the
//! mailbox would be full by a count that is not fresh: somebody may have removed mail without a word.

use super::maildir::Maildir;
use super::name;
use crate::mailbox::Mailbox;
use std::fs::{self, DirEntry, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

/// A file in a Maildir that stands for: deliver nothing for the moment.
const LOCK: &str = "mailbox.lock";
/// The file that tells what lies in a Maildir.
const SIZES: &str = "maildirsize";
/// From this length on it is written anew, in octets.
const LONG: usize = 5120;
/// How long a count is fresh that says that a mailbox is full.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// The folder that is not counted, and the flag of messages that are not (Maildir++).
const TRASH: &str = ".Trash";
const TRASHED: char = 'T';
/// The most files that are counted in one mailbox, and the most folders; what lies beyond is not.
const MOST_FILES: usize = 1_000_000;
const MOST_FOLDERS: usize = 1000;

/// What is in a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    octets: i64,
    messages: i64,
}

impl Maildir {
    /// Whether somebody has locked a mailbox: a file `mailbox.lock` lies in it.
    pub(super) fn is_locked(&self, mailbox: &Mailbox) -> bool {
        self.root().join(name::directory(mailbox)).join(LOCK).exists()
    }

    /// How many octets of mail lie in a mailbox that may hold `quota` and is to take `added` more; none where it is not there yet. What cannot
    /// be read is not counted.
    pub(super) fn usage(&self, mailbox: &Mailbox, quota: u64, added: u64) -> u64 {
        let path = self.root().join(name::directory(mailbox));
        let is_over = |sum: &Sum| unsigned(sum.octets).saturating_add(added) > quota;
        if let Some((sum, is_fresh)) = told(&path, quota)
            && (is_fresh || !is_over(&sum))
        {
            return unsigned(sum.octets);
        }
        let Some(sum) = count(&path) else { return 0 };
        if sum.messages >= MOST_FILES as i64 {
            tracing::warn!(%mailbox, "the mailbox holds too many files to be counted ({MOST_FILES} at the most)");
        }
        self.write_sizes(&path, quota, sum);
        unsigned(sum.octets)
    }

    /// Writes what was counted. Where that cannot be, it is counted again the next time.
    fn write_sizes(&self, path: &Path, quota: u64, sum: Sum) {
        let temporary = path.join("tmp").join(name::unique(self.hostname()));
        let text = format!("{quota}S\n{} {}\n", sum.octets, sum.messages);
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let written = created
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&temporary, path.join(SIZES)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
    }
}

/// Adds a message to what a Maildir's file tells, where there is one. A line that gets lost is made good by the next count.
pub(super) fn add_size(path: &Path, octets: u64) {
    if let Ok(mut file) = OpenOptions::new().append(true).open(path.join(SIZES)) {
        let _ = file.write_all(format!("{octets} 1\n").as_bytes());
    }
}

/// What the file tells, and whether it is fresh; `None` where that cannot be used.
fn told(path: &Path, quota: u64) -> Option<(Sum, bool)> {
    let file = path.join(SIZES);
    let metadata = fs::metadata(&file).ok().filter(|metadata| metadata.len() < LONG as u64)?;
    let text = fs::read_to_string(&file).ok()?;
    let (limits, lines) = text.split_once('\n')?;
    let is_limit = |limit: &str| limit.strip_suffix('S').and_then(|octets| octets.parse().ok()) == Some(quota);
    if !limits.split(',').any(is_limit) {
        return None;
    }
    let mut sum = Sum::default();
    let mut counts = 0;
    for line in lines.lines() {
        let (octets, messages) = line.trim().split_once(char::is_whitespace)?;
        sum.octets = sum.octets.checked_add(octets.parse().ok()?)?;
        sum.messages = sum.messages.checked_add(messages.trim().parse().ok()?)?;
        counts += 1;
    }
    // Less than nothing cannot be there.
    if sum.octets < 0 || sum.messages < 0 {
        return None;
    }
    let is_fresh = metadata.modified().ok().and_then(|at| at.elapsed().ok()).is_none_or(|since| since < FRESH);
    Some((sum, counts == 1 && is_fresh))
}

fn unsigned(octets: i64) -> u64 {
    u64::try_from(octets).unwrap_or(0)
}

/// What lies in a Maildir and its folders; `None` where there is no such Maildir.
fn count(path: &Path) -> Option<Sum> {
    let entries = fs::read_dir(path).ok()?;
    let is_folder = |entry: &DirEntry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(b".") && name != TRASH
    };
    let folders = entries.flatten().filter(is_folder).map(|entry| entry.path()).take(MOST_FOLDERS);
    let parts = std::iter::once(path.to_path_buf()).chain(folders);
    let mut sum = Sum::default();
    for part in parts.flat_map(|folder| ["new", "cur"].map(|part| folder.join(part))) {
        for entry in fs::read_dir(part).into_iter().flatten().flatten() {
            if sum.messages == MOST_FILES as i64 {
                return Some(sum);
            }
            let Some(octets) = size(&entry) else { continue };
            sum.octets = sum.octets.saturating_add_unsigned(octets);
            sum.messages += 1;
        }
    }
    Some(sum)
}

/// The size of a message. Its name may tell it (`,S=4711`, as Maildir++ has it), which spares a look at the file.
fn size(entry: &DirEntry) -> Option<u64> {
    let name = entry.file_name();
    let name = name.to_str().unwrap_or_default();
    if name.split_once(":2,").is_some_and(|(_, flags)| flags.contains(TRASHED)) {
        return None;
    }
    let told = name.split_once(",S=").and_then(|(_, size)| {
        let end = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
        size.get(..end)?.parse().ok()
    });
    told.or_else(|| entry.metadata().ok().filter(|found| found.is_file()).map(|found| found.len()))
}
