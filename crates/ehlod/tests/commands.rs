//! The program's commands: what they print, and how they end.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn ehlod(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ehlod"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read ends before all is written.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

#[test]
fn check() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ehlod.toml");
    let file = path.to_str().unwrap();
    let sound =
        "directory.accounts = \"accounts.toml\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n[[domain]]\nname = \"x\"\n";
    let accounts = directory.path().join("accounts.toml");
    std::fs::write(&accounts, "").unwrap();

    std::fs::write(&path, sound).unwrap();
    let done = ehlod(&["check", "--config", file], b"");
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(0), format!("{file}: ok\n").as_str()));
    assert_eq!(text(&done.stderr), "");

    std::fs::write(&path, format!("{sound}[limits]\nrecipients = 50\n")).unwrap();
    let done = ehlod(&["check", "--config", file], b"");
    assert_eq!(done.status.code(), Some(0));
    assert!(text(&done.stderr).starts_with(&format!("warning: {file}:7:14: limits.recipients: ")));

    std::fs::write(&path, format!("{sound}nam = \"y\"\n")).unwrap();
    let done = ehlod(&["check", "--config", file], b"");
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(1), ""));
    let expected = format!("{file}:6:1: domain.nam: unknown key (did you mean \"name\"?)\n");
    assert_eq!(text(&done.stderr), expected);

    std::fs::write(&path, sound).unwrap();
    std::fs::write(&accounts, "[[account]]\naddress = \"alice\"\n").unwrap();
    let done = ehlod(&["check", "--config", file], b"");
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).starts_with(&format!("{}:2:11: account.address: ", accounts.display())));
}

#[test]
fn passwd() {
    let done = ehlod(&["passwd"], b"secret\r\nnot read\n");
    assert_eq!(done.status.code(), Some(0));
    let line = text(&done.stdout);
    assert!(line.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && line.ends_with('\n'), "{line}");
    assert_eq!(line.lines().count(), 1);
    for input in [&b""[..], b"\n", b"\r\n", &[b'x'; 1025], &[b'x'; 100_000]] {
        let done = ehlod(&["passwd"], input);
        assert_eq!((done.status.code(), text(&done.stdout)), (Some(1), ""));
    }
}

/// CRAM-MD5 costs a warning, and stands in the same line.
#[test]
fn passwd_that_can_be_recovered() {
    let done = ehlod(&["passwd", "--cram-md5"], b"secret\n");
    assert!(text(&done.stdout).ends_with(" CRAM-MD5$c2VjcmV0\n") && text(&done.stdout).lines().count() == 1);
    assert!(text(&done.stderr).starts_with("warning: the line holds the password itself"));
    assert_eq!(text(&ehlod(&["passwd"], b"secret\n").stderr), "");
}

/// What `ehlod passwd` prints lets the user of the accounts file in, as long as the password is the same.
#[test]
fn passwd_and_the_accounts_file() {
    use ehlod::config::{Accounts, Config, Overrides};
    use ehlod::directory::Directory;

    let directory = tempfile::tempdir().unwrap();
    let line = ehlod(&["passwd"], "gëheim x ".as_bytes()).stdout;
    let accounts = format!("[[account]]\naddress = \"alice@localhost\"\npassword = \"{}\"\n", text(&line).trim_end());
    let path = directory.path().join("accounts.toml");
    std::fs::write(&path, accounts).unwrap();
    let config = Config { accounts: Accounts::File(path), ..Config::embedded(&Overrides::default()) };
    let users = Directory::open(&config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let alice = runtime.block_on(users.user("alice")).unwrap();
    assert!(alice.verify("gëheim x ".as_bytes()).unwrap());
    assert!(!alice.verify("gëheim x".as_bytes()).unwrap());
}

#[test]
fn the_example_can_be_used_as_it_stands() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/ehlod.example.toml");
    let done = ehlod(&["check", "--config", example], b"");
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), ""));
}

#[test]
fn explain() {
    let line = "554 edward@example.com.tw: Relay access denied";
    // Quoted or in words, from the command line or from standard input.
    let words: Vec<&str> = ["explain", "--lang", "en"].into_iter().chain(line.split(' ')).collect();
    for (arguments, input) in [
        (&["explain", "--lang", "en", line][..], ""),
        (&["explain", "--lang", "en", "-"], line),
        (&["explain", "--lang=en"], line),
        (&words, ""),
    ] {
        let done = ehlod(arguments, input.as_bytes());
        assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), ""), "{arguments:?}");
        let told = text(&done.stdout);
        assert!(told.starts_with(&format!("{line}\n    class:   permanent failure\n")), "{told}");
        assert!(told.contains("to act:  the sender\n") && told.contains("with authentication on"), "{told}");
    }

    let done = ehlod(&["explain", "--json", "--lang", "zh", "-"], format!("{line}\r\n421 xyzzy\r\n").as_bytes());
    let json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((json.as_array().unwrap().len(), &json[0]["reply"]), (2, &line.into()));
    assert_eq!((&json[0]["id"], &json[0]["enhanced"]), (&"relay-access-denied".into(), &serde_json::Value::Null));
    assert_eq!((&json[1]["id"], &json[1]["class"]), (&serde_json::Value::Null, &"temporary".into()));
    assert!(json[0]["remedy"].as_str().unwrap().contains("发信服务器"));

    // Nothing recognised; octets that are no text.
    let done = ehlod(&["explain", "--json", "Dear Bob"], b"");
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(1), "[]\n"));
    let done = ehlod(&["explain"], b"\xff\xfe\x00550");
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(1), ""));
    let done = ehlod(&["explain", "--json"], b"550 5.1.1 \xff\xfe\n");
    assert_eq!(done.status.code(), Some(0));
}
