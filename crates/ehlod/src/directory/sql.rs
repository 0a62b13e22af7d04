//! Accounts in a database: SQLite, or PostgreSQL.
//!
//! Nothing is written to it. A query has a time limit; where the database cannot be reached, nobody waits for it again until
//! [`PAUSE`] is over, and then it is tried anew: it heals by itself.

use super::Unavailable;
use super::account::{Account, List};
use super::cache::Cache;
use super::row::{Fields, member};
use crate::config::Database;
use crate::config::DatabaseUrl;
use crate::mailbox::Mailbox;
use crate::metrics::metrics;
use crate::pattern::Pattern;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Executor, IntoArguments, PgPool, Pool, SqlitePool};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long nobody asks again after the database could not be reached.
const PAUSE: Duration = Duration::from_secs(1);
/// The most members of a list.
pub(super) const MOST_MEMBERS: usize = 1000;

type Found<T> = Option<Arc<T>>;

/// A database, and what it said lately.
pub(super) struct Sql {
    pools: Pools,
    database: Database,
    accounts: Cache<Found<Account>>,
    lists: Cache<Found<List>>,
    /// Since when it cannot be reached.
    out_of_reach: Mutex<Option<Instant>>,
    /// Some account with a password: its verifier is checked for a user that there is not.
    sample: Mutex<Found<Account>>,
}

enum Pools {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").field("database", &self.database).finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug)]
enum Fault {
    /// The database.
    Database(sqlx::Error),
    /// What stands in it.
    Content(String),
    /// It takes too long.
    Time,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Content(what) => f.write_str(what),
            Self::Time => f.write_str("it does not answer in time"),
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Sql {
    /// Gets ready to ask a database; it is connected to when somebody asks. Only within a runtime of tokio.
    pub(super) fn new(database: &Database) -> Self {
        let pools = match &database.url {
            DatabaseUrl::Sqlite(options) => Pools::Sqlite(pool(database).connect_lazy_with(options.clone())),
            DatabaseUrl::Postgres(options) => Pools::Postgres(pool(database).connect_lazy_with(options.clone())),
        };
        Self {
            pools,
            database: database.clone(),
            accounts: Cache::new(database.cache),
            lists: Cache::new(database.cache),
            out_of_reach: Mutex::default(),
            sample: Mutex::default(),
        }
    }

    /// The account that has the address, or has it for an alias.
    pub(super) async fn account(&self, address: &Mailbox) -> Result<Found<Account>, Unavailable> {
        if let Some(known) = self.accounts.get(address) {
            return Ok(known);
        }
        self.may_ask()?;
        let (query, asked) = (self.database.account_query.as_str(), address.to_string());
        let [latency, _] = &metrics().directory;
        let timer = latency.start();
        let asked_for = match &self.pools {
            Pools::Sqlite(pool) => {
                self.ask(pool, query, asked).await.and_then(|rows| Ok(rows.first().map(Fields::read).transpose()?))
            }
            Pools::Postgres(pool) => {
                self.ask(pool, query, asked).await.and_then(|rows| Ok(rows.first().map(Fields::read).transpose()?))
            }
        };
        timer.stop(asked_for.is_ok());
        let found = asked_for.and_then(|fields| fields.map(Fields::account).transpose().map_err(Fault::Content));
        let found = self.settle(found, address)?.map(Arc::new);
        if let Some(account) = found.as_ref().filter(|account| account.password.is_some()) {
            lock(&self.sample).get_or_insert_with(|| Arc::clone(account));
        }
        self.accounts.put(address, &found);
        Ok(found)
    }

    /// The list that has the address.
    pub(super) async fn list(&self, address: &Mailbox) -> Result<Found<List>, Unavailable> {
        if let Some(known) = self.lists.get(address) {
            return Ok(known);
        }
        self.may_ask()?;
        let (query, asked) = (self.database.list_query.as_str(), address.to_string());
        let [_, latency] = &metrics().directory;
        let timer = latency.start();
        let members: Result<Vec<(Mailbox, Vec<Pattern>)>, Fault> = match &self.pools {
            Pools::Sqlite(pool) => self
                .ask(pool, query, asked)
                .await
                .and_then(|rows| rows.iter().map(|row| member(row)?.map_err(Fault::Content)).collect()),
            Pools::Postgres(pool) => self
                .ask(pool, query, asked)
                .await
                .and_then(|rows| rows.iter().map(|row| member(row)?.map_err(Fault::Content)).collect()),
        };
        timer.stop(members.is_ok());
        let members = self.settle(members, address)?;
        if members.len() > MOST_MEMBERS {
            tracing::error!(%address, members = members.len(), "the list has too many members ({MOST_MEMBERS} at the most)");
            return Err(Unavailable);
        }
        let accepts_from = members.first().map(|(_, patterns)| patterns.clone()).unwrap_or_default();
        let list = |members: Vec<_>| Arc::new(List { address: address.clone(), members, accepts_from });
        let members: Vec<_> = members.into_iter().map(|(member, _)| member).collect();
        let found = (!members.is_empty()).then(|| list(members));
        self.lists.put(address, &found);
        Ok(found)
    }

    /// Whether the database answers.
    pub(super) async fn reach(&self) -> Result<(), Unavailable> {
        self.may_ask()?;
        let (query, asked) = (self.database.account_query.as_str(), Mailbox::new("postmaster", "localhost"));
        let answer = match &self.pools {
            Pools::Sqlite(pool) => self.ask(pool, query, asked.to_string()).await.map(drop),
            Pools::Postgres(pool) => self.ask(pool, query, asked.to_string()).await.map(drop),
        };
        self.settle(answer, &asked)
    }

    /// An account whose password is like one of any user here, as far as one has been seen.
    pub(super) fn sample(&self) -> Found<Account> {
        lock(&self.sample).clone()
    }

    /// Asks, each time on a connection that answers. One that does not is closed, so that it takes up no place.
    async fn ask<D>(&self, pool: &Pool<D>, query: &str, asked: String) -> Result<Vec<D::Row>, Fault>
    where
        D: sqlx::Database,
        for<'q> D::Arguments<'q>: IntoArguments<'q, D>,
        for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
        for<'q> String: sqlx::Encode<'q, D> + sqlx::Type<D>,
    {
        let deadline = tokio::time::Instant::now() + self.database.timeout;
        let acquired = tokio::time::timeout_at(deadline, pool.acquire()).await;
        let mut connection: PoolConnection<D> = acquired.map_err(|_| Fault::Time)??;
        let rows = sqlx::query(query).bind(asked).fetch_all(&mut *connection);
        match tokio::time::timeout_at(deadline, rows).await {
            Ok(rows) => Ok(rows?),
            Err(_) => {
                drop(connection.detach());
                Err(Fault::Time)
            }
        }
    }

    /// Whether there is a point in asking.
    fn may_ask(&self) -> Result<(), Unavailable> {
        let paused = lock(&self.out_of_reach).is_some_and(|since| since.elapsed() < PAUSE);
        if paused { Err(Unavailable) } else { Ok(()) }
    }

    /// What became of a question, for those who ask next and for the log.
    fn settle<T>(&self, found: Result<T, Fault>, address: &Mailbox) -> Result<T, Unavailable> {
        match found {
            Ok(found) => {
                if lock(&self.out_of_reach).take().is_some() {
                    tracing::info!("the database of accounts can be reached again");
                }
                Ok(found)
            }
            // The database is all right, and so are other accounts.
            Err(Fault::Content(what)) => {
                tracing::error!(%address, "the database of accounts is wrong: {what}");
                Err(Unavailable)
            }
            Err(fault) => {
                tracing::error!(%address, "the database of accounts gives no answer: {fault}");
                *lock(&self.out_of_reach) = Some(Instant::now());
                Err(Unavailable)
            }
        }
    }
}

fn pool<D: sqlx::Database>(database: &Database) -> PoolOptions<D> {
    PoolOptions::new().max_connections(database.connections).acquire_timeout(database.timeout)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
