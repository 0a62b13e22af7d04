//! Clients that others wrote, each scenario a trial of its own. `interop/README.md` tells what a script is given.
//!
//! Without its client program a trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ehlo_tests::Result;
use ehlo_tests::mailbox::Mailboxes;
use ehlo_tests::reply::lossy;
use ehlo_tests::server::Server;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::{Tls, World};
use libtest_mimic::Trial;

/// The client programs, their scripts, and what these can do.
const CLIENTS: [(&str, &str, &[&str]); 4] = [
    (
        "swaks",
        "swaks.sh",
        &[
            "plain",
            "several-recipients",
            "pipelining",
            "auth-plain",
            "auth-login",
            "starttls",
            "starttls-auth",
            "implicit-tls",
            "wrong-password",
            "proxy-v1",
            "proxy-v2",
            "proxy-v2-ipv6-implicit-tls",
            "xclient",
        ],
    ),
    (
        "curl",
        "curl.sh",
        &[
            "plain",
            "several-recipients",
            "stdin",
            "starttls",
            "implicit-tls",
            "auth-plain",
            "auth-login",
            "auth-initial-response",
            "wrong-password",
        ],
    ),
    ("openssl", "openssl.sh", &["starttls", "implicit-tls", "tls12"]),
    (
        "python3",
        "smtplib_client.py",
        &[
            "plain",
            "several-recipients",
            "login",
            "each-mechanism",
            "wrong-password",
            "implicit-tls",
            "eight-bit",
            "dots",
            "big",
            "quoted-local-part",
            "smtputf8",
            "several-messages",
            "queries",
            "refused-sender",
            "pipelining",
        ],
    ),
];

fn main() {
    let trials = CLIENTS.iter().flat_map(|&(program, script, scenarios)| {
        let missing = find(program).is_none();
        scenarios.iter().map(move |&scenario| interop(program, script, scenario, missing))
    });
    run(trials.collect())
}

fn interop(program: &'static str, script: &'static str, scenario: &'static str, missing: bool) -> Trial {
    let name = format!("{program}::{scenario}");
    if !missing {
        return trial(name, move || check(script, scenario));
    }
    let why = format!("{program} is not installed");
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let failing = why.clone();
    trial(name, move || Err(failing)).with_kind(why).with_ignored_flag(!required)
}

/// A program on the search path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

fn check(script: &str, scenario: &str) -> Result<()> {
    let world = World { listeners: vec![Tls::StartTls, Tls::Implicit], plaintext_auth: true, ..World::plain() };
    let trusting = |world: World, key| {
        world.with("", "trusted_proxies = [\"127.0.0.1\"]").with("listener", format!("{key} = true"))
    };
    let world = match scenario.split('-').next() {
        Some("proxy") => trusting(world, "proxy_protocol"),
        Some("xclient") => trusting(world, "xclient"),
        _ => world,
    };
    let home = world.for_everyone().home();
    fs::write(home.path().join("message.eml"), message()).expect("a file can be written");
    let server = Server::start(home)?;
    let expect = server.home().path().join("expect");
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script))
        .arg(scenario)
        .current_dir(server.home().path())
        .env("EHLO_PORT", server.listeners[0].address.port().to_string())
        .env("EHLO_TLS_PORT", server.listeners[1].address.port().to_string())
        .env("EHLO_MESSAGE", "message.eml")
        .env("EHLO_EXPECT", &expect)
        .output()
        .map_err(|error| format!("running {script}: {error}"))?;
    let home = server.stop()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        return Err(format!("{}\n{said}\nlog:\n{}", output.status, home.log()));
    }
    compare(&expected(&expect), &home.mailboxes())
}

/// A message that is hard on careless clients and servers: dots, white space, long and empty lines.
fn message() -> String {
    let long = "x".repeat(990);
    let lines = [
        "Received: from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000",
        "From: <alice@example.com>",
        "To: <bob@example.net>",
        "Subject: interoperation",
        "Date: Mon, 1 Jan 2024 00:00:00 +0000",
        "Message-ID: <1@example.com>",
        "",
        ".",
        "..",
        ".dot",
        "no dot.",
        "trailing white space \t ",
        &long,
        "",
        "MAIL FROM:<eve@example.com>",
        ". ",
        "",
        "end",
    ];
    lines.map(|line| format!("{line}\r\n")).concat()
}

/// What the script has put down: the messages by mailbox.
fn expected(root: &Path) -> Mailboxes {
    let entries = |directory: &Path| -> Vec<PathBuf> {
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mailbox = |directory: PathBuf| {
        let name = directory.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
        let mut messages: Vec<_> = entries(&directory).iter().map(|file| fs::read(file).unwrap_or_default()).collect();
        messages.sort();
        (name, messages)
    };
    entries(root).into_iter().map(mailbox).collect()
}

fn compare(expected: &Mailboxes, found: &Mailboxes) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let mut why = String::from("the mailboxes do not hold what they should");
    for mailbox in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let none = Vec::new();
        let (expected, found) = (expected.get(mailbox).unwrap_or(&none), found.get(mailbox).unwrap_or(&none));
        why.push_str(&format!("\n  {mailbox}: {} expected, {} found", expected.len(), found.len()));
        for (expected, found) in expected.iter().zip(found).filter(|(expected, found)| expected != found) {
            let same = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
            let (expected, found) = (lossy(&expected[same..]), lossy(&found[same..]));
            why.push_str(&format!("\n  from octet {same} on: expected \"{expected}\", found \"{found}\""));
        }
    }
    Err(why)
}
