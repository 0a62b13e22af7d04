//! How transactions end in other ways than by their answer, and how the server ends sessions.

use crate::common::{Client, accept, codes, describe, refuse, welcome};
use crate::{CONFIG, FULL};
use ehlo::{Abort, EarlyTalk, Millis, Peer, Reply};

/// Something that ends a transaction; what the session says to it.
type End = fn(&mut Client<'_>) -> String;

#[test]
fn a_transaction_that_ends_otherwise_is_aborted_once() {
    let openings: [&[&str]; 4] = [
        &["MAIL FROM:<a@b>"],
        &["MAIL FROM:<a@b>", "RCPT TO:<no@x>"],
        &["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
        &["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<no@x>"],
    ];
    let ends: [(&str, End, Abort); 9] = [
        ("RSET", |c| c.say("RSET"), Abort::Reset),
        ("EHLO", |c| c.say("EHLO x"), Abort::Reset),
        ("HELO", |c| c.say("HELO x"), Abort::Reset),
        ("STARTTLS", |c| c.say("STARTTLS"), Abort::Reset),
        ("QUIT", |c| c.say("QUIT"), Abort::Closed),
        ("bare LF", |c| codes(&c.feed(b"NOOP\n")), Abort::Closed),
        ("end", |c| codes(&c.eof()), Abort::Eof),
        ("time", |c| codes(&c.pass(Millis::from_mins(5))), Abort::Timeout),
        ("shutdown", |c| codes(&c.shutdown()), Abort::Shutdown),
    ];
    for opening in openings {
        for (name, end, abort) in ends {
            let mut client = Client::new(&FULL, Peer::PLAIN, |request| {
                if describe(&request) == "rcpt no@x" {
                    refuse(request, &Reply::new(550, "No"));
                } else {
                    accept(request);
                }
            });
            client.connect();
            client.say("EHLO x");
            client.chat(opening);
            end(&mut client);
            assert_eq!(client.aborts, [abort], "{name} after {opening:?}");
            // And nothing that follows tells it again.
            if !client.closed && !client.starts_tls {
                client.say("RSET");
                client.say("EHLO x");
                client.eof();
            }
            client.feed(b"");
            assert_eq!(client.aborts, [abort], "{name} after {opening:?}");
        }
    }
}

#[test]
fn what_is_no_transaction_is_never_aborted() {
    let mut client = welcome(&FULL);
    client.connect();
    client.chat(&["EHLO x", "RSET", "EHLO x", "MAIL FROM:<", "RCPT TO:<a@b>", "DATA", "RSET", "QUIT"]);
    assert!(client.closed);
    assert_eq!(client.aborts, []);
}

#[test]
fn a_message_cut_off_is_aborted() {
    let cuts: [(End, Abort, &str); 2] =
        [(|c| c.eof(), Abort::Eof, ""), (|c| c.pass(Millis::from_mins(3)), Abort::Timeout, "451")];
    for (cut, abort, said) in cuts {
        let mut client = welcome(&CONFIG);
        client.begin();
        client.say("DATA");
        client.feed(b"half a mess");
        assert_eq!(client.content, b"half a mess");
        assert_eq!(codes(&cut(&mut client)), said);
        assert_eq!(client.aborts, [abort]);
        assert!(client.closed && client.messages.is_empty());
    }
}

#[test]
fn what_came_before_the_end_is_still_taken() {
    let mut client = welcome(&CONFIG);
    client.begin();
    client.session.eof();
    assert_eq!(client.say("RSET\r\nNOOP\r\nNO"), "250 250 500");
    assert!(client.closed);
}

#[test]
fn shutdown_comes_between_commands() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.feed(b"NO");
    assert_eq!(client.shutdown(), "421 4.3.2 mx.example.net Service not available\r\n");
    assert!(client.closed);
    assert_eq!(client.feed(b"OP\r\n"), "");
}

#[test]
fn shutdown_lets_a_message_come_in() {
    let mut client = welcome(&CONFIG);
    client.begin();
    client.say("DATA");
    client.feed(b"half ");
    assert_eq!(client.shutdown(), "");
    assert_eq!(client.feed(b"and half\r\n.\r\nMAIL FROM:<a@b>\r\n"), {
        "250 2.6.0 Ok\r\n421 4.3.2 mx.example.net Service not available\r\n"
    });
    assert_eq!(client.messages, [b"half and half\r\n"]);
    assert_eq!(client.aborts, []);
    assert!(client.closed);
}

#[test]
fn shutdown_does_not_wait_for_the_pause() {
    let config = CONFIG.early_talk(EarlyTalk::Refuse(Millis::from_secs(5)));
    let mut client = welcome(&config);
    assert_eq!(client.connect(), "");
    assert_eq!(codes(&client.shutdown()), "421");
    assert!(client.closed && client.asked.is_empty());
}

#[test]
fn shutdown_ends_an_exchange() {
    let mut client = welcome(&FULL);
    client.connect();
    client.chat(&["EHLO x", "AUTH LOGIN"]);
    assert_eq!(codes(&client.shutdown()), "421");
    assert!(client.closed);
}
