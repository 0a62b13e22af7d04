//! What is known here is what the project's catalogue and field cases say, where they are at hand.

use ehlo_explain::{Class, explain};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Catalogue {
    reply: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    code: u16,
    enhanced: String,
    text: String,
}

#[derive(Deserialize)]
struct Diagnoses {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    line: String,
    act: String,
    retry: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The copy that the tests of the workspace keep, and the original beside the clone. A packaged crate has neither.
#[test]
fn rows() {
    for path in ["tests/data/replies.toml", "../shared/replies.toml"].map(|path| root().join(path)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let catalogue: Catalogue = toml::from_str(&text).unwrap();
        for parameters in [
            &[
                ("domain", "mx.example.org"),
                ("remote_ip", "192.0.2.1"),
                ("mailbox", "bob@example.net"),
                ("forward_path", "<bob@example.net>"),
                ("reverse_path", "a@example.org"),
                ("relay_address", "x@example.com"),
                ("recipient", "heidi@example.com"),
                ("minutes", "5"),
                ("virus", "Eicar-Signature"),
                ("key", "free money"),
                ("url", "https://example.org/help"),
            ][..],
            &[
                ("domain", "mx"),
                ("remote_ip", "2001:db8::1"),
                ("mailbox", "bob"),
                ("forward_path", "jo@example.org"),
                ("reverse_path", "<>"),
                ("relay_address", "example.com"),
                ("recipient", "<heidi@[192.0.2.1]>"),
                ("minutes", "30"),
                ("virus", "Win.Test.EICAR_HDB-1"),
                ("key", "发票"),
                ("url", "https://example.org"),
            ],
            &[],
        ] {
            let parameters: BTreeMap<_, _> = parameters.iter().copied().collect();
            for row in &catalogue.reply {
                let mut text = row.text.clone();
                for (name, value) in &parameters {
                    text = text.replace(&format!("{{{name}}}"), value);
                }
                let line = [&row.code.to_string(), row.enhanced.as_str(), &text]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
                    .join(" ");
                let found = explain(&line);
                let [found] = &found[..] else { panic!("{line}: {found:?}") };
                assert_eq!(found.id, Some(row.id.as_str()), "{line}");
                assert_eq!(
                    (found.code, found.enhanced.map(|code| code.to_string()).unwrap_or_default()),
                    (Some(row.code), row.enhanced.clone()),
                    "{line}"
                );
                assert_eq!(
                    found.class,
                    match row.code / 100 {
                        4 => Class::Temporary,
                        5 => Class::Permanent,
                        _ => Class::Success,
                    },
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn cases() {
    let Ok(text) = fs::read_to_string(root().join("../shared/diagnoses.toml")) else { return };
    let diagnoses: Diagnoses = toml::from_str(&text).unwrap();
    for case in diagnoses.case {
        let found = explain(&case.line);
        let [found] = &found[..] else { panic!("{}: {found:?}", case.line) };
        assert_eq!(
            (found.id, found.act.name(), found.retry.name()),
            (Some(case.id.as_str()), case.act.as_str(), case.retry.as_str()),
            "{}",
            case.line
        );
        assert_eq!(found.reply, case.line);
    }
}
