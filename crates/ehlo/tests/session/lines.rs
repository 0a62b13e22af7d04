//! Groups of commands, and the lines that they are made of.

use crate::common::{Client, accept, codes, plain, welcome};
use crate::{CONFIG, FULL, PATIENT};
use ehlo::{Abort, Config, Extensions, Instant, Mechanism, Peer, Step};

#[test]
fn commands_in_a_group_are_answered_by_one_write() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.say("EHLO x");
    let mut input: &[u8] = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n";
    let mut sends = 0;
    loop {
        match client.session.advance(Instant::from_millis(client.now), &mut input) {
            Step::Request => accept(client.session.request().unwrap()),
            Step::Send => {
                sends += 1;
                assert_eq!(codes(std::str::from_utf8(client.session.output()).unwrap()), "250 250 250 354");
                client.session.consume_output(usize::MAX);
            }
            Step::Recv { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sends, 1);
}

#[test]
fn what_ends_a_group_may_have_nothing_behind_it() {
    let cases: [(&[&str], &str, bool); 6] = [
        (&[], "EHLO x\r\nNOOP", false),
        (&[], "HELO x\r\nNOOP", false),
        (&["EHLO x"], "AUTH PLAIN AHVzZXIAcGFzcw==\r\nNOOP", false),
        (&["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"], "DATA\r\nSubject: x", true),
        // Where it is refused, it still ends the group.
        (&["EHLO x"], "DATA\r\nNOOP", false),
        (&["EHLO x"], "EHLO !\r\nNOOP", false),
    ];
    for (before, lines, aborted) in cases {
        let mut client = welcome(&FULL);
        client.connect();
        client.chat(before);
        assert_eq!(client.say(lines), "503", "{lines}");
        assert!(client.closed && client.session.talked_early(), "{lines}");
        assert_eq!(client.aborts, if aborted { &[Abort::Closed][..] } else { &[] }, "{lines}");
    }
}

#[test]
fn what_comes_early_can_be_let_pass() {
    let mut client = welcome(&PATIENT);
    let said = client
        .say("EHLO x\r\nAUTH PLAIN AHVzZXIAcGFzcw==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT");
    assert_eq!(said, "220 250 235 250 250 354 250 221");
    assert!(client.session.talked_early());
    assert_eq!(client.messages, [b"x\r\n"]);
}

#[test]
fn a_group_behind_the_end_of_data_is_right() {
    let mut client = welcome(&CONFIG);
    client.begin();
    client.say("DATA");
    assert_eq!(client.say("x\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nQUIT"), "250 250 250 250 221");
    assert!(!client.session.talked_early());
}

#[test]
fn a_line_ends_with_crlf_only() {
    let mut client = welcome(&CONFIG);
    client.connect();
    assert_eq!(client.feed(b"NOOP\r"), "");
    assert_eq!(client.feed(b"\n"), "250 2.0.0 Ok\r\n");
    assert_eq!(client.feed(b"NOOP\rNOOP"), "500 5.5.2 syntax error - invalid character\r\n", "at once");
    assert_eq!(client.feed(b"\rNOOP\r\n"), "", "the rest of the line is dropped");
    assert_eq!(client.say("NOOP"), "250");
    assert_eq!(client.feed(b"NOOP\nNOOP\r\n"), "500 5.5.2 syntax error - invalid character\r\n");
    assert!(client.closed, "where the next command begins cannot be known");
}

#[test]
fn characters_that_no_command_has() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.say("EHLO x");
    for line in [
        "NO\0OP",
        "NOOP \x07",
        "NOOP \x7f",
        "NOOP \u{fc}",
        "\u{fc}",
        "QUIT \u{fc}",
        "RSET \u{fc}",
        "MAIL FROM:<\u{fc}@b>",
    ] {
        let said = client.feed(format!("{line}\r\n").as_bytes());
        assert_eq!(said, "500 5.5.2 syntax error - invalid character\r\n", "{line:?}");
    }
    assert_eq!(client.say("MAIL FROM:<\u{fc}@b> SMTPUTF8"), "250");
    assert_eq!(client.say("RCPT TO:<\u{fc}@b>"), "250");
}

#[test]
fn white_space_at_the_end_of_a_line_is_let_pass() {
    let mut client = welcome(&CONFIG);
    client.connect();
    let lines = ["EHLO x \t", "MAIL FROM: <a@b> ", "RCPT TO: <c@d>\t", "RSET ", "NOOP  ", "QUIT "];
    assert_eq!(client.chat(&lines), "250 250 250 250 250 221");
}

#[test]
fn other_protocols_are_refused_once() {
    for first in ["GET / HTTP/1.1", "POST /x HTTP/1.1", "connect mx:25 HTTP/1.1"] {
        let mut client = welcome(&CONFIG);
        client.connect();
        assert_eq!(client.say(&format!("{first}\r\nHost: x\r\n\r\nMAIL FROM:<a@b>")), "500", "{first}");
        assert!(client.closed);
    }
    let mut client = welcome(&CONFIG);
    client.connect();
    assert_eq!(codes(&client.feed(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n")), "500");
    assert!(client.closed);
    // However what came before it is cut.
    for size in [1, 100] {
        let mut client = welcome(&CONFIG);
        client.connect();
        client.feed_cut(b"A\rB\r\n\x16\x03\x01\r\nNOOP\r\n", std::iter::repeat_n(size, 20));
        assert_eq!(codes(std::str::from_utf8(&client.said).unwrap()), "220 500 500");
        assert!(client.closed);
    }
}

/// A line of so many octets, its CRLF counted, that begins so.
fn line_of(begin: &str, fill: &str, octets: usize, end: &str) -> String {
    let mut line = begin.to_owned();
    while line.len() + end.len() + 2 < octets {
        line += fill;
    }
    line.truncate(octets - 2 - end.len());
    line + end
}

#[test]
fn lines_have_their_limits_to_the_octet() {
    let bare = CONFIG.extensions(Extensions::NONE);
    let with = |extensions| Config::new("mx.example.net").extensions(extensions);
    let (size, eight, utf8) = (with(Extensions::SIZE), with(Extensions::EIGHTBITMIME), with(Extensions::SMTPUTF8));
    let auth = bare.mechanisms(&[Mechanism::Plain]).plaintext_auth(true);
    let reject = "555"; // the parameter, which fills the line, is unknown: but the line was read
    let cases: [(&Config<'_>, &str, &str, usize, &str); 13] = [
        (&bare, "NOOP ", "", 512, "250"),
        (&bare, "EHLO ", "", 512, "501"),
        (&bare, "nonsense ", "", 512, "500"),
        (&bare, "HELP ", "", 512, "214"),
        (&bare, "RSET ", "", 512, "501"),
        (&bare, "VRFY ", "", 512, "252"),
        (&utf8, "VRFY ", "", 522, "252"),
        (&bare, "MAIL FROM:<a@b> X=", "", 512, reject),
        (&size, "MAIL FROM:<a@b> X=", "", 512 + 26, reject),
        (&eight, "MAIL FROM:<a@b> X=", "", 512 + 17, reject),
        (&utf8, "MAIL FROM:<a@b> X=", "", 512 + 10, reject),
        (&auth, "MAIL FROM:<a@b> X=", "", 512 + 500, reject),
        (&CONFIG, "MAIL FROM:<a@b> X=", "", 512 + 26 + 17 + 10, reject),
    ];
    for (config, begin, end, octets, said) in cases {
        let config = config.help_url("x").message_size(1000);
        for (octets, said, text) in [(octets, said, ""), (octets + 1, "500", "line too long")] {
            let mut client = welcome(&config);
            client.connect();
            client.say("EHLO x");
            let line = line_of(begin, "x", octets, end);
            let reply = client.feed(format!("{line}\r\n").as_bytes());
            assert_eq!(codes(&reply), said, "{begin} {octets}");
            assert!(reply.contains(text), "{begin} {octets}: {reply}");
            assert_eq!(client.say("NOOP"), "250", "the session goes on");
        }
    }
}

#[test]
fn a_line_over_the_buffer_is_dropped_whole() {
    let mut client = welcome(&FULL);
    client.connect();
    client.say("EHLO x");
    for octets in [1025, 1026, 1027, 2000, 70_000] {
        let line = line_of("AUTH PLAIN ", "A", octets, "");
        let said = client.feed(format!("{line}\r\nNOOP\r\n").as_bytes());
        assert!(codes(&said).starts_with("50"), "{octets}: {said}");
        if client.closed {
            // AUTH with something behind it.
            client = welcome(&FULL);
            client.connect();
            client.say("EHLO x");
        }
        let line = line_of("NOOP ", "A", octets, "");
        assert_eq!(codes(&client.feed(format!("{line}\r\nNOOP\r\n").as_bytes())), "500 250", "{octets}");
    }
}

#[test]
fn a_response_may_fill_the_buffer() {
    for (octets, said) in [(1024, "334 501"), (1028, "334 500")] {
        let mut client = welcome(&FULL);
        client.connect();
        client.say("EHLO x");
        assert_eq!(client.chat(&["AUTH PLAIN", &"A".repeat(octets)]), said, "{octets}");
    }
    let mut large = Client::<16_384, 1024>::new(&FULL, Peer::PLAIN, accept);
    large.connect();
    large.say("EHLO x");
    let password = "p".repeat(9000);
    let response = plain("", "user", &password);
    assert!(response.len() <= 12_288);
    assert_eq!(large.chat(&["AUTH PLAIN", &response]), "334 235");
    assert_eq!(large.asked.last(), Some(&format!("auth /user/{password}")));
    let mut large = Client::<16_384, 1024>::new(&FULL, Peer::PLAIN, accept);
    large.connect();
    large.say("EHLO x");
    assert_eq!(large.chat(&["AUTH PLAIN", &"A".repeat(12_292)]), "334 500");
    assert_eq!(large.say(&line_of("AUTH PLAIN ", "A", 12_289, "")), "500");
    assert_eq!(large.say(&line_of("AUTH PLAIN ", "A", 12_288, "")), "501");
}
