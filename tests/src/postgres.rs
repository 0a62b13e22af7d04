//! A real PostgreSQL of the tests' own: made in a temporary directory, on a free port of the loopback interface, stopped by its process.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Result, port};

/// Whoever runs it where the tests run as root, whom it refuses: Debian's `nobody`.
const NOBODY: u32 = 65534;

/// A database server. Dropped, it is stopped.
pub struct Postgres {
    programs: PathBuf,
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// The directory of its programs: of the system, or where the test command has unpacked them.
    pub fn programs() -> Option<PathBuf> {
        let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/postgresql/usr/lib/postgresql");
        let roots = [PathBuf::from("/usr/lib/postgresql"), unpacked];
        let versions = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
        versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").is_file())
    }

    /// Makes one, and starts it.
    pub fn start(programs: PathBuf) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("postgres-").tempdir().map_err(|error| error.to_string())?;
        if rustix::process::geteuid().is_root() {
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).map_err(|error| error.to_string())?;
        }
        let mut postgres = Self { programs, dir, port: port::free().port(), child: None };
        let mut initdb = postgres.program("initdb");
        initdb.args(["--auth=trust", "--username=ehlod", "--encoding=UTF8", "--no-locale", "--no-sync", "-D", "data"]);
        let made = initdb.output().map_err(|error| format!("initdb: {error}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        postgres.resume()?;
        Ok(postgres)
    }

    /// Starts it again where it was stopped.
    pub fn resume(&mut self) -> Result<()> {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("log"));
        let mut postgres = self.program("postgres");
        postgres.args(["-D", "data", "-k", ""]).arg("-p").arg(self.port.to_string());
        postgres.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]);
        postgres.stderr(log.map_err(|error| error.to_string())?);
        self.child = Some(postgres.spawn().map_err(|error| format!("postgres: {error}"))?);
        Ok(())
    }

    /// Stops it; its clients are disconnected.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = kill_process(Pid::from_child(&child), Signal::INT);
            drop(child.wait());
        }
    }

    /// How a database of it is called.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://ehlod@127.0.0.1:{}/{database}", self.port)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
