//! What the core says where it was built without `extensions`: to be small, it speaks what an appliance needs.
#![cfg(not(feature = "extensions"))]

mod common;

use common::{Client, accept, welcome};
use ehlo::{Config, Credentials, Extensions, Mechanism, Peer, Request};

static CONFIG: Config<'static> = Config::new("box.example.net")
    .extensions(Extensions::ALL)
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true);

#[test]
fn it_offers_what_it_speaks() {
    let mut client = welcome(&CONFIG);
    assert_eq!(client.connect(), "220 box.example.net Service ready\r\n");
    let chunking = if cfg!(feature = "chunking") { "250-CHUNKING\r\n250-BINARYMIME\r\n" } else { "" };
    assert_eq!(
        client.feed(b"EHLO client.example\r\n"),
        format!(
            "250-box.example.net\r\n250-SIZE 26214400\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-ENHANCEDSTATUSCODES\r\n{chunking}250 AUTH PLAIN LOGIN\r\n"
        )
    );
}

#[test]
fn it_takes_a_message() {
    let mut seen = Vec::new();
    let mut client = Client::<512, 1024>::new(&CONFIG, Peer::PLAIN, |request| {
        match &request {
            Request::Auth(auth) => {
                let Credentials::Password { user, password, .. } = auth.credentials else { panic!("by PLAIN") };
                seen.push(format!("{user} {}", password.expose().escape_ascii()));
            }
            Request::Mail(mail) => {
                let mail = &mail.command;
                let auth = mail.auth.map(|auth| auth.decoded().map(char::from).collect::<String>());
                let said = (mail.reverse_path.as_str(), mail.size, mail.body, mail.smtputf8, auth);
                seen.push(format!("{said:?}"));
            }
            Request::Rcpt(rcpt) => seen.push(rcpt.command.forward_path.as_str().to_owned()),
            _ => {}
        }
        accept(request);
    });
    client.connect();
    let lines = [
        "EHLO client.example",
        "AUTH PLAIN AHVzZXIAcGFzcw==",
        "MAIL FROM:<a@b.example> SIZE=12 BODY=8BITMIME SMTPUTF8 AUTH=c+2Bd@e.example",
        "RCPT TO:<c@[192.0.2.1]>",
        "RCPT TO:<Postmaster>",
        "DATA",
        "Subject: x\r\n\r\n..dot\r\n.",
    ];
    assert_eq!(client.chat(&lines), "250 235 250 250 250 354 250");
    assert_eq!(client.messages, [b"Subject: x\r\n\r\n.dot\r\n"]);
    // What the size of a message may be passes 32 bits.
    assert_eq!(
        client.chat(&["RSET", "MAIL FROM:<> SIZE=26214401", "MAIL FROM:<> size=0 body=7bit", "QUIT"]),
        "250 552 250 221"
    );
    drop(client);
    assert_eq!(
        seen,
        [
            "user pass",
            "(\"a@b.example\", Some(12), Some(EightBitMime), true, Some(\"c+d@e.example\"))",
            "c@[192.0.2.1]",
            "postmaster",
            "(\"\", Some(0), Some(SevenBit), false, None)"
        ]
    );
}

#[test]
fn sizes_over_32_bits_are_seen() {
    static HUGE: Config<'static> = CONFIG.message_size(0);
    let mut sizes = Vec::new();
    let mut client = Client::<512, 1024>::new(&HUGE, Peer::PLAIN, |request| {
        if let Request::Mail(mail) = &request {
            sizes.push(mail.command.size);
        }
        accept(request);
    });
    client.connect();
    assert_eq!(
        client.chat(&["EHLO x", "MAIL FROM:<a@b> SIZE=4294967296", "RSET", "MAIL FROM:<a@b>"]),
        "250 250 250 250"
    );
    drop(client);
    assert_eq!(sizes, [Some(1 << 32), None]);
}

#[test]
fn what_it_does_not_speak_it_says() {
    static PATIENT: Config<'static> = CONFIG.errors(100);
    let mut client = welcome(&PATIENT);
    client.connect();
    assert_eq!(
        client.chat(&["LHLO x", "EHLO x", "HELP", "EXPN list", "ETRN x", "XCLIENT NAME=x"]),
        "502 250 502 502 502 500"
    );
    // RFC 5321 4.5.1 demands VRFY of everyone.
    assert_eq!(client.chat(&["VRFY bob", "VRFY"]), "252 501");
    assert_eq!(
        client.chat(&["MAIL FROM:<a@b> RET=FULL", "MAIL FROM:<a@b> BY=1;R", "MAIL FROM:<a@b> BODY=FOO"]),
        "555 555 504"
    );
    assert_eq!(
        client.chat(&["MAIL FROM:<a@b>", "RCPT TO:<c@d> NOTIFY=NEVER", "RCPT TO:<c@d> =", "RCPT TO:<c@d>"]),
        "250 555 501 250"
    );
    if !cfg!(feature = "chunking") {
        // What it would have brought was not agreed on: it is read as what it looks like.
        assert_eq!(client.say("BDAT 6 LAST\r\nNOOP"), "502 250");
    }
}
