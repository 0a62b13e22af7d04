//! Who may be the sender of a message that is submitted.

use ehlo_tests::client::Client;
use ehlo_tests::server::{Home, Server};
use ehlo_tests::world::World;

const LOGIN: &str = "AUTH PLAIN AHVzZXIAcGFzcw==";

/// A home in which `user` has an alias, and may send as others.
fn home(world: &World) -> Home {
    let home = world.home();
    let accounts = std::fs::read_to_string(home.path().join("accounts.toml")).unwrap();
    // The last account is the user's.
    let more = "aliases = [\"u.ser@example.net\"]\nmay_send_as = [\"bob@\", \"@.news.example\", \"@sales.example\"]\n";
    home.write("accounts.toml", &(accounts + more));
    home
}

fn logged_in(server: &Server) -> Client {
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(235, LOGIN).unwrap();
    client
}

#[test]
fn a_user_submits_as_itself_and_as_whom_it_may() {
    let server = Server::start(home(&World { kind: "submission", ..World::auth() })).unwrap();
    let mut client = logged_in(&server);
    for own in [
        "user@example.net",
        "USER@EXAMPLE.NET",
        "\"user\"@example.net",
        "u.ser@example.net",
        "bob@example.org",
        "bob@[192.0.2.1]",
        "anyone@a.news.example",
        "anyone@sales.example",
        "",
    ] {
        client.expect(250, &format!("MAIL FROM:<{own}>")).unwrap();
        client.expect(250, "RSET").unwrap();
    }
    for other in
        ["alice@example.net", "user@example.org", "anyone@news.example", "anyone@a.sales.example", "user@[192.0.2.1]"]
    {
        let reply = client.expect(550, &format!("MAIL FROM:<{other}>")).unwrap();
        assert_eq!(reply.text(), "5.7.1 username and mail from inconsistent");
    }
    // The session goes on.
    client.deliver("u.ser@example.net", &["carol@example.net"], b"Sender: x@example.org\r\n\r\n").unwrap();
    let home = server.stop().unwrap();
    let [message] = &home.mailboxes()["carol"][..] else { panic!("{:?}", home.mailboxes()) };
    assert!(String::from_utf8_lossy(message).ends_with("Sender: x@example.org\r\n\r\n"));
}

#[test]
fn the_check_is_for_submission_and_can_be_switched_off() {
    let submission = World { kind: "submission", ..World::auth() };
    for world in [submission.with("senders", "match_identity = false"), World::auth()] {
        let server = Server::start(home(&world)).unwrap();
        logged_in(&server).expect(250, "MAIL FROM:<alice@example.org>").unwrap();
        server.stop().unwrap();
    }
}

#[test]
fn denied_senders_and_recipients() {
    let world = World::plain()
        .with("senders", "deny = [\"@spam.example\"]")
        .with("recipients", "deny = [\"bob@\", \"postmaster@\"]")
        .with("recipients", "not_allowed = [\"carol@example.net\"]");
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    let said = |client: &mut Client, line: &str| client.command(line).unwrap().to_string();
    let denied = "553 5.7.1 Access is denied - sender is in the blacklist";
    assert_eq!(said(&mut client, "MAIL FROM:<a@SPAM.example>"), denied);
    client.expect(250, "MAIL FROM:<a@not-spam.example>").unwrap();
    assert_eq!(said(&mut client, "RCPT TO:<bob@example.net>"), "554 5.7.1 RCPT bob@example.net is in the blacklist");
    let not_allowed = "553 5.1.3 Requested action not taken: mailbox name not allowed";
    assert_eq!(said(&mut client, "RCPT TO:<carol@example.net>"), not_allowed);
    for taken in ["postmaster@example.net", "Postmaster", "alice@example.net"] {
        client.expect(250, &format!("RCPT TO:<{taken}>")).unwrap();
    }
    server.stop().unwrap();
}
