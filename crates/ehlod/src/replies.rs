//! `ehlod replies`.

use crate::output::{self, BAD, Cell, GOOD, LATER, NAME, PLAIN};
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
    let printed = if json { as_json(&mut io::stdout().lock()) } else { as_text(&mut anstream::stdout().lock()) };
    output::end("replies", printed)
}

fn as_json(out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &CATALOGUE.iter().map(Reply::from).collect::<Vec<_>>())?;
    writeln!(out)
}

fn as_text(out: &mut impl Write) -> io::Result<()> {
    let row = |row: &Row| {
        let Reply { id, code, enhanced, stages, text } = row.into();
        let style = match code {
            ..400 => GOOD,
            400..500 => LATER,
            500.. => BAD,
        };
        [
            Cell::new(id, NAME),
            Cell::new(code.to_string(), style),
            Cell::new(enhanced, style),
            Cell::new(stages.join(" "), PLAIN),
            Cell::new(text, PLAIN),
        ]
    };
    let rows: Vec<_> = CATALOGUE.iter().map(row).collect();
    output::columns(out, ["ID", "CODE", "STATUS", "STAGES", "TEXT"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_have_every_row() {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        as_text(&mut text).unwrap();
        as_json(&mut json).unwrap();
        // One more for the headings.
        assert_eq!(text.iter().filter(|octet| **octet == b'\n').count(), CATALOGUE.len() + 1);
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
        assert_eq!(rows.len(), CATALOGUE.len());
        assert_eq!(rows[1]["text"], "{domain} Service ready");
    }
}
