//! A message as the session sees it: pieces in, then a commit, without blocking the runtime.

use super::draft::Draft;
use super::error::DeliveryError;
use super::maildir::Maildir;
use super::name;
use crate::mailbox::Mailbox;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, DeliveryError>;

/// How much of a message is held in memory before it goes to disk, in octets. A message that fits costs the runtime
/// one hop to a thread that may block, at the commit.
pub const BUFFER: usize = 128 * 1024;

/// A message on its way. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct Message {
    size: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The message goes nowhere.
    Discard,
    /// The message goes to disk.
    Spool(Box<Spool>),
    /// Some of the message got lost on its way to disk, or still is on its way.
    Torn,
}

/// A message in memory, and its beginning on disk where it is longer than the buffer.
#[derive(Debug)]
struct Spool {
    maildir: Arc<Maildir>,
    mailboxes: Vec<Mailbox>,
    /// Until when it is held back.
    held: Option<SystemTime>,
    buffer: Vec<u8>,
    draft: Option<Draft>,
}

impl Message {
    pub(super) fn to_nowhere() -> Self {
        Self { size: 0, state: State::Discard }
    }

    pub(super) fn to_maildirs(
        maildir: Arc<Maildir>,
        mailboxes: Vec<Mailbox>,
        held: Option<SystemTime>,
        head: Vec<u8>,
    ) -> Self {
        Self { size: 0, state: State::Spool(Box::new(Spool { maildir, mailboxes, held, buffer: head, draft: None })) }
    }

    /// Octets of content so far, without the head.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Octets that the message takes of memory at the moment: [`BUFFER`] at the most, or the head where that is longer.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.state {
            State::Spool(spool) => spool.buffer.capacity(),
            State::Discard | State::Torn => 0,
        }
    }

    /// Adds a piece of the content, of any length. It waits only where the buffer has become full.
    ///
    /// # Errors
    ///
    /// The buffer could not be written to disk. Every further call fails too. A call whose future is dropped before it
    /// returns spoils the message in the same way.
    pub async fn write(&mut self, mut piece: &[u8]) -> Result<()> {
        self.size += piece.len() as u64;
        loop {
            match &mut self.state {
                State::Discard => return Ok(()),
                State::Torn => return Err(torn()),
                State::Spool(spool) => {
                    piece = spool.take_in(piece);
                    if piece.is_empty() {
                        return Ok(());
                    }
                }
            }
            if let State::Spool(mut spool) = mem::replace(&mut self.state, State::Torn) {
                let flush = move || spool.flush().map(|()| spool);
                self.state = State::Spool(spawn_blocking(flush).await.map_err(lost)??);
            }
        }
    }

    /// Leaves out mailboxes, that are not to get the message.
    pub fn leave_out(&mut self, mailboxes: &[Mailbox]) {
        if let State::Spool(spool) = &mut self.state {
            spool.mailboxes.retain(|mailbox| !mailboxes.contains(mailbox));
            if let Some(draft) = &mut spool.draft {
                draft.leave_out(&mailboxes.iter().map(name::directory).collect::<Vec<_>>());
            }
        }
    }

    /// Brings what there is of the message to disk: what can go wrong there goes wrong now, and hardly at the commit.
    ///
    /// # Errors
    ///
    /// It could not be written. The message cannot be used any more.
    pub async fn flush(&mut self) -> Result<()> {
        match mem::replace(&mut self.state, State::Torn) {
            State::Discard => self.state = State::Discard,
            State::Torn => return Err(torn()),
            State::Spool(mut spool) => {
                let flush = move || spool.flush().and_then(|()| spool.sync()).map(|()| spool);
                self.state = State::Spool(spawn_blocking(flush).await.map_err(lost)??);
            }
        }
        Ok(())
    }

    /// Delivers the message: when this returns, it is in every mailbox, and on stable storage where that is asked for.
    /// Where the future is dropped before that, the message may be delivered or not.
    ///
    /// # Errors
    ///
    /// Some mailbox could not get it, so that none has it: the client has to send it again.
    pub async fn commit(mut self) -> Result<()> {
        match mem::replace(&mut self.state, State::Torn) {
            State::Discard => Ok(()),
            State::Torn => Err(torn()),
            State::Spool(spool) => spawn_blocking(|| spool.commit()).await.map_err(lost)?,
        }
    }
}

impl Drop for Message {
    /// Removing a file may block, so that is done elsewhere where there is a runtime to do it.
    fn drop(&mut self) {
        if let State::Spool(spool) = mem::replace(&mut self.state, State::Torn)
            && spool.draft.is_some()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(|| drop(spool));
        }
    }
}

impl Spool {
    /// Takes what there is room for into the buffer, and returns the rest.
    fn take_in<'p>(&mut self, piece: &'p [u8]) -> &'p [u8] {
        let held = self.buffer.len();
        let (now, later) = piece.split_at(piece.len().min(BUFFER.saturating_sub(held)));
        // Grown as a vector grows by itself, but never past what the buffer may hold.
        if held + now.len() > self.buffer.capacity() {
            let roomy = (held + now.len()).max(2 * self.buffer.capacity()).min(BUFFER);
            self.buffer.reserve_exact(roomy.saturating_sub(held));
        }
        self.buffer.extend_from_slice(now);
        later
    }

    /// Brings the buffer to disk. Blocks.
    fn flush(&mut self) -> Result<()> {
        let mut draft = match self.draft.take() {
            Some(draft) => draft,
            None => match self.held {
                None => self.maildir.begin(&self.mailboxes)?,
                Some(until) => self.maildir.hold(&self.mailboxes, until)?,
            },
        };
        draft.write(&self.buffer)?;
        self.buffer.clear();
        self.draft = Some(draft);
        Ok(())
    }

    /// Brings what is written to stable storage, where that is asked for. Blocks.
    fn sync(&self) -> Result<()> {
        self.draft.as_ref().map_or(Ok(()), Draft::sync)
    }

    /// Blocks.
    fn commit(mut self) -> Result<()> {
        if self.draft.is_none() && self.held.is_none() {
            return self.maildir.deliver_whole(&self.mailboxes, &self.buffer);
        }
        self.flush()?;
        self.draft.map_or_else(|| Err(torn()), Draft::commit)
    }
}

fn torn() -> DeliveryError {
    DeliveryError::new("".as_ref(), io::Error::other("an earlier part of the message could not be written"))
}

fn lost(error: tokio::task::JoinError) -> DeliveryError {
    DeliveryError::new("".as_ref(), error)
}
