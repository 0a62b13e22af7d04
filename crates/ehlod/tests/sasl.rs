//! Every SASL mechanism against the running server, by a small client.

mod client;

use base64ct::{Base64, Encoding as _};
use client::{Client, Server, base64, scram};
use std::process::Command;

/// Alice has every form of her password, Bob only the oldest, Carol takes only SCRAM-SHA-256, and Dave left.
fn server(auth: &str, submission: &str) -> Server {
    let alice = ehlod::passwd::make_recoverable(b"pencil").unwrap();
    let plain = alice.split(' ').next().unwrap();
    let accounts = format!(
        "[[account]]\naddress = \"alice@localhost\"\npassword = \"{alice}\"\n\
         [[account]]\naddress = \"bob@localhost\"\npassword = \"{plain}\"\n\
         [[account]]\naddress = \"carol@localhost\"\npassword = \"{alice}\"\nmechanisms = [\"SCRAM-SHA-256\"]\n\
         [[account]]\naddress = \"dave@localhost\"\npassword = \"{alice}\"\nsuspended = true\n\
         [[account]]\naddress = \"erin@localhost\"\npassword = \"{}\"\n",
        alice.split(' ').nth(1).unwrap()
    );
    // SHA-256 of `test`.
    let tokens = "[[token]]\nsha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\nuser = \"alice@localhost\"\n";
    Server::start(auth, submission, &accounts, tokens)
}

const ALL: &str = "mechanisms = [\"PLAIN\", \"LOGIN\", \"CRAM-MD5\", \"SCRAM-SHA-1\", \"SCRAM-SHA-1-PLUS\", \"SCRAM-SHA-256\", \
    \"SCRAM-SHA-256-PLUS\", \"XOAUTH2\", \"OAUTHBEARER\", \"EXTERNAL\", \"ANONYMOUS\"]\nbearer_tokens = \"tokens.toml\"\n";

#[test]
fn in_plaintext() {
    let server = server(&format!("{ALL}plaintext_without_tls = true\n"), "none");
    let offered = "AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER ANONYMOUS";
    assert!(server.connect().say("EHLO x").contains(offered));

    let plain = |user: &str, password: &str| vec![format!("AUTH PLAIN {}", base64(&format!("\0{user}\0{password}")))];
    let cram = |user: &str, password: &str| vec!["AUTH CRAM-MD5".to_owned(), format!("cram {user} {password}")];
    let token = |user: &str, token: &str| {
        let message = format!("n,{user},\u{1}auth=Bearer {token}\u{1}\u{1}");
        vec![format!("AUTH OAUTHBEARER {}", base64(&message)), "AQ==".to_owned()]
    };
    let xoauth2 = |user: &str, token: &str| {
        let message = format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}");
        vec![format!("AUTH XOAUTH2 {}", base64(&message)), String::new()]
    };
    let login = vec!["AUTH LOGIN".to_owned(), base64("alice"), base64("pencil")];
    for (lines, code) in [
        (plain("alice", "pencil"), "235 2.7.0"),
        (plain("alice", "pencyl"), "535 5.7.8"),
        (plain("nobody", "pencil"), "535 5.7.8"),
        (plain("dave", "pencil"), "535 5.7.8"),
        (plain("carol", "pencil"), "534 5.7.9"),
        (plain("erin", "pencil"), "432 4.7.12"),
        (login, "235 2.7.0"),
        (cram("alice", "pencil"), "235 2.7.0"),
        (cram("alice", "pencyl"), "535 5.7.8"),
        (cram("nobody", "pencil"), "535 5.7.8"),
        (cram("dave", "pencil"), "535 5.7.8"),
        (cram("bob", "pencil"), "432 4.7.12"),
        (cram("carol", "pencil"), "534 5.7.9"),
        (token("a=alice@localhost", "test"), "235 2.7.0"),
        (token("", "test"), "235 2.7.0"),
        (token("a=bob@localhost", "test"), "535 5.7.8"),
        (token("", "tset"), "535 5.7.8"),
        (xoauth2("alice@localhost", "test"), "235 2.7.0"),
        (xoauth2("alice@localhost", "tset"), "535 5.7.8"),
        (vec![format!("AUTH ANONYMOUS {}", base64("guest"))], "235 2.7.0"),
        (vec!["AUTH EXTERNAL =".to_owned()], "538 5.7.11"),
        (vec!["AUTH SCRAM-SHA-256-PLUS".to_owned()], "538 5.7.11"),
        (vec!["AUTH CRAM-MD5 ABCD".to_owned()], "501 5.7.0"),
    ] {
        let mut client = server.connect();
        client.say("EHLO x");
        let mut said = String::new();
        for line in &lines {
            said = match line.strip_prefix("cram ").and_then(|rest| rest.split_once(' ')) {
                Some((user, password)) => client.cram_md5(&said, user, password),
                None => client.say(line),
            };
            if !said.starts_with("334") {
                break;
            }
        }
        assert!(said.starts_with(code), "{lines:?}: {said}");
    }
    for (user, password, sha1, sha256) in [
        ("alice", "pencil", "235", "235"),
        ("alice@localhost", "pencil", "235", "235"),
        ("alice", "pencyl", "535", "535"),
        ("nobody", "pencil", "535", "535"),
        ("dave", "pencil", "535", "535"),
        ("bob", "pencil", "432", "432"),
        ("erin", "pencil", "432", "235"),
        ("carol", "pencil", "534", "235"),
    ] {
        for (mechanism, code) in [("SCRAM-SHA-1", sha1), ("SCRAM-SHA-256", sha256)] {
            let mut client = server.connect();
            client.say("EHLO x");
            let said = scram(&mut client, mechanism, user, password, "n,,", &[]);
            assert!(said.starts_with(code), "{mechanism} {user}: {said}");
        }
    }
}

/// What an unknown user is told looks like what a known one is told, and does not change.
#[test]
fn unknown_users_cannot_be_told_from_others() {
    let server = server(ALL, "none");
    let salt = |user: &str| {
        let mut client = server.connect();
        client.say("EHLO x");
        let said = client.say(&format!("AUTH SCRAM-SHA-256 {}", base64(&format!("n,,n={user},r=abc"))));
        client::challenge(&said).split_once(",s=").unwrap().1.to_owned()
    };
    let known = salt("alice");
    assert_eq!((salt("nobody"), salt("nobody").len()), (salt("NOBODY"), known.len()));
    assert_eq!(salt("nobody"), salt("nobody@localhost"));
    assert_ne!(salt("nobody"), salt("somebody"));
    assert!(known.ends_with(",i=4096") && salt("nobody").ends_with(",i=4096"));
}

#[test]
fn the_weak_are_refused_where_a_minimum_is_set() {
    let server = server(&format!("{ALL}minimum = \"SCRAM-SHA-256\"\n"), "none");
    let mut client = server.connect();
    assert!(client.say("EHLO x").contains("250 AUTH SCRAM-SHA-256\r\n"));
    assert!(client.say("AUTH CRAM-MD5").starts_with("534 5.7.9"));
    assert!(client.say("AUTH PLAIN").starts_with("534 5.7.9"));
    assert!(scram(&mut client, "SCRAM-SHA-256", "alice", "pencil", "n,,", &[]).starts_with("235"));
}

#[test]
fn under_tls() {
    let server = server(ALL, "implicit");
    let mut client = server.connect_tls(None);
    let said = client.say("EHLO x");
    assert!(said.contains("SCRAM-SHA-256-PLUS") && said.contains("PLAIN") && !said.contains("EXTERNAL"), "{said}");
    assert!(client.say("AUTH EXTERNAL =").starts_with("504"));
    let (exporter, end_point) = (client.exporter(), server.end_point());
    // A proof that is bound to another channel is no proof.
    let header = "p=tls-exporter,,";
    let said = scram(&mut client, "SCRAM-SHA-256-PLUS", "alice", "pencil", header, &[0; 32]);
    assert!(said.starts_with("535"), "{said}");
    // The client says that the server does not bind, and it does.
    assert!(scram(&mut client, "SCRAM-SHA-256", "alice", "pencil", "y,,", &[]).starts_with("535"));
    let said = scram(&mut client, "SCRAM-SHA-256-PLUS", "alice", "pencil", header, &exporter);
    assert!(said.starts_with("235"), "{said}");
    let mut client = server.connect_tls(None);
    client.say("EHLO x");
    let said = scram(&mut client, "SCRAM-SHA-1-PLUS", "alice", "pencil", "p=tls-server-end-point,,", &end_point);
    assert!(said.starts_with("235"), "{said}");

    for (certificate, authorization, code) in [
        ("alice@localhost", "", "235"),
        ("alice@localhost", "alice@localhost", "235"),
        ("alice@localhost", "bob@localhost", "535"),
        ("nobody@localhost", "", "535"),
        ("dave@localhost", "", "535"),
        ("carol@localhost", "", "534"),
    ] {
        let mut client = server.connect_tls(Some(certificate));
        assert!(client.say("EHLO x").contains(" EXTERNAL"));
        let response = if authorization.is_empty() { "=".to_owned() } else { base64(authorization) };
        let said = client.say(&format!("AUTH EXTERNAL {response}"));
        assert!(said.starts_with(code), "{certificate} {authorization}: {said}");
    }
}

/// Says that a client program is missing; an error where the test command says that all must be there.
fn missing(what: &str) {
    assert!(std::env::var_os("EHLO_REQUIRE_TOOLS").is_none(), "{what}");
    eprintln!("NOT TESTED: {what}");
}

/// Clients of others, where they are installed.
#[test]
fn smtplib_and_swaks() {
    let server = server(&format!("{ALL}plaintext_without_tls = true\n"), "none");
    let script = "import smtplib, sys\n\
        s = smtplib.SMTP('127.0.0.1', int(sys.argv[1])); s.ehlo()\n\
        s.user, s.password = 'alice', 'pencil'\n\
        print(s.auth('CRAM-MD5', s.auth_cram_md5)[0])\n";
    let port = server.port().to_string();
    match Command::new("python3").args(["-c", script, &port]).output() {
        Ok(done) => assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "235", "{done:?}"),
        Err(error) => missing(&format!("smtplib, since python3 does not run: {error}")),
    }
    for (password, right) in [("pencil", true), ("pencyl", false)] {
        let arguments = ["--server", "127.0.0.1", "--port", &port, "--quit-after", "AUTH", "--auth", "CRAM-MD5"];
        let user = ["--auth-user", "alice", "--auth-password", password, "--to", "bob@localhost"];
        match Command::new("swaks").args(arguments).args(user).output() {
            Ok(done) if String::from_utf8_lossy(&done.stderr).contains("not available") => {
                missing("swaks, which lacks Digest::HMAC_MD5");
            }
            Ok(done) => assert_eq!(done.status.success(), right, "{done:?}"),
            Err(error) => missing(&format!("swaks, which does not run: {error}")),
        }
    }
}

/// `=` as an initial response, base64 that is not exact, and a way out of every state.
#[test]
fn a_star_ends_every_exchange() {
    let server = server(&format!("{ALL}plaintext_without_tls = true\n"), "none");
    let first = format!("AUTH SCRAM-SHA-256 {}", base64("n,,n=alice,r=abc"));
    for begin in
        ["AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH SCRAM-SHA-1", &first, "AUTH XOAUTH2", "AUTH ANONYMOUS"]
    {
        for end in ["*", "!", "YR=="] {
            let mut client: Client = server.connect();
            client.say("EHLO x");
            assert!(client.say(begin).starts_with("334"), "{begin}");
            assert!(client.say(end).starts_with("501"), "{begin} {end}");
            assert!(client.say("NOOP").starts_with("250"), "{begin} {end}");
        }
    }
    assert_eq!(Base64::decode_vec(&base64("x")).unwrap(), b"x");
}
