//! Every key of the configuration, as the program itself names them, is in the handbook and in the example file; and nothing else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ehlo_tests::server::Home;

use crate::read;

/// A key that there is not, for the program to complain of.
const NONE: &str = "no-such-key-at-all";

/// Keys by the tables that they stand in, as `limits.hops`.
type Keys = BTreeSet<String>;

#[test]
fn are_all_in_the_chapter() {
    let known = known();
    assert!(known.len() > 100, "the program names only {known:?}");
    let told = documented(&read("configuration.md"));
    let missing: Vec<_> = known.difference(&told).collect();
    let invented: Vec<_> = told.difference(&known).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not in the chapter: {missing:?}; not in the program: {invented:?}"
    );
}

#[test]
fn are_all_in_the_example() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ehlod/ehlod.example.toml");
    let told = shown(&fs::read_to_string(path).unwrap());
    // The file of tokens is another's.
    let missing: Vec<_> = known().into_iter().filter(|key| !key.starts_with("token.") && !told.contains(key)).collect();
    assert!(missing.is_empty(), "not in the example: {missing:?}");
}

/// The keys of the chapter: its headings name tables, its tables keys.
fn documented(chapter: &str) -> Keys {
    let (mut table, mut keys) = (String::new(), Keys::new());
    for line in chapter.lines() {
        if line.starts_with("##") {
            let name = line.split('`').nth(1).unwrap_or_default();
            table = name.trim_matches(['[', ']']).to_owned();
        } else if let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) {
            keys.insert(in_table(&table, key));
        }
    }
    keys
}

/// The keys of the example file, those too that are commented out.
fn shown(example: &str) -> Keys {
    let (mut table, mut keys) = (String::new(), Keys::new());
    for line in example.lines().map(|line| line.trim_start_matches(['#', ' '])) {
        let word = |text: &str| text.chars().all(|char| char.is_ascii_lowercase() || matches!(char, '_' | '.'));
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_start_matches('[').split(']').next().unwrap_or_default();
            table = if word(name) { name.to_owned() } else { table };
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| word(key)) {
            keys.insert(in_table(&table, key));
        }
    }
    keys
}

fn in_table(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// What the program knows: what it lists where a key is unknown.
fn known() -> Keys {
    let home = Home::new();
    let mut keys = Keys::new();
    home.write("accounts.toml", "");
    let root = listed(&errors(&home, &format!("{NONE} = 1\n")), NONE).expect("the document is a table");
    walk(&home, "", root, &mut keys);
    let base = "[[listener]]\naddress = \"127.0.0.1:0\"\n[[domain]]\nname = \"x\"\n";
    home.write(
        "ehlod.toml",
        &format!("directory.accounts = \"accounts.toml\"\nauth.bearer_tokens = \"tokens.toml\"\n{base}"),
    );
    home.write("tokens.toml", "");
    for (file, table) in [("accounts.toml", "account"), ("accounts.toml", "list"), ("tokens.toml", "token")] {
        home.write(file, &format!("[[{table}]]\n{NONE} = 1\n"));
        let output = home.ehlod(&["check", "--config", "ehlod.toml"], "");
        let names = listed(&String::from_utf8_lossy(&output.stderr), &format!("{table}.{NONE}"));
        home.write(file, "");
        keys.extend(names.expect("it is a table").into_iter().map(|key| in_table(table, &key)));
    }
    keys
}

/// Adds the keys of a table, and of the tables in it.
fn walk(home: &Home, table: &str, names: Vec<String>, keys: &mut Keys) {
    for name in names {
        let full = in_table(table, &name);
        // Next hops are only looked at where they are named.
        let named = "relay.next_hop = \"smtp:a:25\"\n[[next_hop]]\naddress = \"smtp:a:25\"".to_owned();
        let headers = [format!("[{full}]"), format!("[[{full}]]"), named];
        let tried = headers.map(|header| errors(home, &format!("{header}\n{NONE} = 1\n")));
        match tried.iter().find_map(|errors| listed(errors, &format!("{full}.{NONE}"))) {
            Some(names) => walk(home, &full, names, keys),
            None => drop(keys.insert(full)),
        }
    }
}

/// What the program says of a configuration.
fn errors(home: &Home, config: &str) -> String {
    home.write("complaint.toml", config);
    let output = home.ehlod(&["check", "--config", "complaint.toml"], "");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The keys that are known where one is not.
fn listed(errors: &str, key: &str) -> Option<Vec<String>> {
    let start = format!("{key}: unknown key (known here: ");
    let line = errors.lines().find_map(|line| line.split_once(&start))?;
    Some(line.1.trim_end_matches(')').split(", ").map(str::to_owned).collect())
}
