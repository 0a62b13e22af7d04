//! Whole sessions.

use ehlo_std::ehlo::{Config, EarlyTalk, Mail, Query, Rcpt, Reply, Tolerance, Vrfy};
use ehlo_std::{Connection, Handler, Receipt, Recipient, Verified};
use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::journal::{CONFIG, Served, end, pair, serve, spawn};

#[test]
fn a_session_from_the_greeting_to_the_end() {
    let Served { mut client, journal, server } = serve(Connection::new(&CONFIG));
    client.up_to_data();
    client.send("Subject: one\r\n\r\n..dot\r\n...\r\n");
    client.expect(".", "250 2.6.0 Ok");
    client.send("MAIL FROM:<>\r\nRCPT TO:<bob@example.net>\r\nRSET\r\nNOOP\r\n");
    for reply in ["250 2.1.0", "250 2.1.5", "250 2.0.0 All", "250 2.0.0 Ok"] {
        client.hear(reply);
    }
    client.expect("BOGUS", "500 5.5.1");
    client.expect("QUIT", "221 2.0.0 mx.example.net");
    assert_eq!(client.rest(), "");
    end(server).unwrap();
    let notes = journal.notes();
    let events = [
        "connect",
        "hello client.example.com",
        "mail alice@example.com",
        "rcpt bob@example.net",
        "data",
        "message 26",
        "mail ",
        "rcpt bob@example.net",
        "aborted Reset",
    ];
    assert_eq!(notes.events, events);
    assert_eq!(notes.messages, [b"Subject: one\r\n\r\n.dot\r\n..\r\n"]);
    assert_eq!(notes.replies, client.heard, "the hook sees every reply");
}

#[test]
fn the_end_of_the_clients_side_takes_no_reply_from_it() {
    static HASTY: Config<'static> =
        Config::new("mx.example.net").early_talk(EarlyTalk::Allow).early_pipelining(Tolerance::Allow);
    for (sent, replies) in [
        ("", 1),
        ("EHLO a.b\r\nNOOP\r\nNOOP\r\n", 12),
        // The half line is no command.
        ("EHLO a.b\r\nNOOP\r\nQUI", 11),
        ("EHLO a.b\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf a message\r\n.\r", 13),
    ] {
        let Served { mut client, journal, server } = serve(Connection::new(&HASTY));
        client.send(sent);
        client.end();
        let heard = client.rest();
        assert_eq!(heard.lines().count(), replies, "{sent:?}: {heard}");
        end(server).unwrap();
        assert!(journal.notes().messages.is_empty());
        assert_eq!(journal.events("aborted").len(), usize::from(sent.contains("MAIL")));
    }
}

#[test]
fn a_large_message_arrives_as_it_was_sent() {
    let Served { mut client, journal, server } = serve(Connection::new(&CONFIG));
    client.up_to_data();
    let line: Vec<u8> = (1..=255).filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
    let message = [&line, &b"\r\n.a line with a dot\r\n"[..]].concat().repeat(40_000);
    let stuffed = [&line, &b"\r\n..a line with a dot\r\n"[..]].concat().repeat(40_000);
    client.send(&stuffed);
    client.expect(".", "250 2.6.0 Ok");
    client.expect("QUIT", "221");
    assert_eq!(client.rest(), "");
    end(server).unwrap();
    assert!(journal.notes().messages == [message], "the message differs");
}

/// Refuses, and answers in each way that is not the usual one. What is given back borrows from the question, or from the handler.
#[derive(Default)]
struct Odd(String);

impl Handler for Odd {
    fn mail(&mut self, mail: Mail<'_>) -> Result<(), Reply<'_>> {
        match mail.reverse_path.as_str() {
            "" => Err(Reply::new(550, "We take no bounces").enhanced(7, 1)),
            _ => Ok(()),
        }
    }
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        match rcpt.forward_path.as_str() {
            "bob@example.net" => Ok(Recipient::Duplicate),
            "carol@example.net" => Ok(Recipient::Forwarded("<carol@example.org>")),
            other => Err(Reply::mailbox_full(other)),
        }
    }
    fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        self.0 = format!("Ok queued, all {size} octets");
        Ok(Receipt::As(&self.0))
    }
    fn verify<'a>(&'a mut self, query: Query<'a>) -> Result<Verified<'a>, Reply<'a>> {
        match query.what {
            "bob" => Ok(Verified::Mailbox("<bob@example.net>")),
            "carol" => Ok(Verified::Forwarded("<carol@example.org>")),
            "dave" => Ok(Verified::Ambiguous),
            other => Err(Reply::invalid_user(other)),
        }
    }
    fn expand(&mut self, _: Query<'_>) -> Result<Vec<String>, Reply<'_>> {
        Ok(vec!["<bob@example.net>".to_owned(), "<carol@example.net>".to_owned()])
    }
    fn help<'a>(&'a mut self, topic: &'a str) -> Result<Option<&'a str>, Reply<'a>> {
        Ok(if topic.is_empty() { None } else { Some(topic) })
    }
}

#[test]
fn every_decision_reaches_the_client() {
    static ODD: Config<'static> =
        Config::new("mx.example.net").vrfy(Vrfy::Answer).expn(true).help_url("https://example.net/help");
    let (near, far) = pair();
    spawn(Connection::new(&ODD), far, Odd::default());
    let mut client = Client::over(near);
    client.up_to_hello();
    for (line, reply) in [
        ("VRFY bob", "250 2.1.5 <bob@example.net>"),
        ("VRFY carol", "251 2.1.5 User not local; will forward to <carol@example.org>"),
        ("VRFY dave", "252 2.0.0"),
        ("VRFY eve", "550 5.1.1 invalid user - eve"),
        ("EXPN all", "250-2.1.5 <bob@example.net>\n250 2.1.5 <carol@example.net>"),
        ("HELP", "214 2.0.0 Help available on https://example.net/help"),
        ("HELP mail", "214 2.0.0 mail"),
        ("MAIL FROM:<>", "550 5.7.1 We take no bounces"),
        ("MAIL FROM:<alice@example.com>", "250 2.1.0"),
        ("RCPT TO:<eve@example.net>", "450 4.2.2 Mailbox eve@example.net is full"),
        ("RCPT TO:<carol@example.net>", "251 2.1.5 User not local; will forward to <carol@example.org>"),
        ("RCPT TO:<bob@example.net>", "250 2.1.5 duplicated RCPT"),
        ("DATA", "354"),
        (".", "250 2.0.0 Ok queued, all 0 octets"),
    ] {
        client.expect(line, reply);
    }
}

/// A handler that decides nothing.
struct Idle;

impl Handler for Idle {}

#[test]
fn who_decides_nothing_takes_nothing() {
    static CONFIG: Config<'static> = Config::new("mx.example.net")
        .plaintext_auth(true)
        .mechanisms(&[ehlo_std::ehlo::Mechanism::Plain])
        .expn(true)
        .vrfy(Vrfy::Answer);
    let (near, far) = pair();
    spawn(Connection::new(&CONFIG), far, Idle);
    let mut client = Client::over(near);
    client.up_to_hello();
    client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "535 5.7.8");
    client.expect("VRFY bob", "252");
    client.expect("EXPN all", "550");
    client.expect("MAIL FROM:<alice@example.com>", "250");
    client.expect("RCPT TO:<bob@example.net>", "550 5.1.1");
    client.expect("DATA", "554 5.5.1");
}

#[test]
fn nothing_behind_a_refused_message_is_taken_for_commands_and_the_refusal_is_read() {
    let Served { mut client, journal, server } = serve(Connection::new(&CONFIG));
    client.up_to_data();
    client.send("one\ntwo\r\n.\r\nMAIL FROM:<smuggled@example.com>\r\n");
    let stream = client.into_stream();
    let mut writing = stream.try_clone().unwrap();
    // Megabytes that nobody wants: the server closes while they come.
    let sending = thread::spawn(move || drop(writing.write_all(&vec![b'x'; 16 << 20])));
    let mut client = Client::over(stream);
    client.hear("550 5.6.0");
    client.gone();
    sending.join().unwrap();
    end(server).unwrap();
    assert_eq!(journal.events("mail"), ["mail alice@example.com"]);
    assert_eq!(journal.events("aborted"), ["aborted LineEnding"]);
}

#[test]
fn a_closed_connection_is_ended_and_not_reset() {
    let Served { mut client, server, .. } = serve(Connection::new(&CONFIG));
    client.up_to_data();
    let mut sent = b"one\ntwo\r\n.\r\n".to_vec();
    sent.resize(100_000, b'x');
    client.send(sent);
    client.hear("550 5.6.0");
    // A reset would fail these, and on some systems it takes with it what has not been read.
    for _ in 0..3 {
        client.send("and more\r\n");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(client.rest(), "");
    drop(client);
    end(server).unwrap();
}

#[cfg(unix)]
#[test]
fn a_session_over_a_unix_socket() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let journal = crate::journal::Journal::default();
    let server = spawn(Connection::new(&CONFIG), far, journal.clone());
    let mut client = Client::new(near);
    client.up_to_data();
    client.send("over a Unix socket\r\n");
    client.expect(".", "250 2.6.0");
    client.expect("QUIT", "221");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.notes().messages, [b"over a Unix socket\r\n"]);
}
