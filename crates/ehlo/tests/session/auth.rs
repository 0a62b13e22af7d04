//! AUTH and its exchanges.

use crate::common::{Client, accept, base64, describe, plain, refuse, welcome};
use crate::{CONFIG, FULL, PATIENT};
use ehlo::{Instant, Peer, Phase, Reply, Request, Session, Step};

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
            let question = describe(&request);
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
