//! A real virus scanner: ClamAV's clamd, with a base of one signature, on a Unix socket and a free port of the loopback interface.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::patience::eventually;
use crate::{Result, port};

/// What the one signature finds.
pub const INFECTED: &str = "this is what the one signature of the tests is about";

/// What clamd calls it.
pub const NAME: &str = "Ehlo.Test.Signature.UNOFFICIAL";

/// A scanner. Dropped, it is stopped.
pub struct Clamd {
    program: PathBuf,
    dir: TempDir,
    address: SocketAddr,
    child: Option<Child>,
}

impl Clamd {
    /// The program: of the system, or where the test command has unpacked it.
    pub fn program() -> Option<PathBuf> {
        let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/clamav-daemon/usr/sbin/clamd");
        [PathBuf::from("/usr/sbin/clamd"), unpacked].into_iter().find(|path| path.is_file())
    }

    /// Starts one, and waits until it answers.
    pub fn start(program: PathBuf) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("clamd-").tempdir().map_err(|error| error.to_string())?;
        let mut clamd = Self { program, dir, address: port::free(), child: None };
        let base = clamd.dir.path().join("base");
        fs::create_dir(&base).map_err(|error| error.to_string())?;
        let octets: String = INFECTED.bytes().map(|octet| format!("{octet:02x}")).collect();
        let signature = format!("{}:0:*:{octets}\n", NAME.trim_end_matches(".UNOFFICIAL"));
        fs::write(base.join("test.ndb"), signature).map_err(|error| error.to_string())?;
        let config = format!(
            "Foreground yes\nLocalSocket {}\nTCPSocket {}\nTCPAddr 127.0.0.1\nDatabaseDirectory {}\nTemporaryDirectory {}\n\
             StreamMaxLength 4M\nConcurrentDatabaseReload no\n",
            clamd.socket().display(),
            clamd.address.port(),
            base.display(),
            clamd.dir.path().display(),
        );
        fs::write(clamd.dir.path().join("clamd.conf"), config).map_err(|error| error.to_string())?;
        clamd.resume()?;
        Ok(clamd)
    }

    /// Starts it again where it was stopped.
    pub fn resume(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.dir.path().join("log"));
        let log = log.map_err(|error| error.to_string())?;
        let mut clamd = Command::new(&self.program);
        clamd.arg("--config-file").arg(self.dir.path().join("clamd.conf")).stdin(Stdio::null());
        clamd.stdout(log.try_clone().map_err(|error| error.to_string())?).stderr(log);
        self.child = Some(clamd.spawn().map_err(|error| format!("clamd: {error}"))?);
        let log = || fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        eventually(|| {
            let by_tcp = TcpStream::connect(self.address).map(drop);
            let answers = by_tcp.and_then(|()| UnixStream::connect(self.socket()).map(drop));
            answers.map_err(|error| format!("clamd: {error}\n{}", log()))
        })
    }

    /// Its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("clamd.ctl")
    }

    /// Where it listens on the loopback interface.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            kill_process(Pid::from_child(child), signal).expect("the scanner is there");
        }
    }

    /// Whether something was sent to it by TCP that it has not read.
    pub fn has_unread(&self) -> bool {
        let sockets = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let own = format!(":{:04X}", self.address.port());
        sockets.lines().any(|line| {
            let parts: Vec<_> = line.split_whitespace().collect();
            let unread = parts.get(4).and_then(|queues| queues.split_once(':')).map(|(_, unread)| unread);
            parts.get(1).is_some_and(|local| local.ends_with(&own)) && unread.is_some_and(|unread| unread != "00000000")
        })
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}
