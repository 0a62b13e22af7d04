//! Walking through a TOML document: every value is asked for by name, and what nobody asked for is an error.

use super::error::Report;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value, and the octet offset at which it stands.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) at: usize,
    pub(crate) value: T,
}

/// A table of the document. Reading a key takes it out; [`Table::finish`] complains about the rest.
pub(crate) struct Table<'r, 't> {
    report: &'r Report<'t>,
    path: String,
    at: usize,
    left: DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'r, 't> Table<'r, 't> {
    /// The whole document, or `None` where it is not TOML; the report then says why.
    pub(crate) fn document(report: &'r Report<'t>) -> Option<Self> {
        let (document, errors) = DeTable::parse_recoverable(report.text());
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            report.error(at, &key_near(report.text(), at), error.message().replace('\n', "; "));
        }
        errors.is_empty().then(|| Self::new(report, String::new(), 0, document.into_inner()))
    }

    fn new(report: &'r Report<'t>, path: String, at: usize, left: DeTable<'t>) -> Self {
        Self { report, path, at, left, asked: Vec::new() }
    }

    /// The key with the tables it stands in, as in `limits.hops`.
    pub(crate) fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where the table starts.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn error(&self, at: usize, key: &str, what: impl Into<String>) {
        self.report.error(at, &self.full(key), what);
    }

    pub(crate) fn warning(&self, at: usize, key: &str, what: impl Into<String>) {
        self.report.warning(at, &self.full(key), what);
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, Spanned<DeValue<'t>>)> {
        self.asked.push(key);
        self.left.remove_entry(key).map(|(key, value)| (key.span().start, value))
    }

    /// The value of a key, if it is there and can be read.
    pub(crate) fn value<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Found<T>> {
        let (_, value) = self.take(key)?;
        let at = value.span().start;
        match read(value.get_ref()) {
            Ok(value) => Some(Found { at, value }),
            Err(what) => {
                self.error(at, key, what);
                None
            }
        }
    }

    /// The value of a key, or its default.
    pub(crate) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> T {
        self.value(key, read).map_or(default, |found| found.value)
    }

    /// The value of a key that has to be there; `example` is a value that would be right.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Found<T>> {
        if !self.left.contains_key(key) {
            self.error(self.at, key, format!("missing (for instance {key} = {example})"));
        }
        self.value(key, read)
    }

    /// The elements of an array, those that can be read; each of the others is reported at its own place,
    /// and so is one that stands there twice.
    pub(crate) fn list<T: PartialEq>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Found<Vec<Found<T>>>> {
        let (_, value) = self.take(key)?;
        let at = value.span().start;
        let Some(elements) = value.get_ref().as_array() else {
            self.error(at, key, format!("{} (write it in brackets)", expected("an array", value.get_ref())));
            return None;
        };
        let mut list: Vec<Found<T>> = Vec::new();
        for element in elements {
            let at = element.span().start;
            match read(element.get_ref()) {
                Ok(value) if list.iter().any(|earlier| earlier.value == value) => self.error(at, key, "listed twice"),
                Ok(value) => list.push(Found { at, value }),
                Err(what) => self.error(at, key, what),
            }
        }
        Some(Found { at, value: list })
    }

    /// A table within this one, if it is there.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Table<'r, 't>> {
        let (at, value) = self.take(key)?;
        let start = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(Self::new(self.report, self.full(key), start, table)),
            other => {
                self.error(at, key, format!("{} (write it as [{}])", expected("a table", &other), self.full(key)));
                None
            }
        }
    }

    /// A table within this one; an empty one where it is not there.
    pub(crate) fn table_or_empty(&mut self, key: &'static str) -> Table<'r, 't> {
        let empty = Self::new(self.report, self.full(key), self.at, DeTable::new());
        self.table(key).unwrap_or(empty)
    }

    /// The tables of an array of tables, those that are tables; `None` where it is empty or not there.
    pub(crate) fn tables(&mut self, key: &'static str) -> Option<Vec<Table<'r, 't>>> {
        let (at, value) = self.take(key)?;
        let path = self.full(key);
        let wrong = |value: &DeValue<'_>| format!("{} (write it as [[{path}]])", expected("an array of tables", value));
        let mut tables = Vec::new();
        match value.into_inner() {
            DeValue::Array(elements) if elements.is_empty() => return None,
            DeValue::Array(elements) => {
                for element in elements {
                    let at = element.span().start;
                    match element.into_inner() {
                        DeValue::Table(table) => tables.push(Self::new(self.report, path.clone(), at, table)),
                        other => self.error(at, key, wrong(&other)),
                    }
                }
            }
            other => self.error(at, key, wrong(&other)),
        }
        Some(tables)
    }

    /// Ends the reading of the table: whatever was not asked for is an unknown key.
    pub(crate) fn finish(self) {
        for key in self.left.keys() {
            let name: &str = key.get_ref();
            let near = self.asked.iter().find(|known| distance(known, name) <= 2);
            let what = match near {
                Some(known) => format!("unknown key (did you mean {known:?}?)"),
                None => format!("unknown key (known here: {})", self.asked.join(", ")),
            };
            self.error(key.span().start, name, what);
        }
    }
}

/// "expected X, found Y".
pub(crate) fn expected(wanted: &str, found: &DeValue<'_>) -> String {
    let found = match found {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    format!("expected {wanted}, found {found}")
}

/// The key whose line a syntax error stands in, as well as it can be told from text that is not TOML.
fn key_near(text: &str, at: usize) -> String {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| at + newline);
    let lines = || text.get(..end).unwrap_or(text).lines().map(str::trim);
    let header = |line: &str| {
        let name = line.strip_prefix('[')?.trim_start_matches('[').split(']').next()?;
        Some(name.trim().to_owned())
    };
    let last = lines().next_back().unwrap_or_default();
    let mut path = lines().filter_map(header).next_back().unwrap_or_default();
    let key = last.split('=').next().unwrap_or_default().trim();
    if !last.starts_with('[') && !key.is_empty() {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    }
    if path.is_empty() { "(file)".to_owned() } else { path }
}

/// The number of characters to insert, drop or change to come from one word to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (b, cell) in other.chars().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, steps) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("hop", "hops", 1),
        ] {
            assert_eq!(distance(one, other), steps, "{one} {other}");
            assert_eq!(distance(other, one), steps, "{other} {one}");
        }
    }

    #[test]
    fn keys_near_a_syntax_error() {
        assert_eq!(key_near("a = ", 4), "a");
        assert_eq!(key_near("[t]\na = 1\nb = ]\nc = 2", 14), "t.b");
        assert_eq!(key_near("[[t", 3), "t");
        assert_eq!(key_near("", 0), "(file)");
        assert_eq!(key_near("é", 1), "é");
    }
}
