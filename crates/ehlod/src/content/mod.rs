//! What a message holds: whether it conforms, and whether something is in it that the administrator does not want.
//!
//! A message is looked at as it comes in, in pieces that go to a thread that may block, and in bounded memory. Only what wants the whole is
//! kept to its end, on disk where it is long: an archive that may hold macros, and the message for the virus scanner, which is asked last, and
//! is not kept waiting by a slow client.

mod clamd;
mod conformance;
mod decode;
mod fields;
mod html;
mod keywords;
mod leaf;
mod macros;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use keywords::folded;

use crate::config::{Conformance, ContentConfig, Unscanned};
use ehlo::Reply;
use keywords::Keywords;
use macros::Bounds;
use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;
use std::thread::available_parallelism;
use tempfile::SpooledTempFile;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use walk::Walker;

/// How much is gathered before it is looked at, in octets.
const PIECE: usize = 64 * 1024;
/// How much is held in memory for the scanner, in octets; a longer message goes to a file without a name.
const IN_MEMORY: usize = 256 * 1024;

/// What is looked for, made ready.
#[derive(Debug)]
pub struct Checks {
    config: ContentConfig,
    keywords: Option<Keywords>,
    subject_keywords: Option<Keywords>,
    /// Turns at looking, which keeps a processor busy: one for each.
    turns: Arc<Semaphore>,
}

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It does not conform, in this; for good, or for the moment.
    Fault(&'static str, bool),
    /// This keyword stands in its Subject.
    SubjectKey(String),
    /// This keyword stands in its text.
    Key(String),
    /// An Office document in it has macros.
    Macros,
    /// The scanner says that it is infected, with this.
    Virus(String),
    /// It could not be looked at, for this reason.
    Failed(String),
    /// There is no room to keep it while it is looked at.
    NoSpace,
}

impl Finding {
    /// The setting that the refusal rests on.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Fault(..) => "content.conformance",
            Self::SubjectKey(_) => "content.subject_keywords",
            Self::Key(_) => "content.keywords",
            Self::Macros => "content.macros",
            Self::Virus(_) => "content.clamd",
            Self::Failed(_) => "content",
            Self::NoSpace => "temporary directory",
        }
    }

    /// What the client is told.
    #[must_use]
    pub fn reply(&self) -> Reply<'_> {
        match self {
            Self::Fault(_, false) => Reply::message_not_conformant(),
            Self::Fault(_, true) => Reply::message_not_conformant().with_code(550),
            Self::SubjectKey(key) => Reply::subject_filter_key(key),
            Self::Key(key) => Reply::filter_key(key),
            Self::Macros => Reply::vba_macros(),
            Self::Virus(name) => Reply::virus_found(name),
            Self::Failed(_) => Reply::processing_error(),
            Self::NoSpace => Reply::insufficient_storage(),
        }
    }
}

impl fmt::Display for Finding {
    /// What there is to say to it besides, for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(what, _) => f.write_str(what),
            Self::SubjectKey(what) | Self::Key(what) | Self::Virus(what) | Self::Failed(what) => f.write_str(what),
            Self::Macros => f.write_str("an Office document with macros"),
            Self::NoSpace => f.write_str("no room for a temporary file"),
        }
    }
}

impl From<io::Error> for Finding {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl Checks {
    /// Makes ready what the configuration asks for.
    ///
    /// # Errors
    ///
    /// In words: the keywords are too many.
    pub fn new(config: &ContentConfig) -> Result<Self, String> {
        let keywords = Keywords::new(&config.keywords)?;
        let subject_keywords = Keywords::new(&config.subject_keywords)?;
        let turns = Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from)));
        Ok(Self { config: config.clone(), keywords, subject_keywords, turns })
    }

    fn is_strict(&self) -> bool {
        self.config.conformance != Conformance::Off
    }

    /// Whether a message has to be taken apart.
    fn takes_apart(&self) -> bool {
        let Self { config, keywords, subject_keywords, .. } = self;
        self.is_strict() || config.refuse_macros || keywords.is_some() || subject_keywords.is_some()
    }

    fn in_subject(&self, subject: &str) -> Option<Finding> {
        let keywords = self.subject_keywords.as_ref()?;
        let mut search = keywords.search();
        search.take(keywords, subject);
        search.space(keywords);
        search.found(keywords).map(|key| Finding::SubjectKey(key.to_owned()))
    }

    fn fault(&self, what: &'static str) -> Option<Finding> {
        match self.config.conformance {
            Conformance::Off => None,
            Conformance::Defer => Some(Finding::Fault(what, false)),
            Conformance::Refuse => Some(Finding::Fault(what, true)),
        }
    }
}

/// A message that is being looked at.
pub struct Inspection {
    checks: Arc<Checks>,
    /// What has come in and was not looked at yet.
    gathered: Vec<u8>,
    /// `None` while a thread has it, and after an error.
    looking: Option<Box<Looking>>,
}

/// What a thread looks at a message with.
struct Looking {
    walker: Option<Walker>,
    bounds: Bounds,
    /// The message as the scanner is to see it.
    whole: Option<SpooledTempFile>,
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").field("gathered", &self.gathered.len()).finish_non_exhaustive()
    }
}

impl Inspection {
    /// Begins a message; `None` where nothing is looked for. `utf8` says that it was sent under SMTPUTF8.
    #[must_use]
    pub fn new(checks: &Arc<Checks>, utf8: bool) -> Option<Self> {
        let walker = checks.takes_apart().then(|| Walker::new(Arc::clone(checks), utf8));
        let whole = checks.config.clamd.is_some().then(|| SpooledTempFile::new(IN_MEMORY));
        if walker.is_none() && whole.is_none() {
            return None;
        }
        let looking = Some(Box::new(Looking { walker, bounds: Bounds::new(), whole }));
        Some(Self { checks: Arc::clone(checks), gathered: Vec::new(), looking })
    }

    /// Octets of memory that it takes at the most.
    #[must_use]
    pub fn held(&self) -> usize {
        let scanned = if self.checks.config.clamd.is_some() { IN_MEMORY } else { 0 };
        // One in each of the encoded messages that stand in one another.
        let archive = if self.checks.config.refuse_macros { IN_MEMORY } else { 0 };
        self.gathered.capacity() + scanned + archive
    }

    /// Takes a piece of the message.
    ///
    /// # Errors
    ///
    /// What was found in it; there is no more to be said to it then.
    pub async fn take(&mut self, mut octets: &[u8]) -> Result<(), Finding> {
        while !octets.is_empty() {
            let room = PIECE.saturating_sub(self.gathered.len());
            let (now, later) = octets.split_at(octets.len().min(room));
            self.gathered.extend_from_slice(now);
            octets = later;
            if self.gathered.len() >= PIECE {
                self.look(false).await?;
            }
        }
        Ok(())
    }

    /// Ends the message, and has it scanned.
    ///
    /// # Errors
    ///
    /// What was found in it.
    pub async fn end(mut self) -> Result<(), Finding> {
        self.look(true).await?;
        let whole = self.looking.and_then(|looking| looking.whole);
        let Some((address, whole)) = self.checks.config.clamd.as_ref().zip(whole) else { return Ok(()) };
        match clamd::scan(address, self.checks.config.clamd_timeout, whole).await {
            Ok(None) => Ok(()),
            Ok(Some(virus)) => Err(Finding::Virus(virus)),
            Err(why) => {
                let taken = self.checks.config.unscanned == Unscanned::Accept;
                tracing::error!(clamd = %address, taken, "a message was not scanned: {why}");
                if taken { Ok(()) } else { Err(Finding::Failed(format!("clamd: {why}"))) }
            }
        }
    }

    /// Has a thread look at what is gathered.
    async fn look(&mut self, ends: bool) -> Result<(), Finding> {
        let gathered = std::mem::take(&mut self.gathered);
        let Some(mut looking) = self.looking.take() else { return Err(Finding::Failed("broken off".to_owned())) };
        // Nobody closes the semaphore.
        let turn = Arc::clone(&self.checks.turns).acquire_owned().await;
        let turn = turn.map_err(|error| Finding::Failed(error.to_string()))?;
        let looked = spawn_blocking(move || {
            let _turn = turn;
            let found = looking.look(&gathered, ends);
            found.map(|()| (looking, gathered))
        });
        // A library that panics takes nothing with it but this message.
        let (looking, mut gathered) = looked.await.map_err(|error| Finding::Failed(error.to_string()))??;
        gathered.clear();
        self.gathered = gathered;
        self.looking = Some(looking);
        Ok(())
    }
}

impl Looking {
    /// Looks at a piece. Blocks.
    fn look(&mut self, octets: &[u8], ends: bool) -> Result<(), Finding> {
        if let Some(whole) = &mut self.whole {
            whole.write_all(octets)?;
        }
        let Some(walker) = &mut self.walker else { return Ok(()) };
        if let Some(finding) = walker.take(octets, &mut self.bounds)? {
            return Err(finding);
        }
        if !ends {
            return Ok(());
        }
        let found = walker.end(&mut self.bounds)?;
        if self.bounds.passed {
            tracing::warn!("an archive in a message was not looked through: it is deeper or larger than is looked at");
        }
        found.map_or(Ok(()), Err)
    }
}
