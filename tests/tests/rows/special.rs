//! Rows that take more than a client and its lines.

use std::fs;
use std::path::{Path, PathBuf};

use ehlo_tests::Result;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};
use tempfile::TempDir;

/// A trial of its own for a row at a stage.
pub(crate) struct Special {
    pub(crate) id: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) needs: Needs,
    pub(crate) check: fn() -> Result<()>,
}

/// What has to be there for a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Clamd,
    /// The right to mount a file system.
    Mount,
}

/// Their rows and stages.
pub(crate) const TRIALS: &[Special] = &[
    Special { id: "service-not-available", stage: "OPEN", needs: Needs::Nothing, check: one_too_many },
    Special { id: "configuration-unreadable", stage: "OPEN", needs: Needs::Nothing, check: no_configuration },
    Special { id: "insufficient-storage", stage: "RCPT", needs: Needs::Nothing, check: the_disk_fills_up },
];

/// A server that has a mailbox for everybody at `example.net`.
pub(crate) const LISTENER: &str = "hostname = \"mx.example.net\"\n[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\ntls = \"none\"\n[[domain]]\nname = \"example.net\"\ncatch_all = \"*\"\n";

pub(crate) fn is(got: &impl ToString, expected: &str) -> Result<()> {
    match got.to_string() {
        got if got == expected => Ok(()),
        got => Err(format!("expected {expected:?}, got {got:?}")),
    }
}

/// As many are served as may be, and the next one is told so, and closed.
fn one_too_many() -> Result<()> {
    for limit in ["connections = 2", "connections_per_client = 2"] {
        let home = Home::new();
        home.write(CONFIG, &format!("{LISTENER}[limits]\n{limit}\n"));
        let server = Server::start(home)?;
        let mut clients = [server.connect()?, server.connect()?];
        clients.iter_mut().try_for_each(|client| client.greet().map(drop))?;
        let mut third = server.connect()?;
        is(&third.reply()?, "421 4.3.2 mx.example.net Service not available")?;
        third.expect_close()?;
        let [first, second] = &mut clients;
        first.expect(221, "QUIT")?;
        first.expect_close()?;
        second.expect(250, "NOOP")?;
        eventually(|| server.connect()?.greet())?;
        server.stop()?;
    }
    Ok(())
}

/// A server that is started before its configuration can be used tells everybody so, until it is.
fn no_configuration() -> Result<()> {
    let home = Home::new();
    home.write(CONFIG, "hostname = ");
    let arguments = ["--config", CONFIG, "--stand-by", "--listen", "127.0.0.1:0", "--hostname", "mx.example.net"];
    let server = Server::start_with(home, &arguments, 1)?;
    let refused = || -> Result<()> {
        let mut client = server.connect()?;
        is(&client.reply()?, "421 4.3.5 mx.example.net Service not available - Unable to read system configuration")?;
        client.expect_close()
    };
    refused()?;
    // A reload that finds another mistake changes nothing.
    server.home().write(CONFIG, "[limits]\nconnections = 0\n");
    server.signal(Signal::HUP);
    eventually(|| match server.home().log().contains("limits.connections: ") {
        true => Ok(()),
        false => Err(server.home().log()),
    })?;
    refused()?;
    server.home().write(CONFIG, LISTENER);
    server.signal(Signal::HUP);
    eventually(|| server.connect()?.greet())?;
    // And a bad one after that leaves what there is.
    server.home().write(CONFIG, "hostname = ");
    server.signal(Signal::HUP);
    let bad = || server.home().log().matches("was not reloaded").count();
    eventually(|| if bad() == 2 { Ok(()) } else { Err(server.home().log()) })?;
    let mut client = server.connect()?;
    client.greet()?;
    client.deliver("a@example.org", &["b@example.net"], b"\r\n")?;
    server.stop().map(drop)
}

/// A server whose disk has room for 16 MiB above its reserve, a file to fill that with, and the directory that both are in.
pub(crate) fn nearly_full() -> Result<(Server, PathBuf, TempDir)> {
    // A file system in memory, which nobody else fills or empties meanwhile.
    let disk = Path::new("/dev/shm");
    let place = if disk.is_dir() { disk } else { Path::new("/tmp") };
    let place = tempfile::Builder::new().prefix("ehlod-").tempdir_in(place).map_err(|error| error.to_string())?;
    let disk = rustix::fs::statvfs(place.path()).map_err(|error| error.to_string())?;
    let reserve = (disk.f_bavail * disk.f_frsize).saturating_sub(16 << 20);
    let home = Home::new();
    let mail = place.path().display();
    home.write(
        CONFIG,
        &format!("{LISTENER}[limits]\nstorage_reserve = {reserve}\n[delivery]\npath = \"{mail}/mail\"\n"),
    );
    Ok((Server::start(home)?, place.path().join("filling"), place))
}

/// There is room at MAIL, and none any more at RCPT.
fn the_disk_fills_up() -> Result<()> {
    let (server, filling, _place) = nearly_full()?;
    let mut client = server.connect()?;
    client.greet()?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    fs::write(&filling, vec![b'x'; 32 << 20]).map_err(|error| error.to_string())?;
    let reply = client.command("RCPT TO:<b@example.net>")?;
    is(&reply, "452 4.3.1 Temporary internal failure - insufficient system storage")?;
    fs::remove_file(&filling).map_err(|error| error.to_string())?;
    client.expect(250, "RCPT TO:<b@example.net>")?;
    server.stop().map(drop)
}
