//! What is counted, and what a message may hold.

use crate::CONFIG;
use crate::common::{Client, accept, answers, codes, refuse, welcome};
use ehlo::{Abort, LineEndings, Peer, Phase, Reply, Request};

#[test]
fn so_many_errors_and_one_more() {
    let config = CONFIG.errors(3);
    let mut client = welcome(&config);
    client.begin();
    assert_eq!(client.chat(&["x", "MAIL FROM:<a@b>", "QUIT now"]), "500 503 501");
    assert_eq!(client.session.errors(), 3);
    assert_eq!(client.chat(&["NOOP"]), "250");
    assert_eq!(client.feed(b"x\r\nNOOP\r\n"), "421 4.7.0 Too much failure in SMTP session\r\n");
    assert!(client.closed);
    assert_eq!(client.aborts, [Abort::Closed]);
}

#[test]
fn commands_that_move_nothing_are_counted() {
    let config = CONFIG.idle_commands(4).errors(2);
    let mut client = welcome(&config);
    client.connect();
    assert_eq!(client.chat(&["EHLO x", "NOOP", "RSET", "VRFY x"]), "250 250 250 252");
    assert_eq!(client.session.errors(), 0);
    assert_eq!(client.chat(&["NOOP", "NOOP", "NOOP"]), "250 250 421");
    assert!(client.closed);

    let mut client = welcome(&config);
    client.connect();
    client.chat(&["EHLO x", "NOOP", "NOOP", "NOOP"]);
    client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "."]);
    assert_eq!(client.chat(&["NOOP", "NOOP", "NOOP", "NOOP"]), "250 250 250 250", "a message starts it anew");
    assert_eq!(client.session.errors(), 0);
}

#[test]
fn transactions_are_counted() {
    let config = CONFIG.transactions(2);
    let mut client = welcome(&config);
    client.begin();
    assert_eq!(client.chat(&["RSET", "MAIL FROM:<a@b>", "RSET", "MAIL FROM:<a@b>"]), "250 250 250 554");
    assert_eq!(client.say("QUIT"), "221");
}

#[test]
fn recipients_are_counted_in_each_transaction() {
    let config = CONFIG.recipients(2);
    let mut client = welcome(&config);
    client.begin();
    assert_eq!(client.chat(&["RCPT TO:<e@f>", "RCPT TO:<g@h>", "RCPT TO:<i@j>"]), "250 452 452");
    assert_eq!(client.chat(&["DATA", "."]), "354 250", "those before it stand");
    assert_eq!(client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<c@d>"]), "250 250 250");
}

#[test]
fn a_size_over_the_limit_is_refused_when_it_is_declared() {
    let config = CONFIG.message_size(1000);
    let mut client = welcome(&config);
    client.connect();
    client.say("EHLO x");
    for (size, said) in
        [("1001", "552"), ("18446744073709551616", "552"), ("99999999999999999999", "552"), ("1000", "250")]
    {
        assert_eq!(client.say(&format!("MAIL FROM:<a@b> SIZE={size}")), said, "{size}");
    }
    assert_eq!(client.session.errors(), 0);
    let config = CONFIG.message_size(0);
    let mut client = welcome(&config);
    client.connect();
    assert!(client.feed(b"EHLO x\r\n").contains("250-SIZE 0\r\n"));
    assert_eq!(client.say("MAIL FROM:<a@b> SIZE=99999999999999999999"), "250");
}

#[test]
fn a_message_over_the_limit_is_refused_at_its_end() {
    let config = CONFIG.message_size(10);
    for size in [1, 3, 100] {
        let mut client = welcome(&config);
        client.begin();
        client.say("DATA");
        client.feed_cut(b"..345678\r\n\r\n.\r\n", std::iter::repeat_n(size, 20));
        assert_eq!(client.messages, [] as [Vec<u8>; 0]);
        assert_eq!(client.aborts, [Abort::TooBig]);
        assert!(client.said.ends_with(
            b"354 Start mail input; end with <CRLF>.<CRLF>\r\n552 5.3.4 message exceeds fixed maximum message size\r\n"
        ));
        assert_eq!(client.session.phase(), Phase::Ready);
        // Exactly the limit is no more than the limit.
        assert_eq!(client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]), "250 250 354");
        client.feed_cut(b"..3456789\r\n.\r\n", std::iter::repeat_n(size, 20));
        assert_eq!(client.messages, [b".3456789\r\n"]);
        assert_eq!(client.aborts, [Abort::TooBig]);
    }
}

#[test]
fn hops_are_counted() {
    let config = CONFIG.hops(2);
    let mut client = welcome(&config);
    client.begin();
    client.say("DATA");
    assert_eq!(client.say("Received: a\r\nReceived: b\r\n\r\nReceived: c\r\n."), "250");
    client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]);
    assert_eq!(client.say("Received: a\r\nReceived: b\r\nReceived: c\r\n\r\n."), "554");
    assert_eq!(client.aborts, [Abort::TooManyHops]);
    assert_eq!(client.messages.len(), 1);
    assert_eq!(client.say("MAIL FROM:<a@b>"), "250");
}

#[test]
fn of_several_faults_of_a_message_one_is_told_however_it_is_cut() {
    let config = CONFIG.hops(1).message_size(40);
    let (hops, size, bare) =
        ("Received: a\r\nReceived: b\r\n\r\n", "0123456789 0123456789 01234567890\r\n", "a\nb\r\n");
    for (data, said) in [
        (format!("{hops}{size}"), "552"),
        (format!("{size}{size}{bare}"), "550"),
        (format!("{hops}{bare}"), "550"),
        (format!("{bare}{hops}{size}"), "550"),
        (hops.to_owned(), "554"),
    ] {
        for size in [1, 10, 1000] {
            let mut client = welcome(&config);
            client.begin();
            client.say("DATA");
            let before = client.said.len();
            client.feed_cut(format!("{data}.\r\n").as_bytes(), std::iter::repeat_n(size, 200));
            assert_eq!(codes(std::str::from_utf8(&client.said[before..]).unwrap()), said, "{data:?}");
            assert_eq!(client.aborts.len(), 1, "{data:?}");
            assert!(client.messages.is_empty());
        }
    }
}

#[test]
fn spoilt_data_are_refused_and_the_connection_is_closed() {
    for data in ["a\nb\r\n.\r\n", "a\rb\r\n.\r\n", "a\n.\nMAIL FROM:<evil@x>\r\n.\r\n", "a\r\n.\r\r\n.\r\n"] {
        for size in [1, 2, 3, 100] {
            let mut client = welcome(&CONFIG);
            client.begin();
            client.say("DATA");
            client.feed_cut(format!("{data}NOOP\r\n").as_bytes(), std::iter::repeat_n(size, 100));
            let last = answers(&client.said).pop().unwrap();
            assert_eq!(last.lines, ["550 5.6.0 Message refused: bare CR or LF in the mail data"], "{data:?}");
            assert_eq!(client.aborts, [Abort::LineEnding]);
            assert!(client.closed);
            assert!(!client.asked.iter().any(|asked| asked.contains("evil") || asked.starts_with("message")));
        }
    }
}

#[test]
fn an_old_device_may_send_bare_line_feeds() {
    let config = CONFIG.line_endings(LineEndings::Lenient);
    for (config, peer) in [(&config, Peer::PLAIN), (&CONFIG, Peer::PLAIN.lenient())] {
        let mut client = Client::<1024, 1024>::new(config, peer, accept);
        client.begin();
        client.say("DATA");
        assert_eq!(client.say("a\n.\nb\n\r\n."), "250");
        assert_eq!(client.messages, [b"a\r\n.\r\nb\r\n\r\n"]);
        // But it still may not in commands, nor send a bare CR.
        client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]);
        assert_eq!(client.say("a\rb\r\n."), "550");
        assert!(client.closed);
    }
}

#[test]
fn addresses_cannot_be_tried_for_ever() {
    let config = CONFIG.idle_commands(5).errors(2);
    let mut client = Client::<1024, 1024>::new(&config, Peer::PLAIN, |request: Request<'_>| match request {
        Request::Rcpt(_) => refuse(request, &Reply::invalid_user("x")),
        request => accept(request),
    });
    client.connect();
    client.say("EHLO x");
    client.say("MAIL FROM:<a@b>");
    let said = client.feed("RCPT TO:<c@d>\r\n".repeat(20).as_bytes());
    assert_eq!(said.matches("550 5.1.1").count(), 6);
    assert!(said.ends_with("421 4.7.0 Too much failure in SMTP session\r\n"), "{said}");
    assert!(client.closed);
}
