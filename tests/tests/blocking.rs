//! `ehlo-std` on real sockets: every transcript, the conformance cases that its configuration allows, and real clients.
//!
//! Without its client program a trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use ehlo_tests::Result;
use ehlo_tests::blocking::{Blocking, Setup};
use ehlo_tests::cases::{self, Case};
use ehlo_tests::client::Client;
use ehlo_tests::live;
use ehlo_tests::mailbox::Mailboxes;
use ehlo_tests::reply::lossy;
use ehlo_tests::transcript::{self, Transcript};
use ehlo_tests::trials::{run, trial};
use libtest_mimic::Trial;

/// Client programs, their scripts in `interop/`, and what these can do with a server of this configuration.
const CLIENTS: [(&str, &str, &[&str]); 2] = [
    (
        "python3",
        "smtplib_client.py",
        &[
            "plain",
            "several-recipients",
            "login",
            "wrong-password",
            "implicit-tls",
            "eight-bit",
            "dots",
            "big",
            "smtputf8",
            "several-messages",
            "queries",
            "refused-sender",
            "pipelining",
            "lmtp",
        ],
    ),
    (
        "swaks",
        "swaks.sh",
        &[
            "plain",
            "helo",
            "several-recipients",
            "pipelining",
            "auth-plain",
            "auth-login",
            "starttls",
            "starttls-plain",
            "starttls-login",
            "tls",
            "tls-plain",
            "wrong-plain",
            "wrong-login",
            "lmtp",
        ],
    ),
];

fn main() {
    let files = transcript::files().into_iter();
    let mut trials: Vec<Trial> =
        files.map(|file| trial(format!("transcript::{}", file.name), move || play(&file.transcript()?))).collect();
    let text = include_str!("../cases/cases.jsonl");
    let cases = cases::parse(text).expect("the cases can be read");
    trials.extend(cases.into_iter().map(|case| {
        let name = format!("case::{}", case.id);
        match missing(&case) {
            Some(why) => trial(name, || Ok(())).with_kind(why).with_ignored_flag(true),
            None => trial(name, move || check(&case)),
        }
    }));
    for (program, script, scenarios) in CLIENTS {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
        let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        trials.extend(scenarios.iter().map(|scenario| {
            let name = format!("{program}::{scenario}");
            if there {
                return trial(name, move || converse(script, scenario));
            }
            let why = format!("{program} is not installed");
            let failing = why.clone();
            trial(name, move || Err(failing)).with_kind(why).with_ignored_flag(!required)
        }));
    }
    run(trials)
}

fn play(transcript: &Transcript) -> Result<()> {
    let server = Blocking::start(Setup::of(transcript.world), None)?;
    let client = Client::connect(server.address)?;
    live::play_on(transcript, client, &mut live::fresh(|| server.mailboxes().into_values().flatten().collect()))?;
    server.stop().map(drop)
}

fn wants_tls(case: &Case) -> bool {
    case.needs.iter().any(|need| need == "ext:STARTTLS")
}

/// What the case needs and this server does not have, or has and should not.
fn missing(case: &Case) -> Option<String> {
    let offered: &[&str] = &[
        "PIPELINING",
        "SIZE",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "CHUNKING",
        "BINARYMIME",
        "LIMITS",
        "DSN",
    ];
    let with_tls = wants_tls(case);
    let has = |extension: &str| match extension {
        "STARTTLS" => with_tls,
        "AUTH" => !with_tls,
        other => offered.contains(&other),
    };
    case.needs.iter().find_map(|need| match need.split_once(':') {
        Some(("ext", extension)) if !has(extension) => Some(format!("not offered: {extension}")),
        Some(("!ext", extension)) if has(extension) => Some(format!("offered: {extension}")),
        Some(("ext" | "!ext", _) | ("user", "user/pass") | ("cfg", "size-limit") | ("hook", "reject-at-eod")) => None,
        None if need == "local-postmaster" => None,
        _ => Some(format!("a need unknown here: {need}")),
    })
}

/// Plays the case against a server of its own, then looks into the mailboxes.
fn check(case: &Case) -> Result<()> {
    let server = Blocking::start(Setup::of_cases(wants_tls(case)), None)?;
    let refused = cases::run(case, server.address)?;
    let mailboxes = server.stop()?;
    if let Some(smuggled) = mailboxes.get("victim") {
        return Err(format!("smuggled: \"{}\"", lossy(&smuggled.concat())));
    }
    let Some(delivered) = &case.delivered else { return Ok(()) };
    // Where a refusal is as good as a delivery, it must be a whole refusal.
    let expected = if refused.0 { Vec::new() } else { delivered.clone() };
    let found: Vec<Vec<u8>> = mailboxes.into_values().flatten().collect();
    let show =
        |messages: &[Vec<u8>]| format!("{:?}", messages.iter().map(|message| lossy(message)).collect::<Vec<_>>());
    match found == expected {
        true => Ok(()),
        false => Err(format!("delivered {}, but expected {}", show(&found), show(&expected))),
    }
}

/// Has a client play its scenario, as `interop/README.md` says, and compares what came with what should.
fn converse(script: &str, scenario: &str) -> Result<()> {
    let here = tempfile::tempdir().map_err(|error| error.to_string())?;
    let lmtp = here.path().join("lmtp.sock");
    let server = Blocking::start(Setup::of_clients(), Some(&lmtp))?;
    let message = here.path().join("message.eml");
    fs::write(&message, MESSAGE).map_err(|error| error.to_string())?;
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script))
        .arg(scenario)
        .current_dir(here.path())
        .env("EHLO_PORT", server.address.port().to_string())
        .env("EHLO_TLS_PORT", server.tls_address.port().to_string())
        .env("EHLO_LMTP", &lmtp)
        .env("EHLO_MESSAGE", &message)
        .env("EHLO_EXPECT", here.path().join("expect"))
        .env("EHLO_SENDER", here.path().join("sender"))
        .env("EHLO_SENT", here.path().join("sent"))
        .env("EHLO_CLIENTS", here.path())
        .output()
        .map_err(|error| format!("running {script}: {error}"))?;
    let found = server.stop()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)));
    }
    let expected = expected(&here.path().join("expect"));
    let lengths = |mailboxes: &Mailboxes| -> BTreeMap<String, Vec<usize>> {
        mailboxes.iter().map(|(name, messages)| (name.clone(), messages.iter().map(Vec::len).collect())).collect()
    };
    match found == expected {
        true => Ok(()),
        false => Err(format!("found messages of {:?} octets, expected {:?}", lengths(&found), lengths(&expected))),
    }
}

/// What the script has put down: the messages by mailbox.
fn expected(root: &Path) -> Mailboxes {
    let mut mailboxes = Mailboxes::new();
    for mailbox in fs::read_dir(root).into_iter().flatten().flatten() {
        let files = fs::read_dir(mailbox.path()).into_iter().flatten().flatten();
        let mut messages: Vec<_> = files.map(|file| fs::read(file.path()).unwrap_or_default()).collect();
        messages.sort();
        mailboxes.insert(mailbox.file_name().to_string_lossy().into_owned(), messages);
    }
    mailboxes
}

/// A message that is hard on careless clients and servers: dots, white space, empty lines.
const MESSAGE: &str = "From: <alice@example.com>\r\nTo: <bob@example.net>\r\nSubject: threads\r\n\r\n.\r\n..\r\n.dot\r\n\
    trailing white space \t \r\n\r\nMAIL FROM:<eve@example.com>\r\n. \r\n\r\nend\r\n";
