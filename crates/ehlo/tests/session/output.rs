//! Replies and their room.

use crate::common::{Client, accept, answers, codes, welcome};
use crate::{CONFIG, PATIENT};
use ehlo::{Config, Extensions, Instant, Mechanism, Millis, Peer, Reply, Request, Session, Step, Tolerance};

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
        assert_eq!(answer.lines.len(), 11);
        assert_eq!(answer.lines[10], "250 AUTH PLAIN LOGIN");
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
