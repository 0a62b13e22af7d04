//! Where accepted mail goes.
//!
//! [`Delivery::begin`] opens a [`Message`]; what is written to it comes to light only with [`Message::commit`]. After
//! that the message is safe in every mailbox: on stable storage there, or where the next start finds it. Before it, and after a failed commit,
//! it is in none.

mod draft;
mod error;
mod hold;
mod hop;
mod maildir;
mod message;
mod name;
#[cfg(test)]
mod tests;
mod turns;
mod unsettled;
mod usage;

pub use draft::Draft;
pub use error::{DeliveryError, Failure};
pub use hold::Released;
pub use hop::{Answer, Envelope, Hop, HopError, Onward, Passing};
pub use maildir::Maildir;
pub use message::{BUFFER, Message};

use crate::config::{Config, DeliveryConfig};
use crate::mailbox::Mailbox;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a file may lie in the `tmp` of a Maildir before it counts as left over.
pub const LEFT_OVER: Duration = Duration::from_secs(36 * 60 * 60);

/// A way to deliver. Cloning is cheap.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// Into Maildirs.
    Maildir(Arc<Maildir>),
    /// To another server.
    NextHop(Arc<Hop>),
    /// Nowhere: octets are counted and dropped.
    Discard,
}

impl Delivery {
    /// The way of delivery the configuration asks for; creates the mail directory where it does not exist. Blocks.
    ///
    /// # Errors
    ///
    /// In words: the mail directory cannot be created, or a file that says how the next hop is reached cannot be used.
    pub fn open(config: &Config) -> Result<Self, String> {
        match &config.delivery {
            DeliveryConfig::Maildir { path, sync } => {
                let opened = Maildir::open(path, *sync, &config.hostname);
                opened.map(|maildir| Self::Maildir(Arc::new(maildir))).map_err(|error| error.to_string())
            }
            DeliveryConfig::NextHop(address) => {
                Hop::open(config.next_hop(address), &config.hostname).map(Self::NextHop)
            }
            DeliveryConfig::Discard => Ok(Self::Discard),
        }
    }

    /// The next hop, where that is where mail goes.
    #[must_use]
    pub fn next_hop(&self) -> Option<&Arc<Hop>> {
        match self {
            Self::NextHop(hop) => Some(hop),
            Self::Maildir(_) | Self::Discard => None,
        }
    }

    /// Whether mail goes nowhere.
    #[must_use]
    pub fn discards(&self) -> bool {
        matches!(self, Self::Discard)
    }

    /// Whether messages can be held back here until a time.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Maildir(_))
    }

    /// Starts a message to one or more mailboxes. `head` is what the server itself puts before the content:
    /// [`return_path`](crate::trace::return_path) and [`Received`](crate::trace::Received), each with its CRLF.
    ///
    /// Nothing is written to disk before the first [`BUFFER`] octets are in, or the commit.
    #[must_use]
    pub fn begin(&self, mailboxes: &[Mailbox], head: Vec<u8>) -> Message {
        match self {
            Self::Maildir(maildir) => Message::to_maildirs(Arc::clone(maildir), mailboxes.to_vec(), None, head),
            Self::NextHop(_) | Self::Discard => Message::to_nowhere(),
        }
    }

    /// The same for a message that is held back until a time: it is as durable after its commit, and comes to light with
    /// [`release`](Self::release).
    #[must_use]
    pub fn hold(&self, mailboxes: &[Mailbox], until: SystemTime, head: Vec<u8>) -> Message {
        match self {
            Self::Maildir(maildir) => Message::to_maildirs(Arc::clone(maildir), mailboxes.to_vec(), Some(until), head),
            Self::NextHop(_) | Self::Discard => Message::to_nowhere(),
        }
    }

    /// Delivers the held messages whose time has come. What fails stays where it is. Blocks.
    #[must_use]
    pub fn release(&self, now: SystemTime) -> (Released, Option<DeliveryError>) {
        match self {
            Self::Maildir(maildir) => maildir.release(now),
            Self::NextHop(_) | Self::Discard => (Released::default(), None),
        }
    }

    /// Whether this is the same place as another: a reload opens it anew.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Maildir(one), Self::Maildir(other)) => one.is_same(other),
            (Self::NextHop(_) | Self::Discard, Self::NextHop(_) | Self::Discard) => true,
            _ => false,
        }
    }

    /// Sees to the messages that are held in the mail directory of an earlier configuration: they move here, or, where no mail lies here, are
    /// delivered there when their time has come. Says how many moved. What fails stays where it is. Blocks.
    #[must_use]
    pub fn take_over(&self, former: &Self, now: SystemTime) -> (usize, Released, Option<DeliveryError>) {
        let (moved, failure) = match (self, former) {
            (Self::Maildir(maildir), Self::Maildir(former)) => maildir.take_over(former),
            _ => (0, None),
        };
        match self {
            Self::Maildir(_) => (moved, Released::default(), failure),
            Self::NextHop(_) | Self::Discard => {
                let (released, failure) = former.release(now);
                (0, released, failure)
            }
        }
    }

    /// Whether a session or a message may still put something here, beside whoever asks.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        match self {
            Self::Maildir(maildir) => Arc::strong_count(maildir) > 1,
            Self::NextHop(_) | Self::Discard => false,
        }
    }

    /// Removes what interrupted deliveries have left behind ([`LEFT_OVER`]), and says how many files that were.
    /// Blocks; for the start of the server.
    ///
    /// # Errors
    ///
    /// The mail directory cannot be read. What cannot be read or removed further in is left alone.
    pub fn clean(&self) -> Result<usize, DeliveryError> {
        match self {
            Self::Maildir(maildir) => maildir.clean(LEFT_OVER),
            Self::NextHop(_) | Self::Discard => Ok(0),
        }
    }

    /// How many octets of mail lie in a mailbox that may hold `quota`, and is to take `added` more. Blocks.
    #[must_use]
    pub fn usage(&self, mailbox: &Mailbox, quota: u64, added: u64) -> u64 {
        match self {
            Self::Maildir(maildir) => maildir.usage(mailbox, quota, added),
            Self::NextHop(_) | Self::Discard => 0,
        }
    }

    /// Whether a mailbox is locked for the moment: a file `mailbox.lock` lies in it, say of a program that moves it. One system call.
    #[must_use]
    pub fn is_locked(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::Maildir(maildir) => maildir.is_locked(mailbox),
            Self::NextHop(_) | Self::Discard => false,
        }
    }

    /// Free disk space for mail, in octets; `None` where no disk is used. One system call.
    ///
    /// # Errors
    ///
    /// The mail directory cannot be reached.
    pub fn free_space(&self) -> Option<Result<u64, DeliveryError>> {
        match self {
            Self::Maildir(maildir) => {
                let root = maildir.root();
                Some(free_space(root).map_err(|error| DeliveryError::new(root, error)))
            }
            Self::NextHop(_) | Self::Discard => None,
        }
    }
}

/// Free space of the file system a path is on, in octets, for users who are not root.
///
/// # Errors
///
/// The path cannot be reached.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
