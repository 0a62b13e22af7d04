//! Transcripts: SMTP sessions as data files. `transcripts/README.md` explains the form.
//!
//! A [`Transcript`] is a list of steps, each the client's octets (or another act) and what the server must say
//! to that. Nothing here knows a socket: the same steps drive a live server and the core in memory.

mod matching;
mod parse;

use std::fs;
use std::path::{Path, PathBuf};

pub use matching::ReplyPattern;

use crate::Result;

/// One session.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Which of the worlds of `transcripts/README.md` it happens in.
    pub world: Scene,
    /// Whether it matters how the octets of a step arrive.
    pub arrival: Arrival,
    /// In order; the first is the greeting.
    pub steps: Vec<Step>,
}

/// The worlds that a transcript can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Plaintext, no AUTH.
    Plain,
    /// STARTTLS is offered; AUTH under TLS only.
    Tls,
    /// AUTH in plaintext.
    Auth,
}

/// Whether it matters how the octets of a step arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrival {
    /// It does not: they may be cut in any way.
    #[default]
    Anyhow,
    /// They must arrive together: the server goes by what is there when it answers.
    Whole,
}

/// What the client does, and what must come of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line of the file that it starts on.
    pub line: usize,
    /// The client's part.
    pub act: Act,
    /// The server's part.
    pub expect: Vec<Expect>,
}

/// What the client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Sends octets; none at all at the start, where the greeting comes unasked.
    Send(Vec<u8>),
    /// Does the TLS handshake.
    Tls,
}

/// What must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// A reply.
    Reply(ReplyPattern),
    /// This message is delivered, exactly, and no other.
    Message(Vec<u8>),
    /// The server closes.
    Close,
    /// Nothing is said.
    Silence,
}

impl Transcript {
    /// Reads a transcript file.
    pub fn parse(text: &str) -> Result<Self> {
        parse::transcript(text)
    }
}

/// A transcript file of this crate.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name without the extension.
    pub name: String,
    path: PathBuf,
}

impl File {
    /// Reads it.
    pub fn transcript(&self) -> Result<Transcript> {
        let text = fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
        Transcript::parse(&text)
    }
}

/// All transcript files of this crate, by name.
pub fn files() -> Vec<File> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let entries = fs::read_dir(directory).expect("the transcripts are there");
    let mut files: Vec<File> = entries
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| File { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path })
        .collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}
