//! Whatever comes in: no panic, bounds that hold, and time that is linear in it.

use ehlo_explain::{Lang, MOST_FINDINGS, MOST_OCTETS, explain, explain_octets};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Pieces of which bounces are made.
const PIECES: [&str; 30] = [
    "550",
    "421",
    "5.1.1",
    "#",
    " ",
    " ",
    "\n",
    "\r\n",
    "-",
    "said: ",
    "<a@b.example>",
    "@",
    "[192.0.2.1]",
    "User unknown",
    "::",
    "://",
    "{",
    "}",
    "Diagnostic-Code: smtp; ",
    "Status: 5.",
    "From: a\nSubject: b\nContent-Type: multipart/report; boundary=x\n\n",
    "--x\nContent-Type: message/delivery-status\n\n",
    "'",
    "”",
    "返回",
    "(in reply to",
    "... ",
    "mailbox",
    "=?utf-8?q?=",
    "\u{0}",
];

fn check(octets: &[u8]) {
    let found = explain_octets(octets);
    assert!(found.len() <= MOST_FINDINGS);
    for finding in &found {
        assert!(!finding.reply.is_empty() && finding.reply.len() < 600_000);
        assert!(!finding.reply.contains(|c: char| c.is_control() && c != '\n'), "{finding:?}");
        assert!(!finding.meaning(Lang::Zh).is_empty() && !finding.remedy(Lang::En).is_empty());
    }
}

proptest! {
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&octets);
    }

    #[test]
    fn any_text(text in "\\PC*") {
        check(text.as_bytes());
        check(format!("550 {text}").as_bytes());
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..80)) {
        check(pieces.concat().as_bytes());
    }
}

/// As much as is read, of what makes matchers slow.
#[test]
fn great_inputs() {
    for unit in [
        "550 ",
        "550\n",
        "said: ",
        "@",
        "a@",
        "a.",
        "::",
        "{",
        "<",
        "user ",
        "user unknown ",
        "\n",
        "- ",
        "'",
        "#5.",
        "(",
        "a:\n",
        "Status: 5.1.1\n\n",
        "User unknown\n\n",
        "发",
        "From: a\nTo: b\n\n",
        "--- Below this line is",
        "://",
        "said: 550 user unknown\n",
    ] {
        let text = unit.repeat(2 * MOST_OCTETS / unit.len());
        let begin = Instant::now();
        check(text.as_bytes());
        check(format!("550 {text}").as_bytes());
        check(format!("From: a\nSubject: b\nContent-Type: text/html\n\n{text}").as_bytes());
        println!("{unit:?}: {:?}", begin.elapsed());
        // A pattern that goes back would take hours. The limit is for slow machines.
        assert!(begin.elapsed() < Duration::from_secs(60), "{unit:?}: {:?}", begin.elapsed());
    }
    assert!(explain(&"x ".repeat(9)).is_empty());
}
