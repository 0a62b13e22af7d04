//! Why a delivery failed.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What a client is told of a failed delivery. Each is temporary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The disk or the quota of the server's user is full: `insufficient-storage`.
    NoSpace,
    /// The mail directory cannot be entered or written to: `queue-directory`.
    DirectoryInaccessible,
    /// Anything else: the message could not be made durable.
    Other,
}

/// A delivery failed; no mailbox has the message.
#[derive(Debug)]
pub struct DeliveryError {
    /// What the client is told.
    pub failure: Failure,
    /// The file or directory it failed at, for the log.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl DeliveryError {
    pub(crate) fn new(path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let failure = match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Failure::NoSpace,
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::ReadOnlyFilesystem => Failure::DirectoryInaccessible,
            _ => Failure::Other,
        };
        Self { failure, path: path.to_path_buf(), source }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for DeliveryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
