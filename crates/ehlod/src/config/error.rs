//! What is wrong with a file of the configuration, and where.

use serde::Serialize;
use std::cell::RefCell;
use std::fmt;

/// One fault in a file of the configuration, with the place it stands at.
///
/// Shown as `FILE:LINE:COLUMN: KEY: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as it was named to the program.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// The key with its tables before it, as in `limits.message_size`.
    pub key: String,
    /// What is wrong, and what would be right, in one line.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, key, what } = self;
        write!(f, "{file}:{line}:{column}: {key}: {what}")
    }
}

/// Every fault found in a file, in the order of the file. Never empty.
///
/// Shown one a line, without a line end behind the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The one fault of a file that cannot be read at all.
    pub(crate) fn unreadable(file: &str, error: &std::io::Error) -> Self {
        Self(vec![Problem {
            file: file.to_owned(),
            line: 1,
            column: 1,
            key: "(file)".to_owned(),
            what: format!("cannot be read: {error}"),
        }])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Gathers what is found wrong while a file is read, so that one run shows all of it.
pub(crate) struct Report<'t> {
    file: String,
    text: &'t str,
    errors: RefCell<Vec<(usize, Problem)>>,
    warnings: RefCell<Vec<(usize, Problem)>>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(file: &str, text: &'t str) -> Self {
        Self { file: file.to_owned(), text, errors: RefCell::default(), warnings: RefCell::default() }
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// Notes a fault at an octet offset of the text. The file will not be accepted.
    pub(crate) fn error(&self, at: usize, key: &str, what: impl Into<String>) {
        self.errors.borrow_mut().push((at, self.problem(at, key, what.into())));
    }

    /// Notes what is allowed, but is likely not what the administrator wants.
    pub(crate) fn warning(&self, at: usize, key: &str, what: impl Into<String>) {
        self.warnings.borrow_mut().push((at, self.problem(at, key, what.into())));
    }

    /// The warnings, or the errors where there are any; both in the order of the file.
    pub(crate) fn finish(self) -> Result<Vec<Problem>, Problems> {
        let in_order = |mut found: Vec<(usize, Problem)>| {
            found.sort_by_key(|(at, _)| *at);
            found.into_iter().map(|(_, problem)| problem).collect::<Vec<_>>()
        };
        match in_order(self.errors.into_inner()) {
            errors if errors.is_empty() => Ok(in_order(self.warnings.into_inner())),
            errors => Err(Problems(errors)),
        }
    }

    fn problem(&self, at: usize, key: &str, what: String) -> Problem {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Problem {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
            key: key.to_owned(),
            what,
        }
    }
}
