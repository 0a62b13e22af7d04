//! Runs the benchmarks and writes what came of them into `benches/results`, as tables and plots:
//!
//! ```sh
//! cargo run --release -p ehlo-benches --bin report             # runs them, some ten minutes
//! cargo run --release -p ehlo-benches --bin report -- --last   # takes the figures of the last run
//! ```

mod allocations;
mod figures;
mod machine;
mod plot;
mod questions;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use questions::QUESTIONS;

fn main() -> ExitCode {
    let run = match env::args().nth(1).as_deref() {
        None => true,
        Some("--last") => false,
        Some(_) => {
            eprintln!("usage: report [--last]");
            return ExitCode::FAILURE;
        }
    };
    match report(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(run: bool) -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let measured = target(here).join("report");
    if run {
        // Figures of benchmarks that are no more would stay.
        if measured.exists() {
            fs::remove_dir_all(&measured)?;
        }
        for round in 1..=ROUNDS {
            println!("round {round} of {ROUNDS}");
            bench(here, &measured.join(round.to_string()))?;
        }
    }
    let figures = figures::read(&measured)?;
    let results = here.join("results");
    fs::create_dir_all(&results)?;
    let mut page = String::from(HEAD);
    page.push_str(&machine::describe(here, &machine::Load::kept(&measured, run)?));
    for question in QUESTIONS {
        let rows = table::rows(question, &figures);
        if rows.is_empty() {
            return Err(io::Error::other(format!("no figures of {}: run without --last", question.group)));
        }
        let plot = format!("{}.svg", question.group);
        fs::write(results.join(&plot), plot::draw(question, &rows))?;
        page.push_str(&table::section(question, &rows, &plot));
    }
    page.push_str(&allocations::section());
    fs::write(results.join("README.md"), page)?;
    println!("written: {}", results.join("README.md").display());
    Ok(())
}

/// So that what disturbs one crate at one time does not stay with it.
const ROUNDS: usize = 3;

/// Many short samples: on a busy machine some of them are left alone.
const SAMPLES: [&str; 6] = ["--sample-size", "100", "--measurement-time", "0.5", "--warm-up-time", "0.1"];

const HEAD: &str = "# How fast it is\n\n\
    Written by `cargo run --release -p ehlo-benches --bin report`; not to be edited. What is measured, and how the other crates are used, \
    says [the page above](../README.md).\n\n\
    Each figure is the fastest of the samples that criterion took in several rounds, since other programs ran on the machine at the same time. Compare \
    figures within a row; between rows and between machines they say less.\n\n";

fn target(here: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.with_file_name("target"), PathBuf::from)
}

fn bench(here: &Path, measured: &Path) -> io::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["bench", "--package", "ehlo-benches", "--bench", "all", "--"])
        .args(SAMPLES)
        .current_dir(here)
        .env("CRITERION_HOME", measured)
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("the benchmarks failed: {status}"))) }
}
