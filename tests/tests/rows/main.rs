//! What clients are told, row by row of the catalogue and stage by stage: each row of `tests/rows` is a configuration, what a client says
//! to a server that runs by it, and the reply. Where a document has accounts, its rows are played with these in a file, in SQLite and in
//! PostgreSQL. After the rows a database that is out of reach, and heals; and the table of rows, stages and trials, where none may be missing.
//!
//! Without PostgreSQL or clamd their trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set, they fail.

use std::path::PathBuf;
use std::sync::Arc;

use document::Document;
use ehlo_tests::Result;
use ehlo_tests::clamd::Clamd;
use ehlo_tests::postgres::Postgres;
use ehlo_tests::trials::trial;
use libtest_mimic::{Arguments, Trial};
use row::Backend;
use special::{Needs, Special};

mod accounts;
mod document;
mod message;
mod outage;
mod row;
mod special;
mod table;

/// The documents, by name.
const DOCUMENTS: &[(&str, &str)] = &[
    ("directory", include_str!("../../rows/directory.toml")),
    ("session", include_str!("../../rows/session.toml")),
    ("state", include_str!("../../rows/state.toml")),
    ("names", include_str!("../../rows/names.toml")),
    ("message", include_str!("../../rows/message.toml")),
];

fn main() {
    let documents: Vec<_> = DOCUMENTS.iter().map(|(name, text)| Arc::new(Document::new(name, text))).collect();
    let accounts = documents.iter().find_map(|document| document.accounts.clone()).expect("a document has accounts");
    let programs = Postgres::programs();
    let server = programs.clone().map(|programs| ready(programs, &accounts));
    let url = match &server {
        Some(Ok(server)) => Ok(server.url("postgres")),
        Some(Err(why)) => Err(why.clone()),
        None => Err(NO_POSTGRES.to_owned()),
    };

    let mut trials = Vec::new();
    let mut shown = Vec::new();
    for document in &documents {
        for number in 0..document.rows.len() {
            for backend in document.backends() {
                let row = &document.rows[number];
                let name = match backend {
                    Backend::None => format!("{} {} ({} {})", row.id, row.stage, document.name, number + 1),
                    other => format!("{} {} ({} {}, {})", row.id, row.stage, document.name, number + 1, other.name()),
                };
                shown.push((row.id.clone(), row.stage.clone(), name.clone()));
                let (document, url) = (Arc::clone(document), url.clone());
                let needs = *backend == Backend::Postgres;
                let play = trial(name, move || document.rows[number].play(*backend, &document, &url));
                trials.push(unless_missing(needs, &programs, NO_POSTGRES, play));
            }
        }
    }
    for (number, Special { id, stage, needs, check }) in special::TRIALS.iter().chain(message::TRIALS).enumerate() {
        let name = format!("{id} {stage} (special {})", number + 1);
        shown.push(((*id).to_owned(), (*stage).to_owned(), name.clone()));
        let play = trial(name, check);
        trials.push(match needs {
            Needs::Nothing => play,
            Needs::Clamd => unless_missing(true, &Clamd::program(), "clamd is not installed", play),
            // Not every machine lets its tests do that, even where all programs are there.
            Needs::Mount if message::can_mount() => play,
            Needs::Mount => play.with_kind("COULD NOT RUN: no file system can be mounted").with_ignored_flag(true),
        });
    }
    for (name, needs, check) in outage::TRIALS {
        let (accounts, within) = (Arc::clone(&accounts), programs.clone());
        trials.push(unless_missing(*needs, &programs, NO_POSTGRES, trial(*name, move || check(&accounts, within))));
    }
    trials.push(trial("every row of the catalogue at each of its stages", move || table::check(&shown)));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(server);
    conclusion.exit();
}

/// A server with the accounts in it.
fn ready(programs: PathBuf, accounts: &accounts::Accounts) -> Result<Postgres> {
    let server = Postgres::start(programs)?;
    accounts.fill_postgres(&server.url("postgres"))?;
    Ok(server)
}

const NO_POSTGRES: &str = "PostgreSQL is not installed";

/// The trial, ignored where it needs a program that is not there, unless all has to be there.
fn unless_missing(needs: bool, program: &Option<PathBuf>, why: &str, trial: Trial) -> Trial {
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    match needs && program.is_none() {
        true => trial.with_kind(why).with_ignored_flag(!required),
        false => trial,
    }
}
