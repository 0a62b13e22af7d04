//! Clients that come by others: the PROXY protocol, XCLIENT and XFORWARD.

use ehlo_tests::client::Client;
use ehlo_tests::mailbox;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::Server;
use ehlo_tests::world::{Tls, World};

const HEADER: &str = "PROXY TCP4 192.0.2.33 198.51.100.1 4711 25\r\n";

/// A world whose listeners do this for those that are trusted.
fn world(key: &str, trusted: &str) -> World {
    World::plain().with("", format!("trusted_proxies = [\"{trusted}\"]")).with("listener", format!("{key} = true"))
}

/// The header section of the only message.
fn header_section(server: Server) -> String {
    let home = server.stop().unwrap();
    let files = mailbox::files(&home.mail(), "new");
    assert_eq!(files.len(), 1, "{files:?}");
    let message = std::fs::read_to_string(&files[0]).unwrap();
    message.split("\r\n\r\n").next().unwrap().replace("\r\n\t", " ")
}

/// Waits until the log holds a line with all of this in it.
fn logged(server: &Server, parts: &[&str]) {
    let found = |log: &str| log.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    eventually(|| match server.home().log() {
        log if found(&log) => Ok(()),
        log => Err(format!("{parts:?} is not in the log:\n{log}")),
    })
    .unwrap();
}

#[test]
fn the_proxied_client_is_the_client() {
    let server = Server::start(world("proxy_protocol", "127.0.0.0/8").home()).unwrap();
    let mut client = server.connect().unwrap();
    client.send(HEADER.as_bytes());
    client.greet().unwrap();
    let relay = client.command("MAIL FROM:<a@example.com>").and_then(|_| client.command("RCPT TO:<b@example.org>"));
    assert_eq!(relay.unwrap().to_string(), "554 5.7.1 Relay from your IP 192.0.2.33 is denied");
    client.expect(250, "RSET").unwrap();
    client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    client.expect(221, "QUIT").unwrap();
    logged(&server, &["message", "client=\"192.0.2.33\""]);
    logged(&server, &["session", "client=\"192.0.2.33\"", "proxy=127.0.0.1"]);

    // Version 2, a look whether the server is there: the client is the proxy itself.
    let mut probe = server.connect().unwrap();
    probe.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    probe.greet().unwrap();
    probe.expect(221, "QUIT").unwrap();
    logged(&server, &["session", "client=\"127.0.0.1\""]);

    let mut garbage = server.connect().unwrap();
    garbage.send(b"EHLO client.example\r\n");
    garbage.expect_close().unwrap();
    logged(&server, &["turned away", "peer=127.0.0.1", "not a PROXY header"]);
    let header = header_section(server);
    assert!(header.contains("from client.example ([192.0.2.33])"), "{header}");
}

#[test]
fn only_trusted_proxies_are_let_in() {
    let server = Server::start(world("proxy_protocol", "192.0.2.0/24").home()).unwrap();
    let mut client = server.connect().unwrap();
    client.send(HEADER.as_bytes());
    client.expect_close().unwrap();
    logged(&server, &["turned away", "peer=127.0.0.1", "not a trusted proxy"]);
    server.stop().unwrap();
}

#[test]
fn the_header_comes_before_tls() {
    let world = World { listeners: vec![Tls::StartTls], ..world("proxy_protocol", "127.0.0.1") };
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.send_split(HEADER.as_bytes());
    client.greet().unwrap();
    client.expect(220, "STARTTLS").unwrap();
    let mut client = client.start_tls().unwrap();
    client.expect(250, "EHLO client.example").unwrap();
    client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    let header = header_section(server);
    assert!(header.contains("([192.0.2.33])") && header.contains("with ESMTPS "), "{header}");
}

/// A client that may say XCLIENT, up to the point where it does.
fn trusted(server: &Server) -> Client {
    let mut client = server.connect().unwrap();
    let ehlo = client.greet().unwrap();
    assert!(ehlo.has_keyword("XCLIENT") && ehlo.has_keyword("XFORWARD"), "{ehlo}");
    client
}

#[test]
fn xclient_changes_the_client() {
    let server = Server::start(world("xclient", "127.0.0.1").home()).unwrap();
    let mut client = trusted(&server);
    for wrong in ["XCLIENT ADDR=300.1.1.1", "XCLIENT", "XCLIENT ADDR=192.0.2.1 PORT=x", "XCLIENT FOO=1"] {
        client.expect(501, wrong).unwrap();
    }
    client.expect(220, "XCLIENT NAME=mail.client.example ADDR=IPV6:2001:db8::7 PORT=4711 PROTO=ESMTP").unwrap();
    client.expect(503, "MAIL FROM:<alice@example.com>").unwrap();
    client.expect(250, "EHLO other.example").unwrap();
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    let refused = client.expect(554, "RCPT TO:<bob@example.org>").unwrap();
    assert_eq!(refused.text(), "5.7.1 Relay from your IP 2001:db8::7 is denied");
    client.expect(503, "XCLIENT ADDR=192.0.2.9").unwrap();
    client.expect(250, "RSET").unwrap();
    client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    client.expect(221, "QUIT").unwrap();
    logged(&server, &["xclient", "peer=\"127.0.0.1\"", "client=\"2001:db8::7\"", "port=4711"]);
    logged(&server, &["session", "client=\"2001:db8::7\"", "name=\"mail.client.example\"", "proxy=127.0.0.1"]);
    let header = header_section(server);
    assert!(header.contains("from other.example (mail.client.example [IPv6:2001:db8::7])"), "{header}");
}

#[test]
fn xclient_can_log_in_and_out() {
    let world = World { kind: "submission", ..world("xclient", "127.0.0.1") };
    let server = Server::start(world.home()).unwrap();
    let mut client = trusted(&server);
    client.expect(530, "MAIL FROM:<user@example.net>").unwrap();
    client.expect(550, "XCLIENT LOGIN=nobody").unwrap();
    client.expect(220, "XCLIENT ADDR=192.0.2.7 LOGIN=user").unwrap();
    client.expect(250, "EHLO client.example").unwrap();
    client.deliver("user@example.net", &["bob@example.net"], b"x: y\r\n").unwrap();
    client.expect(220, "XCLIENT ADDR=192.0.2.8").unwrap();
    client.expect(250, "EHLO client.example").unwrap();
    client.expect(530, "MAIL FROM:<user@example.net>").unwrap();
    client.expect(221, "QUIT").unwrap();
    let header = header_section(server);
    assert!(header.contains("([192.0.2.7])") && header.contains("with ESMTPA "), "{header}");
}

#[test]
fn xforward_is_for_the_log_of_the_next_message() {
    let server = Server::start(world("xclient", "127.0.0.1").home()).unwrap();
    let mut client = trusted(&server);
    client.expect(250, "XFORWARD ADDR=192.0.2.9 HELO=origin.example").unwrap();
    client.expect(250, "XFORWARD SOURCE=REMOTE IDENT=4711 NAME=[UNAVAILABLE]").unwrap();
    client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    client.deliver("carol@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    client.expect(221, "QUIT").unwrap();
    let forwarded = "forwarded=\"ADDR=192.0.2.9 HELO=origin.example SOURCE=REMOTE IDENT=4711\"";
    logged(&server, &["message", "alice@example.com", "client=\"127.0.0.1\"", forwarded]);
    logged(&server, &["message", "carol@example.com"]);
    assert_eq!(server.home().log().matches("forwarded=").count(), 1);
    let home = server.stop().unwrap();
    for file in mailbox::files(&home.mail(), "new") {
        assert!(!std::fs::read_to_string(file).unwrap().contains("192.0.2.9"));
    }
}

#[test]
fn who_is_not_trusted_is_not_offered_it() {
    let server = Server::start(world("xclient", "192.0.2.1").home()).unwrap();
    let mut client = server.connect().unwrap();
    let ehlo = client.greet().unwrap();
    assert!(!ehlo.has_keyword("XCLIENT") && !ehlo.has_keyword("XFORWARD"), "{ehlo}");
    client.expect(502, "XCLIENT ADDR=192.0.2.7").unwrap();
    client.expect(502, "XFORWARD ADDR=192.0.2.7").unwrap();
    server.stop().unwrap();
}

/// Behind a proxy that is trusted it is the client that speaks, and it is not.
#[test]
fn a_trusted_proxy_does_not_make_its_clients_trusted() {
    let world = world("proxy_protocol", "127.0.0.1").with("listener", "xclient = true");
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.send(HEADER.as_bytes());
    let ehlo = client.greet().unwrap();
    assert!(!ehlo.has_keyword("XCLIENT"), "{ehlo}");
    client.expect(502, "XCLIENT ADDR=127.0.0.1").unwrap();

    let mut probe = server.connect().unwrap();
    probe.send(b"PROXY UNKNOWN\r\n");
    assert!(probe.greet().unwrap().has_keyword("XCLIENT"));
    server.stop().unwrap();
}
