//! What the directory says of senders, recipients and users, with the accounts in a file, in SQLite and in PostgreSQL: the rows of
//! `rows/directory.toml`, each with each of the three; and a database that is out of reach, and heals.
//!
//! Without PostgreSQL its trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set, they fail.

use std::sync::Arc;

use accounts::Accounts;
use ehlo_tests::Result;
use ehlo_tests::trials::trial;
use libtest_mimic::{Arguments, Trial};
use postgres::Postgres;
use row::{Backend, Row};

mod accounts;
mod outage;
mod postgres;
mod row;

fn main() {
    let document: toml::Table = include_str!("../../rows/directory.toml").parse().expect("the rows are TOML");
    let accounts = Arc::new(Accounts::new(&document));
    let rows: Vec<_> = document["row"].as_array().expect("there are rows").iter().map(Row::new).collect();
    let programs = Postgres::programs();
    let server = programs.clone().map(|programs| ready(programs, &accounts));
    let url = match &server {
        Some(Ok(server)) => Ok(server.url("postgres")),
        Some(Err(why)) => Err(why.clone()),
        None => Err("PostgreSQL is not installed".to_owned()),
    };

    let mut trials = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let row = Arc::new(row);
        for backend in Backend::ALL {
            let (row, accounts, url) = (Arc::clone(&row), Arc::clone(&accounts), url.clone());
            let name = format!("{} {} {} ({})", row.id, row.stage, backend.name(), number + 1);
            let missing = (backend == Backend::Postgres && programs.is_none()).then_some("PostgreSQL is not installed");
            trials.push(unless(missing, trial(name, move || row.play(backend, &accounts, &url))));
        }
    }
    for (name, needs, check) in outage::TRIALS {
        let (accounts, programs) = (Arc::clone(&accounts), programs.clone());
        let missing = (*needs && programs.is_none()).then_some("PostgreSQL is not installed");
        trials.push(unless(missing, trial(*name, move || check(&accounts, programs))));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(server);
    conclusion.exit();
}

/// A server with the accounts in it.
fn ready(programs: std::path::PathBuf, accounts: &Accounts) -> Result<Postgres> {
    let server = Postgres::start(programs)?;
    accounts.fill_postgres(&server.url("postgres"))?;
    Ok(server)
}

/// The trial, ignored where something is missing, unless all has to be there.
fn unless(missing: Option<&str>, trial: Trial) -> Trial {
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    match missing {
        Some(why) => trial.with_kind(why).with_ignored_flag(!required),
        None => trial,
    }
}
