//! Deadlines.

use crate::common::{codes, welcome};
use crate::{CONFIG, FULL};
use ehlo::{Abort, Instant, Millis};

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
