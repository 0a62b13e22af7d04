//! What commands print: columns for people, in colours where a terminal shows them.
//!
//! Colours go through [`anstream`], which drops them where the output is no terminal, and where `NO_COLOR` or `TERM=dumb` says so.

use anstyle::{AnsiColor, Style};
use std::io::{self, Write};
use std::process::ExitCode;

/// What stands above columns.
pub const HEADING: Style = Style::new().bold().underline();
/// What is right, or goes well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is put off, or asks for a look.
pub const LATER: Style = AnsiColor::Yellow.on_default();
/// What is wrong, or fails for good.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What is looked up by.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// What there is no more to say of.
pub const PLAIN: Style = Style::new();

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text in a style. What a terminal would obey rather than show is replaced.
    pub fn new(text: impl AsRef<str>, style: Style) -> Self {
        let text = text.as_ref().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        Self { text, style }
    }
}

/// Prints rows in columns below their headings, each as wide as its widest cell; the last is as wide as it is.
///
/// # Errors
///
/// Those of writing.
pub fn columns<const N: usize>(out: &mut impl Write, headings: [&str; N], rows: &[[Cell; N]]) -> io::Result<()> {
    let width = |cell: &Cell| cell.text.chars().count();
    let headings = headings.map(|heading| Cell::new(heading, HEADING));
    let mut widths = [0; N];
    for row in std::iter::once(&headings).chain(rows) {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    for row in std::iter::once(&headings).chain(rows) {
        for (column, (cell, widest)) in row.iter().zip(widths).enumerate() {
            let Cell { text, style } = cell;
            write!(out, "{style}{text}{style:#}")?;
            if column + 1 < N {
                write!(out, "{:1$}", "", widest - width(cell) + 2)?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// How a command that has printed ends. A reader that has seen enough, such as `head`, is no failure.
#[must_use]
pub fn end(command: &str, printed: io::Result<()>) -> ExitCode {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "ehlod {command}: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_one_another() {
        let rows = [
            [Cell::new("a", GOOD), Cell::new("é\u{1b}[31m", PLAIN), Cell::new("x", BAD)],
            [Cell::new("long", NAME), Cell::new("", PLAIN), Cell::new("", PLAIN)],
        ];
        let mut out = anstream::StripStream::new(Vec::new());
        columns(&mut out, ["ID", "B", "LAST"], &rows).unwrap();
        let text = String::from_utf8(out.into_inner()).unwrap();
        assert_eq!(text, "ID    B       LAST\na     é\u{fffd}[31m  x\nlong          \n");
    }
}
