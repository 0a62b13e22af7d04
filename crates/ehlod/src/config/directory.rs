//! `[directory]`: where the accounts are.

use super::read::readable;
use super::table::Table;
use super::values::{self, choice, count, delay, timeout};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

/// What finds the account of an address, its own or an alias.
const ACCOUNT_QUERY: &str =
    "SELECT * FROM accounts WHERE address = $1 OR address = (SELECT address FROM aliases WHERE alias = $1)";
/// What finds the members of a list.
const LIST_QUERY: &str =
    "SELECT member, accepts_from FROM list_members WHERE list = $1 ORDER BY accepts_from IS NULL, member";

/// Where the accounts are.
#[derive(Clone, Debug, PartialEq)]
pub enum Accounts {
    /// Nowhere: there are none.
    None,
    /// In a file.
    File(PathBuf),
    /// In a database.
    Sql(Box<Database>),
}

/// A database of accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Finds the account of an address, `$1`.
    pub account_query: String,
    /// Finds the members of a list, `$1`.
    pub list_query: String,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long an answer is remembered.
    pub cache: Duration,
    /// How many connections there are at the most.
    pub connections: u32,
}

/// Where a database is. It may hold a password, and does not print.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file of SQLite.
    Sqlite(SqliteConnectOptions),
    /// A server of PostgreSQL.
    Postgres(PgConnectOptions),
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(options) => f.debug_tuple("Sqlite").field(&options.get_filename()).finish(),
            Self::Postgres(options) => {
                f.debug_tuple("Postgres").field(&options.get_host()).field(&options.get_port()).finish()
            }
        }
    }
}

impl PartialEq for DatabaseUrl {
    /// By what prints of it: whatever has to be compared with it is in a test.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>, base: &Path) -> Accounts {
    let mut table = document.table_or_empty("directory");
    let sql = table.or("kind", false, choice(&[("file", false), ("sql", true)]));
    let file = table.value("accounts", values::name);
    let url = table.value("url", values::text).filter(|found| !found.value.is_empty());
    let account_query = table.or("account_query", ACCOUNT_QUERY.to_owned(), values::name);
    let list_query = table.or("list_query", LIST_QUERY.to_owned(), values::name);
    let limit = table.or("timeout", Duration::from_secs(5), timeout);
    let cache = table.or("cache", Duration::from_secs(60), delay);
    let connections = table.or("connections", 8, count);

    let accounts = match (sql, file, url) {
        (false, None, None) => Accounts::None,
        (false, Some(found), None) => readable(&table, base, "accounts", &found).map_or(Accounts::None, Accounts::File),
        (false, _, Some(url)) => {
            table.error(url.at, "url", "is for directory.kind = \"sql\"");
            Accounts::None
        }
        (true, file, url) => {
            if let Some(file) = file {
                table.error(file.at, "accounts", "is for directory.kind = \"file\"");
            }
            let read = url.map(|found| (found.at, parse(&found.value, base)));
            match read {
                Some((_, Ok(url))) => {
                    if let DatabaseUrl::Sqlite(options) = &url
                        && let Err(error) = std::fs::File::open(options.get_filename())
                    {
                        let at = table.at();
                        table.warning(at, "url", format!("the database cannot be read now: {error}"));
                    }
                    let database = Database { url, account_query, list_query, timeout: limit, cache, connections };
                    Accounts::Sql(Box::new(database))
                }
                Some((at, Err(what))) => {
                    table.error(at, "url", what);
                    Accounts::None
                }
                None => {
                    let at = table.at();
                    table.error(at, "url", "missing (for instance url = \"sqlite:accounts.db\")");
                    Accounts::None
                }
            }
        }
    };
    table.finish();
    accounts
}

/// Reads `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`. What is wrong is told without repeating it, for the password's sake.
fn parse(text: &str, base: &Path) -> Result<DatabaseUrl, String> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        let options = SqliteConnectOptions::new().filename(base.join(path)).read_only(true);
        return if path.is_empty() { Err("names no file".to_owned()) } else { Ok(DatabaseUrl::Sqlite(options)) };
    }
    if text.starts_with("postgres:") || text.starts_with("postgresql:") {
        let options =
            PgConnectOptions::from_str(text).map_err(|error| format!("is not an URL of PostgreSQL: {error}"))?;
        return Ok(DatabaseUrl::Postgres(options.application_name("ehlod")));
    }
    Err("is neither sqlite: nor postgres:".to_owned())
}
