//! Office documents with macros: by what they hold, whatever their names say.
//!
//! - An OLE2 file (Word, Excel and PowerPoint before 2007, and what they embed) with a VBA project: a stream `_VBA_PROJECT`
//!   ([MS-OVBA] 2.2.1), or in PowerPoint the record that says so ([MS-PPT] 2.4.10).
//! - A ZIP archive (Office since 2007) with a file `vbaProject.bin`, or with an OLE2 file as above, or with an archive that has one.
//!
//! What cannot be looked into passes: it is encrypted, broken, or beyond the [bounds](zip::Bounds), and then that is logged.

mod ole;
mod zip;

use ole::Ole;
use std::io::{self, Seek as _, Write as _};
use tempfile::SpooledTempFile;
pub(super) use zip::Bounds;

/// How an OLE2 file begins ([MS-CFB] 2.2).
const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// How a ZIP archive begins, and one that was meant for several disks.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x00\x00PK\x03\x04"];
/// How many octets tell what something is.
const MAGIC: usize = 8;
/// How much of an archive is held in memory; more goes to a file that has no name.
const IN_MEMORY: usize = 64 * 1024;

/// Looks at one file that comes in piece by piece.
pub(super) struct Macros {
    at: At,
}

enum At {
    /// What it is the first octets tell.
    Start(Vec<u8>),
    Ole(Ole),
    Zip(Box<SpooledTempFile>),
    Else,
}

impl Macros {
    pub(super) const fn new() -> Self {
        Self { at: At::Start(Vec::new()) }
    }

    /// Takes a piece.
    ///
    /// # Errors
    ///
    /// An archive could not be written to the disk.
    pub(super) fn take(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut octets = octets;
        let mut start = Vec::new();
        if let At::Start(held) = &mut self.at {
            held.extend_from_slice(octets);
            if held.len() < MAGIC {
                return Ok(());
            }
            start = std::mem::take(held);
            octets = &start;
            self.at = match octets {
                octets if octets.starts_with(OLE) => At::Ole(Ole::new()),
                octets if ZIP.iter().any(|magic| octets.starts_with(magic)) => {
                    At::Zip(Box::new(SpooledTempFile::new(IN_MEMORY)))
                }
                _ => At::Else,
            };
        }
        match &mut self.at {
            At::Ole(ole) => ole.take(octets),
            At::Zip(file) => file.write_all(octets)?,
            At::Start(_) | At::Else => {}
        }
        drop(start);
        Ok(())
    }

    /// Whether there is nothing to be looked for in it.
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.at, At::Else)
    }

    /// Ends the file: whether it has macros. An archive is looked through now.
    ///
    /// # Errors
    ///
    /// An archive could not be read back from the disk.
    pub(super) fn end(self, bounds: &mut Bounds) -> io::Result<bool> {
        match self.at {
            At::Ole(ole) => Ok(ole.has_macros()),
            At::Zip(mut file) => {
                file.rewind()?;
                Ok(zip::has_macros(*file, 0, bounds))
            }
            At::Start(_) | At::Else => Ok(false),
        }
    }
}
