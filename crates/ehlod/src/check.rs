//! `ehlod check`.

use crate::config::{Config, Overrides, Problem, Problems};
use crate::directory::Directory;
use crate::output::{BAD, GOOD, LATER, NAME, PLAIN};
use anstyle::Style;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// What was found, as programs want it.
#[derive(Serialize)]
struct Checked<'p> {
    file: String,
    ok: bool,
    errors: &'p [Problem],
    warnings: Vec<&'p Problem>,
}

/// Says whether a configuration is right.
#[must_use]
pub fn run(path: &Path, json: bool) -> ExitCode {
    // What asks a database is made within a runtime.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod check: {error}");
            return ExitCode::FAILURE;
        }
    };
    let _within = runtime.enter();
    let checked = Config::load(path, &Overrides::default())
        .and_then(|config| Directory::open(&config).map(|directory| (config, directory)));
    let (errors, warnings) = match &checked {
        Ok((config, directory)) => (&[][..], config.warnings.iter().chain(directory.warnings()).collect()),
        Err(Problems(problems)) => (&problems[..], Vec::new()),
    };
    let checked = Checked { file: path.display().to_string(), ok: errors.is_empty(), errors, warnings };
    let printed = if json { as_json(&checked) } else { as_text(&checked) };
    match printed {
        Ok(()) if checked.ok => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn as_json(checked: &Checked<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, checked)?;
    writeln!(out)
}

/// What is wrong goes to standard error, one problem a line.
fn as_text(checked: &Checked<'_>) -> io::Result<()> {
    let mut log = anstream::stderr().lock();
    for warning in &checked.warnings {
        write!(log, "{LATER}warning:{LATER:#} ")?;
        problem(&mut log, warning, PLAIN)?;
    }
    for error in checked.errors {
        problem(&mut log, error, BAD)?;
    }
    if checked.ok {
        writeln!(anstream::stdout().lock(), "{}: {GOOD}ok{GOOD:#}", checked.file)?;
    }
    Ok(())
}

/// As [`Problem`] shows itself.
fn problem(out: &mut impl Write, problem: &Problem, style: Style) -> io::Result<()> {
    let Problem { file, line, column, key, what } = problem;
    writeln!(out, "{style}{file}:{line}:{column}:{style:#} {NAME}{key}{NAME:#}: {what}")
}
