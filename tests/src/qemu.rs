//! The firmware on an emulated board: built, started, listened to, stopped.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Result, port};

/// The emulator, as it is called.
pub const EMULATOR: &str = "qemu-system-arm";

/// How long the board may take to start, and its log to say what has happened.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running board. Dropped, it is switched off.
pub struct Board {
    /// Where its SMTP port is to be reached.
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    /// How many lines of the log have been looked at.
    seen: usize,
}

/// A message that the log tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    /// Octets.
    pub size: usize,
    /// FNV-1a of them.
    pub sum: u32,
}

impl Taken {
    /// What the log says of such a message.
    pub fn of(message: &[u8]) -> Self {
        let sum =
            message.iter().fold(0x811c_9dc5_u32, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193));
        Self { size: message.len(), sum }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("message ")?.split(' ');
        let (_, _, size, _, sum) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        Some(Self { size: size.parse().ok()?, sum: u32::from_str_radix(sum, 16).ok()? })
    }
}

/// Builds the image. Says what it takes, and where it is.
pub fn build() -> Result<(String, PathBuf)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ehlo-firmware/build");
    let output = Command::new(script).output().map_err(|error| format!("building the image: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match said.trim_end().rsplit_once('\n') {
        Some((budget, image)) if output.status.success() => Ok((budget.to_owned(), image.into())),
        _ => Err(format!("the image cannot be built\n{said}{}", String::from_utf8_lossy(&output.stderr))),
    }
}

impl Board {
    /// Starts a board, and waits until it is up: what came before would be lost.
    pub fn start(image: &Path) -> Result<Self> {
        let address = port::free();
        let network = format!("user,model=stellaris,hostfwd=tcp:{address}-:25");
        let mut child = Command::new(EMULATOR)
            .args(["-M", "lm3s6965evb", "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", &network])
            .arg("-kernel")
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("starting {EMULATOR}: {error}"))?;
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
                lines.lock().expect("nobody panics with the log").push(line);
            }
        });
        let board = Self { address, child, log, seen: 0 };
        board.wait(|log| log.iter().any(|line| line.starts_with("up at ")).then_some(()))?;
        Ok(board)
    }

    /// All of the log.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("nobody panics with the log").clone()
    }

    /// The messages that were taken since the last look, as soon as there are so many.
    pub fn taken(&mut self, count: usize) -> Result<Vec<Taken>> {
        let taken = |log: &[String]| log.iter().filter_map(|line| Taken::parse(line)).collect::<Vec<_>>();
        let seen = self.seen;
        let (all, taken) = self.wait(|log| {
            let taken = taken(log.get(seen..).unwrap_or_default());
            (taken.len() >= count).then_some((log.len(), taken))
        })?;
        self.seen = all;
        Ok(taken)
    }

    /// Waits until the log shows something.
    fn wait<T>(&self, mut look: impl FnMut(&[String]) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if let Some(found) = look(&log) {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let last = log.iter().rev().take(20).rev().cloned().collect::<Vec<_>>().join("\n");
                return Err(format!("the board's log does not show what it should; its last lines:\n{last}"));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
