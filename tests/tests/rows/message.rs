//! Rows of the message that take more than a client and its lines: disks and mailboxes that change meanwhile, and the virus scanner.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use ehlo_tests::Result;
use ehlo_tests::clamd::{Clamd, INFECTED, NAME};
use ehlo_tests::client::{Client, stuff};
use ehlo_tests::mailbox;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};

use crate::accounts::Accounts;
use crate::row::home;
use crate::special::{LISTENER, Needs, Special, is};

/// Their rows and stages.
pub(crate) const TRIALS: &[Special] = &[
    Special { id: "insufficient-storage", stage: "DATA", needs: Needs::Nothing, check: no_room_any_more },
    Special { id: "insufficient-storage", stage: "DATA", needs: Needs::Mount, check: a_small_disk },
    Special { id: "insufficient-storage", stage: "DATA", needs: Needs::Mount, check: no_room_to_look },
    Special { id: "queue-directory", stage: "DATA", needs: Needs::Nothing, check: the_directory_is_gone },
    Special { id: "queue-directory", stage: "DATA", needs: Needs::Nothing, check: permission_is_lost },
    Special { id: "queue-failed", stage: "DATA", needs: Needs::Nothing, check: a_maildir_in_a_loop },
    Special { id: "mail-action-not-taken", stage: "DATA", needs: Needs::Nothing, check: locked_meanwhile },
    Special { id: "mailbox-access-denied", stage: "DATA", needs: Needs::Nothing, check: denied_meanwhile },
    Special { id: "mailbox-full", stage: "DATA", needs: Needs::Nothing, check: full_for_some },
    Special { id: "virus-found", stage: "DATA", needs: Needs::Clamd, check: infected },
    Special { id: "processing-error", stage: "DATA", needs: Needs::Clamd, check: a_scanner_that_stalls_and_dies },
    Special { id: "processing-error", stage: "DATA", needs: Needs::Clamd, check: a_scanner_that_is_killed_at_work },
];

const STORAGE: &str = "452 4.3.1 Temporary internal failure - insufficient system storage";
const DIRECTORY: &str = "421 4.3.0 mx.example.net Service not available - Unable to chdir";
const CONTENT: &[u8] = b"Subject: x\r\n\r\nx\r\n";

/// A client that has named these recipients.
fn in_transaction(server: &Server, to: &[&str]) -> Result<Client> {
    let mut client = server.connect()?;
    client.greet()?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    to.iter().try_for_each(|to| client.expect(250, &format!("RCPT TO:<{to}>")).map(drop))?;
    Ok(client)
}

/// The reply to a message.
fn send(client: &mut Client, content: &[u8]) -> Result<String> {
    client.expect(354, "DATA")?;
    client.send(&stuff(content));
    Ok(client.reply()?.to_string())
}

/// A message is taken, whatever was before.
fn is_taken(server: &Server, to: &str) -> Result<()> {
    let mut client = server.connect()?;
    client.greet()?;
    client.deliver("a@example.org", &[to], CONTENT).and_then(|reply| match reply.code {
        250 => Ok(()),
        _ => Err(reply.to_string()),
    })
}

/// How many messages are to be seen, and how many files lie in a `tmp`.
fn lie(mail: &Path) -> (usize, usize) {
    (mailbox::files(mail, "new").len(), mailbox::files(mail, "tmp").len())
}

fn lies(mail: &Path, expected: (usize, usize)) -> Result<()> {
    ehlo_tests::patience::eventually(|| match lie(mail) {
        found if found == expected => Ok(()),
        found => Err(format!("expected {expected:?} messages in new and tmp, found {found:?}")),
    })
}

/// There is room at RCPT, and none any more at DATA.
fn no_room_any_more() -> Result<()> {
    let (server, filling, _place) = crate::special::nearly_full()?;
    let mut client = in_transaction(&server, &["b@example.net"])?;
    fs::write(&filling, vec![b'x'; 32 << 20]).map_err(|error| error.to_string())?;
    is(&client.command("DATA")?, STORAGE)?;
    fs::remove_file(&filling).map_err(|error| error.to_string())?;
    client.expect(250, "RSET")?;
    is_taken(&server, "b@example.net")?;
    server.stop().map(drop)
}

/// A file system of its own, taken away again when this is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn new(path: PathBuf, options: &str) -> Result<Self> {
        fs::create_dir(&path).map_err(|error| error.to_string())?;
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], &path)?;
        Ok(Self(path))
    }

    fn remount(&self, options: &str) -> Result<()> {
        mount(&["-o", &format!("remount,{options}")], &self.0)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The directory around it is temporary too.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

fn mount(arguments: &[&str], path: &Path) -> Result<()> {
    let mounted = Command::new("mount").args(arguments).arg(path).output().map_err(|error| error.to_string())?;
    if mounted.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&mounted.stderr).into_owned()) }
}

/// Whether file systems can be mounted here.
pub(crate) fn can_mount() -> bool {
    let place = tempfile::tempdir();
    place.is_ok_and(|place| Mounted::new(place.path().join("disk"), "size=64k").is_ok())
}

/// The disk is full while a message is written, and cannot be written to at all: nothing is lost, and nothing is half there.
fn a_small_disk() -> Result<()> {
    let place = Home::new();
    let disk = Mounted::new(place.path().join("disk"), "size=2m,mode=700")?;
    let home = Home::new();
    let path = disk.0.display();
    home.write(CONFIG, &format!("{LISTENER}[limits]\nstorage_reserve = 0\n[delivery]\npath = \"{path}/mail\"\n"));
    let server = Server::start(home)?;
    let mail = disk.0.join("mail");
    is_taken(&server, "b@example.net")?;
    let long = [CONTENT, "filling\r\n".repeat(500_000).as_bytes()].concat();
    for to in [&["b@example.net"][..], &["b@example.net", "c@example.net"]] {
        let mut client = in_transaction(&server, to)?;
        is(&send(&mut client, &long)?, STORAGE)?;
        lies(&mail, (1, 0))?;
    }
    // Full to the last octet, so that not even a directory can be made.
    let filling = disk.0.join("filling");
    let full = fs::File::create(&filling).and_then(|mut file| std::io::copy(&mut std::io::repeat(0), &mut file));
    if full.is_ok() {
        return Err("the disk is never full".into());
    }
    let mut client = in_transaction(&server, &["d@example.net"])?;
    is(&send(&mut client, CONTENT)?, STORAGE)?;
    fs::remove_file(&filling).map_err(|error| error.to_string())?;
    is_taken(&server, "d@example.net")?;
    lies(&mail, (2, 0))?;

    let mut client = in_transaction(&server, &["b@example.net"])?;
    client.expect(354, "DATA")?;
    disk.remount("ro")?;
    client.send(&stuff(CONTENT));
    is(&client.reply()?, DIRECTORY)?;
    lies(&mail, (2, 0))?;
    disk.remount("rw")?;
    is_taken(&server, "b@example.net")?;
    lies(&mail, (3, 0))?;
    server.stop().map(drop)
}

/// There is no room for the temporary file of a message that is to be scanned: it is put off, and short ones pass.
fn no_room_to_look() -> Result<()> {
    let place = Home::new();
    let disk = Mounted::new(place.path().join("disk"), "size=64k,mode=700")?;
    let home = Home::new();
    home.write(CONFIG, &format!("{LISTENER}[content]\nclamd = \"unix:no.such.socket\"\nclamd_failure = \"accept\"\n"));
    let server = Server::start_with_temporary(home, &disk.0)?;
    let mut client = in_transaction(&server, &["b@example.net"])?;
    is(&send(&mut client, &[CONTENT, "filling\r\n".repeat(100_000).as_bytes()].concat())?, STORAGE)?;
    is_taken(&server, "b@example.net")?;
    let home = server.stop()?;
    lies(&home.mail(), (1, 0))
}

/// The mail directory goes, before the data and after them. It is not made anew: its disk may be gone with what is on it.
fn the_directory_is_gone() -> Result<()> {
    let home = Home::new();
    home.write(CONFIG, LISTENER);
    let server = Server::start(home)?;
    is_taken(&server, "b@example.net")?;
    let (mail, away) = (server.home().mail(), server.home().path().join("away"));
    let go = |from: &Path, to: &Path| fs::rename(from, to).map_err(|error| error.to_string());
    let mut client = in_transaction(&server, &["b@example.net"])?;
    go(&mail, &away)?;
    is(&client.command("DATA")?, DIRECTORY)?;
    client.expect_close()?;
    go(&away, &mail)?;
    let mut client = in_transaction(&server, &["b@example.net"])?;
    client.expect(354, "DATA")?;
    go(&mail, &away)?;
    client.send(&stuff(CONTENT));
    is(&client.reply()?, DIRECTORY)?;
    client.expect_close()?;
    go(&away, &mail)?;
    is_taken(&server, "b@example.net")?;
    let home = server.stop()?;
    lies(&home.mail(), (2, 0))
}

/// The server may not write any more: into a mailbox that is there, to make one that is not, into the mail directory at all.
fn permission_is_lost() -> Result<()> {
    let home = Home::new();
    home.write(CONFIG, LISTENER);
    let server = Server::start_unprivileged(home)?;
    is_taken(&server, "b@example.net")?;
    let mail = server.home().mail();
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| error.to_string())
    };
    let mut taken = 1;
    for (place, to) in [
        ("example.net/b/tmp", "b@example.net"),
        ("example.net/b/new", "b@example.net"),
        ("example.net", "new@example.net"),
        ("", "b@example.net"),
    ] {
        let place = mail.join(place);
        let mut client = in_transaction(&server, &[to])?;
        client.expect(354, "DATA")?;
        allow(&place, if place == mail { 0 } else { 0o500 })?;
        client.send(&stuff(CONTENT));
        let reply = client.reply()?;
        allow(&place, 0o700)?;
        is(&reply, DIRECTORY)?;
        client.expect_close()?;
        lies(&mail, (taken, 0))?;
        is_taken(&server, to)?;
        taken += 1;
        lies(&mail, (taken, 0))?;
    }
    server.stop().map(drop)
}

/// A mailbox that nothing can be written to, for a reason that is neither want of room nor of a directory.
fn a_maildir_in_a_loop() -> Result<()> {
    let home = Home::new();
    home.write(CONFIG, LISTENER);
    let maildir = home.mail().join("example.net/b");
    fs::create_dir_all(&maildir).map_err(|error| error.to_string())?;
    symlink("tmp", maildir.join("tmp")).map_err(|error| error.to_string())?;
    let server = Server::start(home)?;
    for to in [&["b@example.net"][..], &["c@example.net", "b@example.net"]] {
        let mut client = in_transaction(&server, to)?;
        let reply = send(&mut client, CONTENT)?;
        if to.len() == 1 {
            is(&reply, "451 4.3.0 Temporary internal failure - queue message failed")?;
        }
    }
    is_taken(&server, "c@example.net")?;
    server.stop().map(drop)
}

/// A mailbox is locked between RCPT and the end of the data, and the lock goes again.
fn locked_meanwhile() -> Result<()> {
    let home = Home::new();
    home.write(CONFIG, LISTENER);
    let server = Server::start(home)?;
    is_taken(&server, "b@example.net")?;
    let lock = server.home().mail().join("example.net/b/mailbox.lock");
    let mut client = in_transaction(&server, &["b@example.net"])?;
    fs::write(&lock, "").map_err(|error| error.to_string())?;
    is(&send(&mut client, CONTENT)?, "450 4.2.0 Requested mail action not taken")?;
    fs::remove_file(&lock).map_err(|error| error.to_string())?;
    is_taken(&server, "b@example.net")?;
    let home = server.stop()?;
    lies(&home.mail(), (2, 0))
}

/// An account takes mail from some senders only, since a moment ago.
fn denied_meanwhile() -> Result<()> {
    let home = home("kind = \"sql\"\nurl = \"sqlite:accounts.db\"\ncache = \"0s\"", "mx", "");
    let path = home.path().join("accounts.db");
    let accounts = "[[account]]\naddress = \"inside@example.net\"\n[[account]]\naddress = \"other@example.net\"\n";
    Accounts::new(&accounts.parse().expect("accounts in TOML")).fill_sqlite(&path)?;
    let server = Server::start(home)?;
    let mut client = in_transaction(&server, &["inside@example.net"])?;
    Accounts::change_sqlite(&path, "UPDATE accounts SET accepts_from = '@example.net' WHERE address LIKE 'inside@%'")?;
    is(&send(&mut client, CONTENT)?, "550 5.7.1 Access to Mailbox inside@example.net is denied")?;
    is_taken(&server, "other@example.net")?;
    let home = server.stop()?;
    lies(&home.mail(), (1, 0))
}

/// By LMTP each recipient is answered for by itself: who is full gets nothing, and the others theirs. A list is not asked whether its members
/// have room.
fn full_for_some() -> Result<()> {
    // A long message is on disk, in the first mailbox, when it turns out that this one does not get it.
    [300, 30_000]
        .into_iter()
        .try_for_each(|lines| full_for_some_of([CONTENT, "filling\r\n".repeat(lines).as_bytes()].concat()))
}

fn full_for_some_of(content: Vec<u8>) -> Result<()> {
    let accounts = "[[account]]\naddress = \"alice@example.net\"\nquota = 1000000\n\
                    [[account]]\naddress = \"soft@example.net\"\nquota = 2000\n\
                    [[account]]\naddress = \"hard@example.net\"\nhard_quota = 2000\n\
                    [[account]]\naddress = \"listed@example.net\"\nquota = 2000\n\
                    [[list]]\naddress = \"list@example.net\"\nmembers = [\"listed@example.net\"]\n";
    let home = home("accounts = \"accounts.toml\"", "lmtp", "");
    home.write("accounts.toml", accounts);
    let server = Server::start(home)?;
    let mut client = server.connect()?;
    client.reply()?;
    client.expect(250, "LHLO client.example")?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    for name in ["hard", "alice", "soft", "listed", "list"] {
        client.expect(250, &format!("RCPT TO:<{name}@example.net>"))?;
    }
    client.expect(354, "DATA")?;
    client.send(&stuff(&content));
    let full = |name: &str| format!("450 4.2.2 Mailbox {name}@example.net is full");
    let over =
        "552 5.2.2 This user's disk quota exceeded, anyway you can send a small (<1KB) message to inform the person.";
    for expected in [over, "250 ", &full("soft"), &full("listed"), "250 "] {
        let got = client.reply()?.to_string();
        if !got.starts_with(expected) {
            return Err(format!("expected {expected:?}, got {got:?}"));
        }
    }
    client.expect(250, "NOOP")?;
    let home = server.stop()?;
    lies(&home.mail(), (2, 0))?;
    let mailboxes = home.mailboxes();
    let found: Vec<_> = mailboxes.iter().map(|(name, messages)| (name.as_str(), messages.len())).collect();
    if found != [("alice", 1), ("listed", 1)] {
        return Err(format!("{found:?}"));
    }
    // There was nothing to be counted at RCPT, and no Maildir to write it in; now there is.
    let server = Server::start(home)?;
    let ask = || in_transaction_by_lmtp(&server, "alice@example.net");
    ask()?;
    let sizes = server.home().mail().join("example.net/alice/maildirsize");
    let told = |line: &str| line.split(' ').next().and_then(|octets| octets.parse::<usize>().ok()).unwrap_or_default();
    let sum = || fs::read_to_string(&sizes).unwrap_or_default().lines().skip(1).map(told).sum::<usize>();
    let size = |file: &PathBuf| fs::metadata(file).map_or(0, |file| file.len() as usize);
    let stored =
        |home: &Home| mailbox::files(&home.mail().join("example.net/alice"), "new").iter().map(size).sum::<usize>();
    if sum() != stored(server.home()) {
        return Err(format!("{} octets, of which maildirsize tells {}", stored(server.home()), sum()));
    }
    let mut client = ask()?;
    is(&client.command("DATA")?, "354 Start mail input; end with <CRLF>.<CRLF>")?;
    client.send(&stuff(&content));
    client.reply()?;
    match (sum(), stored(server.home())) {
        (told, stored) if told == stored && told > 2 * content.len() => server.stop().map(drop),
        (told, stored) => Err(format!("{stored} octets, of which maildirsize tells {told}")),
    }
}

fn in_transaction_by_lmtp(server: &Server, to: &str) -> Result<Client> {
    let mut client = server.connect()?;
    client.reply()?;
    client.expect(250, "LHLO client.example")?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    client.expect(250, &format!("RCPT TO:<{to}>"))?;
    Ok(client)
}

fn scanned(clamd: &str, time: &str, more: &str) -> Result<Server> {
    let home = Home::new();
    home.write(CONFIG, &format!("{LISTENER}[content]\nclamd = \"{clamd}\"\nclamd_timeout = \"{time}\"\n{more}\n"));
    Server::start(home)
}

fn clamd() -> Result<Clamd> {
    Clamd::start(Clamd::program().ok_or("clamd is not installed")?)
}

/// What is infected is refused with the name of it, by TCP and by a Unix socket, as it stands and in an attachment, short and long.
fn infected() -> Result<()> {
    let clamd = clamd()?;
    let head = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: <a@example.org>\r\nMIME-Version: 1.0\r\n";
    let filling = "filling\r\n".repeat(200_000);
    // The end of the signature in Base64.
    let attached = "dGhpcyBpcyB3aGF0IHRoZSBvbmUgc2lnbmF0dXJlIG9mIHRoZSB0ZXN0cyBpcyBhYm91dA==";
    let encoded = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{attached}\r\n--b--\r\n"
    );
    for address in [clamd.address().to_string(), format!("unix:{}", clamd.socket().display())] {
        let server = scanned(&address, "1m", "")?;
        for message in
            [format!("{head}\r\n{INFECTED}\r\n"), format!("{head}\r\n{filling}{INFECTED}\r\n"), encoded.clone()]
        {
            let mut client = in_transaction(&server, &["b@example.net"])?;
            let reply = send(&mut client, message.as_bytes())?;
            is(&reply, &format!("554 5.7.1 Message is denied because it's infected by {NAME}"))?;
        }
        is_taken(&server, "b@example.net")?;
        let mut client = in_transaction(&server, &["b@example.net"])?;
        match send(&mut client, format!("{head}\r\n{filling}").as_bytes())? {
            reply if reply.starts_with("250 ") => {}
            reply => return Err(reply),
        }
        let home = server.stop()?;
        lies(&home.mail(), (2, 0))?;
    }
    Ok(())
}

/// A scanner that says nothing any more, one that is gone, and a message that it does not want: put off, or let pass, and all is well as soon
/// as it answers again.
fn a_scanner_that_stalls_and_dies() -> Result<()> {
    let mut clamd = clamd()?;
    let address = format!("unix:{}", clamd.socket().display());
    let failed = "451 4.3.0 Requested action aborted: error in processing";
    let defers = scanned(&address, "2s", "")?;
    let accepts = scanned(&address, "2s", "clamd_failure = \"accept\"")?;
    let both = |content: &[u8]| -> Result<()> {
        is(&send(&mut in_transaction(&defers, &["b@example.net"])?, content)?, failed)?;
        match send(&mut in_transaction(&accepts, &["b@example.net"])?, content)? {
            reply if reply.starts_with("250 ") => Ok(()),
            reply => Err(reply),
        }
    };
    clamd.signal(Signal::STOP);
    both(CONTENT)?;
    clamd.signal(Signal::CONT);
    is_taken(&defers, "b@example.net")?;
    // Above its StreamMaxLength.
    both(&[CONTENT, "filling\r\n".repeat(600_000).as_bytes()].concat())?;
    clamd.stop();
    both(CONTENT)?;
    clamd.resume()?;
    is_taken(&defers, "b@example.net")?;
    let log = defers.home().log();
    for said in ["no answer in 2 seconds", "size limit exceeded", "rule=\"content\""] {
        if !log.contains(said) {
            return Err(format!("no {said:?} in:\n{log}"));
        }
    }
    lies(&defers.stop()?.mail(), (2, 0))?;
    lies(&accepts.stop()?.mail(), (3, 0))
}

/// A scanner that is killed while it has a message: nobody waits for it any longer.
fn a_scanner_that_is_killed_at_work() -> Result<()> {
    let mut clamd = clamd()?;
    for (failure, expected) in [("defer", "451 4.3.0 "), ("accept", "250 ")] {
        let server = scanned(&clamd.address().to_string(), "10m", &format!("clamd_failure = \"{failure}\""))?;
        clamd.signal(Signal::STOP);
        let mut client = in_transaction(&server, &["b@example.net"])?;
        client.expect(354, "DATA")?;
        client.send(&stuff(&[CONTENT, "filling\r\n".repeat(300_000).as_bytes()].concat()));
        ehlo_tests::patience::eventually(|| match clamd.has_unread() {
            true => Ok(()),
            false => Err("the scanner was not sent anything".to_owned()),
        })?;
        clamd.stop();
        let reply = client.reply()?.to_string();
        if !reply.starts_with(expected) {
            return Err(format!("{failure}: {reply}"));
        }
        let log = server.home().log();
        if !log.contains("a message was not scanned: ") {
            return Err(log);
        }
        lies(&server.stop()?.mail(), (usize::from(failure == "accept"), 0))?;
        clamd.resume()?;
    }
    Ok(())
}
