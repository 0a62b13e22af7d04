//! The table of rows, stages and trials.

use std::collections::BTreeMap;

use ehlo_tests::Result;
use toml::Table;

/// The stages.
const STAGES: [&str; 9] = ["OPEN", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "VRFY", "EXPN", "HELP"];

/// Prints which trials show a row of the catalogue at a stage, and demands one for each. A row that may be given at every stage has to be
/// shown at one of these, and its stages are those where it is.
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
        let everywhere = stages.contains(&"ALL");
        let mut seen = false;
        for stage in STAGES.into_iter().filter(|stage| everywhere || stages.contains(stage)) {
            match trials.remove(&(id, stage)) {
                Some(names) => {
                    seen = true;
                    println!("table: {id:26} {stage:5} {}", names.join("; "));
                }
                None if everywhere => {}
                None => missing.push(format!("{id} {stage}")),
            }
        }
        if everywhere && !seen {
            missing.push(format!("{id}, anywhere"));
        }
    }
    let unknown: Vec<_> = trials.keys().filter(|(_, stage)| STAGES.contains(stage)).collect();
    if !unknown.is_empty() {
        return Err(format!("the catalogue has no such row at that stage: {unknown:?}"));
    }
    match missing.as_slice() {
        [] => Ok(()),
        missing => Err(format!("no trial shows\n{}", missing.join("\n"))),
    }
}
