//! What the server remembers of clients, senders and recipients: the greylist, rates, and its own lists.
//!
//! It is kept in an embedded store, or in Redis, which several servers share. What is remembered survives a crash of the server, but for the
//! rates of the last second in the embedded store; it is bounded, since everything is forgotten in time, and past ten million entries the
//! embedded store takes nothing new (what Redis may grow to, its own configuration says).

mod embedded;
mod entry;
mod manage;
mod record;
mod redis;
mod socket;

pub use embedded::Embedded;
pub use entry::{Ask, Each, Entry, Query};
pub use record::{Change, Outcome, Record};
pub use redis::Redis;
pub use socket::ask_embedded;

use crate::config::{Config, StatePlace};
use crate::metrics::metrics;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The store cannot say for the moment; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// A store cannot be opened.
#[derive(Debug)]
pub struct OpenError {
    place: String,
    what: String,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the state cannot be opened: {}", self.place, self.what)
    }
}

impl std::error::Error for OpenError {}

/// What is kept under a key, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Network, sender and recipient, for the greylist.
    Triple,
    /// Messages for a recipient.
    RecipientRate,
    /// Messages from a client.
    ClientRate,
    /// Refusals that a client caused.
    ClientFailures,
    /// Refused recipients that a sender named.
    SenderFailures,
    /// A client on the server's own list.
    ClientAudit,
    /// A sender on the server's own list.
    SenderAudit,
}

impl Kind {
    /// How its keys begin, and what it is called.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Triple => "greylist",
            Self::RecipientRate => "flow recipient",
            Self::ClientRate => "flow client",
            Self::ClientFailures => "failures client",
            Self::SenderFailures => "failures sender",
            Self::ClientAudit => "audit client",
            Self::SenderAudit => "audit sender",
        }
    }

    /// Whether what is told of it has to be on stable storage first.
    const fn is_durable(self) -> bool {
        matches!(self, Self::Triple | Self::ClientAudit | Self::SenderAudit)
    }
}

fn key(kind: Kind, name: &str) -> String {
    format!("{} {name}", kind.prefix())
}

/// A store.
#[derive(Clone, Debug)]
pub enum Store {
    /// In a file of this server.
    Embedded(Arc<Embedded>),
    /// For several servers.
    Redis(Arc<Redis>),
}

impl Store {
    /// Changes what is remembered of something.
    ///
    /// # Errors
    ///
    /// Where it could not be done.
    pub async fn change(&self, kind: Kind, name: &str, change: Change) -> Result<Outcome, Unavailable> {
        let [latency, _] = &metrics().state;
        match self {
            Self::Embedded(store) => latency.of(store.change(kind, name, change)).await,
            // In a box, here and below: a question under way is large, and few connections have one.
            Self::Redis(store) => latency.of(Box::pin(store.change(kind, name, change))).await,
        }
    }

    /// Whether something is on a list.
    ///
    /// # Errors
    ///
    /// Where it cannot be told.
    pub async fn is_listed(&self, kind: Kind, name: &str) -> Result<bool, Unavailable> {
        let [_, latency] = &metrics().state;
        match self {
            Self::Embedded(store) => latency.of(async { store.is_listed(kind, name) }).await,
            Self::Redis(store) => latency.of(Box::pin(store.is_listed(kind, name))).await,
        }
    }
}

/// The store that a configuration needs; `None` where it needs none. While an embedded one is open elsewhere in the process, as it is at a
/// reload, it is that one.
///
/// # Errors
///
/// Where it cannot be opened.
pub fn open(config: &Config) -> Result<Option<Store>, OpenError> {
    static OPEN: Mutex<Vec<(PathBuf, Weak<Embedded>)>> = Mutex::new(Vec::new());

    let flow = &config.flow;
    let is_needed = config.greylist.is_some()
        || config.access.audit.is_some()
        || flow.per_recipient.is_some()
        || flow.per_client.is_some();
    if !is_needed {
        return Ok(None);
    }
    let path = match &config.state.place {
        StatePlace::Embedded(path) => path,
        StatePlace::Redis(url) => {
            let opened = Redis::open(url).map_err(|what| OpenError { place: "Redis".to_owned(), what })?;
            return Ok(Some(Store::Redis(Arc::new(opened))));
        }
    };
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, store)| store.strong_count() > 0);
    if let Some(store) = open.iter().find(|(at, _)| at == path).and_then(|(_, store)| store.upgrade()) {
        return Ok(Some(Store::Embedded(store)));
    }
    let store = Embedded::open(path).map_err(|what| OpenError { place: path.display().to_string(), what })?;
    let store = Arc::new(store);
    open.push((path.clone(), Arc::downgrade(&store)));
    Ok(Some(Store::Embedded(store)))
}
