//! What is measured is the whole work: each crate takes all of the input, and what comes of it is right.

use std::cell::RefCell;
use std::rc::Rc;

use ehlo_benches::peers::{Content, Dialogue, Scratch, mailin, mailrs, ours, smtp_codec, smtp_message, smtp_proto};
use ehlo_benches::{PIECE, input, sasl};

/// The codes of replies, one for each reply.
fn codes(replies: &[u8]) -> Vec<u16> {
    let text = std::str::from_utf8(replies).expect("replies are ASCII");
    assert!(text.ends_with("\r\n"), "{text}");
    text.lines()
        .filter(|line| line.as_bytes().get(3) != Some(&b'-'))
        .map(|line| line[..3].parse().expect("a reply begins with its code"))
        .collect()
}

/// Runs a session; the codes of its replies, and its content.
fn run(session: impl FnOnce(&mut Scratch, &mut Vec<u8>, &mut Vec<u8>)) -> (Vec<u16>, Vec<u8>) {
    let (mut replies, mut content) = (Vec::new(), Vec::new());
    let mut scratch = Scratch::default();
    session(&mut scratch, &mut replies, &mut content);
    (codes(&replies), content)
}

#[test]
fn every_parser_parses_every_command() {
    let (stream, count) = input::without(&[input::ONE_LINE]);
    assert_eq!(count, 10);
    let mut said = Vec::new();
    assert_eq!(smtp_proto::parse(&stream, |command| said.push(format!("{command:?}"))), 10);
    assert_eq!(mailrs::parse(&stream, |command| said.push(format!("{command:?}"))), 10);
    assert_eq!(smtp_codec::parse(&stream, |command| said.push(format!("{command:?}"))), 10);
    let (stream, count) = input::without(&[input::ONE_LINE, input::AUTH]);
    assert_eq!((smtp_message::parse(&stream, |command| said.push(format!("{command:?}"))), count), (9, 9));
    for word in ["client.example.com", "alice", "bob", "carol", "dave", "2048"] {
        assert_eq!(said.iter().filter(|command| command.contains(word)).count(), 4, "{word} in {said:?}");
    }
    assert_eq!(said.iter().filter(|command| command.contains("AHVzZXIAcGVuY2ls")).count(), 3);
}

#[test]
fn every_command_is_answered() {
    let (whole, _) = input::without(&[]);
    let (without_size, _) = input::without(&[input::SIZE]);
    let (without_auth, _) = input::without(&[input::AUTH]);
    let expected = [220, 250, 235, 250, 250, 250, 250, 354, 250, 250, 250, 221];
    let line = b"Subject: hello\r\n";
    let (codes, content) = run(|_, replies, content| {
        ours::session(&whole, true, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!((&codes[..], &content[..]), (&expected[..], &line[..]));
    let (codes, content) = run(|scratch, replies, content| {
        mailin::session(&without_size, true, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!((&codes[..], &content[..]), (&expected[..], &line[..]));
    let (codes, content) = run(|scratch, replies, content| {
        mailrs::session(&whole, true, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!((&codes[..], &content[..]), (&expected[..], &line[..]));
    let (codes, content) = run(|scratch, replies, content| {
        smtp_proto::session(&whole, true, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!((&codes[..], &content[..]), (&expected[..], &line[..]));
    let (codes, content) = run(|scratch, replies, content| {
        let replied = |octets: &[u8]| replies.extend(octets);
        smtp_message::session(&without_auth, scratch, replied, |octets| content.extend(octets));
    });
    let expected: Vec<u16> = expected.into_iter().filter(|code| *code != 235).collect();
    assert_eq!((codes, &content[..]), (expected, &line[..]));
}

/// The codes that a dialogue answers with: one that begins with the stream, and another that goes on behind the message.
fn around<D: Dialogue>(stream: &[u8], make: impl Fn(&[u8], Rc<RefCell<Vec<u8>>>) -> D) -> [Vec<u16>; 2] {
    let (begin, end) = input::around_the_message(stream);
    [(&[][..], begin), (&stream[..stream.len() - end.len()], end)].map(|(before, commands)| {
        let replies = Rc::default();
        make(before, Rc::clone(&replies)).go_on(commands);
        let replies = replies.borrow();
        codes(&replies)
    })
}

#[test]
fn commands_are_answered_around_a_message() {
    let (whole, _) = input::without(&[]);
    let (without_size, _) = input::without(&[input::SIZE]);
    let (without_auth, _) = input::without(&[input::AUTH]);
    let into = |replies: Rc<RefCell<Vec<u8>>>| move |octets: &[u8]| replies.borrow_mut().extend(octets);
    let expected = [[250, 235, 250, 250, 250, 250, 354].to_vec(), [250, 250, 221].to_vec()];
    assert_eq!(around(&whole, |before, replies| ours::Greeted::after(before, into(replies))), expected);
    assert_eq!(around(&without_size, |before, replies| mailin::Greeted::after(before, into(replies))), expected);
    assert_eq!(around(&whole, |before, replies| mailrs::Greeted::after(before, into(replies))), expected);
    assert_eq!(around(&whole, |_, replies| smtp_proto::greeted(into(replies))), expected);
    assert_eq!(around(&whole, |_, replies| smtp_codec::greeted(into(replies))), expected);
    let expected = [[250, 250, 250, 250, 250, 354].to_vec(), [250, 250, 221].to_vec()];
    assert_eq!(around(&without_auth, |_, replies| smtp_message::greeted(into(replies))), expected);
}

#[test]
fn what_is_taken_out_is_more_than_the_crate_takes() {
    let (whole, _) = input::without(&[]);
    let (codes, _) = run(|scratch, replies, content| {
        mailin::session(&whole, true, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert!(codes.contains(&500), "mailin knows SIZE: give it the whole input");
    let (stream, _) = input::without(&[input::ONE_LINE]);
    assert_eq!(smtp_message::parse(&stream, |_| {}), 1, "smtp-message knows AUTH: give it the whole input");
}

#[test]
fn every_session_is_whole() {
    let session = input::WHOLE_SESSION;
    let begin = session.windows(6).position(|octets| octets == b"DATA\r\n").expect("there is a message") + 6;
    let end = session.windows(5).position(|octets| octets == b"\r\n.\r\n").expect("it ends") + 2;
    let message = unstuffed(&session[begin..end]);
    assert_eq!(message.iter().filter(|octet| **octet == b'\n').count(), 12);
    let expected = ([220, 250, 250, 250, 250, 250, 354, 250, 250, 250, 221].to_vec(), message);
    let ours = run(|_, replies, content| {
        ours::session(session, false, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!(ours, expected);
    let mailin = run(|scratch, replies, content| {
        mailin::session(session, false, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!(mailin, expected);
    let mailrs = run(|scratch, replies, content| {
        mailrs::session(session, false, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!(mailrs, expected);
    let smtp_proto = run(|scratch, replies, content| {
        smtp_proto::session(session, false, scratch, |octets| replies.extend(octets), |octets| content.extend(octets));
    });
    assert_eq!(smtp_proto, expected);
    let smtp_message = run(|scratch, replies, content| {
        let replied = |octets: &[u8]| replies.extend(octets);
        smtp_message::session(session, scratch, replied, |octets| content.extend(octets));
    });
    assert_eq!(smtp_message, expected);
}

#[test]
fn every_exchange_succeeds() {
    for (exchange, expected) in [
        (sasl::plain(), &[220, 250, 235, 221][..]),
        (sasl::login(), &[220, 250, 334, 334, 235, 221]),
        (sasl::scram(), &[220, 250, 334, 334, 235, 221]),
    ] {
        let (codes, _) = run(|_, replies, _| ours::session(&exchange, true, |octets| replies.extend(octets), |_| {}));
        assert_eq!(codes, expected);
    }
    for (exchange, expected) in
        [(sasl::plain(), &[220, 250, 235, 221][..]), (sasl::login(), &[220, 250, 334, 334, 235, 221])]
    {
        let (codes, _) = run(|scratch, replies, _| {
            mailin::session(&exchange, true, scratch, |octets| replies.extend(octets), |_| {})
        });
        assert_eq!(codes, expected);
        let (codes, _) = run(|scratch, replies, _| {
            mailrs::session(&exchange, true, scratch, |octets| replies.extend(octets), |_| {})
        });
        assert_eq!(codes, expected);
    }
}

/// Mail data without their stuffed dots, told in the simplest way.
fn unstuffed(data: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    for (at, octet) in data.iter().enumerate() {
        let starts_line = at == 0 || data[..at].ends_with(b"\r\n");
        if !(starts_line && *octet == b'.') {
            content.push(*octet);
        }
    }
    content
}

/// What each taker makes of a message in pieces of `piece` octets.
fn takers(message: &[u8], piece: usize) -> Vec<(&'static str, bool, Vec<u8>)> {
    let mut all = Vec::new();
    let mut content = Vec::new();
    let over = ours::Data::in_body(|octets| content.extend_from_slice(octets)).take(message.chunks(piece));
    all.push(("ehlo", over, std::mem::take(&mut content)));
    let over = smtp_proto::Data::in_body(|octets| content.extend_from_slice(octets)).take(message.chunks(piece));
    all.push(("smtp-proto", over, std::mem::take(&mut content)));
    let over = smtp_message::Data::in_body(|octets| content.extend_from_slice(octets)).take(message.chunks(piece));
    all.push(("smtp-message", over, std::mem::take(&mut content)));
    let over = mailin::Data::in_body(|octets| content.extend_from_slice(octets)).take(message.chunks(piece));
    all.push(("mailin", over, std::mem::take(&mut content)));
    let over = mailrs::Data::in_body(0, |octets| content.extend_from_slice(octets)).take(message.chunks(piece));
    all.push(("mailrs", over, std::mem::take(&mut content)));
    all
}

#[test]
fn every_taker_takes_the_whole_message() {
    type Make = fn(usize) -> Vec<u8>;
    let kinds: [(&str, Make); 5] = [
        ("text", input::text),
        ("base64", input::base64),
        ("dots", input::dots),
        ("empty lines", input::empty_lines),
        ("cut line ends", input::cut_line_ends),
    ];
    for (kind, make) in kinds {
        for (size, piece) in [(1024, PIECE), (3 * PIECE, PIECE), (5 * PIECE + 11, PIECE), (4096, 1)] {
            let data = make(size);
            assert_eq!(data.len(), size);
            let expected = unstuffed(&data);
            for (name, over, content) in takers(&input::message(data), piece) {
                assert!(over, "{name} did not see the end of {kind}, {size} by {piece}");
                assert!(content == expected, "{name} took {kind}, {size} by {piece}, for something else");
            }
        }
    }
}

#[test]
fn only_ours_refuses_a_bare_cr() {
    let data = input::bare_cr(3 * PIECE);
    let expected = unstuffed(&data);
    for (name, over, content) in takers(&input::message(data), PIECE) {
        assert!(over, "{name}");
        assert_eq!(content == expected, name != "ehlo", "{name}");
    }
}

#[test]
fn chunks_and_data_are_the_same_message() {
    let text = input::base64(3 * PIECE);
    let stream = input::chunks(&text, PIECE);
    let mut content = Vec::new();
    assert!(ours::Data::before_chunks(|octets| content.extend_from_slice(octets)).take(stream.chunks(PIECE)));
    assert!(content == text);
    content.clear();
    let mut taker = smtp_proto::Chunked::before_chunks(|octets| content.extend_from_slice(octets));
    assert!(taker.take(stream.chunks(PIECE)));
    drop(taker);
    assert!(content == text);
}

#[test]
fn every_address_falls_into_its_parts() {
    for address in input::ADDRESSES {
        let (bracketed, parts) = (format!("<{address}>"), address.len() - 1);
        assert_eq!(ours::address(address), parts, "{address}");
        assert_eq!(smtp_proto::address(&bracketed), parts, "{address}");
        assert_eq!(mailrs::address(address), parts, "{address}");
        assert_eq!(smtp_codec::address(&bracketed[1..]), parts, "{address}");
        assert_eq!(smtp_message::address(&bracketed), parts, "{address}");
    }
}
