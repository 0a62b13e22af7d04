//! What lies in the Maildirs: traces, hygiene, odd local parts, old devices.

use std::fs;
use std::path::Path;

use ehlo_tests::client::{Client, Heard, SILENCE};
use ehlo_tests::mailbox;
use ehlo_tests::server::{CONFIG, Home, Server};
use ehlo_tests::world::World;

fn greeted(server: &Server) -> Client {
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client
}

/// The whole of the only message under a directory, traces too.
fn only_message(root: &Path) -> String {
    let files = mailbox::files(root, "new");
    assert_eq!(files.len(), 1, "{files:?}");
    String::from_utf8(fs::read(&files[0]).unwrap()).unwrap()
}

/// The first header field called `name`, unfolded.
fn field(message: &str, name: &str) -> String {
    let unfolded = message.replace("\r\n\t", " ").replace("\r\n ", " ");
    let mut lines = unfolded.lines().take_while(|line| !line.is_empty());
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {message}")).to_owned()
}

#[test]
fn the_traces_tell_where_a_message_came_from() {
    let server = Server::start(World::plain().home()).unwrap();
    let reply = greeted(&server).deliver("alice@example.com", &["bob@example.net"], b"Subject: x\r\n\r\n").unwrap();
    let message = only_message(&server.stop().unwrap().mail());
    assert_eq!(field(&message, "Return-Path"), "<alice@example.com>");
    let received = field(&message, "Received");
    for part in ["from client.example", "127.0.0.1", "by mx.example.net", "with ESMTP ", "for <bob@example.net>"] {
        assert!(received.contains(part), "{part}: {received}");
    }
    let id = reply.text().rsplit([' ', '<', '>']).find(|word| !word.is_empty()).unwrap().to_owned();
    assert!(received.contains(&id), "the id of {reply} is not in {received}");
    assert!(received.rsplit(';').next().unwrap().contains(':'), "no date in {received}");
}

#[test]
fn the_traces_tell_how_it_came() {
    let server = Server::start(World::tls().home()).unwrap();
    let mut client = greeted(&server);
    client.expect(220, "STARTTLS").unwrap();
    let mut client = client.start_tls().unwrap();
    client.expect(250, "EHLO client.example").unwrap();
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    client.deliver("user@example.net", &["bob@example.net", "carol@example.net"], b"x: y\r\n").unwrap();
    let home = server.stop().unwrap();
    let message = only_message(&home.mail().join("example.net/bob"));
    let received = field(&message, "Received");
    assert!(received.contains("with ESMTPSA "), "{received}");
    // Who else got it is nobody's business (RFC 5321 7.2).
    assert!(!received.contains("carol"), "{received}");

    let server = Server::start(World::plain().home()).unwrap();
    let mut client = server.connect().unwrap();
    client.reply().unwrap();
    client.expect(250, "HELO client.example").unwrap();
    client.deliver("", &["bob@example.net"], b"x: y\r\n").unwrap();
    let message = only_message(&server.stop().unwrap().mail());
    assert_eq!(field(&message, "Return-Path"), "<>");
    assert!(field(&message, "Received").contains("with SMTP "), "{message}");
}

#[test]
fn a_maildir_is_whole_and_its_tmp_empty() {
    let server = Server::start(World::plain().home()).unwrap();
    let mut client = greeted(&server);
    for _ in 0..10 {
        client.deliver("alice@example.com", &["bob@example.net", "carol@example.net"], b"x: y\r\n").unwrap();
    }
    // One that is given up half-way leaves nothing.
    client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(&b"half\r\n".repeat(100_000));
    drop(client);
    let home = server.stop().unwrap();
    for user in ["bob", "carol"] {
        let maildir = home.mail().join("example.net").join(user);
        for part in ["new", "cur", "tmp"] {
            assert!(maildir.join(part).is_dir(), "{user}/{part}");
        }
        assert_eq!(mailbox::files(&maildir, "new").len(), 10);
    }
    assert_eq!(mailbox::files(&home.mail(), "tmp"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn no_local_part_leads_out_of_the_mail_directory() {
    let server = Server::start(World::plain().for_everyone().home()).unwrap();
    let mut client = greeted(&server);
    let hostile =
        ["../../../escape", "/tmp/ehlod-escape", "..", ".", "a/../../b", "bob/new", "new", "~root", "a\\\\..\\\\b", ""];
    for local in hostile {
        let to = format!("\"{local}\"@example.net");
        client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
        let reply = client.command(&format!("RCPT TO:<{to}>")).unwrap();
        if reply.code == 250 {
            client.expect(354, "DATA").unwrap();
            client.send(b"x: y\r\n.\r\n");
            let reply = client.reply().unwrap();
            assert!(reply.code == 250 || reply.code >= 500, "{to}: {reply}");
        } else {
            assert!(reply.code >= 500, "{to}: {reply}");
            client.expect(250, "RSET").unwrap();
        }
    }
    let home = server.stop().unwrap();
    assert!(!Path::new("/tmp/ehlod-escape").exists());
    let domain = home.mail().join("example.net");
    for file in mailbox::files(home.path(), "new") {
        let depth = file.strip_prefix(&domain).map(|inside| inside.components().count());
        assert_eq!(depth, Ok(3), "not MAILBOX/new/NAME: {}", file.display());
    }
}

#[test]
fn a_mailbox_is_found_in_any_case() {
    let server = Server::start(World::plain().home()).unwrap();
    let mut client = greeted(&server);
    client.deliver("alice@example.com", &["Bob@Example.NET"], b"x: y\r\n").unwrap();
    client.deliver("alice@example.com", &["\"bob\"@example.net"], b"x: y\r\n").unwrap();
    client.deliver("alice@example.com", &["Postmaster"], b"x: y\r\n").unwrap();
    let mailboxes = server.stop().unwrap().mailboxes();
    let counts: Vec<_> = mailboxes.iter().map(|(name, messages)| (name.as_str(), messages.len())).collect();
    assert_eq!(counts, [("bob", 2), ("postmaster", 1)]);
}

#[test]
fn an_old_device_may_send_bare_lf() {
    for setting in ["line_endings = \"lenient\"", "lenient_clients = [\"127.0.0.0/8\"]"] {
        let server = Server::start(World::plain().with("protocol", setting).home()).unwrap();
        let mut client = greeted(&server);
        client.expect(250, "MAIL FROM:<alice@example.com>").unwrap();
        client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
        client.expect(354, "DATA").unwrap();
        client.send(b"Subject: x\n\none\n.\ntwo\n..\n.\r\n");
        // Neither LF . LF nor LF . CRLF was the end.
        assert_eq!(client.hear(SILENCE).unwrap(), Heard::Silence);
        client.send(b"\r\n.\r\n");
        assert_eq!(client.reply().unwrap().code, 250);
        client.expect(250, "NOOP").unwrap();
        let mailboxes = server.stop().unwrap().mailboxes();
        let message = String::from_utf8(mailboxes["bob"][0].clone()).unwrap();
        assert!(message.starts_with("Subject: x\r\n\r\none\r\n"), "{message:?}");
        assert!(!message.replace("\r\n", "").contains(['\r', '\n']), "{message:?}");
    }
}

#[test]
fn a_server_without_domains_takes_nobody() {
    let home = Home::new();
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\ntls = \"none\"\n";
    home.write(CONFIG, &format!("hostname = \"mx.example.net\"\n{listener}"));
    let server = Server::start(home).unwrap();
    let mut client = server.connect().unwrap();
    let reply = client.reply().unwrap();
    assert_eq!(reply.to_string(), "421 4.3.5 mx.example.net Service not available - no valid hosted domain");
    server.stop().unwrap();
}

#[test]
fn help_names_the_address() {
    let world = World::plain().with("", "help_url = \"https://example.com/mail\"");
    let server = Server::start(world.home()).unwrap();
    let reply = greeted(&server).expect(214, "HELP").unwrap();
    assert_eq!(reply.text(), "2.0.0 Help available on https://example.com/mail");
    server.stop().unwrap();
}

#[test]
fn vrfy_answers_where_it_is_set_to() {
    let server = Server::start(World::plain().with("protocol", "vrfy = \"answer\"").home()).unwrap();
    let mut client = greeted(&server);
    let reply = client.expect(250, "VRFY bob@example.net").unwrap();
    assert!(reply.text().contains("bob@example.net"), "{reply}");
    let reply = client.expect(550, "VRFY nobody@example.net").unwrap();
    assert_eq!(reply.text(), "5.1.1 invalid user - nobody@example.net");
    server.stop().unwrap();

    let server = Server::start(World::plain().with("protocol", "vrfy = \"off\"").home()).unwrap();
    greeted(&server).expect(502, "VRFY bob@example.net").unwrap();
    server.stop().unwrap();
}
