//! Which clients are let in, and what the log says of a refusal.

use ehlo_tests::patience::eventually;
use ehlo_tests::server::Server;
use ehlo_tests::world::World;

fn start(access: &[&str]) -> Server {
    let world = access.iter().fold(World::plain(), |world, line| world.with("access", *line));
    Server::start(world.home()).unwrap()
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
fn a_denied_network_is_told_so_and_the_connection_closed() {
    let server = start(&["deny = [\"203.0.113.0/24\", \"127.0.0.0/8\"]"]);
    let mut client = server.connect().unwrap();
    assert_eq!(client.reply().unwrap().to_string(), "521 5.7.1 Access is denied from your IP 127.0.0.1");
    client.expect_close().unwrap();
    logged(&server, &["refused", "rule=\"access.deny\"", "client=\"127.0.0.1\"", "reply=521", "enhanced=5.7.1"]);
    server.stop().unwrap();
}

#[test]
fn who_is_allowed_is_not_denied() {
    let server = start(&["allow = [\"127.0.0.1\"]", "deny = [\"127.0.0.0/8\"]"]);
    server.connect().unwrap().greet().unwrap();
    server.stop().unwrap();
}

#[test]
fn a_refused_recipient_is_logged_with_its_rule() {
    let server = start(&["deny = [\"203.0.113.0/24\"]"]);
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<a@example.com>").unwrap();
    client.expect(550, "RCPT TO:<nobody@example.net>").unwrap();
    let recipient = "recipient=\"nobody@example.net\"";
    logged(&server, &["refused", "rule=\"no such user\"", "sender=\"a@example.com\"", recipient, "reply=550"]);
    server.stop().unwrap();
}
