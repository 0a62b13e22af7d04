//! Tables.

use std::fmt::Write;

use crate::figures::Figure;
use crate::questions::{NAMES, OURS, Question};

/// The figures of one row, by the place of their crate in [`NAMES`].
pub(crate) struct Row {
    pub(crate) of: &'static str,
    pub(crate) nanos: [Option<f64>; NAMES.len()],
}

/// The rows that a question has figures for.
pub(crate) fn rows(question: &Question, figures: &[Figure]) -> Vec<Row> {
    let row = |of: &&'static str| {
        let nanos = NAMES.map(|name| {
            let wanted = |figure: &&Figure| figure.group == question.group && figure.name == name && figure.of == *of;
            figures.iter().filter(wanted).map(|figure| figure.nanos).reduce(f64::min)
        });
        Row { of, nanos }
    };
    question.of.iter().map(row).filter(|row| row.nanos.iter().any(Option::is_some)).collect()
}

/// Some three digits that count.
pub(crate) fn digits(figure: f64) -> String {
    let decimals = if figure >= 100.0 {
        0
    } else if figure >= 10.0 {
        1
    } else if figure >= 1.0 {
        2
    } else if figure >= 0.01 {
        3
    } else {
        5
    };
    format!("{figure:.decimals$}")
}

/// A heading, the table, the plot and the notes.
pub(crate) fn section(question: &Question, rows: &[Row], plot: &str) -> String {
    let columns: Vec<usize> =
        (0..NAMES.len()).filter(|column| rows.iter().any(|row| row.nanos[*column].is_some())).collect();
    let mut text = format!("## {}\n\nIn {}.\n\n|", question.title, question.unit.name());
    let named = rows.iter().any(|row| !row.of.is_empty());
    if named {
        text.push_str(" |");
    }
    for column in &columns {
        let _ = write!(text, " {} |", NAMES[*column]);
    }
    text.push_str(if named { "\n| --- |" } else { "\n|" });
    text.push_str(&" ---: |".repeat(columns.len()));
    for row in rows {
        text.push_str("\n|");
        if named {
            let _ = write!(text, " {} |", row.of);
        }
        for column in &columns {
            let figure = row.nanos[*column].map_or("-".to_string(), |nanos| digits(question.unit.of(nanos)));
            let mark = if NAMES[*column] == OURS { "**" } else { "" };
            let _ = write!(text, " {mark}{figure}{mark} |");
        }
    }
    let _ = write!(text, "\n\n![{}]({plot})\n\n", question.title);
    for note in question.notes {
        let _ = writeln!(text, "- {note}");
    }
    text.push('\n');
    text
}
