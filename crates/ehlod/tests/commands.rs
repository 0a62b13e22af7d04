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

#[test]
fn check_for_programs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ehlod.toml");
    let file = path.to_str().unwrap();
    let checked = |config: &str| {
        std::fs::write(&path, config).unwrap();
        let done = ehlod(&["check", "--json", "--config", file], b"");
        assert_eq!(text(&done.stderr), "");
        (done.status.code(), serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap())
    };
    let sound = "[[listener]]\naddress = \"127.0.0.1:0\"\n[[domain]]\nname = \"x\"\n";
    let (status, json) = checked(sound);
    assert_eq!((status, &json["ok"], &json["file"]), (Some(0), &true.into(), &file.into()));
    assert_eq!((&json["errors"], &json["warnings"]), (&serde_json::json!([]), &serde_json::json!([])));
    let (status, json) = checked(&format!("{sound}[limits]\nrecipients = 50\n"));
    assert_eq!((status, &json["warnings"][0]["key"]), (Some(0), &"limits.recipients".into()));
    let (status, json) = checked(&format!("{sound}nam = \"y\"\n"));
    assert_eq!((status, &json["ok"]), (Some(1), &false.into()));
    let expected = serde_json::json!([{
        "file": file, "line": 5, "column": 1, "key": "domain.nam", "what": "unknown key (did you mean \"name\"?)"
    }]);
    assert_eq!(json["errors"], expected);
}

/// Colours are for terminals, and for those that want them.
#[test]
fn colours() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read as _;

    let on_a_terminal = |arguments: &[&str], variable: Option<&str>| {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let own = std::fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ehlod"));
        command.args(arguments).env_remove("NO_COLOR").env("TERM", "xterm").stdin(Stdio::null());
        command.stderr(own.try_clone().unwrap()).stdout(own);
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        let mut child = command.spawn().unwrap();
        drop(command);
        // The terminal is gone with the last that has it open, which is an error here.
        let mut said = Vec::new();
        let _ = std::fs::File::from(terminal).read_to_end(&mut said);
        child.wait().unwrap();
        String::from_utf8(said).unwrap()
    };
    for arguments in
        [&["replies"][..], &["check", "--config", concat!(env!("CARGO_MANIFEST_DIR"), "/ehlod.example.toml")]]
    {
        let coloured = on_a_terminal(arguments, None);
        assert!(coloured.contains("\u{1b}[32m"), "{coloured}");
        let plain = on_a_terminal(arguments, Some("NO_COLOR"));
        assert!(!plain.contains('\u{1b}') && !plain.is_empty(), "{plain}");
        let piped = ehlod(arguments, b"");
        assert_eq!(text(&piped.stdout).replace('\n', "\r\n"), plain);
    }
    assert!(!on_a_terminal(&["replies", "--json"], None).contains('\u{1b}'));
}

#[test]
fn replies_stand_in_columns() {
    let done = ehlod(&["replies"], b"");
    let told = text(&done.stdout);
    let mut lines = told.lines();
    let heading = lines.next().unwrap();
    let columns = ["ID", "CODE", "STATUS", "STAGES", "TEXT"].map(|name| heading.find(name).unwrap());
    for line in lines {
        for &column in &columns[1..] {
            assert!(line.get(column - 1..column).is_none_or(|before| before.trim().is_empty()), "{line}");
        }
        let code = line.get(columns[1]..columns[1] + 3).unwrap();
        assert!(code.bytes().all(|octet| octet.is_ascii_digit()), "{line}");
    }
}

#[test]
fn exit_statuses_are_told() {
    for command in ["serve", "check", "explain", "replies", "state", "passwd"] {
        let done = ehlod(&[command, "--help"], b"");
        assert!(text(&done.stdout).contains("Exit status: 0"), "{command}");
    }
    for wrong in [&["check"][..], &["state", "clear", "audit"], &["nonsense"]] {
        assert_eq!(ehlod(wrong, b"").status.code(), Some(2), "{wrong:?}");
    }
}
