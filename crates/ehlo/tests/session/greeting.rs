//! How a session begins.

use crate::CONFIG;
use crate::common::{Client, codes, refuse, welcome};
use ehlo::{EarlyTalk, Instant, Millis, Peer, Phase, Reply};

#[test]
fn a_client_is_greeted_and_sees_one_mail_through() {
    let mut client = welcome(&CONFIG);
    assert_eq!(client.connect(), "220 mx.example.net Service ready\r\n");
    assert_eq!(client.session.phase(), Phase::Greeted);
    assert_eq!(client.say("EHLO client.example"), "250");
    assert!(client.session.is_extended());
    assert_eq!(client.feed(b"MAIL FROM:<a@b>\r\n"), "250 2.1.0 Ok\r\n");
    assert_eq!(client.feed(b"RCPT TO:<c@d>\r\n"), "250 2.1.5 Ok\r\n");
    assert_eq!(client.feed(b"DATA\r\n"), "354 Start mail input; end with <CRLF>.<CRLF>\r\n");
    assert_eq!(client.feed(b"Subject: x\r\n\r\n..\r\n.\r\n"), "250 2.6.0 Ok\r\n");
    assert_eq!(client.feed(b"QUIT\r\n"), "221 2.0.0 mx.example.net Good-bye\r\n");
    assert!(client.closed);
    assert_eq!(client.messages, [b"Subject: x\r\n\r\n.\r\n"]);
    assert_eq!(client.asked, ["connect", "hello client.example", "mail a@b", "rcpt c@d", "data", "message 17"]);
    assert_eq!(client.aborts, []);
}

#[test]
fn a_client_that_is_not_let_in_has_to_say_quit() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, |request| refuse(request, &Reply::new(554, "No")));
    assert_eq!(client.connect(), "554 No\r\n");
    assert_eq!(client.session.phase(), Phase::Refused);
    for line in ["EHLO x", "HELO x", "MAIL FROM:<>", "RCPT TO:<a@b>", "DATA", "RSET", "NOOP", "HELP", "VRFY x"] {
        assert_eq!(client.say(line), "503", "{line}");
    }
    assert_eq!(client.say("QUIT"), "221");
    assert!(client.closed);
    assert_eq!(client.asked, ["connect"]);
}

#[test]
fn some_refusals_close_at_once() {
    for (code, said) in [(421, "421 No\r\n"), (521, "521 No\r\n")] {
        let mut client =
            Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, |request| refuse(request, &Reply::new(code, "No")));
        assert_eq!(client.connect(), said);
        assert!(client.closed);
    }
}

#[test]
fn who_speaks_before_the_greeting_is_refused() {
    let mut client = welcome(&CONFIG);
    assert_eq!(client.say("EHLO client.example"), "503");
    assert!(client.closed && client.session.talked_early());
    assert!(client.asked.is_empty());
}

#[test]
fn the_greeting_waits_for_the_pause_to_pass() {
    let config = CONFIG.early_talk(EarlyTalk::Refuse(Millis::from_secs(5)));
    let mut client = welcome(&config);
    assert_eq!(client.connect(), "");
    assert_eq!(client.deadline, Some(Instant::from_millis(client.now + 5000)));
    assert_eq!(client.pass(Millis::from_millis(4999)), "");
    assert_eq!(codes(&client.pass(Millis::from_millis(1))), "220");

    let mut hasty = welcome(&config);
    assert_eq!(hasty.connect(), "");
    assert_eq!(hasty.pass(Millis::from_secs(4)), "");
    assert_eq!(hasty.say("EHLO client.example"), "503");
    assert!(hasty.closed);
}

#[test]
fn who_speaks_before_the_greeting_can_be_let_pass() {
    let config = CONFIG.early_talk(EarlyTalk::Allow);
    let mut client = welcome(&config);
    assert_eq!(client.say("NOOP"), "220 250");
}

#[test]
fn an_end_before_the_greeting_is_an_end() {
    let mut client = welcome(&CONFIG);
    assert_eq!(client.eof(), "");
    assert!(client.closed && client.asked.is_empty());
}
