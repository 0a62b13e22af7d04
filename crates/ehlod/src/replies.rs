//! `ehlod replies`.

use ehlo::{CATALOGUE, Row};
use serde::Serialize;
use std::io::{self, Write};
use std::process::ExitCode;

/// A row as programs want it.
#[derive(Serialize)]
struct Reply {
    id: &'static str,
    code: u16,
    enhanced: String,
    stages: Vec<&'static str>,
    text: &'static str,
}

impl From<&Row> for Reply {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id,
            code: row.code,
            enhanced: row.enhanced.map(|enhanced| enhanced.to_string()).unwrap_or_default(),
            stages: row.stages.iter().map(|stage| stage.name()).collect(),
            text: row.text,
        }
    }
}

/// Prints every reply the server can give.
#[must_use]
pub fn run(json: bool) -> ExitCode {
    match print(&mut io::stdout().lock(), json) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod replies: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(out: &mut impl Write, json: bool) -> io::Result<()> {
    let rows = CATALOGUE.iter().map(Reply::from);
    if json {
        serde_json::to_writer_pretty(&mut *out, &rows.collect::<Vec<_>>())?;
        return writeln!(out);
    }
    for Reply { id, code, enhanced, stages, text } in rows {
        writeln!(out, "{id:26} {code} {enhanced:7} {:24} {text}", stages.join(" "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_have_every_row() {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        print(&mut text, false).unwrap();
        print(&mut json, true).unwrap();
        assert_eq!(text.iter().filter(|octet| **octet == b'\n').count(), CATALOGUE.len());
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
        assert_eq!(rows.len(), CATALOGUE.len());
        assert_eq!(rows[1]["text"], "{domain} Service ready");
    }
}
