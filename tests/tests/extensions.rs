//! Extensions that are off until they are named: each is offered then, and works.

use std::time::{Duration, Instant};

use ehlo_tests::client::Client;
use ehlo_tests::mailbox;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};
use ehlo_tests::world::{Tls, World};

/// Every extension that `protocol.extensions` can name.
const ALL: &str = "extensions = [\"PIPELINING\", \"SIZE\", \"8BITMIME\", \"SMTPUTF8\", \"ENHANCEDSTATUSCODES\", \"CHUNKING\", \
                   \"BINARYMIME\", \"DSN\", \"LIMITS\", \"DELIVERBY\", \"REQUIRETLS\", \"MT-PRIORITY\", \"NO-SOLICITING\", \"ETRN\", \
                   \"FUTURERELEASE\"]";

fn submission() -> World {
    World { kind: "submission", listeners: vec![Tls::Implicit], ..World::tls() }.with("protocol", ALL)
}

fn log_in(server: &Server) -> Client {
    let mut client = Client::connect_tls(server.address()).unwrap();
    client.greet().unwrap();
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    client
}

/// Sends a message with parameters of MAIL and RCPT.
fn send(client: &mut Client, mail: &str, rcpt: &str) -> ehlo_tests::Result<()> {
    client.expect(250, &format!("MAIL FROM:<user@example.net> {mail}"))?;
    client.expect(250, &format!("RCPT TO:<bob@example.net> {rcpt}"))?;
    client.expect(354, "DATA")?;
    client.expect(250, "Subject: x\r\n\r\n.").map(drop)
}

#[test]
fn every_extension_can_be_named_and_works() {
    let server = Server::start(submission().home()).unwrap();
    let mut client = Client::connect_tls(server.address()).unwrap();
    let ehlo = client.greet().unwrap();
    for keyword in ALL.split('"').filter(|word| word.len() > 2 && !word.contains([' ', '['])) {
        assert!(ehlo.has_keyword(keyword), "{keyword} is not in {ehlo}");
    }
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    let parameters = [
        ("SIZE=100", ""),
        ("BODY=8BITMIME", ""),
        ("SMTPUTF8", ""),
        ("RET=HDRS ENVID=a", "NOTIFY=NEVER ORCPT=rfc822;bob@example.net"),
        ("BY=120;R", ""),
        ("REQUIRETLS", ""),
        ("MT-PRIORITY=3", ""),
        ("SOLICIT=net.example:ADV", ""),
        ("HOLDUNTIL=2020-01-01T00:00:00Z", ""),
        ("HOLDFOR=0", ""),
    ];
    for (mail, rcpt) in parameters {
        send(&mut client, mail, rcpt).unwrap();
    }
    client.expect(250, "MAIL FROM:<user@example.net> BODY=BINARYMIME").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.send(b"BDAT 4 LAST\r\na\nb\0");
    assert_eq!(client.reply().unwrap().code, 250);
    assert_eq!(arrived(&server.stop().unwrap()), parameters.len() + 1);
}

#[test]
fn etrn_tells_what_waits() {
    let server = Server::start(World::plain().with("protocol", ALL).home()).unwrap();
    let mut client = server.connect().unwrap();
    let ehlo = client.greet().unwrap();
    // Mail from other servers is not held back.
    assert!(ehlo.has_keyword("ETRN") && !ehlo.has_keyword("FUTURERELEASE"), "{ehlo}");
    for (line, code) in [
        ("ETRN example.net", 251),
        ("ETRN EXAMPLE.NET", 251),
        ("ETRN @example.net", 251),
        ("ETRN @net", 251),
        ("ETRN net", 459),
        ("ETRN ample.net", 459),
        ("ETRN @ample.net", 459),
        ("ETRN #example.net", 459),
        ("ETRN a..b", 501),
        ("ETRN !x", 504),
    ] {
        client.expect(code, line).unwrap();
    }
    client.expect(555, "MAIL FROM:<alice@example.com> HOLDFOR=60").unwrap();
    server.stop().unwrap();
}

/// Messages for bob so far.
fn arrived(home: &Home) -> usize {
    mailbox::files(&home.mail().join("example.net/bob"), "new").len()
}

#[test]
fn a_message_is_held_until_its_time() {
    let server = Server::start(submission().with("limits", "hold = \"1h\"").home()).unwrap();
    let mut client = log_in(&server);
    for refused in [
        "HOLDFOR=3601",
        "HOLDUNTIL=2999-01-01T00:00:00Z",
        "HOLDUNTIL=2026-02-31T00:00:00Z",
        "HOLDFOR=60 BY=60;R",
        "HOLDFOR=60 HOLDUNTIL=2026-02-28T00:00:00Z",
    ] {
        client.expect(501, &format!("MAIL FROM:<user@example.net> {refused}")).unwrap();
    }
    let begin = Instant::now();
    send(&mut client, "HOLDFOR=4", "").unwrap();
    assert_eq!(arrived(server.home()), 0);
    send(&mut client, "HOLDFOR=3600", "").unwrap();
    send(&mut client, "", "").unwrap();
    assert_eq!(arrived(server.home()), 1);
    eventually(|| match arrived(server.home()) {
        2 => Ok(()),
        other => Err(format!("{other} messages")),
    })
    .unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(4));
    let home = server.stop().unwrap();
    assert_eq!(arrived(&home), 2);
    let held = mailbox::files(&home.mail().join(".held"), "new");
    assert_eq!(held.len(), 1, "{held:?}");
}

#[test]
fn a_held_message_outlives_a_crash() {
    let server = Server::start(submission().home()).unwrap();
    let mut client = log_in(&server);
    for _ in 0..5 {
        send(&mut client, "HOLDFOR=4", "").unwrap();
    }
    send(&mut client, "HOLDFOR=3600", "").unwrap();
    let home = server.kill();
    assert_eq!(arrived(&home), 0);
    std::thread::sleep(Duration::from_secs(5));
    let server = Server::start(home).unwrap();
    eventually(|| match arrived(server.home()) {
        5 => Ok(()),
        other => Err(format!("{other} messages")),
    })
    .unwrap();
    let home = server.stop().unwrap();
    assert_eq!(arrived(&home), 5);
    assert_eq!(mailbox::files(&home.mail().join(".held"), "new").len(), 1);
}

/// What is held goes where a reload says that mail goes: it is not forgotten, and a restart finds it there.
#[test]
fn held_messages_go_along_to_another_mail_directory() {
    let world = submission().with("limits", "hold = \"1h\"");
    let server = Server::start(world.home()).unwrap();
    let mut client = log_in(&server);
    send(&mut client, "HOLDFOR=3600", "").unwrap();
    let config = std::fs::read_to_string(server.home().path().join(CONFIG)).unwrap();
    let elsewhere = config.replace("path = \"mail\"", "path = \"elsewhere\"");
    assert_ne!(config, elsewhere);
    server.home().write(CONFIG, &elsewhere);
    server.signal(Signal::HUP);
    let held = |home: &Home, mail: &str| mailbox::files(&home.path().join(mail).join(".held"), "new").len();
    eventually(|| match (held(server.home(), "mail"), held(server.home(), "elsewhere")) {
        (0, 1) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .unwrap();
    // A session that began before the reload still puts its messages where they went then, and they follow.
    send(&mut client, "HOLDFOR=3", "").unwrap();
    let bob = |home: &Home| mailbox::files(&home.path().join("elsewhere/example.net/bob"), "new").len();
    eventually(|| if bob(server.home()) == 1 { Ok(()) } else { Err(server.home().log()) }).unwrap();
    let home = server.stop().unwrap();
    assert_eq!((held(&home, "mail"), held(&home, "elsewhere"), arrived(&home)), (0, 1, 0));
}
