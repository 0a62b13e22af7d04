//! A document of rows, and what they share.

use std::sync::Arc;

use toml::Table;

use crate::accounts::Accounts;
use crate::row::{Backend, Row};

/// What a file in `tests/rows` holds.
pub(crate) struct Document {
    pub(crate) name: &'static str,
    /// Where there are none, there is one mailbox for everybody at `example.net`.
    pub(crate) accounts: Option<Arc<Accounts>>,
    pub(crate) rows: Vec<Row>,
}

impl Document {
    pub(crate) fn new(name: &'static str, text: &str) -> Self {
        let table: Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let accounts = table.contains_key("account").then(|| Arc::new(Accounts::new(&table)));
        let rows = table["row"].as_array().expect("there are rows").iter().flat_map(Row::all).collect();
        Self { name, accounts, rows }
    }

    /// Where its accounts are, trial by trial.
    pub(crate) fn backends(&self) -> &'static [Backend] {
        match self.accounts {
            Some(_) => &[Backend::File, Backend::Sqlite, Backend::Postgres],
            None => &[Backend::None],
        }
    }
}
