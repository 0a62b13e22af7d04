//! STARTTLS.

use crate::common::{Client, accept, welcome};
use crate::{CONFIG, FULL};
use ehlo::{Abort, ApiMisuse, Instant, Peer, Phase, Step};

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
    assert_eq!(client.session.tls_started(ehlo::Tls::default()), Err(ApiMisuse));
    client.connect();
    assert_eq!(client.session.tls_started(ehlo::Tls::default()), Err(ApiMisuse));
    assert_eq!(client.session.tls_failed(), Err(ApiMisuse));
    // The reply has to go out in plaintext first.
    client.say("EHLO x");
    let mut input: &[u8] = b"STARTTLS\r\n";
    assert_eq!(client.session.advance(Instant::from_millis(client.now), &mut input), Step::Send);
    assert_eq!(client.session.tls_started(ehlo::Tls::default()), Err(ApiMisuse));
    client.feed(b"");
    assert_eq!(client.session.tls_started(ehlo::Tls::default()), Ok(()));
    assert_eq!(client.session.tls_started(ehlo::Tls::default()), Err(ApiMisuse));
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
