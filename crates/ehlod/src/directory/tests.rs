//! Recipients, users and mistakes in the accounts file.

use super::*;
use crate::config::Overrides;
use crate::passwd;
use std::path::Path;
use tempfile::TempDir;

/// A directory of three domains, with the given accounts file.
fn open(accounts: &str) -> (TempDir, Result<Directory, Problems>) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.toml");
    std::fs::write(&path, accounts).unwrap();
    let domain = |name: &str, catch_all| Domain { name: name.to_owned(), catch_all };
    let config = Config {
        accounts: Some(path),
        domains: vec![
            domain("example.com", CatchAll::None),
            domain("each.example", CatchAll::Each),
            domain("one.example", CatchAll::To(Mailbox::new("al", "example.com"))),
            domain("new.example", CatchAll::To(Mailbox::new("fresh", "new.example"))),
            domain("off.example", CatchAll::To(Mailbox::new("gone", "example.com"))),
        ],
        ..Config::embedded(&Overrides::default())
    };
    let directory = Directory::open(&config);
    (place, directory)
}

const ACCOUNTS: &str = r#"
[[account]]
address = "Alice@Example.com"
aliases = ["al@example.com", "Alice.Liddell@each.example"]
[[account]]
address = "gone@example.com"
suspended = true
[[account]]
address = "deaf@example.com"
refuses_mail = true
[[account]]
address = "alice@each.example"
aliases = ["postmaster@each.example"]
"#;

fn mailbox(text: &str) -> Recipient {
    Recipient::Mailbox(text.parse().unwrap())
}

#[test]
fn recipients() {
    let (_place, directory) = open(ACCOUNTS);
    let directory = directory.unwrap();
    for (local, domain, expected) in [
        ("alice", Some("example.com"), mailbox("alice@example.com")),
        ("ALICE", Some("EXAMPLE.COM"), mailbox("alice@example.com")),
        ("al", Some("example.com"), mailbox("alice@example.com")),
        ("alice.liddell", Some("each.example"), mailbox("alice@example.com")),
        ("alice", Some("each.example"), mailbox("alice@each.example")),
        ("gone", Some("example.com"), Recipient::Suspended),
        ("deaf", Some("example.com"), Recipient::RefusesMail),
        ("nobody", Some("example.com"), Recipient::NoSuchUser),
        ("", Some("example.com"), Recipient::NoSuchUser),
        ("No Body", Some("each.example"), mailbox("\"no body\"@each.example")),
        ("anyone", Some("one.example"), mailbox("alice@example.com")),
        ("anyone", Some("new.example"), mailbox("fresh@new.example")),
        ("anyone", Some("off.example"), Recipient::Suspended),
        ("alice", Some("example.org"), Recipient::NotHosted),
        ("alice", Some("sub.example.com"), Recipient::NotHosted),
        ("alice", Some(""), Recipient::NotHosted),
        ("alice", None, Recipient::NoSuchUser),
        ("Postmaster", None, mailbox("postmaster@example.com")),
        ("POSTMASTER", Some("example.com"), mailbox("postmaster@example.com")),
        ("postmaster", Some("each.example"), mailbox("alice@each.example")),
        ("postmaster", Some("one.example"), mailbox("alice@example.com")),
        ("postmaster", Some("off.example"), mailbox("postmaster@off.example")),
        ("postmaster", Some("example.org"), Recipient::NotHosted),
    ] {
        assert_eq!(directory.resolve(local, domain), expected, "{local}@{domain:?}");
    }
    assert!(directory.hosts("Each.Example") && !directory.hosts("example"));
    assert!(directory.hosts_any());
}

#[test]
fn whom_a_user_may_send_as() {
    let patterns = "may_send_as = [\"sales@example.com\", \"@news.example\", \"@.lists.example\", \"alice@\"]";
    let accounts = ACCOUNTS.replacen("aliases =", &format!("{patterns}\naliases ="), 1);
    let (_place, directory) = open(&accounts);
    let directory = directory.unwrap();
    let may = |login: &str, sender: &str| {
        directory.may_send_as(&Login { address: login.parse().unwrap() }, &sender.parse().unwrap())
    };
    for own in [
        "ALICE@example.com",
        "al@EXAMPLE.com",
        "alice.liddell@each.example",
        "Sales@example.com",
        "anyone@news.example",
        "list@a.lists.example",
        "alice@each.example",
        "alice@elsewhere.example",
    ] {
        assert!(may("alice@example.com", own), "{own}");
    }
    for other in ["deaf@example.com", "postmaster@example.com", "list@lists.example", "bob@elsewhere.example"] {
        assert!(!may("alice@example.com", other), "{other}");
    }
    assert!(may("alice@each.example", "postmaster@each.example"));
    assert!(!may("alice@each.example", "alice@example.com") && !may("alice@each.example", "sales@example.com"));
    assert!(!may("nobody@example.com", "nobody@example.com"), "an account that is not there any more");
}

#[test]
fn no_domains() {
    let config = Config { domains: Vec::new(), ..Config::embedded(&Overrides::default()) };
    let directory = Directory::open(&config).unwrap();
    assert!(!directory.hosts_any());
    assert_eq!(directory.resolve("postmaster", None), Recipient::NotHosted);
    assert_eq!(directory.verify("alice", b"secret"), Ok(None));
}

#[test]
fn the_embedded_postmaster() {
    let directory = Directory::open(&Config::embedded(&Overrides::default())).unwrap();
    assert_eq!(directory.resolve("postmaster", None), mailbox("postmaster@localhost"));
}

#[test]
fn users() {
    let verifier = |password: &str| passwd::make(password.as_bytes()).unwrap();
    let accounts = format!(
        "[[account]]\naddress = \"alice@example.com\"\naliases = [\"al@example.com\"]\npassword = \"{}\"\n\
         [[account]]\naddress = \"bob@example.com\"\npassword = \"{}\"\n\
         [[account]]\naddress = \"bob@each.example\"\npassword = \"{}\"\n\
         [[account]]\naddress = \"gone@example.com\"\nsuspended = true\npassword = \"{}\"\n\
         [[account]]\naddress = \"mute@example.com\"\n",
        verifier("wonder"),
        verifier("builder"),
        verifier("dylan"),
        verifier("gone")
    );
    let (_place, directory) = open(&accounts);
    let directory = directory.unwrap();
    for (user, password, expected) in [
        ("alice@example.com", "wonder", Some("alice@example.com")),
        ("Alice@EXAMPLE.com", "wonder", Some("alice@example.com")),
        ("alice", "wonder", Some("alice@example.com")),
        ("ALICE", "wonder", Some("alice@example.com")),
        ("alice", "Wonder", None),
        ("alice", "", None),
        ("al@example.com", "wonder", None),
        ("al", "wonder", None),
        ("bob@example.com", "builder", Some("bob@example.com")),
        ("bob@each.example", "dylan", Some("bob@each.example")),
        ("bob@example.com", "dylan", None),
        ("bob", "builder", None),
        ("bob", "dylan", None),
        ("gone", "gone", None),
        ("mute", "", None),
        ("mute", "wonder", None),
        ("nobody", "wonder", None),
        ("", "wonder", None),
        ("@", "wonder", None),
    ] {
        let login = directory.verify(user, password.as_bytes()).unwrap();
        let address = login.map(|login| login.address.to_string());
        assert_eq!(address.as_deref(), expected, "{user} {password}");
    }
}

/// Whatever password stands in for that of an unknown user: none lets the user in.
#[test]
fn a_stand_in_lets_nobody_in() {
    let line = passwd::make(b"wonder").unwrap();
    let (_place, directory) = open(&format!("[[account]]\naddress = \"alice@example.com\"\npassword = \"{line}\"\n"));
    let directory = directory.unwrap();
    for user in ["nobody", "nobody@example.com", "postmaster"] {
        assert_eq!(directory.verify(user, b"wonder"), Ok(None));
    }
}

#[test]
fn a_new_directory_leaves_the_old_one_alone() {
    let (place, old) = open(ACCOUNTS);
    let old = old.unwrap();
    std::fs::write(place.path().join("a.toml"), "").unwrap();
    let config = Config { accounts: Some(place.path().join("a.toml")), ..Config::embedded(&Overrides::default()) };
    let new = Directory::open(&config).unwrap();
    assert_eq!(old.clone().resolve("alice", Some("example.com")), mailbox("alice@example.com"));
    assert_eq!(new.resolve("alice", Some("example.com")), Recipient::NotHosted);
}

#[test]
fn mistakes() {
    for (text, expected) in [
        ("[[acount]]\naddress = \"a@x\"", "1:3: acount: unknown key (did you mean \"account\"?)"),
        (
            "[account]\naddress = \"a@x\"",
            "1:2: account: expected an array of tables, found a table (write it as [[account]])",
        ),
        (
            "[[account]]\npassword = \"x\"",
            "1:1: account.address: missing (for instance address = \"user@example.com\")",
        ),
        (
            "[[account]]\naddress = \"alice\"",
            "2:11: account.address: \"alice\" is not an address (for instance \"user@example.com\")",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\npassword = \"x\"",
            "3:12: account.password: is not a verifier (make one with `ehlod passwd`)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\naliases = [\"b\"]",
            "3:12: account.aliases: \"b\" is not an address (for instance \"user@example.com\")",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\n[[account]]\naddress = \"A@example.com\"",
            "4:11: account.address: \"a@example.com\" is an account's already",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\n[[account]]\naddress = \"b@example.com\"\naliases = [\"c@x\", \"a@example.com\"]",
            "5:19: account.aliases: \"a@example.com\" is an account's already",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nsuspended = \"yes\"",
            "3:13: account.suspended: expected true or false, found a string",
        ),
        ("[[account]]\naddress = \"a@example.com\"\nquota = \"1 GiB\"", "3:9: account.quota: not available yet"),
        (
            "[[account]]\naddress = \"a@example.com\"\nquota = \"1 GB\"",
            "3:9: account.quota: \"1 GB\" is not a size (for instance \"25 MiB\", \"64 KiB\", or a number of octets)",
        ),
        ("[[account]]\naddress = \"a@example.com\"\nhard_quota = 1000", "3:14: account.hard_quota: not available yet"),
        (
            "[[account]]\naddress = \"a@example.com\"\nmechanisms = [\"PLAIM\"]",
            "3:15: account.mechanisms: unknown mechanism \"PLAIM\" (PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-256-PLUS, XOAUTH2, OAUTHBEARER, EXTERNAL or ANONYMOUS)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nmay_send_as = [\"@x\", \"x\"]",
            "3:22: account.may_send_as: \"x\" is not a pattern for addresses (for instance \"user@example.com\", \"@example.com\", \"@.example.com\" or \"user@\")",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\naccepts_from = [\"@x\"]",
            "3:16: account.accepts_from: not available yet",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nblocked_senders = [1]",
            "3:19: account.blocked_senders: expected a string, found an integer",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nforward_to = \"b@x\"",
            "3:14: account.forward_to: not available yet",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nforward_mode = \"tell\"",
            "3:16: account.forward_mode: \"tell\" is not available yet",
        ),
        ("[[list]]\naddress = \"staff@example.com\"\nmembers = []", "1:3: list: not available yet"),
        ("[[account]]\naddress = ", "2:11: account.address: string values must be quoted, expected literal string"),
    ] {
        let (place, opened) = open(text);
        let expected = format!("{}:{expected}", place.path().join("a.toml").display());
        let found = opened.unwrap_err();
        assert_eq!(found.0[0].to_string(), expected, "{text}");
    }
}

#[test]
fn what_is_off_is_right_and_what_is_odd_is_warned_of() {
    let text = "[[account]]\naddress = \"a@example.com\"\nmechanisms = []\naccepts_from = []\nblocked_senders = []\n\
                may_send_as = []\nforward_to = \"\"\nforward_mode = \"forward\"\n\
                [[account]]\naddress = \"b@elsewhere.example\"\n";
    let (place, directory) = open(text);
    let warnings: Vec<_> = directory.unwrap().warnings().iter().map(ToString::to_string).collect();
    let expected = format!(
        "{}:10:11: account.address: \"b@elsewhere.example\" gets no mail, since its domain is not among the domains",
        place.path().join("a.toml").display()
    );
    assert_eq!(warnings, [expected]);
}

/// The accounts file that the example shows in its last comment is right, but for what is not available yet.
#[test]
fn the_example() {
    let example = include_str!("../../tests/data/ehlod.example.toml");
    let (_, comment) = example.split_once("# accounts.toml:\n").unwrap();
    let line = passwd::make(b"secret").unwrap();
    let text: String = comment.lines().map(|line| line.trim_start_matches('#').to_owned() + "\n").collect();
    let (_place, opened) = open(&text.replace("\"...\"", &format!("\"{line}\"")));
    let found = opened.unwrap_err().0;
    let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
    let expected = ["account.quota", "account.hard_quota", "list"];
    assert_eq!(keys, expected);
    assert!(found.iter().all(|problem| problem.what == "not available yet"));
}

#[test]
fn an_accounts_file_that_is_not_there() {
    let config =
        Config { accounts: Some(Path::new("/nowhere/a.toml").into()), ..Config::embedded(&Overrides::default()) };
    let found = Directory::open(&config).unwrap_err();
    assert_eq!(
        found.to_string(),
        "/nowhere/a.toml:1:1: (file): cannot be read: No such file or directory (os error 2)"
    );
}
