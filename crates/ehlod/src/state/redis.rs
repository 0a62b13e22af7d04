//! A store that several servers share: Redis.
//!
//! Each change is one script there, so that two servers that make it at once do not count past one another; the clock is that of Redis,
//! and so is forgetting. The connection is made when it is needed, and again where it broke.

use super::record::{Change, Outcome};
use super::{Kind, Unavailable, key};
use crate::config::RedisUrl;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use std::fmt;
use std::time::Duration;

/// How long Redis has to answer, and to be connected to.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it is let be before it is connected to again.
const DELAY: Duration = Duration::from_millis(100);

/// What all keys begin with.
const OURS: &str = "ehlod";

const BEGIN: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'since', 'level')
local since, level = tonumber(known[1]), tonumber(known[2])
local function keep(since, level, millis)
    redis.call('HSET', KEYS[1], 'since', since, 'level', level)
    redis.call('PEXPIRE', KEYS[1], millis)
end
";

/// Arguments: delay, pending, expires. Gives how long to wait.
const GREYLIST: &str = "
local delay, pending, expires = tonumber(ARGV[1]), ARGV[2], ARGV[3]
if not since and delay > 0 then
    keep(now, 0, pending)
    return delay
end
if since and level == 0 and now - since < delay then
    return delay - math.max(0, now - since)
end
keep(since or now, 1, expires)
return 0
";

/// Arguments: by how much, the most, window. Gives 1 where it is too much.
const COUNT: &str = "
local by, most, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local leaked = math.max(0, now - (since or now)) * most / window
level = math.max(0, (level or 0) - leaked) + by
if level > most then
    return 1
end
keep(now, level, window)
return 0
";

/// Argument: for how long.
const LIST: &str = "
keep(now, 1, ARGV[1])
return 0
";

/// A store in Redis.
pub struct Redis {
    connection: ConnectionManager,
    greylist: Script,
    count: Script,
    list: Script,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// A store at an URL. Nothing is connected yet.
    pub(super) fn open(url: &RedisUrl) -> Result<Self, String> {
        let client = Client::open(url.as_str()).map_err(|error| error.to_string())?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(DELAY)
            .set_max_delay(DELAY)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(|error| error.to_string())?;
        let script = |end: &str| Script::new(&format!("{BEGIN}{end}"));
        Ok(Self { connection, greylist: script(GREYLIST), count: script(COUNT), list: script(LIST) })
    }

    /// Changes what is remembered of something.
    ///
    /// # Errors
    ///
    /// Where Redis did not do it.
    pub async fn change(&self, kind: Kind, name: &str, change: Change) -> Result<Outcome, Unavailable> {
        let mut connection = self.connection.clone();
        let key = ours(kind, name);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (script, arguments) = match change {
            Change::Greylist { delay, pending, expires } => {
                (&self.greylist, vec![delay, pending, expires].into_iter().map(millis).collect())
            }
            Change::Count { by, rate } => {
                (&self.count, vec![u64::from(by), u64::from(rate.count), millis(rate.window)])
            }
            Change::List(lasts) => (&self.list, vec![millis(lasts)]),
        };
        let given: u64 = script.key(key).arg(arguments).invoke_async(&mut connection).await.map_err(unavailable)?;
        Ok(match change {
            Change::Greylist { .. } if given > 0 => Outcome::Wait(Duration::from_millis(given)),
            Change::Count { .. } if given > 0 => Outcome::TooMuch,
            _ => Outcome::Fine,
        })
    }

    /// Whether something is on a list.
    ///
    /// # Errors
    ///
    /// Where Redis did not say.
    pub async fn is_listed(&self, kind: Kind, name: &str) -> Result<bool, Unavailable> {
        let mut connection = self.connection.clone();
        redis::cmd("EXISTS").arg(ours(kind, name)).query_async(&mut connection).await.map_err(unavailable)
    }
}

fn ours(kind: Kind, name: &str) -> String {
    format!("{OURS} {}", key(kind, name))
}

fn unavailable(error: RedisError) -> Unavailable {
    tracing::error!(%error, "Redis");
    Unavailable
}
