//! LMTP (RFC 2033), over TCP and over a Unix socket, and what submission adds.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use ehlo_tests::client::Client;
use ehlo_tests::server::{Home, Server};
use ehlo_tests::world::World;

const GROUP: [&str; 4] = [
    "MAIL FROM:<alice@example.com>",
    "RCPT TO:<bob@example.net>",
    "RCPT TO:<nobody@example.net>",
    "RCPT TO:<carol@example.net>",
];

#[test]
fn each_recipient_that_was_taken_gets_an_answer() {
    let world = World { kind: "lmtp", ..World::plain() };
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.reply().unwrap();
    client.expect(502, "EHLO client.example").unwrap();
    client.expect(250, "LHLO client.example").unwrap();
    for data in ["DATA", "BDAT 14 LAST"] {
        for (line, code) in GROUP.iter().zip([250, 250, 550, 250]) {
            client.expect(code, line).unwrap();
        }
        if data == "DATA" {
            client.expect(354, data).unwrap();
            client.send(b"Subject: x\r\n\r\n.\r\n");
        } else {
            client.send(b"BDAT 14 LAST\r\nSubject: x\r\n\r\n");
        }
        for _ in 0..2 {
            assert_eq!(client.reply().unwrap().code, 250);
        }
        client.expect(250, "NOOP").unwrap();
    }
    let mailboxes = server.stop().unwrap().mailboxes();
    assert_eq!(mailboxes.values().map(Vec::len).collect::<Vec<_>>(), [2, 2], "{mailboxes:?}");
}

#[test]
fn a_unix_socket_takes_mail_and_one_that_was_left_behind_is_in_nobodys_way() {
    let home = Home::new();
    home.write(
        ehlo_tests::server::CONFIG,
        "[[listener]]\naddress = \"127.0.0.1:0\"\n[[listener]]\naddress = \"unix:lmtp.sock\"\nkind = \"lmtp\"\n\
         [[domain]]\nname = \"example.net\"\ncatch_all = \"*\"\n",
    );
    // What a server that was killed leaves behind.
    drop(std::os::unix::net::UnixListener::bind(home.path().join("lmtp.sock")).unwrap());
    let server = Server::start_with(home, &["--config", ehlo_tests::server::CONFIG], 1).unwrap();

    let mut socket = UnixStream::connect(server.home().path().join("lmtp.sock")).unwrap();
    let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
    let mut said = |code: &str| {
        // A reply ends with the line that has a space behind its code.
        let last = lines.find(|line| line.as_ref().is_ok_and(|line| line.as_bytes().get(3) == Some(&b' ')));
        let last = last.unwrap().unwrap();
        assert!(last.starts_with(code), "{last}");
    };
    said("220");
    for (sent, codes) in [
        ("LHLO client.example\r\n", &["250"][..]),
        ("MAIL FROM:<alice@example.com>\r\n", &["250"]),
        ("RCPT TO:<bob@example.net>\r\nRCPT TO:<carol@example.net>\r\nDATA\r\n", &["250", "250", "354"]),
        ("Subject: x\r\n\r\n.\r\n", &["250", "250"]),
        ("QUIT\r\n", &["221"]),
    ] {
        socket.write_all(sent.as_bytes()).unwrap();
        codes.iter().for_each(|code| said(code));
    }
    let home = server.stop().unwrap();
    let files = ehlo_tests::mailbox::files(&home.mail(), "new");
    assert_eq!(files.len(), 2, "{files:?}");
    let message = std::fs::read_to_string(&files[0]).unwrap();
    assert!(message.contains("with LMTP id"), "{message}");
}

#[test]
fn submission_wants_a_login_and_adds_what_is_missing() {
    let world = World { kind: "submission", ..World::auth() };
    let server = Server::start(world.home()).unwrap();
    let mut client: Client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(530, "MAIL FROM:<user@example.net>").unwrap();
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    for (to, content) in [
        ("bob", &b"Subject: x\r\n\r\nDate: in the body\r\n"[..]),
        ("carol", b"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@example.net>\r\n\r\n"),
    ] {
        client.deliver("user@example.net", &[&format!("{to}@example.net")], content).unwrap();
    }
    let home = server.stop().unwrap();
    let mail = home.mail().join("example.net");
    let read = |user: &str| {
        let files = ehlo_tests::mailbox::files(&mail.join(user), "new");
        std::fs::read_to_string(&files[0]).unwrap()
    };
    let completed = read("bob");
    let header = completed.split("\r\n\r\n").next().unwrap();
    assert_eq!(header.matches("\r\nDate: ").count(), 1, "{completed}");
    assert_eq!(header.matches("\r\nMessage-ID: <").count(), 1, "{completed}");
    assert!(completed.ends_with("Subject: x\r\n\r\nDate: in the body\r\n"), "{completed}");
    let whole = read("carol");
    assert_eq!((whole.matches("Date: ").count(), whole.matches("Message-ID: ").count()), (1, 1), "{whole}");
}
