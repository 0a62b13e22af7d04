//! The same accounts, as the accounts file has them and as the tables of a database do.

use std::path::Path;

use ehlo_tests::Result;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::Home;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::runtime::{Builder, Runtime};
use toml::{Table, Value};

/// The tables that the default queries ask.
const TABLES: &str = include_str!("../../../crates/ehlod/accounts.sql");

/// Accounts and lists, whatever is made of them.
pub(crate) struct Accounts {
    table: Table,
}

impl Accounts {
    /// Takes the accounts and lists out of a document; whoever has a password has `pass`, and of what is stored
    /// for that either all (`PASSWORD`) or the words that begin so.
    pub(crate) fn new(document: &Table) -> Self {
        let output = Home::new().ehlod(&["passwd"], "pass\n");
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut table = Table::new();
        for kind in ["account", "list"] {
            let mut entries = document.get(kind).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
            for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_table_mut) {
                if let Some(Value::String(begin)) = entry.get_mut("password") {
                    let kept = line.split(' ').filter(|word| begin == "PASSWORD" || word.starts_with(begin.as_str()));
                    *begin = kept.collect::<Vec<_>>().join(" ");
                }
            }
            for members in entries.as_array_mut().into_iter().flatten().filter_map(|entry| entry.get_mut("members")) {
                if let Value::Integer(count) = members {
                    let member = |number| Value::String(format!("{number:a>64}@each.example"));
                    *members = Value::Array((0..*count).map(member).collect());
                }
            }
            table.insert(kind.into(), entries);
        }
        Self { table }
    }

    /// As the accounts file. Without a next hop it may have no account whose mail is forwarded.
    pub(crate) fn file(&self, next_hop: bool) -> String {
        let mut table = self.table.clone();
        if let Some(Value::Array(accounts)) = table.get_mut("account") {
            let is_forwarded = |account: &Value| account.get("forward_mode").and_then(Value::as_str) == Some("forward");
            accounts.retain(|account| next_hop || !is_forwarded(account));
        }
        table.to_string()
    }

    /// As statements of SQL that fill the tables, after those that make them.
    fn statements(&self) -> String {
        let mut sql = TABLES.to_owned();
        let entries = |kind: &str| self.table[kind].as_array().into_iter().flatten().filter_map(Value::as_table);
        for account in entries("account") {
            let columns = account.iter().filter(|(column, _)| *column != "aliases");
            let (names, values): (Vec<_>, Vec<_>) = columns.map(|(name, value)| (name.clone(), literal(value))).unzip();
            sql += &format!("INSERT INTO accounts ({}) VALUES ({});\n", names.join(", "), values.join(", "));
            for alias in account.get("aliases").and_then(Value::as_array).into_iter().flatten() {
                let address = literal(&account["address"]);
                sql += &format!("INSERT INTO aliases (alias, address) VALUES ({}, {address});\n", literal(alias));
            }
        }
        for list in entries("list") {
            for member in list["members"].as_array().into_iter().flatten() {
                let accepts_from = list.get("accepts_from").map_or("NULL".into(), literal);
                let (address, member) = (literal(&list["address"]), literal(member));
                sql += &format!("INSERT INTO list_members VALUES ({address}, {member}, {accepts_from});\n");
            }
        }
        sql
    }

    /// Puts them into a database of SQLite.
    pub(crate) fn fill_sqlite(&self, path: &Path) -> Result<()> {
        Self::change_sqlite(path, &self.statements())
    }

    /// Has a database of SQLite do what statements say.
    pub(crate) fn change_sqlite(path: &Path, statements: &str) -> Result<()> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let filled = runtime().block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            connection.execute(sqlx::raw_sql(statements)).await?;
            connection.close().await
        });
        filled.map_err(|error| format!("SQLite: {error}"))
    }

    /// Puts them into the database `postgres` of a server of PostgreSQL, which may still be on its way up.
    pub(crate) fn fill_postgres(&self, url: &str) -> Result<()> {
        let runtime = runtime();
        let mut connection = eventually(|| {
            runtime.block_on(PgConnection::connect(url)).map_err(|error| format!("PostgreSQL: {error}"))
        })?;
        let filled = runtime.block_on(async {
            connection.execute(sqlx::raw_sql(&self.statements())).await?;
            connection.close().await
        });
        filled.map_err(|error| format!("PostgreSQL: {error}"))
    }
}

/// A value as SQL writes it; several are one text.
fn literal(value: &Value) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match value {
        Value::String(string) => text(string),
        Value::Array(elements) => text(&elements.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}
