//! Recipients, users and mistakes in the accounts file.

use super::*;
use crate::config::{Accounts as Source, Overrides};
use crate::passwd;
use ehlo::Mechanism;
use std::path::Path;
use tempfile::TempDir;

/// A directory of three domains, with the given accounts file.
fn open(accounts: &str) -> (TempDir, Result<Directory, Problems>) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.toml");
    std::fs::write(&path, accounts).unwrap();
    let domain = |name: &str, catch_all| Domain { name: name.to_owned(), catch_all };
    let config = Config {
        accounts: Source::File(path),
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
[[list]]
address = "staff@example.com"
members = ["al@example.com", "alice@example.com", "gone@example.com", "nobody@example.com", "postmaster@each.example"]
[[list]]
address = "all@example.com"
members = ["staff@example.com", "staff+all@example.com", "deaf@example.com", "fresh@each.example"]
"#;

/// What is done here needs no runtime: a file answers at once.
fn now<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match work.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => panic!("a file answers at once"),
    }
}

/// What a recipient is, in a word.
fn resolve(directory: &Directory, local: &str, domain: &str) -> String {
    match now(directory.resolve(&Mailbox::new(local, domain))).unwrap() {
        Recipient::Account(account) if account.suspended => "suspended".to_owned(),
        Recipient::Account(account) if account.refuses_mail => "refuses".to_owned(),
        Recipient::Account(account) => account.address.to_string(),
        Recipient::Mailbox(mailbox) => format!("({mailbox})"),
        Recipient::List(list) => format!("[{}]", list.address),
        Recipient::NoSuchUser => "nobody".to_owned(),
        Recipient::NotHosted => "elsewhere".to_owned(),
    }
}

#[test]
fn recipients() {
    let (_place, directory) = open(ACCOUNTS);
    let directory = directory.unwrap();
    for (local, domain, expected) in [
        ("alice", "example.com", "alice@example.com"),
        ("ALICE", "EXAMPLE.COM", "alice@example.com"),
        ("al", "example.com", "alice@example.com"),
        ("al+news", "example.com", "alice@example.com"),
        ("alice+", "example.com", "alice@example.com"),
        ("alice+a+b", "example.com", "alice@example.com"),
        ("+alice", "example.com", "nobody"),
        ("+", "each.example", "(+@each.example)"),
        ("anyone+news", "each.example", "(anyone+news@each.example)"),
        ("gone+news", "example.com", "suspended"),
        ("alice.liddell", "each.example", "alice@example.com"),
        ("alice", "each.example", "alice@each.example"),
        ("gone", "example.com", "suspended"),
        ("deaf", "example.com", "refuses"),
        ("nobody", "example.com", "nobody"),
        ("", "example.com", "nobody"),
        ("No Body", "each.example", "(\"no body\"@each.example)"),
        ("anyone", "one.example", "alice@example.com"),
        ("anyone", "new.example", "(fresh@new.example)"),
        ("anyone", "off.example", "suspended"),
        ("alice", "example.org", "elsewhere"),
        ("alice", "sub.example.com", "elsewhere"),
        ("alice", "", "elsewhere"),
        ("staff", "example.com", "[staff@example.com]"),
        ("staff+x", "example.com", "[staff@example.com]"),
        ("POSTMASTER", "example.com", "(postmaster@example.com)"),
        ("postmaster", "each.example", "alice@each.example"),
        ("postmaster", "one.example", "alice@example.com"),
        ("postmaster", "off.example", "(postmaster@off.example)"),
        ("postmaster", "example.org", "elsewhere"),
    ] {
        assert_eq!(resolve(&directory, local, domain), expected, "{local}@{domain}");
    }
    assert!(directory.hosts("Each.Example") && !directory.hosts("example"));
    assert!(directory.hosts_any());
    assert_eq!(directory.first_domain(), Some("example.com"));
}

#[test]
fn where_the_mail_of_a_list_goes() {
    let (_place, directory) = open(ACCOUNTS);
    let directory = directory.unwrap();
    let Recipient::List(list) = now(directory.resolve(&Mailbox::new("all", "example.com"))).unwrap() else { panic!() };
    let mailboxes: Vec<_> = now(directory.expand(&list, false)).unwrap().here.iter().map(ToString::to_string).collect();
    assert_eq!(mailboxes, ["alice@each.example", "alice@example.com", "fresh@each.example"]);
}

#[test]
fn whom_a_user_may_send_as() {
    let patterns = "may_send_as = [\"sales@example.com\", \"@news.example\", \"@.lists.example\", \"alice@\"]";
    let accounts = ACCOUNTS.replacen("aliases =", &format!("{patterns}\naliases ="), 1);
    let (_place, directory) = open(&accounts);
    let directory = directory.unwrap();
    let may = |login: &str, sender: &str| {
        now(directory.may_send_as(&Login { address: login.parse().unwrap() }, &sender.parse().unwrap())).unwrap()
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
    assert_eq!(directory.first_domain(), None);
    assert_eq!(now(directory.user("alice")).unwrap().verify(b"secret"), Ok(false));
}

#[test]
fn the_embedded_postmaster() {
    let directory = Directory::open(&Config::embedded(&Overrides::default())).unwrap();
    assert_eq!(resolve(&directory, "postmaster", "localhost"), "(postmaster@localhost)");
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
        let found = now(directory.user(user)).unwrap();
        let login = found.verify(password.as_bytes()).unwrap().then(|| found.admit(Mechanism::Plain).unwrap());
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
        assert_eq!(now(directory.user(user)).unwrap().verify(b"wonder"), Ok(false));
    }
}

#[test]
fn a_new_directory_leaves_the_old_one_alone() {
    let (place, old) = open(ACCOUNTS);
    let old = old.unwrap();
    std::fs::write(place.path().join("a.toml"), "").unwrap();
    let config =
        Config { accounts: Source::File(place.path().join("a.toml")), ..Config::embedded(&Overrides::default()) };
    let new = Directory::open(&config).unwrap();
    assert_eq!(resolve(&old.clone(), "alice", "example.com"), "alice@example.com");
    assert_eq!(resolve(&new, "alice", "example.com"), "elsewhere");
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
        (
            "[[account]]\naddress = \"a@example.com\"\nquota = \"1 GB\"",
            "3:9: account.quota: \"1 GB\" is not a size (for instance \"25 MiB\", \"64 KiB\", or a number of octets)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nmechanisms = [\"PLAIM\"]",
            "3:15: account.mechanisms: unknown mechanism \"PLAIM\" (PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-256-PLUS, XOAUTH2, OAUTHBEARER, EXTERNAL or ANONYMOUS)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nmay_send_as = [\"@x\", \"x\"]",
            "3:22: account.may_send_as: \"x\" is not a pattern for addresses (for instance \"user@example.com\", \"@example.com\", \"@.example.com\" or \"user@\")",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\naccepts_from = [\"@x\", \"@x\"]",
            "3:23: account.accepts_from: listed twice",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nblocked_senders = [1]",
            "3:20: account.blocked_senders: expected a string, found an integer",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nforward_to = \"b@x\"",
            "3:14: account.forward_to: there is no next hop to forward by (set relay.next_hop, or forward_mode = \"tell\", and senders are told the address)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nforward_to = \"b@each.example\"\nforward_mode = \"tell\"",
            "3:14: account.forward_to: \"b@each.example\" is here (make the address an alias of that account)",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\nforward_mode = \"send\"",
            "3:16: account.forward_mode: unknown value \"send\" (forward or tell)",
        ),
        ("[[list]]\naddress = \"staff@example.com\"\nmembers = []", "3:11: list.members: must not be empty"),
        (
            "[[list]]\naddress = \"staff@example.com\"",
            "1:1: list.members: missing (for instance members = [\"alice@example.com\"])",
        ),
        (
            "[[account]]\naddress = \"a@example.com\"\n[[list]]\naddress = \"a@example.com\"\nmembers = [\"a@example.com\"]",
            "4:11: list.address: \"a@example.com\" is an account's already",
        ),
        (
            "[[list]]\naddress = \"a@example.com\"\nmembers = [\"b@elsewhere.example\"]",
            "3:12: list.members: \"b@elsewhere.example\" is elsewhere, and there is no next hop to forward by (set relay.next_hop)",
        ),
        (
            "[[list]]\naddress = \"a@example.com\"\nmembers = [\"b@example.com\"]\n[[list]]\naddress = \"b@example.com\"\nmembers = [\"c@example.com\", \"a@example.com\"]",
            "2:11: list.members: \"a@example.com\" contains itself",
        ),
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

/// The accounts file that the example shows in its last comment is right.
#[test]
fn the_example() {
    let example = include_str!("../../tests/data/ehlod.example.toml");
    let (_, comment) = example.split_once("# accounts.toml:\n").unwrap();
    let line = passwd::make(b"secret").unwrap();
    let text: String = comment.lines().map(|line| line.trim_start_matches('#').to_owned() + "\n").collect();
    let (_place, opened) = open(&text.replace("\"...\"", &format!("\"{line}\"")));
    assert_eq!(opened.unwrap().warnings(), []);
}

#[test]
fn an_accounts_file_that_is_not_there() {
    let config = Config {
        accounts: Source::File(Path::new("/nowhere/a.toml").into()),
        ..Config::embedded(&Overrides::default())
    };
    let found = Directory::open(&config).unwrap_err();
    assert_eq!(
        found.to_string(),
        "/nowhere/a.toml:1:1: (file): cannot be read: No such file or directory (os error 2)"
    );
}
