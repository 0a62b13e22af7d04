//! The servers that are compared: how each is started, and what it can do.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cell::{self, Cell};

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Whether it knows STARTTLS.
    tls: bool,
    /// Whether it is measured when all others have ended: ext4 without a journal makes files more slowly for minutes after many were removed,
    /// for whoever comes next.
    pub(crate) apart: bool,
    /// The command that starts it on a port of 127.0.0.1, with what it needs laid out in a directory.
    command: fn(&Path, u16) -> Result<Command, String>,
}

impl Peer {
    /// All of them, ours first.
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self {
                name: "ehlod, discarding",
                tls: true,
                apart: false,
                command: |at, port| ehlod(at, port, "kind = \"discard\""),
            },
            Self { name: "smtp-sink", tls: false, apart: false, command: smtp_sink },
            Self { name: "mailin-embedded", tls: true, apart: false, command: mailin },
            Self { name: "smtp-server", tls: true, apart: false, command: smtp_server },
            Self { name: "aiosmtpd", tls: true, apart: false, command: aiosmtpd },
            Self {
                name: "ehlod, Maildir",
                tls: true,
                apart: false,
                command: |at, port| ehlod(at, port, "path = \"mail\"\nsync = true"),
            },
            Self { name: "Postfix smtpd", tls: true, apart: true, command: postfix_smtpd },
            Self {
                name: "ehlod, Maildir not synced",
                tls: true,
                apart: false,
                command: |at, port| ehlod(at, port, "path = \"mail\"\nsync = false"),
            },
        ]
    }

    /// Whether it can be sent to so.
    pub(crate) fn can(&self, cell: &Cell) -> bool {
        self.tls || !cell.tls
    }

    /// Starts it, and waits until it greets.
    pub(crate) fn start(&self, place: &Path) -> Result<Started, String> {
        let failed = |error: std::io::Error| error.to_string();
        // Daemons that drop their rights have to get in.
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        let made =
            rcgen::generate_simple_self_signed(vec!["mx.example.net".to_owned()]).map_err(|error| error.to_string())?;
        fs::write(place.join("server.pem"), made.cert.pem()).map_err(failed)?;
        fs::write(place.join("server.key"), made.signing_key.serialize_pem()).map_err(failed)?;
        cell::empty(place).map_err(failed)?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(failed)?.port();
        let mut command = (self.command)(place, port)?;
        command.current_dir(place).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(place.join("stderr")).map_err(failed)?);
        let child = command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let mut started = Started { child, port, place: place.to_owned() };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begin.elapsed() > PATIENCE || started.child.try_wait().is_ok_and(|status| status.is_some()) {
                let said = fs::read_to_string(place.join("stderr")).unwrap_or_default();
                return Err(format!("it does not start: {}", said.trim()));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(started)
    }
}

/// A running server. Dropped, it is ended.
pub(crate) struct Started {
    child: Child,
    port: u16,
    place: PathBuf,
}

impl Started {
    pub(crate) fn address(&self) -> String {
        SocketAddr::from(([127, 0, 0, 1], self.port)).to_string()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Processor time so far, in seconds, of its children too.
    pub(crate) fn seconds(&self) -> Option<f64> {
        fn of(pid: u32) -> Option<f64> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
            let ticks: f64 = (11..15).filter_map(|at| fields.get(at)?.parse::<f64>().ok()).sum();
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            Some(ticks / 100.0 + children.split_whitespace().filter_map(|child| of(child.parse().ok()?)).sum::<f64>())
        }
        of(self.pid())
    }

    /// Takes the mail that was delivered out of the mail directory: the next cell is to find what this one found. It is moved, not removed: ext4
    /// without a journal looks at all that was removed in the last minutes whenever it makes a file, which took four times as long.
    pub(crate) fn tidy(&self) {
        fn empty(directory: &Path, old: &Path, number: &mut u64) {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    empty(&path, old, number);
                } else {
                    *number += 1;
                    let _ = fs::rename(&path, old.join(number.to_string()));
                }
            }
        }
        let old = self.place.join("old");
        let mut number = fs::read_dir(&old).map_or(0, |entries| entries.count() as u64);
        let _ = fs::create_dir_all(&old);
        empty(&self.place.join("mail"), &old, &mut number);
        // What Postfix has accepted it is to have dropped, too.
        let waiting = || ["incoming", "active"].iter().any(|part| has_files(&self.place.join("queue").join(part)));
        let begin = Instant::now();
        while waiting() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(100));
        }
    }
}

fn has_files(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let begin = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if begin.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// A program that was built beside this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display())) }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Postfix as `tests/run` has unpacked it.
pub(crate) fn postfix() -> Option<PathBuf> {
    fs::canonicalize(root().join("target/clients/postfix")).ok()
}

fn ehlod(place: &Path, port: u16, delivery: &str) -> Result<Command, String> {
    let config = format!(
        "hostname = \"mx.example.net\"\n[[listener]]\naddress = \"127.0.0.1:{port}\"\nkind = \"mx\"\ntls = \"starttls\"\n\
         [tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n\
         [limits]\nconnections = 10000\nconnections_per_client = 10000\ntransactions = 10000\n\
         [[domain]]\nname = \"localhost\"\ncatch_all = \"*\"\n[delivery]\n{delivery}\n[log]\nlevel = \"warn\"\n"
    );
    fs::write(place.join("ehlod.toml"), config).map_err(|error| error.to_string())?;
    let mut command = Command::new(sibling("ehlod")?);
    command.args(["serve", "--config", "ehlod.toml"]);
    Ok(command)
}

fn smtp_sink(place: &Path, port: u16) -> Result<Command, String> {
    let postfix = postfix().ok_or("Postfix is not unpacked: benches/peers/install")?;
    let mut command = Command::new(postfix.join("usr/sbin/smtp-sink"));
    command.env("LD_LIBRARY_PATH", postfix.join("usr/lib/postfix")).env("MAIL_CONFIG", place.join("empty"));
    if rustix::process::geteuid().is_root() {
        command.args(["-u", "nobody"]);
    }
    command.arg(format!("127.0.0.1:{port}")).arg("1024");
    Ok(command)
}

/// Postfix, which takes mail into its queue, synced as it always is, and drops it from there.
fn postfix_smtpd(place: &Path, port: u16) -> Result<Command, String> {
    let failed = |error: std::io::Error| error.to_string();
    let postfix = postfix().ok_or("Postfix is not unpacked: benches/peers/install")?;
    let owner = fs::read_to_string("/etc/passwd").map_err(failed)?;
    let owner = owner.lines().find_map(|line| line.strip_prefix("postfix:x:")?.split(':').next()?.parse::<u32>().ok());
    let owner = owner.ok_or("there is no user postfix: tests/run --install")?;
    for name in
        "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace".split(' ')
    {
        let directory = place.join("queue").join(name);
        fs::create_dir_all(&directory).map_err(failed)?;
        chown(&directory, Some(if name == "pid" { 0 } else { owner }), None).map_err(failed)?;
    }
    fs::create_dir(place.join("data")).map_err(failed)?;
    chown(place.join("data"), Some(owner), None).map_err(failed)?;
    let (at, from) = (place.display(), postfix.display());
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
         command_directory = {from}/usr/sbin\ndaemon_directory = {from}/usr/lib/postfix/sbin\nshlib_directory = {from}/usr/lib/postfix\n\
         meta_directory = {from}/etc/postfix\nimport_environment = MAIL_CONFIG LD_LIBRARY_PATH\nmail_owner = postfix\n\
         setgid_group = postdrop\nmaillog_file = {at}/log\nmaillog_file_prefixes = {at}\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.example.net\nmydestination = localhost\n\
         mynetworks = 127.0.0.0/8\nalias_maps =\nalias_database =\nlocal_recipient_maps =\nlocal_transport = discard:\n\
         default_transport = discard:\nlocal_header_rewrite_clients =\nmessage_size_limit = 26000000\n\
         default_process_limit = 200\nsmtpd_client_connection_count_limit = 0\nsmtpd_peername_lookup = no\n\
         smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {at}/server.pem\nsmtpd_tls_key_file = {at}/server.key\n"
    );
    let master = format!(
        "127.0.0.1:{port} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
         tlsmgr unix - - n 1000 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\nproxymap unix - - n - - proxymap\n\
         error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\nanvil unix - - n - 1 anvil\n\
         postlog unix-dgram n - n - 1 postlogd\n"
    );
    fs::write(place.join("main.cf"), main).map_err(failed)?;
    fs::write(place.join("master.cf"), master).map_err(failed)?;
    let mut command = Command::new(postfix.join("usr/lib/postfix/sbin/master"));
    command.arg("-c").arg(place).arg("-d");
    command.env("MAIL_CONFIG", place).env("LD_LIBRARY_PATH", postfix.join("usr/lib/postfix"));
    Ok(command)
}

fn mailin(_: &Path, port: u16) -> Result<Command, String> {
    let program = fs::canonicalize(root().join("target/peers/mailin/release/mailin-server"));
    let mut command =
        Command::new(program.map_err(|_| "mailin-embedded is not built: benches/peers/install".to_owned())?);
    command.arg(port.to_string()).args(["server.pem", "server.key"]);
    Ok(command)
}

fn aiosmtpd(_: &Path, port: u16) -> Result<Command, String> {
    let library = fs::canonicalize(root().join("target/peers/python"));
    let library = library.map_err(|_| "aiosmtpd is not installed: benches/peers/install".to_owned())?;
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", library).arg(absolute("benches/peers/aiosmtpd_server.py")?);
    command.arg(port.to_string()).args(["server.pem", "server.key"]);
    Ok(command)
}

fn smtp_server(_: &Path, port: u16) -> Result<Command, String> {
    let library = fs::canonicalize(root().join("target/peers/node_modules"));
    let library = library.map_err(|_| "smtp-server is not installed: benches/peers/install".to_owned())?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", library).arg(absolute("benches/peers/smtp_server.js")?);
    command.arg(port.to_string()).args(["server.pem", "server.key"]);
    Ok(command)
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    fs::canonicalize(root().join(path)).map_err(|error| format!("{path}: {error}"))
}
