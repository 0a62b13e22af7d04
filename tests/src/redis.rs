//! A real Redis of the tests' own, on a free port of the loopback interface.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::patience::eventually;
use crate::{Result, port};

/// One program serves as all of Redis's servers and checkers; which it is its name says. Debian's `redis-tools` has it by the second.
const PROGRAMS: [&str; 2] = ["/usr/bin/redis-server", "/usr/bin/redis-check-rdb"];

/// A Redis. Dropped, it is stopped.
pub struct Redis {
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Its program, where there is one.
    pub fn program() -> Option<&'static str> {
        PROGRAMS.into_iter().find(|program| Path::new(program).exists())
    }

    /// Starts one, and waits until it answers.
    pub fn start() -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let program = Self::program().ok_or("no redis-server")?;
        symlink(program, dir.path().join("redis-server")).map_err(|error| error.to_string())?;
        let mut redis = Self { dir, port: port::free().port(), child: None };
        redis.resume()?;
        Ok(redis)
    }

    /// Starts it again where it was stopped, and waits until it answers.
    pub fn resume(&mut self) -> Result<()> {
        let mut program = Command::new(self.dir.path().join("redis-server"));
        program.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        program.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(self.port.to_string());
        self.child = Some(program.spawn().map_err(|error| format!("redis-server: {error}"))?);
        let port = self.port;
        eventually(|| TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|error| error.to_string()))
    }

    /// Stops it; it forgets everything.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// As a configuration names it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
