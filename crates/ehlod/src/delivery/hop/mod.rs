//! A next hop: another server, which takes a message over while its sender waits.
//!
//! Nothing is kept here for later. A recipient is put to the next hop before it is answered for, and so is the message at its end; what
//! the next hop refuses is refused with its own words. Connections are kept for a while, and used again.

mod answer;
mod dots;
mod envelope;
mod link;
mod passing;
mod tls;

pub use answer::{Answer, HopError};
pub use envelope::{Envelope, Onward};
pub use passing::Passing;

use crate::config::{HopAddress, NextHop};
use link::Link;
use mail_send::Credentials;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tls::Connector;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;

/// A next hop, and the connections to it that wait for a message.
pub struct Hop {
    settings: NextHop,
    hostname: String,
    connector: Connector,
    login: Option<Credentials<String>>,
    turns: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    links: Vec<Link>,
    /// Whether somebody sees to it that they do not wait for ever.
    watched: bool,
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop").field("address", &self.settings.address.to_string()).finish_non_exhaustive()
    }
}

impl Hop {
    /// Makes ready for connections, and reads the files that the settings name. Blocks.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or used, in words.
    pub fn open(settings: NextHop, hostname: &str) -> Result<Arc<Self>, String> {
        let connector = Connector::new(&settings)?;
        let login = match &settings.login {
            Some((user, file)) => Some(Credentials::new(user.clone(), password(file)?)),
            None => None,
        };
        let turns = Arc::new(Semaphore::new(usize::try_from(settings.connections).unwrap_or(usize::MAX >> 3)));
        let hostname = hostname.to_owned();
        Ok(Arc::new(Self { settings, hostname, connector, login, turns, idle: Mutex::default() }))
    }

    /// Which it is.
    #[must_use]
    pub fn address(&self) -> &HopAddress {
        &self.settings.address
    }

    /// Whether it answers for each recipient at the end of a message.
    fn is_lmtp(&self) -> bool {
        self.settings.address.lmtp
    }

    /// The right to a connection; waits for one of the others to end where there are as many as there may be.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, HopError> {
        let turn = time::timeout(self.settings.timeout, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| HopError::Broken("all connections to it are in use".to_owned()))
    }

    /// A connection that waits for MAIL: one that was kept, or a new one.
    async fn link(&self) -> Result<Link, HopError> {
        let kept = self.idle().links.pop();
        match kept {
            Some(link) if link.since.elapsed() < self.settings.idle => Ok(link),
            _ => self.new_link().await,
        }
    }

    async fn new_link(&self) -> Result<Link, HopError> {
        Link::open(&self.settings, &self.hostname, &self.connector, self.login.as_ref()).await
    }

    /// Keeps a connection for the next message.
    fn keep(self: &Arc<Self>, mut link: Link) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.settings.idle.is_zero() {
            runtime.spawn(link.quit());
            return;
        }
        link.was_used = true;
        link.since = Instant::now();
        let mut idle = self.idle();
        idle.links.push(link);
        if !idle.watched {
            idle.watched = true;
            runtime.spawn(watch(Arc::downgrade(self), self.settings.idle));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends connections that nobody has used for so long, until there is none left.
async fn watch(hop: Weak<Hop>, limit: Duration) {
    loop {
        time::sleep(limit).await;
        let Some(hop) = hop.upgrade() else { return };
        let (old, is_last) = {
            let mut idle = hop.idle();
            let old: Vec<_> = idle.links.extract_if(.., |link| link.since.elapsed() >= limit).collect();
            idle.watched = !idle.links.is_empty();
            (old, idle.links.is_empty())
        };
        for link in old {
            link.quit().await;
        }
        if is_last {
            return;
        }
    }
}

/// The first line of a file.
fn password(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file:?} cannot be read: {error}"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(format!("{file:?} holds no password in its first line")),
    }
}
