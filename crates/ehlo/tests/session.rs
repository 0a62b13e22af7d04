//! What a session does, told as dialogues.

mod common;

use common::{Client, accept, answers, base64, codes, defer, refuse, welcome};
use ehlo::{
    Abort, ApiMisuse, Config, EarlyTalk, Extensions, Instant, LineEndings, Mechanism, Millis, Peer, Phase, Reply,
    Request, Session, Step, Tolerance, Vrfy,
};

static CONFIG: Config<'static> = Config::new("mx.example.net");
/// A configuration that offers all there is.
static FULL: Config<'static> = Config::new("mx.example.net")
    .starttls(true)
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .vrfy(Vrfy::Answer)
    .expn(true)
    .help_url("https://example.net/help");
/// The same, for a client that pipelines where it may not.
static PATIENT: Config<'static> = FULL.early_pipelining(Tolerance::Allow).early_talk(EarlyTalk::Allow);

// ---- greeting

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

// ---- decisions

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
                        assert_eq!(common::describe(&request), "mail a@b");
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
            let question = common::describe(&request);
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
            if common::describe(&request) == refused {
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

// ---- time

#[test]
fn an_idle_client_is_sent_away() {
    let mut client = welcome(&CONFIG);
    client.connect();
    assert_eq!(client.deadline, Some(Instant::from_millis(client.now + 300_000)));
    assert_eq!(client.pass(Millis::from_millis(299_999)), "");
    assert_eq!(client.say("NOOP"), "250");
    assert_eq!(client.pass(Millis::from_millis(299_999)), "");
    assert_eq!(client.pass(Millis::from_millis(1)), "451 4.4.2 Timeout\r\n");
    assert!(client.closed);
    assert_eq!(client.aborts, []);
}

#[test]
fn a_line_that_drips_gains_nothing() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.pass(Millis::from_mins(4));
    client.feed(b"N");
    let deadline = client.deadline;
    assert_eq!(deadline, Some(Instant::from_millis(client.now + 300_000)), "its first octet gives it its time");
    for octet in b"OOP and so on" {
        client.now += 20_000;
        client.feed(&[*octet]);
        assert_eq!(client.deadline, deadline);
    }
    assert_eq!(codes(&client.pass(Millis::from_secs(40))), "451");
}

#[test]
fn what_is_left_of_a_line_with_a_bare_cr_drips_in_vain_too() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.pass(Millis::from_mins(4));
    assert_eq!(client.feed(b"NO\rOP"), "500 5.5.2 syntax error - invalid character\r\n");
    let mut said = String::new();
    for _ in 0..6 {
        said += &client.pass(Millis::from_mins(1));
        if client.closed {
            break;
        }
        client.feed(b"x");
    }
    assert_eq!(said, "451 4.4.2 Timeout\r\n");

    // But once it is over, the next line has all of its time.
    let mut client = welcome(&CONFIG);
    client.connect();
    client.pass(Millis::from_mins(4));
    client.feed(b"NO\rOP\r\n");
    assert_eq!(client.deadline, Some(Instant::from_millis(client.now + 300_000)));
}

#[test]
fn each_block_of_mail_data_has_its_time() {
    let mut client = welcome(&CONFIG);
    client.begin();
    client.say("DATA");
    let begin = client.now;
    assert_eq!(client.deadline, Some(Instant::from_millis(begin + 180_000)));
    client.now += 100_000;
    client.feed(&[b'x'; 1023]);
    assert_eq!(client.deadline, Some(Instant::from_millis(begin + 180_000)), "not a whole block yet");
    client.feed(b"x");
    assert_eq!(client.deadline, Some(Instant::from_millis(client.now + 180_000)));
    assert_eq!(client.pass(Millis::from_mins(3)), "451 4.4.2 Timeout\r\n");
    assert_eq!(client.aborts, [Abort::Timeout]);
    assert!(client.closed);
}

#[test]
fn a_session_has_its_time_however_busy_it_is() {
    let mut client = welcome(&CONFIG);
    client.begin();
    for _ in 0..14 {
        assert_eq!(codes(&client.pass(Millis::from_mins(4))), "");
        assert_eq!(client.say("NOOP"), "250");
    }
    assert_eq!(client.deadline, Some(Instant::from_millis(1_000_000 + 3_600_000)));
    assert_eq!(codes(&client.pass(Millis::from_mins(4))), "451");
    assert_eq!(client.aborts, [Abort::Timeout]);
}

#[test]
fn the_time_of_an_exchange_is_bounded_too() {
    let mut client = welcome(&FULL);
    client.connect();
    assert_eq!(client.chat(&["EHLO x", "AUTH LOGIN", "dXNlcg=="]), "250 334 334");
    assert_eq!(client.pass(Millis::from_mins(5)), "451 4.4.2 Timeout\r\n");
    assert!(client.closed);
}

// ---- aborts

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
                if common::describe(&request) == "rcpt no@x" {
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

// ---- shutdown

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

// ---- STARTTLS

#[test]
fn starttls_forgets_what_was_said_in_plaintext() {
    let mut client = welcome(&FULL);
    client.connect();
    assert_eq!(client.chat(&["EHLO x", "AUTH PLAIN AHVzZXIAcGFzcw=="]), "250 235");
    assert!(client.session.is_authenticated());
    client.chat(&["MAIL FROM:<a@b>"]);
    assert_eq!(client.feed(b"STARTTLS\r\nMAIL FROM:<evil@x>\r\nNO"), "220 2.0.0 Ready to start TLS\r\n");
    assert_eq!(client.session.phase(), Phase::Tls);
    assert_eq!(client.aborts, [Abort::Reset]);
    assert!(client.starts_tls && client.session.talked_early() && !client.session.is_tls());
    // What comes in plaintext before the handshake is thrown away as well.
    assert_eq!(client.feed(b"NOOP\r\n"), "");
    client.tls_started();
    assert_eq!(client.session.phase(), Phase::Greeted);
    assert!(client.session.is_tls() && !client.session.is_authenticated() && !client.session.is_extended());
    assert_eq!(client.say("OP"), "500", "nothing stands before it");
    assert_eq!(client.say("MAIL FROM:<a@b>"), "503");
    let ehlo = client.feed(b"EHLO x\r\n");
    assert!(!ehlo.contains("STARTTLS") && ehlo.contains("AUTH PLAIN LOGIN"), "{ehlo}");
    assert_eq!(client.say("STARTTLS"), "503");
    assert!(!client.asked.iter().any(|asked| asked.contains("evil")));
}

#[test]
fn a_handshake_is_only_done_when_due() {
    let mut client = welcome(&FULL);
    assert_eq!(client.session.tls_started(), Err(ApiMisuse));
    client.connect();
    assert_eq!(client.session.tls_started(), Err(ApiMisuse));
    assert_eq!(client.session.tls_failed(), Err(ApiMisuse));
    // The reply has to go out in plaintext first.
    client.say("EHLO x");
    let mut input: &[u8] = b"STARTTLS\r\n";
    assert_eq!(client.session.advance(Instant::from_millis(client.now), &mut input), Step::Send);
    assert_eq!(client.session.tls_started(), Err(ApiMisuse));
    client.feed(b"");
    assert_eq!(client.session.tls_started(), Ok(()));
    assert_eq!(client.session.tls_started(), Err(ApiMisuse));
}

#[test]
fn a_handshake_that_fails_ends_the_session() {
    let mut client = welcome(&FULL);
    client.connect();
    client.chat(&["EHLO x", "STARTTLS"]);
    assert_eq!(client.session.tls_failed(), Ok(()));
    assert_eq!(client.feed(b"EHLO x\r\n"), "");
    assert!(client.closed);
}

#[test]
fn starttls_may_not_stand_everywhere() {
    let mut client = welcome(&FULL);
    client.connect();
    assert_eq!(client.chat(&["STARTTLS", "HELO x", "STARTTLS", "EHLO x", "STARTTLS now"]), "503 250 503 250 501");
    assert!(!welcome(&CONFIG).session.is_tls());
    let mut plain = welcome(&CONFIG);
    plain.connect();
    assert_eq!(plain.chat(&["EHLO x", "STARTTLS"]), "250 502");
    let mut implicit = Client::<1024, 1024>::new(&FULL, Peer::TLS, accept);
    implicit.connect();
    assert_eq!(implicit.chat(&["EHLO x", "STARTTLS"]), "250 503");
}

// ---- AUTH

fn plain(authorization: &str, user: &str, password: &str) -> String {
    base64(format!("{authorization}\0{user}\0{password}").as_bytes())
}

#[test]
fn each_form_of_auth_brings_the_credentials() {
    let pass = plain("", "user", "pass");
    let forms: [(&[&str], &str, &str); 5] = [
        (&[&format!("AUTH PLAIN {pass}")], "235", "auth /user/pass"),
        (&["AUTH plain", &pass], "334 235", "auth /user/pass"),
        (&[&format!("auth plain {}", plain("admin", "user", "p"))], "235", "auth admin/user/p"),
        (&["AUTH LOGIN", &base64(b"user"), &base64(b"pass")], "334 334 235", "auth /user/pass"),
        (
            &[&format!("AUTH LOGIN {}", base64(b"user")), &base64("p\u{e4}ss".as_bytes())],
            "334 235",
            "auth /user/p\u{e4}ss",
        ),
    ];
    for (lines, said, asked) in forms {
        let mut client = welcome(&FULL);
        client.connect();
        client.say("EHLO x");
        assert_eq!(client.chat(lines), said, "{lines:?}");
        assert_eq!(client.asked.last().map(String::as_str), Some(asked), "{lines:?}");
        assert!(client.session.is_authenticated());
        assert_eq!(client.say("AUTH PLAIN"), "503", "not twice");
        assert_eq!(client.chat(&["EHLO y", "RSET"]), "250 250");
        assert!(client.session.is_authenticated(), "EHLO and RSET do not take it back");
    }
}

#[test]
fn challenges_are_those_that_clients_know() {
    let mut client = welcome(&FULL);
    client.connect();
    client.say("EHLO x");
    assert_eq!(client.feed(b"AUTH PLAIN\r\n"), "334 \r\n");
    client.say("*");
    assert_eq!(client.feed(b"AUTH LOGIN\r\n"), "334 VXNlcm5hbWU6\r\n");
    assert_eq!(client.feed(b"dXNlcg==\r\n"), "334 UGFzc3dvcmQ6\r\n");
    assert_eq!(client.feed(b"*\r\n"), "501 5.7.0 Remote abort the authentication\r\n");
    assert_eq!(client.session.phase(), Phase::Ready);
}

#[test]
fn exchanges_that_come_to_nothing() {
    let long = "A".repeat(1100);
    let cases: [(&[&str], &str); 18] = [
        (&["AUTH"], "501"),
        (&["AUTH PLAIN a b"], "501"),
        (&["AUTH CRAM-MD5"], "504"),
        (&["AUTH PLAIN *"], "501"),
        (&["AUTH PLAIN ="], "501"),
        (&["AUTH LOGIN ="], "501"),
        (&["AUTH PLAIN AAAA"], "501"),
        (&["AUTH PLAIN AHVzZXIAcGFzcw="], "501"),
        (&["AUTH PLAIN", "*"], "334 501"),
        (&["AUTH PLAIN", ""], "334 501"),
        (&["AUTH PLAIN", "AHVzZXIAcGFzcw== "], "334 501"),
        (&["AUTH PLAIN", "QUIT"], "334 501"),
        (&["AUTH LOGIN", "*"], "334 501"),
        (&["AUTH LOGIN", "dXNlcg==", "dXNlcg=!"], "334 334 501"),
        (&["AUTH LOGIN", "dXNlcg==", "*"], "334 334 501"),
        (&["AUTH LOGIN", "dXNlcg==", &long], "334 334 500"),
        (&["AUTH PLAIN", "AHVzZXIAcGF\rzcw=="], "334 500"),
        (&[&format!("AUTH PLAIN {long}")], "500"),
    ];
    for (lines, said) in cases {
        let mut client = welcome(&FULL);
        client.connect();
        client.say("EHLO x");
        assert_eq!(client.chat(lines), said, "{lines:?}");
        assert_eq!(client.session.phase(), Phase::Ready);
        assert_eq!(client.session.errors(), 1);
        assert!(!client.asked.iter().any(|asked| asked.starts_with("auth")), "{lines:?}");
        assert_eq!(client.chat(&["NOOP", "AUTH PLAIN AHVzZXIAcGFzcw=="]), "250 235", "the session goes on");
    }
}

#[test]
fn auth_may_not_stand_everywhere() {
    let mut client = welcome(&FULL);
    client.connect();
    assert_eq!(client.chat(&["AUTH PLAIN", "HELO x", "AUTH PLAIN"]), "503 250 503");
    assert_eq!(client.chat(&["EHLO x", "MAIL FROM:<a@b>", "AUTH PLAIN"]), "250 250 503");
    let mut none = welcome(&CONFIG);
    none.connect();
    assert_eq!(none.chat(&["EHLO x", "AUTH PLAIN"]), "250 502");
    let config = FULL.plaintext_auth(false);
    let mut guarded = welcome(&config);
    guarded.connect();
    assert!(!guarded.feed(b"EHLO x\r\n").contains("AUTH"));
    assert_eq!(guarded.say("AUTH PLAIN AHVzZXIAcGFzcw=="), "538");
    guarded.say("STARTTLS");
    guarded.tls_started();
    assert_eq!(guarded.chat(&["EHLO x", "AUTH PLAIN AHVzZXIAcGFzcw=="]), "250 235");
}

#[test]
fn mail_can_demand_authentication() {
    let config = FULL.require_auth(true);
    let mut client = welcome(&config);
    client.connect();
    assert_eq!(client.chat(&["EHLO x", "MAIL FROM:<a@b>"]), "250 530");
    assert_eq!(client.chat(&["AUTH PLAIN AHVzZXIAcGFzcw==", "MAIL FROM:<a@b>"]), "235 250");
}

#[test]
fn credentials_may_fail_so_often() {
    let mut client = Client::<1024, 1024>::new(&FULL, Peer::PLAIN, |request| match request {
        Request::Auth(_) => {
            let question = common::describe(&request);
            let down = question.ends_with("/down");
            refuse(request, &if down { Reply::auth_temporary_failure() } else { Reply::auth_failed() });
        }
        other => accept(other),
    });
    client.connect();
    client.say("EHLO x");
    let (wrong, down) =
        (format!("AUTH PLAIN {}", plain("", "u", "wrong")), format!("AUTH PLAIN {}", plain("", "u", "down")));
    // A fault of ours does not count.
    assert_eq!(client.chat(&[&wrong, &down, &down, &wrong, &wrong]), "535 454 454 535 535");
    assert!(!client.session.is_authenticated());
    assert_eq!(client.say(&wrong), "554");
    assert!(client.closed);
}

#[test]
fn a_password_is_never_printed() {
    let password = "Gh4stly-passw0rd";
    let octets: Vec<String> = password.bytes().map(|octet| octet.to_string()).collect();
    let prints = |text: String| text.contains(password) || text.replace(['\n', ' '], "").contains(&octets.join(","));
    let mut session = Session::<1024, 1024>::new(&PATIENT, Peer::PLAIN);
    let response = plain("", "user", password);
    let line = format!("EHLO x\r\nAUTH PLAIN {response}\r\n");
    let mut input = line.as_bytes();
    let mut asked = false;
    loop {
        let step = session.advance(Instant::from_millis(0), &mut input);
        assert!(!prints(format!("{session:?} {session:#?}")), "{step:?}");
        match step {
            Step::Recv { .. } if asked => break,
            Step::Request => {
                let request = session.request().unwrap();
                assert!(!prints(format!("{request:?} {request:#?}")));
                asked |= matches!(request, Request::Auth(_));
                accept(request);
            }
            Step::Send => session.consume_output(usize::MAX),
            _ => {}
        }
    }
}

// ---- pipelining

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

// ---- lines

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

// ---- limits

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

// ---- output

#[test]
fn replies_without_end_fit_a_small_buffer() {
    let config = PATIENT.idle_commands(10_000);
    let commands = "NOOP\r\nVRFY bob\r\nEXPN all\r\nEHLO x\r\nHELP\r\n".repeat(200);
    let mut whole = Client::<512, 1024>::new(&config, Peer::PLAIN, accept);
    whole.feed(commands.as_bytes());
    assert_eq!(answers(&whole.said).len(), 1001);
    let mut slow = Client::<512, 1024>::new(&config, Peer::PLAIN, accept);
    slow.write = 1;
    slow.feed(commands.as_bytes());
    assert_eq!(whole.said, slow.said);
}

#[test]
fn output_may_be_taken_by_the_octet() {
    let mut session = Session::<512, 1024>::new(&PATIENT, Peer::PLAIN);
    let mut input: &[u8] = b"NOOP\r\nNOOP\r\n";
    let mut said = Vec::new();
    for _ in 0..1000 {
        match session.advance(Instant::from_millis(0), &mut input) {
            Step::Request => accept(session.request().unwrap()),
            Step::Send => {
                said.push(session.output()[0]);
                session.consume_output(1);
            }
            _ => {}
        }
    }
    assert_eq!(codes(std::str::from_utf8(&said).unwrap()), "220 250 250");
    session.consume_output(usize::MAX);
    assert_eq!(session.output(), b"");
}

#[test]
fn a_reply_longer_than_the_room_is_cut_and_stays_a_reply() {
    let text = "all work and no play\n".repeat(200);
    let config = PATIENT.errors(1000).extensions(Extensions::ALL);
    let mut client = Client::<512, 1024>::new(&config, Peer::PLAIN, |request| match request {
        Request::Mail(mail) => mail.answer.refuse(&Reply::new(550, &text).enhanced(u16::MAX, u16::MAX)),
        other => accept(other),
    });
    client.say("EHLO x");
    for commands in ["MAIL FROM:<a@b>", "NOOP\r\nMAIL FROM:<a@b>\r\nNOOP\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>"] {
        let said = client.say(commands);
        assert_eq!(said.matches("550").count(), commands.matches("MAIL").count(), "{said}");
    }
}

#[test]
fn a_long_host_name_still_leaves_room_for_all_extensions() {
    let name = ["x"; 128].join(".");
    assert_eq!(name.len(), 255);
    let config = Config::new(&name)
        .starttls(true)
        .message_size(u64::MAX)
        .mechanisms(&[Mechanism::Plain, Mechanism::Login])
        .plaintext_auth(true)
        .idle_commands(1000)
        .early_pipelining(Tolerance::Allow);
    let mut client = Client::<512, 1024>::new(&config, Peer::PLAIN, accept);
    client.connect();
    client.feed("EHLO x\r\nNOOP\r\n".repeat(100).as_bytes());
    for answer in answers(&client.said).iter().filter(|answer| answer.lines.len() > 1) {
        assert_eq!(answer.lines.len(), 8);
        assert_eq!(answer.lines[7], "250 AUTH PLAIN LOGIN");
    }
}

#[test]
fn nothing_is_said_after_the_end() {
    let mut client = welcome(&CONFIG);
    client.connect();
    client.say("QUIT");
    assert!(client.closed);
    assert_eq!(client.feed(b"NOOP\r\n"), "");
    assert_eq!(client.eof(), "");
    assert_eq!(client.shutdown(), "");
    assert_eq!(client.pass(Millis::from_mins(100)), "");
    assert!(client.session.request().is_none());
}
