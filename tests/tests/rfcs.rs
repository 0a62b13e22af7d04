//! The table of RFCs in the core's documentation names a test for each row; here it is seen to that there is one of that name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every test that a row may name: functions, transcripts, cases.
fn tests(root: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    functions(&root.join("crates/ehlo"), &mut tests);
    for entry in fs::read_dir(root.join("tests/transcripts")).expect("there are transcripts").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        tests.extend(name.strip_suffix(".txt").map(str::to_owned));
    }
    tests
}

fn functions(directory: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let lines: Vec<_> = text.lines().map(str::trim).collect();
            let is_test = |line: &str| line.starts_with("#[test]");
            for pair in lines.windows(3).filter(|lines| is_test(lines[0]) || is_test(lines[1])) {
                let name = pair[2].strip_prefix("fn ").or_else(|| pair[1].strip_prefix("fn "));
                tests.extend(name.and_then(|name| name.split('(').next()).map(str::to_owned));
            }
        }
    }
}

#[test]
fn each_row_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository");
    let table = fs::read_to_string(root.join("crates/ehlo/src/rfcs.md")).expect("there is a table");
    let tests = tests(root);
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && !line.contains("| ---")).skip(1).collect();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().expect("a last column");
        let names: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing shows this: {row}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}");
        }
    }
}
