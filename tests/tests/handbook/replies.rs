//! The chapter of replies is made of what there is already: the catalogue, what brings each reply about, the rules that the log was seen to
//! name, and what the explainer says. `EHLO_RECORD=1 cargo test -p ehlo-tests --test handbook` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ehlo::{CATALOGUE, Row};
use ehlo_explain::{Act, Class, Lang, explain};
use toml::{Table, Value};

use crate::{chapters, read};

const CHAPTER: &str = "replies.md";

const HEAD: &str = "# Replies

Every reply that the server gives: what brings it about, the rule that the log names (a key of the [configuration](configuration.md), or a
question), what it means to whoever gets it, and what to do.
`ehlod replies` prints the list, and `ehlod explain` explains a reply of any server, in Chinese too.

<!-- Made by tests/tests/handbook/replies.rs, of the catalogue, the rows that the tests play, and the explainer. -->
";

#[test]
fn are_all_in_the_chapter() {
    let chapter = chapter();
    if std::env::var_os("EHLO_RECORD").is_some_and(|value| value == "1") {
        fs::write(chapters().join(CHAPTER), &chapter).unwrap();
    }
    let how = "EHLO_RECORD=1 cargo test -p ehlo-tests --test handbook";
    assert!(read(CHAPTER) == chapter, "{CHAPTER} is not of this catalogue: {how}");
}

/// What the rows that are played show of a reply.
#[derive(Default)]
struct Played {
    rules: BTreeSet<String>,
    /// One, whole.
    reply: Option<String>,
}

fn chapter() -> String {
    let (when, played) = (when(), played());
    let mut chapter = HEAD.to_owned();
    for row in CATALOGUE {
        let none = Played::default();
        let played = played.get(row.id).unwrap_or(&none);
        section(&mut chapter, row, when.get(row.id).map_or("", String::as_str), played);
    }
    chapter
}

fn section(chapter: &mut String, row: &Row, when: &str, played: &Played) {
    let enhanced = row.enhanced.map(|enhanced| format!(" {enhanced}")).unwrap_or_default();
    let whole = format!("{}{enhanced} {}", row.code, row.text);
    let stages: Vec<_> = row.stages.iter().map(|stage| stage.name()).collect();
    let mut lines = vec![("at", stages.join(", "))];
    if !when.is_empty() {
        lines.push(("when", when.to_owned()));
    }
    if !played.rules.is_empty() {
        let rules: Vec<_> = played.rules.iter().map(|rule| format!("`{rule}`")).collect();
        lines.push(("rule", rules.join(", ")));
    }
    let given = played.reply.clone().unwrap_or_else(|| whole.replace(['{', '}'], ""));
    let found = explain(&given).into_iter().find(|finding| finding.id == Some(row.id));
    if let Some(finding) = found.filter(|finding| finding.class != Class::Success) {
        lines.push(("means", finding.meaning(Lang::En).to_owned()));
        lines.push(("to do", finding.remedy(Lang::En).to_owned()));
        lines.push(("by", by(finding.act).to_owned()));
    }
    *chapter += &format!("\n## {}\n\n```text\n{whole}\n```\n\n", row.id);
    for (name, text) in lines {
        *chapter += &format!("- *{name}:* {text}\n");
    }
}

fn by(act: Act) -> &'static str {
    match act {
        Act::Sender => "the sender",
        Act::SenderAdmin => "the sender's administrator",
        Act::Recipient => "the recipient",
        Act::RecipientAdmin => "the administrator of this server",
        Act::Network => "whoever runs the network between",
        Act::Nobody => "nobody",
    }
}

/// What brings each reply about.
fn when() -> BTreeMap<String, String> {
    let rows = document("data/replies.toml", "reply").into_iter();
    rows.filter_map(|row| Some((text(&row, "id")?, text(&row, "when")?))).collect()
}

/// What is played of each reply.
fn played() -> BTreeMap<String, Played> {
    let mut played: BTreeMap<String, Played> = BTreeMap::new();
    for name in ["session", "names", "directory", "state", "message"] {
        for row in document(&format!("rows/{name}.toml"), "row") {
            let Some(id) = text(&row, "id") else { continue };
            let shown = played.entry(id).or_default();
            shown.rules.extend(text(&row, "rule"));
            let reply = text(&row, "reply").filter(|reply| !reply.contains(['*', '|']));
            shown.reply = shown.reply.take().or(reply);
        }
    }
    played
}

fn document(name: &str, tables: &str) -> Vec<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let document: Table = fs::read_to_string(path).unwrap().parse().unwrap();
    let rows = document.get(tables).and_then(Value::as_array).expect("the document has its rows");
    rows.iter().filter_map(Value::as_table).cloned().collect()
}

fn text(row: &Table, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}
