//! A real `ehlod` in a directory of its own: started, listened to, signalled, stopped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, kill_process};
use tempfile::TempDir;

pub use rustix::process::Signal;

use crate::Result;
use crate::client::Client;
use crate::mailbox::{self, Mailboxes};

/// How long the server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user, and a group, to whom nothing belongs.
const NOBODY: u32 = 65534;

/// The file name of the configuration in a [`Home`].
pub const CONFIG: &str = "ehlod.toml";

/// The directory that a server runs in: its configuration, accounts and certificate, and the mail it has delivered.
pub struct Home {
    dir: TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty directory.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("ehlod-").tempdir();
        Self { dir: dir.expect("a temporary directory can be made") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file can be written");
    }

    /// The root of the Maildirs.
    pub fn mail(&self) -> PathBuf {
        self.path().join("mail")
    }

    /// Every message delivered so far.
    pub fn mailboxes(&self) -> Mailboxes {
        mailbox::read_all(&self.mail())
    }

    /// What the servers that ran here have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// Runs `ehlod` with arguments in this directory, to its end.
    pub fn ehlod(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(binary())
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ehlod can be started");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        // A program that does not read its input may be gone already.
        drop(stdin.write_all(input.as_bytes()));
        drop(stdin);
        let pid = Pid::from_child(&child);
        let (sender, output) = channel();
        std::thread::spawn(move || drop(sender.send(child.wait_with_output())));
        match output.recv_timeout(PATIENCE) {
            Ok(output) => output.expect("ehlod can be waited for"),
            Err(_) => {
                kill_process(pid, Signal::KILL).expect("a program that does not end is there");
                panic!("ehlod {arguments:?} does not end");
            }
        }
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// With the real port.
    pub address: SocketAddr,
    /// As the server names it: `mx`, `submission`, ...
    pub kind: String,
}

/// A running server. Dropped, it is killed.
pub struct Server {
    /// In the order of the configuration.
    pub listeners: Vec<Listener>,
    home: Option<Home>,
    child: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts a server with the configuration in `home`, and waits until it listens everywhere it should.
    pub fn start(home: Home) -> Result<Self> {
        let config = fs::read_to_string(home.path().join(CONFIG)).expect("the home holds a configuration");
        let listeners = config.lines().filter(|line| line.trim() == "[[listener]]").count();
        Self::start_with(home, &["--config", CONFIG], listeners.max(1))
    }

    /// The same where the server also tells of itself; gives the address of that.
    pub fn start_told(home: Home) -> Result<(Self, SocketAddr)> {
        let config = fs::read_to_string(home.path().join(CONFIG)).expect("the home holds a configuration");
        let listeners = config.lines().filter(|line| line.trim() == "[[listener]]").count();
        let mut server = Self::start_with(home, &["--config", CONFIG], listeners + 1)?;
        match server.listeners.pop() {
            Some(Listener { address, kind }) if kind == "metrics" => Ok((server, address)),
            other => Err(format!("expected where metrics are told, got {other:?}")),
        }
    }

    /// Starts a server with arguments of one's own, and waits until it has said so many times that it listens.
    pub fn start_with(home: Home, arguments: &[&str], listeners: usize) -> Result<Self> {
        Self::run(Command::new(binary()), home, arguments, listeners)
    }

    /// Starts a server like [`start`](Self::start), with one listener, whose temporary files lie here.
    pub fn start_with_temporary(home: Home, directory: &Path) -> Result<Self> {
        let mut command = Command::new(binary());
        command.env("TMPDIR", directory);
        Self::run(command, home, &["--config", CONFIG], 1)
    }

    /// Starts a server like [`start`](Self::start), with one listener, whom permissions bind: where the test is root, as a user who has nothing
    /// but the home.
    pub fn start_unprivileged(home: Home) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Self::start(home);
        }
        // That user need not be let in where the program lies.
        let program = home.path().join("ehlod");
        let own = |path: &Path| chown(path, Some(NOBODY), Some(NOBODY));
        let prepared = fs::copy(binary(), &program).and_then(|_| own(home.path())).and_then(|()| {
            let entries: Vec<_> = fs::read_dir(home.path())?.collect::<std::io::Result<_>>()?;
            entries.iter().try_for_each(|entry| own(&entry.path()))
        });
        prepared.map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.uid(NOBODY).gid(NOBODY);
        Self::run(command, home, &["--config", CONFIG], 1)
    }

    fn run(mut command: Command, home: Home, arguments: &[&str], listeners: usize) -> Result<Self> {
        let log = File::options().create(true).append(true).open(home.path().join("log"));
        let mut child = command
            .arg("serve")
            .args(arguments)
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("the log can be opened"))
            .spawn()
            .map_err(|error| format!("starting {command:?}: {error}"))?;
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
                // Standard output is read to its end even when nobody listens any more.
                drop(sender.send(line));
            }
        });
        let mut server = Self { listeners: Vec::new(), home: Some(home), child, lines };
        for _ in 0..listeners {
            let listener = server.next_listener()?;
            server.listeners.push(listener);
        }
        Ok(server)
    }

    /// The next `listening on ADDR (KIND)` of standard output.
    fn next_listener(&mut self) -> Result<Listener> {
        let wrong = |why: String, server: &Self| Err(format!("{why}; log:\n{}", server.home().log()));
        let line = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(_) => return wrong("the server did not say that it listens".into(), self),
        };
        let parts = line.strip_prefix("listening on ").and_then(|rest| rest.split_once(" ("));
        let listener = parts.and_then(|(address, kind)| {
            Some(Listener { address: address.parse().ok()?, kind: kind.strip_suffix(')')?.to_owned() })
        });
        listener.map_or_else(|| wrong(format!("not `listening on ADDR (KIND)`: {line:?}"), self), Ok)
    }

    /// The first listener's address.
    pub fn address(&self) -> SocketAddr {
        self.listeners[0].address
    }

    /// Connects to the first listener.
    pub fn connect(&self) -> Result<Client> {
        Client::connect(self.address())
    }

    /// The directory it runs in.
    pub fn home(&self) -> &Home {
        self.home.as_ref().expect("a running server has its home")
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the server can be signalled");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => return Err(format!("the server does not end; log:\n{}", self.home().log())),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Ends it by SIGTERM, demands exit status 0, and gives its directory back.
    pub fn stop(mut self) -> Result<Home> {
        self.signal(Signal::TERM);
        let status = self.wait()?;
        let home = self.home.take().expect("a running server has its home");
        match status.code() {
            Some(0) => Ok(home),
            _ => Err(format!("SIGTERM ended the server with {status}; log:\n{}", home.log())),
        }
    }

    /// Ends it at once by SIGKILL, and gives its directory back.
    pub fn kill(mut self) -> Home {
        self.end();
        self.home.take().expect("a running server has its home")
    }

    fn end(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The program under test: `EHLOD_BIN`, or else this workspace's own, brought up to date first.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("EHLOD_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// Builds `ehlod` with the profile of this test, and gives its path.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    let profile = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "ehlod"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = profile.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    // What cargo has set for this test would make it build anew whatever depends on such variables.
    for (name, _) in std::env::vars_os() {
        let set_for_test = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(set_for_test) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "ehlod cannot be built");
    profile.join(format!("ehlod{}", std::env::consts::EXE_SUFFIX))
}
