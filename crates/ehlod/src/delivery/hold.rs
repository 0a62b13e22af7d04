//! Messages that are held back until their time (FUTURERELEASE, RFC 4865). Everything here blocks.
//!
//! A held message lies in a Maildir of its own, `.held` in the mail directory, written and synced as any other; its name begins with the
//! second of its release. Before the message stand its mailboxes, a line each, and an empty line. Once released it is delivered as if it
//! had just come in, and its file is removed. A crash between the two delivers it twice, which is better than not at all. Where a reload
//! names another mail directory, what is held in the one before moves there.

use super::draft::Draft;
use super::error::DeliveryError;
use super::maildir::{Maildir, sync_directory};
use super::name;
use crate::mailbox::Mailbox;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Result<T> = std::result::Result<T, DeliveryError>;

/// The Maildir of held messages. No mailbox has it: a dot at the start of a local part is encoded.
const DIRECTORY: &str = ".held";

/// What a look at the held messages came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Messages that were delivered.
    pub delivered: Vec<PathBuf>,
    /// When the next is due.
    pub next: Option<SystemTime>,
}

impl Maildir {
    /// Starts a message that is held until a time.
    ///
    /// # Errors
    ///
    /// The file cannot be created, or there is no mailbox.
    pub(super) fn hold(self: &Arc<Self>, mailboxes: &[Mailbox], until: SystemTime) -> Result<Draft> {
        // What could not be read again is not written.
        let reads_back = |mailbox: &Mailbox| mailbox.to_string().parse().as_ref() == Ok(mailbox);
        if mailboxes.is_empty() || !mailboxes.iter().all(reads_back) {
            return Err(DeliveryError::new(self.root(), ErrorKind::InvalidInput));
        }
        let name = format!("{:020}.{}", ceiling(until), name::unique(self.hostname()));
        let mut draft = Draft::create(Arc::clone(self), DIRECTORY.into(), Vec::new(), name)?;
        let envelope: String = mailboxes.iter().map(|mailbox| format!("{mailbox}\n")).collect();
        draft.write(format!("{envelope}\n").as_bytes())?;
        Ok(draft)
    }

    /// Delivers every message whose time has come. What could not be delivered stays where it is; what failed first is told.
    pub(super) fn release(self: &Arc<Self>, now: SystemTime) -> (Released, Option<DeliveryError>) {
        let mut released = Released::default();
        let mut failure = None;
        let new = self.root().join(DIRECTORY).join("new");
        let entries = match fs::read_dir(&new) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return (released, None),
            Err(error) => return (released, Some(DeliveryError::new(&new, error))),
        };
        for entry in entries.flatten() {
            // What is called otherwise was not put here by this program.
            let Some(due) = due(&entry.file_name().to_string_lossy()) else { continue };
            if due > now {
                released.next = released.next.map_or(Some(due), |next| Some(next.min(due)));
                continue;
            }
            match self.deliver(&entry.path()) {
                Ok(()) => released.delivered.push(entry.path()),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if self.syncs() && !released.delivered.is_empty() {
            failure = failure.or(sync_directory(&new).err());
        }
        (released, failure)
    }

    /// Takes over what is held in another mail directory; says how many messages that were. What could not be moved stays where it is; what
    /// failed first is told.
    pub(super) fn take_over(&self, former: &Self) -> (usize, Option<DeliveryError>) {
        let from = former.root().join(DIRECTORY).join("new");
        let (mut moved, mut failure) = (0, None);
        for entry in fs::read_dir(&from).into_iter().flatten().flatten() {
            if due(&entry.file_name().to_string_lossy()).is_none() {
                continue;
            }
            match self.in_maildir(Path::new(DIRECTORY), |maildir| carry(&entry.path(), maildir)) {
                Ok(()) => moved += 1,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        (moved, failure)
    }

    /// Delivers a held message, and removes it.
    fn deliver(self: &Arc<Self>, path: &Path) -> Result<()> {
        let failed = |error: io::Error| DeliveryError::new(path, error);
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mailboxes = envelope(&mut file).map_err(failed)?;
        let mut draft = self.begin(&mailboxes)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => draft.write(piece.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        draft.commit()?;
        fs::remove_file(path).map_err(failed)
    }
}

/// Moves a held message into the Maildir of another mail directory, which may be on another disk: it is there, on stable storage, before it is
/// nowhere else.
fn carry(path: &Path, maildir: &Path) -> Result<()> {
    let failed = |error: io::Error| DeliveryError::new(path, error);
    let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?;
    let (temporary, target) = (maildir.join("tmp").join(name), maildir.join("new").join(name));
    let is_moved = match fs::rename(path, &target) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => false,
        moved => moved.map(|()| true).map_err(failed)?,
    };
    if !is_moved {
        fs::copy(path, &temporary).map_err(failed)?;
        File::open(&temporary).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&temporary, &target).map_err(failed)?;
    }
    sync_directory(&maildir.join("new"))?;
    if is_moved { Ok(()) } else { fs::remove_file(path).map_err(failed) }
}

/// The mailboxes that stand before a held message.
fn envelope(file: &mut BufReader<File>) -> io::Result<Vec<Mailbox>> {
    let malformed = || io::Error::new(ErrorKind::InvalidData, "not a held message");
    let mut mailboxes = Vec::new();
    loop {
        let mut line = String::new();
        // No mailbox is nearly so long, even where every character of it is quoted.
        file.by_ref().take(1024).read_line(&mut line)?;
        match line.strip_suffix('\n').ok_or_else(malformed)? {
            "" => return Ok(mailboxes),
            mailbox => mailboxes.push(mailbox.parse().map_err(|_| malformed())?),
        }
    }
}

/// When a message of this name is due.
fn due(name: &str) -> Option<SystemTime> {
    let (seconds, _) = name.split_once('.')?;
    let fits = seconds.len() == 20 && seconds.bytes().all(|octet| octet.is_ascii_digit());
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok().filter(|_| fits)?))
}

/// The second that is not before a time: nothing is released too early.
fn ceiling(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().saturating_add(u64::from(since.subsec_nanos() > 0))
}
