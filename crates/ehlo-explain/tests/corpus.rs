//! Bounces of the field: shapes of our own, and the collection that flufl.bounce is tested with, where `tests/run` has fetched it.

use ehlo_explain::{Class, explain_octets};
use std::fs;
use std::path::Path;

/// Code, enhanced code, row or case, class.
type Reply = (Option<u16>, &'static str, Option<&'static str>, Class);

/// What the bounces in `bounces/` are about.
#[test]
fn shapes() {
    use Class::{Permanent, Success, Temporary};
    let wanted: &[(&str, &[Reply])] = &[
        ("coremail-gbk.eml", &[(Some(550), "", None, Permanent)]),
        ("delivered.eml", &[(Some(250), "2.1.5", Some("ok"), Success)]),
        ("exchange.eml", &[(Some(550), "5.1.10", None, Permanent)]),
        ("exim.eml", &[(Some(550), "", Some("sender-verify-failed"), Permanent)]),
        (
            "postfix-two.eml",
            &[
                (Some(450), "4.2.2", Some("mailbox-full"), Temporary),
                (Some(550), "5.1.1", Some("user-unknown"), Permanent),
            ],
        ),
        ("qmail.eml", &[(Some(551), "", Some("path-filter"), Permanent)]),
        ("sendmail.eml", &[(Some(550), "5.1.1", Some("user-unknown"), Permanent)]),
    ];
    for (name, replies) in wanted {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bounces").join(name);
        let found = explain_octets(&fs::read(&path).unwrap());
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.code, one.enhanced.map(|code| code.to_string()).unwrap_or_default(), one.id, one.class))
            .collect();
        let replies: Vec<_> =
            replies.iter().map(|(code, enhanced, id, class)| (*code, (*enhanced).to_owned(), *id, *class)).collect();
        assert_eq!(told, replies, "{name}: {found:#?}");
    }
}

/// Those that name no reason at all, or one that is no server's words.
const SILENT: [&str; 16] = [
    "caiwireless_01",
    "groupwise_03",
    "microsoft_03",
    "qmail_01",
    "qmail_08",
    "simple_02",
    "simple_10",
    "simple_16",
    "simple_17",
    "simple_20",
    "simple_24",
    "simple_31",
    "sina_01",
    "smtp32_03",
    "smtp32_05",
    "yahoo_12",
];

#[test]
fn flufl_bounce() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/bounces");
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let Ok(files) = fs::read_dir(&directory) else {
        assert!(!required, "the bounces of flufl.bounce are not in {}", directory.display());
        eprintln!("the bounces of flufl.bounce are not there: tests/run fetches them");
        return;
    };
    let (mut all, mut silent) = (0, Vec::new());
    for path in files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "txt")) {
        all += 1;
        if explain_octets(&fs::read(&path).unwrap()).is_empty() {
            silent.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    silent.sort();
    println!("{} of {all} bounces explained", all - silent.len());
    assert!(all >= 117, "{all}");
    assert_eq!(silent, SILENT);
}
