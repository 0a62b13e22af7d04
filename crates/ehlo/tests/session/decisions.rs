//! What the application decides, and what comes of it.

use crate::common::{Client, accept, codes, defer, describe, refuse, welcome};
use crate::{CONFIG, FULL};
use ehlo::{Abort, Config, Instant, Millis, Peer, Phase, Reply, Request, Step};

/// Accepts everything but what `drops` says yes to, which is dropped.
fn dropping<'c>(config: &'c Config<'c>, drops: fn(&Request<'_>) -> bool) -> Client<'c> {
    Client::new(config, Peer::PLAIN, move |request| if drops(&request) { drop(request) } else { accept(request) })
}

const PROCESSING: &str = "451 4.3.0 Requested action aborted: error in processing\r\n";

#[test]
fn a_connection_that_nobody_decides_on_is_closed() {
    let mut client = dropping(&CONFIG, |_| true);
    assert_eq!(client.connect(), "421 4.3.2 mx.example.net Service not available\r\n");
    assert!(client.closed);
}

#[test]
fn a_decision_that_is_dropped_refuses() {
    type Case = (fn(&Request<'_>) -> bool, &'static [&'static str], &'static str, Phase);
    let cases: [Case; 8] = [
        (|r| matches!(r, Request::Hello(_)), &[], "EHLO x", Phase::Greeted),
        (|r| matches!(r, Request::Verify(_)), &["EHLO x"], "VRFY bob", Phase::Ready),
        (|r| matches!(r, Request::Expand(_)), &["EHLO x"], "EXPN all", Phase::Ready),
        (|r| matches!(r, Request::Help(_)), &["EHLO x"], "HELP me", Phase::Ready),
        (|r| matches!(r, Request::Auth(_)), &["EHLO x"], "AUTH PLAIN AHVzZXIAcGFzcw==", Phase::Ready),
        (|r| matches!(r, Request::Mail(_)), &["EHLO x"], "MAIL FROM:<a@b>", Phase::Ready),
        (|r| matches!(r, Request::Rcpt(_)), &["EHLO x", "MAIL FROM:<a@b>"], "RCPT TO:<c@d>", Phase::NoRcpt),
        (|r| matches!(r, Request::Data(_)), &["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"], "DATA", Phase::Rcpt),
    ];
    for (drops, before, line, phase) in cases {
        let mut client = dropping(&FULL, drops);
        client.connect();
        client.chat(before);
        assert_eq!(client.feed(format!("{line}\r\n").as_bytes()), PROCESSING, "{line}");
        assert_eq!(client.session.phase(), phase, "{line}");
        assert_eq!(client.session.errors(), 0, "{line}: it was not the client's error");
        assert_eq!(client.aborts, [], "{line}");
    }
}

#[test]
fn a_message_that_nobody_decides_on_is_refused_and_the_session_goes_on() {
    let mut client = dropping(&CONFIG, |r| matches!(r, Request::Message(_)));
    client.begin();
    assert_eq!(client.say("DATA"), "354");
    assert_eq!(client.feed(b"x\r\n.\r\n"), PROCESSING);
    assert_eq!(client.session.phase(), Phase::Ready);
    assert_eq!(client.aborts, [], "the application was asked, and knows");
    assert_eq!(client.chat(&["RCPT TO:<c@d>", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]), "503 250 250 354");
}

#[test]
fn a_refusal_that_says_yes_is_none() {
    for code in [200, 250, 354] {
        let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, move |request| match request {
            Request::Mail(mail) => mail.answer.refuse(&Reply::new(code, "yes")),
            other => accept(other),
        });
        client.connect();
        client.say("EHLO x");
        assert_eq!(client.feed(b"MAIL FROM:<a@b>\r\n"), PROCESSING);
        assert_eq!(client.session.phase(), Phase::Ready);
    }
}

#[test]
fn a_decision_can_wait() {
    let mut client = welcome(&CONFIG);
    client.connect();
    // What was said before goes out first, then the decision is asked for; nothing behind it is read meanwhile.
    let mut said = client.say("EHLO x");
    let mut input: &[u8] = b"NOOP\r\nMAIL FROM:<a@b>\r\nRSET\r\n";
    let mut deferred = 0;
    loop {
        match client.session.advance(Instant::from_millis(client.now), &mut input) {
            Step::Request => {
                assert!(input.ends_with(b"RSET\r\n"), "input behind the request was read");
                match client.session.request() {
                    Some(request) if deferred < 3 => {
                        assert_eq!(describe(&request), "mail a@b");
                        deferred += 1;
                        defer(request);
                    }
                    Some(request) => accept(request),
                    None => panic!("no request"),
                }
            }
            Step::Send => {
                said.push_str(std::str::from_utf8(client.session.output()).unwrap());
                client.session.consume_output(usize::MAX);
            }
            Step::Aborted(abort) => assert_eq!(abort, Abort::Reset),
            Step::Recv { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(deferred, 3);
    assert!(said.ends_with("250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n250 2.0.0 All SMTP buffer cleared\r\n"), "{said}");

    let mut later = 2;
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, move |request| {
        if later > 0 && matches!(request, Request::Connect(_)) {
            later -= 1;
            defer(request);
        } else {
            accept(request);
        }
    });
    assert_eq!(client.connect(), "");
    assert_eq!(client.pass(Millis::from_mins(50)), "", "a decision of ours is not the peer's time");
    assert_eq!(codes(&client.pass(Millis::from_secs(1))), "220");
    assert_eq!(client.asked, ["connect"]);
}

#[test]
fn there_is_no_request_when_none_is_due() {
    let mut client = welcome(&CONFIG);
    assert!(client.session.request().is_none());
    client.connect();
    assert!(client.session.request().is_none());
    assert_eq!(client.say("NOOP"), "250");
}

#[test]
fn each_answer_has_its_reply() {
    let mut client = Client::<1024, 1024>::new(&FULL, Peer::PLAIN, |request| match request {
        Request::Rcpt(rcpt) => match rcpt.command.forward_path.as_str() {
            "moved@x" => rcpt.answer.will_forward("<new@y>"),
            "twice@x" => rcpt.answer.duplicate(),
            "gone@x" => rcpt.answer.refuse(&Reply::user_not_local("<new@y>")),
            _ => rcpt.answer.accept(),
        },
        Request::Message(message) => message.answer.accept_as("Ok queued as 4711"),
        Request::Verify(verify) => match verify.command.what {
            "moved" => verify.answer.will_forward("<new@y>"),
            "unknown" => verify.answer.ambiguous(),
            what => {
                let mailbox = format!("Bob <{what}@x>");
                verify.answer.accept(&mailbox);
            }
        },
        Request::Expand(expand) => match expand.command.what {
            "none" => expand.answer.accept(std::iter::empty()),
            "many" => expand.answer.accept(std::iter::repeat_n("<somebody@example.net>", 100)),
            _ => expand.answer.accept(["<a@x>", "<b@x>"].into_iter()),
        },
        Request::Help(help) if !help.topic.is_empty() => help.answer.accept_with("one\ntwo"),
        other => accept(other),
    });
    client.connect();
    client.say("EHLO x");
    for (line, reply) in [
        ("VRFY bob", "250 2.1.5 Bob <bob@x>\r\n"),
        ("VRFY moved", "251 2.1.5 User not local; will forward to <new@y>\r\n"),
        ("VRFY unknown", "252 2.0.0 Cannot VRFY user, but will accept message and attempt\r\n"),
        ("EXPN few", "250-2.1.5 <a@x>\r\n250 2.1.5 <b@x>\r\n"),
        ("EXPN none", "252 2.0.0 Cannot VRFY user, but will accept message and attempt\r\n"),
        ("EXPN many", "452 4.3.1 Temporary internal failure - out of memory\r\n"),
        ("HELP", "214 2.0.0 Help available on https://example.net/help\r\n"),
        ("HELP topic", "214-2.0.0 one\r\n214 2.0.0 two\r\n"),
        ("MAIL FROM:<>", "250 2.1.0 Ok\r\n"),
        ("RCPT TO:<gone@x>", "551 5.1.6 User not local; please try <new@y>\r\n"),
        ("RCPT TO:<moved@x>", "251 2.1.5 User not local; will forward to <new@y>\r\n"),
        ("RCPT TO:<twice@x>", "250 2.1.5 duplicated RCPT\r\n"),
        ("DATA", "354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
        (".", "250 2.0.0 Ok queued as 4711\r\n"),
    ] {
        assert_eq!(client.feed(format!("{line}\r\n").as_bytes()), reply, "{line}");
    }
    assert_eq!(client.messages, [b""]);
    assert_eq!(client.session.errors(), 0);
}

#[test]
fn a_refusal_with_421_closes_and_what_was_open_is_aborted() {
    for (lines, aborts) in [
        (&["EHLO x"][..], &[][..]),
        (&["EHLO y", "MAIL FROM:<x@x>"], &[]),
        (&["EHLO y", "MAIL FROM:<a@b>", "RCPT TO:<x@x>"], &[Abort::Closed]),
        (&["EHLO y", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "EHLO x"], &[Abort::Closed]),
        (&["EHLO y", "AUTH PLAIN AHgAcGFzcw=="], &[]),
    ] {
        let mut client = Client::<1024, 1024>::new(&FULL, Peer::PLAIN, |request| {
            let question = describe(&request);
            if ["hello x", "mail x@x", "rcpt x@x", "auth /x/pass"].contains(&question.as_str()) {
                refuse(request, &Reply::new(421, "Enough").enhanced(3, 0));
            } else {
                accept(request);
            }
        });
        client.connect();
        assert!(client.chat(lines).ends_with("421"), "{lines:?}");
        assert!(client.closed, "{lines:?}");
        assert_eq!(client.aborts, aborts, "{lines:?}");
    }
}

#[test]
fn a_refusal_of_data_or_the_message_with_421_closes() {
    for (refused, aborts) in [("data", &[Abort::Closed][..]), ("message 0", &[])] {
        let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, move |request| {
            if describe(&request) == refused {
                refuse(request, &Reply::new(421, "Enough"));
            } else {
                accept(request);
            }
        });
        client.begin();
        assert!(client.chat(&["DATA", "."]).contains("421"));
        assert!(client.closed);
        assert_eq!(client.aborts, aborts, "{refused}");
    }
}
