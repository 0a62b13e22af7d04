//! What is remembered of clients and senders, and for what: `[state]`, `[greylist]`, `[flow]`, `[access.audit]`.

use super::table::{Table, expected};
use super::units::Rate;
use super::values::{self, boolean, choice, delay, timeout};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeValue;

/// Where it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateConfig {
    /// The store.
    pub place: StatePlace,
    /// Whether mail is put off while the store fails; otherwise it is let pass.
    pub defer: bool,
}

/// Which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatePlace {
    /// The embedded one, in this directory.
    Embedded(PathBuf),
    /// Redis.
    Redis(RedisUrl),
}

/// The URL of Redis, which may hold a password: it never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl")
    }
}

/// Greylisting: mail from a network for a recipient is put off until its sender comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greylist {
    /// How long it is put off.
    pub delay: Duration,
    /// How long one that came again is remembered, from its last message on.
    pub expires: Duration,
    /// How long the first sight is remembered.
    pub pending: Duration,
    /// The lengths of the prefix that makes a network, of IPv4 and IPv6.
    pub prefix: (u8, u8),
}

/// Flow control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Messages for one recipient.
    pub per_recipient: Option<Rate>,
    /// Messages from one client: an IPv4 address, or a /64 of IPv6.
    pub per_client: Option<Rate>,
}

/// The server's own lists of those that misbehaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Permanent refusals of any kind that a client may cause.
    pub client_failures: Rate,
    /// Refused recipients that a sender may name.
    pub sender_failures: Rate,
    /// How long whoever had more stays on the list.
    pub lasts: Duration,
}

/// Reads `[state]`. Of `path` and `url` the one that is not for the store may stand there too.
pub(super) fn state(document: &mut Table<'_, '_>, base: &Path) -> StateConfig {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Embedded,
        Redis,
    }
    let mut table = document.table_or_empty("state");
    let kinds = [("embedded", Kind::Embedded), ("redis", Kind::Redis)];
    let kind = table.or("kind", Kind::Embedded, choice(&kinds));
    let path = table.value("path", values::name);
    let url = table.value("url", redis_url);
    let failure = choice(&[("accept", false), ("defer", true)]);
    let defer = table.or("failure", false, failure);
    let directory = base.join(path.as_ref().map_or("state", |found| &found.value));
    if kind == Kind::Embedded && directory.exists() && !directory.is_dir() {
        table.error(path.map_or(table.at(), |found| found.at), "path", "is not a directory");
    }
    let place = match (kind, url) {
        (Kind::Embedded, _) => StatePlace::Embedded(directory),
        (Kind::Redis, Some(url)) => StatePlace::Redis(url.value),
        (Kind::Redis, None) => {
            table.error(table.at(), "url", "missing (for instance url = \"redis://127.0.0.1:6379/\")");
            StatePlace::Embedded(directory)
        }
    };
    table.finish();
    StateConfig { place, defer }
}

fn redis_url(value: &DeValue<'_>) -> Result<RedisUrl, String> {
    let text = values::text(value)?;
    match redis::parse_redis_url(&text) {
        Some(_) => Ok(RedisUrl(text)),
        // What is wrong is not repeated: it may hold a password.
        None => Err("is not an URL of Redis (for instance \"redis://127.0.0.1:6379/\")".to_owned()),
    }
}

/// Reads `[greylist]`; `None` where it is off.
pub(super) fn greylist(document: &mut Table<'_, '_>) -> Option<Greylist> {
    const MINUTE: u64 = 60;
    const DAY: u64 = 24 * 60 * MINUTE;
    let mut table = document.table_or_empty("greylist");
    let enabled = table.or("enabled", false, boolean);
    let greylist = Greylist {
        delay: table.or("delay", Duration::from_secs(5 * MINUTE), delay),
        expires: table.or("expires", Duration::from_secs(36 * DAY), timeout),
        pending: table.or("pending", Duration::from_secs(8 * 60 * MINUTE), timeout),
        prefix: table.or("network_prefix", (24, 64), prefixes),
    };
    if greylist.pending <= greylist.delay {
        table.error(table.at(), "pending", "is not longer than delay, so that nothing would ever be let pass");
    }
    table.finish();
    enabled.then_some(greylist)
}

/// Two lengths of prefixes.
fn prefixes(value: &DeValue<'_>) -> Result<(u8, u8), String> {
    let DeValue::Array(elements) = value else { return Err(expected("an array", value)) };
    let lengths: Vec<u32> = elements
        .iter()
        .map(|element| values::reserve(element.get_ref()))
        .filter_map(|n| n.ok()?.try_into().ok())
        .collect();
    match lengths[..] {
        [v4 @ 0..=32, v6 @ 0..=128] if elements.len() == 2 => Ok((v4 as u8, v6 as u8)),
        _ => Err("is not the prefixes of IPv4 and IPv6 (for instance [24, 64])".to_owned()),
    }
}

/// Reads `[flow]`.
pub(super) fn flow(document: &mut Table<'_, '_>) -> Flow {
    let mut table = document.table_or_empty("flow");
    let flow = Flow {
        per_recipient: table.or("per_recipient", None, rate_or_none),
        per_client: table.or("per_client", None, rate_or_none),
    };
    table.finish();
    flow
}

/// Reads `[access.audit]`; `None` where it is off, as it is where there is no such section.
pub(super) fn audit(access: &mut Table<'_, '_>) -> Option<Audit> {
    const DEFAULT: Rate = Rate { count: 20, window: Duration::from_secs(600) };
    let mut table = access.table("audit")?;
    let enabled = table.or("enabled", true, boolean);
    let audit = Audit {
        client_failures: table.or("client_failures", DEFAULT, rate),
        sender_failures: table.or("sender_failures", DEFAULT, rate),
        lasts: table.or("lasts", Duration::from_secs(3600), timeout),
    };
    table.finish();
    enabled.then_some(audit)
}

fn rate(value: &DeValue<'_>) -> Result<Rate, String> {
    values::text(value)?.parse()
}

fn rate_or_none(value: &DeValue<'_>) -> Result<Option<Rate>, String> {
    if values::empty_text(value)? { Ok(None) } else { rate(value).map(Some) }
}
