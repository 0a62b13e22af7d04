//! A store that several servers share: Redis.
//!
//! Each change is one script there, so that two servers that make it at once do not count past one another; the clock is that of Redis,
//! and so is forgetting. The connection is made when it is needed, and again where it broke.

use super::entry::{Ask, Each, Entry};
use super::record::{Change, Outcome, Record, now};
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

/// So many keys are looked at in one piece.
const PIECE: u32 = 1000;

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
    /// A store at an URL. Nothing is connected yet; that needs a runtime of tokio.
    ///
    /// # Errors
    ///
    /// In words: what is wrong with the URL.
    pub fn open(url: &RedisUrl) -> Result<Self, String> {
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

    /// Looks through what is remembered, or forgets it: how many entries were found, or forgotten.
    ///
    /// # Errors
    ///
    /// In words: Redis did not do it.
    pub async fn ask(&self, ask: &Ask, each: Each<'_>) -> Result<u64, String> {
        let said = |error: RedisError| error.to_string();
        let (Ask::List(query) | Ask::Clear(query)) = ask;
        let mut connection = self.connection.clone();
        let mut count = 0;
        for kind in &query.kinds {
            let first = ours(*kind, "");
            let mut cursor = 0_u64;
            loop {
                let keys: Vec<String>;
                if query.names.is_empty() {
                    let mut scan = redis::cmd("SCAN");
                    scan.arg(cursor).arg("MATCH").arg(format!("{first}*")).arg("COUNT").arg(PIECE);
                    (cursor, keys) = scan.query_async(&mut connection).await.map_err(said)?;
                } else {
                    keys = query.names.iter().map(|name| ours(*kind, name)).collect();
                }
                let fits = |key: &String| key.strip_prefix(&first).is_some_and(|name| query.fits(name));
                // Redis may give a key twice.
                let mut keys: Vec<String> = keys.into_iter().filter(fits).collect();
                keys.sort_unstable();
                keys.dedup();
                if matches!(ask, Ask::Clear(_)) && !keys.is_empty() {
                    let mut unlink = redis::cmd("UNLINK");
                    let gone: u64 = unlink.arg(&keys).query_async(&mut connection).await.map_err(said)?;
                    count += gone;
                } else {
                    for entry in entries(&mut connection, *kind, &first, &keys).await.map_err(said)? {
                        count += 1;
                        if !each(entry) {
                            return Ok(count);
                        }
                    }
                }
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(count)
    }
}

/// What is remembered under keys, as far as it still is.
async fn entries(
    connection: &mut ConnectionManager,
    kind: Kind,
    first: &str,
    keys: &[String],
) -> Result<Vec<Entry>, RedisError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipe = redis::pipe();
    for key in keys {
        pipe.cmd("HMGET").arg(key).arg("since").arg("level");
        pipe.cmd("PTTL").arg(key);
    }
    type Found = ((Option<u64>, Option<f64>), i64);
    let found: Vec<redis::Value> = pipe.query_async(connection).await?;
    let now = now();
    let mut entries = Vec::new();
    for (key, values) in keys.iter().zip(found.chunks(2)) {
        let ((since, level), left): Found = redis::from_redis_value(redis::Value::Array(values.to_vec()))?;
        let (Some(since), Some(level), Ok(left)) = (since, level, u64::try_from(left)) else { continue };
        let record = Record { expires: now.saturating_add(left), since, level: level.ceil() as u64 };
        entries.push(Entry::new(kind, key.strip_prefix(first).unwrap_or_default(), record, level));
    }
    Ok(entries)
}

fn ours(kind: Kind, name: &str) -> String {
    format!("{OURS} {}", key(kind, name))
}

fn unavailable(error: RedisError) -> Unavailable {
    tracing::error!(%error, "Redis");
    Unavailable
}
