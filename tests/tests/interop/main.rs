//! Clients that others wrote, each scenario a trial of its own. `interop/README.md` tells what a script is given.
//!
//! Without its client program a trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clients::{CLIENTS, Client, Driver, Need, Scenario, Session};
use ehlo_tests::mailbox::{self, Mailboxes};
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::reply::lossy;
use ehlo_tests::server::{CONFIG, Home, Server};
use ehlo_tests::tap::Tap;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::{Tls, World};
use ehlo_tests::{Result, credentials};
use libtest_mimic::Trial;
use scene::Scene;

mod clients;
mod lettre;
mod mail_send;
mod scene;

fn main() {
    let trials = CLIENTS.iter().flat_map(|client| {
        let missing = client.needs.iter().find_map(|need| missing(*need));
        client.scenarios.iter().map(move |scenario| interop(client, scenario, missing.clone()))
    });
    run(trials.collect())
}

fn interop(client: &'static Client, scenario: &'static Scenario, missing: Option<String>) -> Trial {
    let name = format!("{}::{}", client.name, scenario.0);
    let Some(why) = missing else {
        return trial(name, move || check(client.driver, scenario));
    };
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let failing = why.clone();
    trial(name, move || Err(failing)).with_kind(why).with_ignored_flag(!required)
}

/// What is missing of a need, as a sentence.
fn missing(need: Need) -> Option<String> {
    let (there, what) = match need {
        Need::Program(program) => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            (std::env::split_paths(&path).any(|directory| directory.join(program).is_file()), program)
        }
        Need::Fetched(file) => (fetched().join(file).exists(), file),
        Need::Root => (rustix::process::geteuid().is_root(), "root"),
    };
    let why =
        if need == Need::Root { "the tests do not run as root".into() } else { format!("{what} is not installed") };
    (!there).then_some(why)
}

/// Where `tests/run` puts clients that are not installed into the system.
fn fetched() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients")
}

fn check(driver: Driver, (name, session): &Scenario) -> Result<()> {
    let without: &[&str] = match *name {
        // A client that knows both chooses the younger one.
        name if name.ends_with("xoauth2") => &["OAUTHBEARER"],
        // Exim's LMTP reads no reply to LHLO that is over 256 octets.
        "lmtp" => &credentials::MECHANISMS[1..],
        _ => &[],
    };
    // What the listeners believe of whom the client speaks for.
    let trusted = match name.split('-').next() {
        Some("proxy") => Some("proxy_protocol"),
        Some("xclient") => Some("xclient"),
        _ => None,
    };
    let server = serve(without, trusted)?;
    let here = server.home().path().to_owned();
    let tap = Tap::new(server.address(), &here.join("sent")).map_err(|error| error.to_string())?;
    let scene = Scene { port: tap.address.port(), tls_port: server.listeners[1].address.port(), here };
    let done = match driver {
        Driver::Script(script) => play(script, name, &scene),
        Driver::Function(function) => function(name, &scene),
    };
    // The line of a session is written when it has ended, which the client does not wait for.
    let done = done.and_then(|()| eventually(|| seen(server.home(), session)));
    let home = server.stop()?;
    let outcome = done.and_then(|()| compare(&expected(&home.path().join("expect")), &home.mailboxes()));
    outcome.map_err(|why| format!("{why}\nlog:\n{}", home.log()))
}

/// Runs a script to its end.
fn play(script: &str, scenario: &str, scene: &Scene) -> Result<()> {
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script))
        .arg(scenario)
        .current_dir(&scene.here)
        .env("EHLO_PORT", scene.port.to_string())
        .env("EHLO_TLS_PORT", scene.tls_port.to_string())
        .env("EHLO_FREE_PORT", port::free().port().to_string())
        .env("EHLO_LMTP", scene.here.join("lmtp.sock"))
        .env("EHLO_MESSAGE", "message.eml")
        .env("EHLO_EXPECT", scene.here.join("expect"))
        .env("EHLO_SENDER", scene.here.join("sender"))
        .env("EHLO_SENT", scene.here.join("sent"))
        .env("EHLO_CLIENTS", fetched())
        .output()
        .map_err(|error| format!("running {script}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = [output.stdout, output.stderr].concat();
            Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)))
        }
    }
}

/// A server with STARTTLS, with implicit TLS, and with LMTP, which can be logged in to by every mechanism but these; where its
/// listeners have the key `trusted`, this machine is a trusted proxy.
fn serve(without: &[&str], trusted: Option<&str>) -> Result<Server> {
    let world = World { listeners: vec![Tls::StartTls, Tls::Implicit], plaintext_auth: true, ..World::plain() };
    // A server passes on what a user here has sent by it.
    let mut world = world.with("senders", "local_needs_auth = false");
    if let Some(key) = trusted {
        world = world.with("", "trusted_proxies = [\"127.0.0.1\"]").with("listener", format!("{key} = true"));
    }
    let home = credentials::mechanisms_but(without, world.for_everyone()).home();
    credentials::write_into(&home);
    let config = fs::read_to_string(home.path().join(CONFIG)).expect("the home holds a configuration");
    let lmtp = "[[listener]]\naddress = \"unix:lmtp.sock\"\nkind = \"lmtp\"\ntls = \"none\"\n";
    home.write(CONFIG, &(config + lmtp));
    fs::write(home.path().join("message.eml"), message()).expect("a file can be written");
    // The Unix socket has no address of the kind that `Server` knows.
    Server::start_with(home, &["--config", CONFIG], 2)
}

/// Whether the server has seen the session that the scenario is about.
fn seen(home: &Home, session: &Session) -> Result<()> {
    let log = home.log();
    let logged = |what: String| match log.lines().any(|line| line.contains(" session session=") && line.contains(&what))
    {
        true => Ok(()),
        false => Err(format!("no session's line in the log has {what}")),
    };
    let login = || logged("user=user@example.net ".into());
    match *session {
        Session::With(keyword) => {
            let authenticated = keyword.ends_with('A');
            let sender = match fs::read_to_string(home.path().join("sender")) {
                Ok(sender) => sender.trim().to_owned(),
                Err(_) => if authenticated { "user@example.net" } else { "alice@example.com" }.to_owned(),
            };
            let (from, with) = (format!("Return-Path: <{sender}>\r\n"), format!(" with {keyword} "));
            let files = mailbox::files(&home.mail(), "new");
            for file in &files {
                let trace = mailbox::trace(&fs::read(file).map_err(|error| error.to_string())?);
                if !trace.starts_with(&from) || !trace.contains(&with) {
                    return Err(format!("expected {from:?} and{with:?}in {trace:?}"));
                }
            }
            match authenticated {
                _ if files.is_empty() => Err("no message came".into()),
                true => login(),
                false => Ok(()),
            }
        }
        Session::LoggedIn => login(),
        Session::Refused(code) => logged(format!("refusal=\"{code} ")),
        Session::Asked => Ok(()),
    }
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
