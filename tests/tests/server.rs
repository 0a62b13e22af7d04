//! `ehlod` as a process: signals, reload, command line.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;

use base64ct::{Base64, Encoding as _};
use ehlo_tests::client::{Client, Heard, SILENCE};
use ehlo_tests::mailbox;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};
use ehlo_tests::world::{Tls, World};

const GONE: &str = "421 4.3.2 mx.example.net Service not available";

#[test]
fn sigterm_tells_idle_clients_and_exits_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(World::plain().home()).unwrap();
        let mut fresh = server.connect().unwrap();
        assert_eq!(fresh.reply().unwrap().code, 220);
        let mut known = server.connect().unwrap();
        known.greet().unwrap();
        known.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
        server.signal(signal);
        for mut client in [fresh, known] {
            assert_eq!(client.reply().unwrap().to_string(), GONE);
            client.expect_close().unwrap();
        }
        assert_eq!(server.wait().unwrap().code(), Some(0));
        assert!(Client::connect(server.address()).is_err(), "it still listens");
    }
}

#[test]
fn sigterm_lets_a_message_in_flight_come_to_its_end() {
    let mut server = Server::start(World::plain().home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: in flight\r\n");
    server.signal(Signal::TERM);
    assert_eq!(client.hear(SILENCE).unwrap(), Heard::Silence);
    client.send(b"\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
    assert_eq!(client.reply().unwrap().to_string(), GONE);
    client.expect_close().unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert_eq!(server.home().mailboxes()["bob"], [b"Subject: in flight\r\n\r\n"]);
}

#[test]
fn sigterm_does_not_wait_forever() {
    let world = World::plain().with("timeouts", "shutdown = \"500ms\"");
    let mut server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(server.home().mailboxes().is_empty());
}

#[test]
fn sighup_reads_the_configuration_again() {
    let greets = |server: &Server, name: &str| {
        eventually(|| match server.connect()?.reply()?.text() {
            text if text == format!("{name} Service ready") => Ok(()),
            text => Err(text.to_owned()),
        })
    };
    let server = Server::start(World::plain().home()).unwrap();
    let mut before = server.connect().unwrap();
    before.greet().unwrap();

    World::plain().with("", "hostname = \"mx2.example.net\"").write_into(server.home());
    server.signal(Signal::HUP);
    greets(&server, "mx2.example.net").unwrap();
    before.expect(250, "NOOP").unwrap();

    // A configuration that cannot be used leaves the one in force.
    let bad = "hostname = \"mx3.example.net\"\nno_such_key = 1\n";
    server.home().write(CONFIG, bad);
    let logged = server.home().log().len();
    server.signal(Signal::HUP);
    eventually(|| match server.home().log()[logged..].contains("no_such_key") {
        true => Ok(()),
        false => Err("the log does not name the bad key".into()),
    })
    .unwrap();
    greets(&server, "mx2.example.net").unwrap();

    World::plain().write_into(server.home());
    server.signal(Signal::HUP);
    greets(&server, "mx.example.net").unwrap();
    server.stop().unwrap();
}

#[test]
fn sighup_reads_the_accounts_and_the_certificate_again() {
    let server = Server::start(World::tls().home()).unwrap();
    let known = |server: &Server| {
        let mut client = server.connect()?;
        client.greet()?;
        client.expect(250, "MAIL FROM:<alice@example.com>")?;
        client.expect(250, "RCPT TO:<dora@example.net>").map(drop)
    };
    assert!(known(&server).is_err());
    let accounts = fs::read_to_string(server.home().path().join("accounts.toml")).unwrap();
    server.home().write("accounts.toml", &accounts.replace("carol@", "dora@"));
    server.signal(Signal::HUP);
    eventually(|| known(&server)).unwrap();

    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(220, "STARTTLS").unwrap();
    client.start_tls().unwrap().expect(250, "EHLO client.example").unwrap();
    server.stop().unwrap();
}

#[test]
fn tls_from_the_first_octet() {
    let world = World { listeners: vec![Tls::Implicit, Tls::StartTls], ..World::tls() };
    let server = Server::start(world.home()).unwrap();
    let mut client = Client::connect_tls(server.listeners[0].address).unwrap();
    let ehlo = client.greet().unwrap();
    assert!(ehlo.has_keyword("AUTH") && !ehlo.has_keyword("STARTTLS"), "{ehlo}");
    client.expect(503, "STARTTLS").unwrap();
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    let reply = client.deliver("user@example.net", &["bob@example.net"], b"x: y\r\n").unwrap();
    assert_eq!(reply.code, 250);
    server.stop().unwrap();
}

#[test]
fn submission_wants_authentication() {
    let world = World { kind: "submission", ..World::auth() };
    let server = Server::start(world.home()).unwrap();
    assert_eq!(server.listeners[0].kind, "submission");
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    let reply = client.expect(530, "MAIL FROM:<user@example.net>").unwrap();
    assert_eq!(reply.text(), "5.7.0 Authentication required");
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    client.expect(250, "MAIL FROM:<user@example.net>").unwrap();
    server.stop().unwrap();
}

#[test]
fn a_password_is_in_no_log() {
    let password = "a-password-like-no-other-word";
    let world = World::auth().with("auth", "mechanisms = [\"PLAIN\", \"LOGIN\", \"CRAM-MD5\"]");
    let home = world.home();
    let config = fs::read_to_string(home.path().join(CONFIG)).unwrap();
    home.write(CONFIG, &format!("{config}[log]\nlevel = \"trace\"\n"));
    let stored = home.ehlod(&["passwd", "--cram-md5"], &format!("{password}\n")).stdout;
    let stored = String::from_utf8(stored).unwrap();
    home.write(
        "accounts.toml",
        &format!("[[account]]\naddress = \"eve@example.net\"\npassword = '{}'\n", stored.trim()),
    );
    let server = Server::start(home).unwrap();
    let base64 = |text: &str| Base64::encode_string(text.as_bytes());
    let plain = base64(&format!("\0eve\0{password}"));
    let wrong = base64(&format!("\0mallory\0{password}"));
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(535, &format!("AUTH PLAIN {wrong}")).unwrap();
    client.expect(334, "AUTH LOGIN").unwrap();
    client.expect(334, &base64("nobody")).unwrap();
    client.expect(535, &base64(password)).unwrap();
    client.expect(235, &format!("AUTH PLAIN {plain}")).unwrap();
    client.expect(221, "QUIT").unwrap();
    let log = server.stop().unwrap().log();
    assert!(log.contains("rule=\"credentials\"") && log.contains("user=eve@example.net"), "{log}");
    for secret in [password, &plain, &wrong, &base64(password), stored.trim()] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn without_configuration_it_serves_localhost() {
    // The default port is part of the contract, so it is the one that has to be free here.
    if let Err(error) = TcpListener::bind(("127.0.0.1", 2525)) {
        eprintln!("NOT TESTED: the default port 2525 is taken: {error}");
        return;
    }
    let server = Server::start_with(Home::new(), &[], 1).unwrap();
    assert_eq!(server.address(), ([127, 0, 0, 1], 2525).into());
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.deliver("alice@example.com", &["anyone@localhost"], b"x: y\r\n").unwrap();
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    assert!(client.expect(250, "RCPT TO:<bob@example.net>").is_err(), "it relays");
    drop(client);
    let home = server.stop().unwrap();
    let files = mailbox::files(&home.path().join("mail/anyone"), "new");
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn the_command_line_sets_address_name_and_maildir() {
    let arguments =
        ["--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--hostname", "mx.example.org", "--mail", "post"];
    let server = Server::start_with(Home::new(), &arguments, 2).unwrap();
    for (number, listener) in server.listeners.iter().enumerate() {
        assert_ne!(listener.address.port(), 0);
        let mut client = Client::connect(listener.address).unwrap();
        assert_eq!(client.reply().unwrap().to_string(), "220 mx.example.org Service ready");
        client.expect(250, "EHLO client.example").unwrap();
        let to = format!("user{number}@localhost");
        assert_eq!(client.deliver("", &[&to], b"x: y\r\n").unwrap().code, 250);
    }
    let home = server.stop().unwrap();
    for number in 0..2 {
        assert_eq!(mailbox::files(&home.path().join(format!("post/user{number}")), "new").len(), 1);
    }
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let home = World::tls().home();
    let good = home.ehlod(&["check", "--config", CONFIG], "");
    assert_eq!(good.status.code(), Some(0), "{good:?}");

    for (text, place, key) in [
        ("hostname = \"mx.example.net\"\n\n[limits]\nmesage_size = 1\n", "ehlod.toml:4:1", "mesage_size"),
        ("hostname = \"mx.example.net\"\n[limits]\nrecipients = \"many\"\n", "ehlod.toml:3:", "limits.recipients"),
        ("hostname = \n", "ehlod.toml:1:", ""),
    ] {
        home.write(CONFIG, text);
        let bad = home.ehlod(&["check", "--config", CONFIG], "");
        let said = String::from_utf8_lossy(&bad.stderr).into_owned() + &String::from_utf8_lossy(&bad.stdout);
        assert_eq!(bad.status.code(), Some(1), "{text}: {said}");
        assert!(said.contains(place) && said.contains(key), "{text}: {said}");
    }

    let missing = home.ehlod(&["check", "--config", "nowhere.toml"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere.toml"));
}

#[test]
fn a_bad_configuration_keeps_it_from_starting() {
    let home = Home::new();
    home.write(CONFIG, "no_such_key = 1\n");
    let output = home.ehlod(&["serve", "--config", CONFIG], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no_such_key"));
}

#[test]
fn passwd_never_gives_the_same_line_twice_nor_the_password() {
    let lines: Vec<String> = (0..2)
        .map(|_| {
            let output = Home::new().ehlod(&["passwd"], "secret word\n");
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    assert_ne!(lines[0], lines[1]);
    for line in lines {
        assert!(line.ends_with('\n') && line.trim().lines().count() == 1 && !line.contains("secret"), "{line:?}");
    }
}

#[test]
fn replies_prints_the_catalogue() {
    let output = Home::new().ehlod(&["replies", "--json"], "");
    assert!(output.status.success());
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let printed: BTreeMap<_, _> =
        rows.as_array().unwrap().iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row.clone())).collect();

    let catalogue: toml::Table = include_str!("../data/replies.toml").parse().unwrap();
    let catalogue: BTreeMap<_, _> = catalogue["reply"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let expected = serde_json::json!({
                "id": row["id"].as_str(),
                "code": row["code"].as_integer(),
                "enhanced": row["enhanced"].as_str(),
                "stages": row["stages"].as_array().unwrap().iter().map(toml::Value::as_str).collect::<Vec<_>>(),
                "text": row["text"].as_str(),
            });
            (row["id"].as_str().unwrap().to_owned(), expected)
        })
        .collect();
    assert_eq!(printed.keys().collect::<Vec<_>>(), catalogue.keys().collect::<Vec<_>>());
    for (id, row) in &catalogue {
        for key in ["code", "enhanced", "stages", "text"] {
            assert_eq!(printed[id][key], row[key], "{id}: {key}");
        }
    }

    let plain = Home::new().ehlod(&["replies"], "");
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert!(catalogue.keys().all(|id| plain.contains(id)), "{plain}");
}
