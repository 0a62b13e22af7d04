//! What one client may not do to the server, nor to other clients.

use std::time::{Duration, Instant};

use ehlo_tests::client::{Client, Heard, PATIENCE, SILENCE};
use ehlo_tests::patience::eventually;
use ehlo_tests::server::Server;
use ehlo_tests::world::World;

const FULL: &str = "421 4.3.2 mx.example.net Service not available";

fn limited(table: &'static str, line: &str) -> Server {
    Server::start(World::plain().for_everyone().with(table, line).home()).unwrap()
}

/// A client that has said EHLO.
fn greeted(server: &Server) -> Client {
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client
}

/// A client that has opened a transaction.
fn in_transaction(server: &Server) -> Client {
    let mut client = greeted(server);
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    client
}

/// A client that has to send the message next.
fn in_data(server: &Server) -> Client {
    let mut client = in_transaction(server);
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    client
}

#[test]
fn connections_in_all_and_by_client() {
    for line in ["connections = 2", "connections_per_client = 2"] {
        let server = limited("limits", line);
        let first = greeted(&server);
        let mut second = greeted(&server);
        let mut third = server.connect().unwrap();
        assert_eq!(third.reply().unwrap().to_string(), FULL, "{line}");
        third.expect_close().unwrap();
        second.expect(250, "NOOP").unwrap();
        drop(first);
        // The server has to notice that one has left.
        eventually(|| server.connect()?.greet()).unwrap();
        server.stop().unwrap();
    }
}

#[test]
fn time_for_a_command() {
    let server = limited("timeouts", "command = \"1s\"");
    let mut silent = greeted(&server);
    let mut slow = greeted(&server);
    let begin = Instant::now();
    // A line that comes octet by octet gets no more time than one that does not come.
    let late = loop {
        slow.send(b"N");
        match slow.hear(Duration::from_millis(100)).unwrap() {
            Heard::Silence => assert!(begin.elapsed() < PATIENCE, "a slow drip keeps the session alive"),
            heard => break heard,
        }
    };
    let took = begin.elapsed();
    assert!(took > Duration::from_millis(800) && took < Duration::from_secs(5), "{took:?}");
    assert!(matches!(&late, Heard::Reply(reply) if reply.to_string() == "451 4.4.2 Timeout"), "{late:?}");
    slow.expect_close().unwrap();
    assert_eq!(silent.reply().unwrap().to_string(), "451 4.4.2 Timeout");
    silent.expect_close().unwrap();
    server.stop().unwrap();
}

#[test]
fn time_for_mail_data() {
    let server = limited("timeouts", "data = \"1s\"");
    let mut client = in_data(&server);
    client.send(b"Subject: never to be finished\r\n");
    assert_eq!(client.reply().unwrap().to_string(), "451 4.4.2 Timeout");
    client.expect_close().unwrap();
    let home = server.stop().unwrap();
    assert!(home.mailboxes().is_empty());
}

#[test]
fn time_for_a_handshake() {
    let server = Server::start(World::tls().with("timeouts", "tls_handshake = \"1s\"").home()).unwrap();
    let mut client = greeted(&server);
    client.expect(220, "STARTTLS").unwrap();
    client.expect_close().unwrap();
    server.stop().unwrap();
}

#[test]
fn time_for_a_session() {
    let server = limited("timeouts", "session = \"1s\"");
    let mut client = greeted(&server);
    let begin = Instant::now();
    let last = loop {
        client.send(b"NOOP\r\n");
        match client.hear(PATIENCE).unwrap() {
            Heard::Reply(reply) if reply.code == 250 => std::thread::sleep(Duration::from_millis(100)),
            other => break other,
        }
        assert!(begin.elapsed() < PATIENCE, "the session goes on and on");
    };
    assert!(matches!(&last, Heard::Reply(reply) if reply.code == 421 || reply.code == 451), "{last:?}");
    server.stop().unwrap();
}

#[test]
fn recipients_of_a_transaction() {
    let server = limited("limits", "recipients = 100");
    let mut client = in_transaction(&server);
    for number in 0..100 {
        client.expect(250, &format!("RCPT TO:<user{number}@example.net>")).unwrap();
    }
    for _ in 0..2 {
        let reply = client.expect(452, "RCPT TO:<one.more@example.net>").unwrap();
        assert_eq!(reply.text(), "4.5.3 too many RCPTs");
    }
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: to a hundred\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
    let mailboxes = server.stop().unwrap().mailboxes();
    assert_eq!(mailboxes.len(), 100);
    assert!(mailboxes.values().all(|messages| *messages == [b"Subject: to a hundred\r\n"]));
}

#[test]
fn transactions_of_a_connection() {
    let server = limited("limits", "transactions = 2");
    let mut client = greeted(&server);
    for _ in 0..2 {
        client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    }
    let reply = client.expect(554, "MAIL FROM:<alice@example.com>").unwrap();
    assert_eq!(reply.text(), "5.7.0 Too many MAIL transactions in the same connection");
    assert_eq!(server.stop().unwrap().mailboxes()["bob"].len(), 2);
}

#[test]
fn size_of_a_message() {
    let server = limited("limits", "message_size = \"1 KiB\"");
    let mut client = in_data(&server);
    client.send(&[b"Subject: big\r\n\r\n", "x".repeat(1000).as_bytes(), b"\r\n"].concat());
    client.send(b"some more\r\n");
    assert_eq!(client.hear(SILENCE).unwrap(), Heard::Silence);
    client.send(b"NOOP\r\n.\r\n");
    let reply = client.reply().unwrap();
    assert_eq!(reply.to_string(), "552 5.3.4 message exceeds fixed maximum message size");
    // What just fits is taken: 1,024 octets, counted as RFC 1870 counts them.
    let fits = format!("Subject: fits\r\n\r\n{}\r\n", "x".repeat(1024 - 19));
    assert_eq!(fits.len(), 1024);
    client.deliver("alice@example.com", &["bob@example.net"], fits.as_bytes()).unwrap();
    assert_eq!(server.stop().unwrap().mailboxes()["bob"], [fits.into_bytes()]);
}

#[test]
fn hops_of_a_message() {
    let server = limited("limits", "hops = 5");
    let mut client = greeted(&server);
    let message = |hops| format!("{}Subject: hops\r\n\r\nReceived: x\r\n", "received: from a by b\r\n".repeat(hops));
    let reply = client.deliver("alice@example.com", &["bob@example.net"], message(6).as_bytes()).unwrap();
    assert_eq!(reply.to_string(), "554 5.4.6 too many hops, this message is looping");
    let reply = client.deliver("alice@example.com", &["bob@example.net"], message(5).as_bytes()).unwrap();
    assert_eq!(reply.code, 250);
    assert_eq!(server.stop().unwrap().mailboxes()["bob"], [message(5).into_bytes()]);
}

#[test]
fn a_client_that_does_not_read_stalls_nobody() {
    let server = Server::start(World::plain().home()).unwrap();
    let mut deaf: Vec<Client> = (0..8).map(|_| greeted(&server)).collect();
    for client in &mut deaf {
        client.send("MAIL FROM:<alice@example.com>\r\nRSET\r\n".repeat(20_000).as_bytes());
    }
    let begin = Instant::now();
    let mut client = greeted(&server);
    let reply = client.deliver("alice@example.com", &["bob@example.net"], b"x: y\r\n").unwrap();
    assert_eq!(reply.code, 250);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(deaf);
    server.stop().unwrap();
}

#[test]
fn who_speaks_before_the_greeting_is_turned_away() {
    let server = limited("protocol", "early_talk_delay = \"500ms\"");
    let mut hasty = server.connect().unwrap();
    hasty.send(b"EHLO client.example\r\n");
    let reply = hasty.reply().unwrap();
    assert!(reply.code >= 400, "{reply}");
    hasty.expect_close().unwrap();
    greeted(&server);
    server.stop().unwrap();
}
