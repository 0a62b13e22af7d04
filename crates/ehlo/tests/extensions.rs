//! Chunks, delivery options, LMTP, and what trusted peers may say, told as dialogues.

mod common;

use common::{Client, accept, refuse};
use ehlo::{Abort, Config, Extensions, Mechanism, Mode, Peer, Phase, Reply, Request};

static CONFIG: Config<'static> =
    Config::new("mx.example.net").extensions(Extensions::ALL).message_size(40).hops(1).longest_hold(60);

/// A client that has opened a transaction with two recipients, in which all is accepted.
fn transaction<'c>(config: &'c Config<'c>, mail: &str) -> Client<'c> {
    with(config, mail, accept)
}

fn with<'c>(config: &'c Config<'c>, mail: &str, application: impl FnMut(Request<'_>) + 'c) -> Client<'c> {
    let mut client = Client::new(config, Peer::PLAIN, application);
    client.connect();
    client.feed(b"EHLO x\r\n");
    assert_eq!(client.say(mail), "250");
    assert_eq!(client.say("RCPT TO:<c@d>"), "250");
    assert_eq!(client.say("RCPT TO:<e@f>"), "250");
    client
}

#[test]
fn chunks_make_a_message_of_exactly_their_octets() {
    for cut in [1, 2, 5, 1000] {
        let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
        client.feed_cut(
            b"BDAT 10\r\n..a\r\n.\r\nb\r\nBDAT 0\r\nBDAT 3 last\r\n\nc\r\nNOOP\r\n".as_slice(),
            std::iter::repeat_n(cut, 60),
        );
        // The CR of one chunk and the LF of the next are one line ending.
        assert!(client.messages.is_empty() || client.messages == [b"..a\r\n.\r\nb\r\nc".to_vec()], "cut {cut}");
    }
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    assert_eq!(client.feed(b"BDAT 9\r\n..a\r\n.\r\n\r"), "250 2.0.0 9 octets received\r\n");
    assert_eq!(client.session.phase(), Phase::Chunks);
    assert_eq!(client.feed(b"BDAT 0\r\n"), "250 2.0.0 0 octets received\r\n");
    assert_eq!(client.feed(b"BDAT 2 LAST\r\n\nb"), "250 2.6.0 Ok\r\n");
    assert_eq!(client.messages, [b"..a\r\n.\r\n\r\nb"]);
    assert_eq!((client.session.phase(), &client.aborts[..]), (Phase::Ready, &[][..]));
    assert_eq!(client.asked.iter().filter(|asked| *asked == "data").count(), 1);
}

#[test]
fn an_empty_last_chunk_ends_a_message_too() {
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    assert_eq!(client.feed(b"BDAT 3\r\na\r\nBDAT 0 LAST\r\n"), "250 2.0.0 3 octets received\r\n250 2.6.0 Ok\r\n");
    assert_eq!(client.messages, [b"a\r\n"]);
    assert_eq!(client.feed(b"BDAT 0 LAST\r\n"), "503 5.5.1 Bad sequence of commands MAIL first\r\n");
}

#[test]
fn a_chunk_without_a_transaction_is_dropped_and_not_run() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, accept);
    client.connect();
    client.feed(b"EHLO x\r\n");
    for (line, code) in [("MAIL FROM:<a@b>", "503"), ("RCPT TO:<c@d>", "503"), ("RSET", "250")] {
        let said = client.feed(format!("BDAT 6\r\nQUIT\r\n{line}\r\n").as_bytes());
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.starts_with(code), "{said}");
        assert!(!client.closed);
    }
}

#[test]
fn a_refused_chunk_ends_the_message_and_is_dropped() {
    let refusing = |request: Request<'_>| match request {
        Request::Data(_) => refuse(request, &Reply::insufficient_storage()),
        request => accept(request),
    };
    let mut client = with(&CONFIG, "MAIL FROM:<a@b>", refusing);
    let said = client.feed(b"BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(
        said,
        "452 4.3.1 Temporary internal failure - insufficient system storage\r\n\
         503 5.5.1 Bad sequence of commands MAIL first\r\n250 2.0.0 Ok\r\n"
    );
    assert_eq!((&client.aborts[..], client.messages.len()), (&[Abort::Chunk][..], 0));
}

#[test]
fn a_chunk_past_the_limits_ends_the_message() {
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    let big = [&b"BDAT 41\r\n"[..], &[b'x'; 41], b"BDAT 1 LAST\r\nx"].concat();
    let said = client.feed(&big);
    assert!(
        said.starts_with("552 5.3.4 ") && said.ends_with("\r\n503 5.5.1 Bad sequence of commands MAIL first\r\n"),
        "{said}"
    );
    assert_eq!(client.aborts, [Abort::TooBig]);

    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    assert!(client.feed(b"BDAT 28 LAST\r\nReceived: a\r\nReceived: b\r\n\r\n").starts_with("554 5.4.6 "));
    assert_eq!((&client.aborts[..], client.session.phase()), (&[Abort::TooManyHops][..], Phase::Ready));
}

#[test]
fn line_endings_are_checked_in_chunks_too_unless_they_are_binary() {
    for bad in [&b"BDAT 3 LAST\r\na\nb"[..], b"BDAT 3 LAST\r\na\rb", b"BDAT 2 LAST\r\na\r"] {
        let mut client = transaction(&CONFIG, "MAIL FROM:<a@b> BODY=8BITMIME");
        assert!(client.feed(bad).starts_with("550 5.6.0 "), "{}", bad.escape_ascii());
        // Their length says where they end, so the session can go on.
        assert_eq!((client.say("NOOP").as_str(), &client.aborts[..]), ("250", &[Abort::LineEnding][..]));

        let mut client = transaction(&CONFIG, "MAIL FROM:<a@b> BODY=BINARYMIME");
        assert_eq!(client.feed(bad), "250 2.6.0 Ok\r\n");
        assert_eq!(client.messages.concat(), bad[13..]);
    }
    let lenient = CONFIG.line_endings(ehlo::LineEndings::Lenient);
    let mut client = transaction(&lenient, "MAIL FROM:<a@b>");
    assert_eq!(client.feed(b"BDAT 3\r\na\n\nBDAT 1 LAST\r\n\n"), "250 2.0.0 3 octets received\r\n250 2.6.0 Ok\r\n");
    assert_eq!(client.messages, [b"a\r\n\r\n\r\n"]);
}

#[test]
fn a_message_goes_by_one_way_only() {
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b> BODY=BINARYMIME");
    assert_eq!(client.say("DATA"), "503");
    assert_eq!(client.feed(b"BDAT 1\r\na"), "250 2.0.0 1 octets received\r\n");
    for line in ["DATA", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "AUTH PLAIN"] {
        assert!(matches!(client.say(line).as_str(), "503" | "502"), "{line}");
    }
    assert_eq!(client.say("RSET"), "250");
    assert_eq!((client.say("BDAT 0 LAST").as_str(), &client.aborts[..]), ("503", &[Abort::Reset][..]));
}

#[test]
fn a_size_that_cannot_be_is_refused_and_spoils_what_was_begun() {
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    for bad in ["BDAT", "BDAT x", "BDAT -1 LAST", "BDAT 18446744073709551616 LAST", "BDAT 1 LAST x"] {
        assert_eq!(client.say(bad), "501", "{bad}");
    }
    assert_eq!(client.feed(b"BDAT 1\r\na"), "250 2.0.0 1 octets received\r\n");
    assert_eq!((client.say("BDAT x").as_str(), &client.aborts[..]), ("501", &[Abort::Chunk][..]));
    assert_eq!(client.say("BDAT 0 LAST"), "503");
}

#[test]
fn chunks_that_bring_nothing_cannot_go_on_for_ever() {
    let config = CONFIG.idle_commands(3).errors(2);
    let mut client = transaction(&config, "MAIL FROM:<a@b>");
    let said = client.feed("BDAT 0\r\n".repeat(100).as_bytes());
    assert!(said.ends_with("421 4.7.0 Too much failure in SMTP session\r\n"), "{said}");
    assert!(client.closed);
}

#[test]
fn a_chunk_needs_ehlo_and_an_offer() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, accept);
    client.connect();
    client.feed(b"HELO x\r\n");
    client.feed(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    assert_eq!(client.feed(b"BDAT 6\r\nQUIT\r\nNOOP\r\n").lines().count(), 2);
    let without = CONFIG.extensions(Extensions::NONE);
    let mut client = transaction(&without, "MAIL FROM:<a@b>");
    assert_eq!(client.say("BDAT 0 LAST"), "502");
}

#[test]
fn a_client_that_goes_within_a_chunk_leaves_nothing() {
    let mut client = transaction(&CONFIG, "MAIL FROM:<a@b>");
    assert_eq!(client.feed(b"BDAT 1000 LAST\r\nshort"), "");
    client.eof();
    assert_eq!((&client.aborts[..], client.messages.len(), client.closed), (&[Abort::Eof][..], 0, true));
}

#[test]
fn options_are_taken_where_they_are_offered() {
    let parameters = "RET=HDRS ENVID=QQ+2B314159 BY=120;R MT-PRIORITY=-3 HOLDFOR=60 SOLICIT=org.example:ADV";
    let mut client = transaction(&CONFIG, &format!("MAIL FROM:<a@b> {parameters}"));
    assert_eq!(client.say("RCPT TO:<g@h> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;g@h"), "250");
    assert_eq!(client.say("RCPT TO:<g@h> NOTIFY=NEVER,SUCCESS"), "501");
    client.say("RSET");
    // Under TLS only (RFC 8689 2).
    assert_eq!(client.say("MAIL FROM:<a@b> REQUIRETLS"), "555");

    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::TLS, accept);
    client.connect();
    assert!(client.feed(b"EHLO x\r\n").contains("REQUIRETLS\r\n"));
    assert_eq!(client.say("MAIL FROM:<a@b> REQUIRETLS"), "250");
    let plain = CONFIG.extensions(Extensions::TRANSPORT);
    let mut client = transaction(&plain, "MAIL FROM:<a@b>");
    assert_eq!(client.say("RCPT TO:<g@h> NOTIFY=NEVER"), "555");
    client.say("RSET");
    for parameter in parameters.split(' ') {
        assert_eq!(client.say(&format!("MAIL FROM:<a@b> {parameter}")), "555", "{parameter}");
    }
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let config = CONFIG.mode(Mode::Lmtp);
    let mut seen = Vec::new();
    let mut client = Client::<1024, 1024>::new(&config, Peer::PLAIN, |request: Request<'_>| match request {
        Request::Message(message) if message.recipient == Some(1) => message.answer.refuse(&Reply::mailbox_full("e@f")),
        request => accept(request),
    });
    client.connect();
    assert_eq!((client.say("EHLO x"), client.say("HELO x")), ("502".into(), "502".into()));
    assert!(client.feed(b"LHLO x\r\n").contains("250-CHUNKING\r\n"));
    let group = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRCPT TO:<c@d>\r\n";
    for data in ["DATA\r\n", "BDAT 3 LAST\r\na\r\n"] {
        client.feed(group.as_bytes());
        let said = client.feed(data.as_bytes());
        let said = if data == "DATA\r\n" { client.feed(b"a\r\n.\r\n") } else { said };
        assert_eq!(said, "250 2.6.0 Ok\r\n450 4.2.2 Mailbox e@f is full\r\n250 2.6.0 Ok\r\n");
        assert_eq!(client.session.phase(), Phase::Ready);
        seen.push(said);
    }
    // What follows from the data is said for each, too.
    client.feed(group.as_bytes());
    client.feed(b"DATA\r\n");
    let said = client.feed([&[b'x'; 50][..], b"\r\n.\r\nNOOP\r\n"].concat().as_slice());
    assert_eq!(said.matches("552 5.3.4 ").count(), 3);
    assert!(said.ends_with("250 2.0.0 Ok\r\n"));
    let mut smtp = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, accept);
    smtp.connect();
    assert_eq!(smtp.say("LHLO x"), "502");
}

#[test]
fn lmtp_has_room_for_the_answers_to_all_recipients() {
    let config = CONFIG.mode(Mode::Lmtp);
    let mut client = Client::<512, 1024>::new(&config, Peer::PLAIN, accept);
    client.connect();
    client.feed(b"LHLO x\r\n");
    client.feed(b"MAIL FROM:<a@b>\r\n");
    client.feed("RCPT TO:<c@d>\r\n".repeat(100).as_bytes());
    client.feed(b"DATA\r\n");
    assert_eq!(client.feed(b"a\r\n.\r\n"), "250 2.6.0 Ok\r\n".repeat(100));
}

#[test]
fn only_a_trusted_peer_speaks_for_others() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, accept);
    client.connect();
    assert!(!client.feed(b"EHLO x\r\n").contains("XCLIENT"));
    assert_eq!(
        (client.say("XCLIENT ADDR=192.0.2.1"), client.say("XFORWARD ADDR=192.0.2.1")),
        ("502".into(), "502".into())
    );

    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN.trusted(), accept);
    client.connect();
    assert!(client.feed(b"EHLO x\r\n").contains("250-XCLIENT NAME ADDR"));
    assert_eq!(client.say("XFORWARD ADDR=192.0.2.1 HELO=y"), "250");
    assert_eq!(client.say("XCLIENT FOO=1"), "501");
    assert_eq!(client.feed(b"XCLIENT ADDR=192.0.2.1 LOGIN=bob\r\n"), "220 mx.example.net Service ready\r\n");
    assert_eq!(client.session.phase(), Phase::Greeted);
    assert_eq!(client.say("MAIL FROM:<a@b>"), "503");
    assert_eq!(client.asked.iter().filter(|asked| *asked == "connect").count(), 2);
    client.feed(b"EHLO y\r\n");
    client.feed(b"MAIL FROM:<a@b>\r\n");
    assert_eq!(client.say("XCLIENT ADDR=192.0.2.2"), "503");
}

#[test]
fn a_trusted_peer_may_have_authenticated_its_client() {
    let config = CONFIG.require_auth(true).mechanisms(&[Mechanism::Plain]).plaintext_auth(true);
    let mut client = Client::<1024, 1024>::new(&config, Peer::PLAIN.trusted(), |request| match request {
        Request::Xclient(xclient) => xclient.answer.accept_authenticated(),
        request => accept(request),
    });
    client.connect();
    client.feed(b"EHLO x\r\n");
    assert_eq!(client.say("MAIL FROM:<a@b>"), "530");
    assert_eq!(client.say("XCLIENT ADDR=192.0.2.1 LOGIN=bob"), "220");
    assert!(client.session.is_authenticated());
    client.feed(b"EHLO y\r\n");
    assert_eq!(client.say("AUTH PLAIN AGIAYw=="), "503");
    assert_eq!(client.say("MAIL FROM:<a@b>"), "250");
}

#[test]
fn etrn_is_answered_where_nothing_waits() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, |request| match request {
        Request::Etrn(etrn) => etrn.answer.nothing_waiting(),
        request => accept(request),
    });
    client.connect();
    client.feed(b"EHLO x\r\n");
    assert_eq!(client.feed(b"ETRN example.net\r\n"), "251 2.0.0 Ok, no messages waiting for node\r\n");
}

#[test]
fn etrn_is_asked_where_it_is_offered() {
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, accept);
    client.connect();
    client.feed(b"EHLO x\r\n");
    assert_eq!((client.say("ETRN example.net"), client.say("ETRN")), ("250".into(), "501".into()));
    assert_eq!(client.say("ETRN !x"), "504");
}
