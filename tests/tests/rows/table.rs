//! The table of rows, stages and trials.

use std::collections::BTreeMap;

use ehlo_tests::Result;
use toml::Table;

/// The stages.
const STAGES: [&str; 12] =
    ["OPEN", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT"];

/// The stages of the rows that the catalogue gives for all: those where they can come about. Before the greeting nobody has said anything.
const EVERYWHERE: [(&str, &[&str]); 11] = [
    // Other commands that went well have other rows.
    ("ok", &["EHLO", "MAIL", "RCPT", "DATA", "VRFY", "EXPN", "NOOP"]),
    ("too-much-failure", SAID),
    // One waits in the same way behind every command but those that open something.
    ("timeout", &["OPEN", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]),
    // What is as long as a peer likes: a message, and what a list has for members.
    ("out-of-memory", &["DATA", "EXPN"]),
    ("invalid-character", SAID),
    ("line-too-long", SAID),
    ("command-unrecognized", SAID),
    // HELP and NOOP take whatever is said behind them.
    ("syntax-error-in-parameters", &["EHLO", "MAIL", "RCPT", "RSET", "VRFY", "EXPN", "QUIT"]),
    ("command-not-implemented", &["MAIL", "VRFY", "EXPN", "HELP"]),
    // Elsewhere what is not known is 501 or 555.
    ("parameter-not-implemented", &["MAIL", "VRFY", "EXPN"]),
    // QUIT may stand anywhere.
    ("bad-sequence", &["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP"]),
];
const SAID: &[&str] = &["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT"];

/// Prints which trials show a row of the catalogue at a stage, and demands one for each row at each of its stages.
pub(crate) fn check(shown: &[(String, String, String)]) -> Result<()> {
    let mut trials: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, stage, name) in shown {
        trials.entry((id, stage)).or_default().push(name);
    }
    let catalogue: Table = include_str!("../../data/replies.toml").parse().expect("the catalogue is TOML");
    let mut missing = Vec::new();
    for reply in catalogue["reply"].as_array().expect("there are replies") {
        let id = reply["id"].as_str().expect("a reply has an id");
        let stages: Vec<_> =
            reply["stages"].as_array().expect("it has stages").iter().filter_map(|one| one.as_str()).collect();
        let everywhere = EVERYWHERE.iter().find(|(everywhere, _)| *everywhere == id).map(|(_, stages)| *stages);
        let stages = match stages[..] {
            ["ALL"] => everywhere.ok_or_else(|| format!("where can {id} come about?"))?,
            _ => &stages,
        };
        if let Some(stage) = stages.iter().find(|stage| !STAGES.contains(stage)) {
            return Err(format!("{id} is to be shown at {stage}, which is no stage"));
        }
        for stage in stages {
            match trials.remove(&(id, *stage)) {
                Some(names) => println!("table: {id:26} {stage:5} {}", names.join("; ")),
                None => missing.push(format!("{id} {stage}")),
            }
        }
    }
    let unknown: Vec<_> = trials.keys().collect();
    if !unknown.is_empty() {
        return Err(format!("the catalogue has no such row at that stage: {unknown:?}"));
    }
    match missing.as_slice() {
        [] => Ok(()),
        missing => Err(format!("no trial shows\n{}", missing.join("\n"))),
    }
}
