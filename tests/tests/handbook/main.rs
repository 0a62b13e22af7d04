//! The handbook (`crates/ehlod/book`): its examples run, and its references hold everything that there is.

mod chapter;
mod examples;
mod keys;
mod replies;

use std::fs;
use std::path::PathBuf;

/// Where the chapters are.
fn chapters() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/ehlod/book/src")
}

fn read(chapter: &str) -> String {
    let path = chapters().join(chapter);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn links_lead_somewhere() {
    let summary = read("SUMMARY.md");
    for entry in fs::read_dir(chapters()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // Pictures are no chapters.
        if !name.ends_with(".md") {
            continue;
        }
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name} is in no summary");
        for link in read(&name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let chapter = link.split('#').next().unwrap_or_default();
            let leads = link.contains("://") || chapter.is_empty() || chapters().join(chapter).is_file();
            assert!(leads, "{name} links to {link}");
        }
    }
}
