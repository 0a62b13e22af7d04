//! ZIP archives, and those within them, as far as the bounds go.

use super::{IN_MEMORY, MAGIC, OLE, Ole, ZIP};
use ::zip::ZipArchive;
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use tempfile::SpooledTempFile;

/// The file that holds the macros of an Office document.
const PROJECT: &str = "vbaProject.bin";
/// How deep archives in archives are looked into: the message's own is the first.
const DEEPEST: usize = 5;

/// What may be spent on the archives of one message. A bomb comes to an end here: it is not unpacked further.
#[derive(Debug)]
pub(in super::super) struct Bounds {
    /// Files in archives that are still looked at.
    files: usize,
    /// Octets that are still unpacked.
    octets: u64,
    /// Whether something was left out.
    pub(in super::super) passed: bool,
}

impl Bounds {
    pub(in super::super) const fn new() -> Self {
        Self { files: 20_000, octets: 128 << 20, passed: false }
    }

    fn pass(&mut self) -> bool {
        self.passed = true;
        false
    }
}

/// Whether an archive has macros in it. What cannot be read of it has none.
pub(super) fn has_macros(mut archive: impl Read + Seek, depth: usize, bounds: &mut Bounds) -> bool {
    // The library holds the whole list of files, each of some hundred octets, of which a bomb can have millions.
    match listed(&mut archive) {
        Ok(listed) if listed <= bounds.files => {}
        _ => return bounds.pass(),
    }
    let Ok(mut archive) = ZipArchive::new(archive) else { return false };
    let is_project =
        |path: &str| path.rsplit(['/', '\\']).next().is_some_and(|name| name.eq_ignore_ascii_case(PROJECT));
    if archive.file_names().flatten().any(|path| is_project(&path)) {
        return true;
    }
    for number in 0..archive.len() {
        if bounds.files == 0 || bounds.octets == 0 {
            return bounds.pass();
        }
        bounds.files -= 1;
        // Encrypted, or packed in a way that Office does not know.
        let Ok(file) = archive.by_index(number) else { continue };
        if holds_macros(file, depth, bounds) {
            return true;
        }
    }
    false
}

/// Whether a file out of an archive has macros in it.
fn holds_macros(mut file: impl Read, depth: usize, bounds: &mut Bounds) -> bool {
    let mut start = Vec::with_capacity(MAGIC);
    if file.by_ref().take(MAGIC as u64).read_to_end(&mut start).is_err() {
        return false;
    }
    let mut piece = vec![0; 16 * 1024];
    if start.starts_with(OLE) {
        let mut ole = Ole::new();
        ole.take(&start);
        let _ = unpack(file, &mut piece, bounds, |octets| {
            ole.take(octets);
            Ok(())
        });
        return ole.has_macros();
    }
    if !ZIP.iter().any(|magic| start.starts_with(magic)) {
        return false;
    }
    if depth + 1 == DEEPEST {
        return bounds.pass();
    }
    let mut inner = SpooledTempFile::new(IN_MEMORY);
    let unpacked = inner
        .write_all(&start)
        .and_then(|()| unpack(file, &mut piece, bounds, |octets| inner.write_all(octets)))
        .and_then(|()| inner.rewind());
    unpacked.is_ok() && has_macros(inner, depth + 1, bounds)
}

/// Unpacks a file, as far as the bounds allow.
fn unpack(
    mut file: impl Read,
    piece: &mut [u8],
    bounds: &mut Bounds,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let read = file.read(piece)?;
        let octets = piece.get(..read).unwrap_or_default();
        if octets.is_empty() {
            return Ok(());
        }
        let Some(left) = bounds.octets.checked_sub(octets.len() as u64) else {
            bounds.octets = 0;
            bounds.passed = true;
            return Ok(());
        };
        bounds.octets = left;
        put(octets)?;
    }
}

/// How many files an archive has at the most, by how the entries of its list begin, and by what the records behind a list of more than 65,535
/// say ([APPNOTE] 4.3.14): the library sets room aside for so many.
fn listed(archive: &mut (impl Read + Seek)) -> io::Result<usize> {
    const ENTRY: &[u8] = b"PK\x01\x02";
    const LONG_LIST: &[u8] = b"PK\x06\x06";
    /// Where in that record the number stands.
    const NUMBER: std::ops::Range<usize> = 32..40;
    archive.rewind()?;
    let mut held = Vec::with_capacity(64 * 1024);
    let (mut listed, mut told) = (0, 0);
    loop {
        let read = archive.by_ref().take(60 * 1024).read_to_end(&mut held)?;
        // What has not all come in yet is looked at the next time.
        let end = if read == 0 { held.len() } else { held.len().saturating_sub(NUMBER.end) };
        for at in memchr::memmem::find_iter(&held, b"PK").take_while(|at| *at < end) {
            let record = held.get(at..).unwrap_or_default();
            if record.starts_with(ENTRY) {
                listed += 1;
            } else if record.starts_with(LONG_LIST)
                && let Some(number) = record.get(NUMBER).and_then(|octets| octets.try_into().ok())
            {
                told = told.max(usize::try_from(u64::from_le_bytes(number)).unwrap_or(usize::MAX));
            }
        }
        if read == 0 {
            archive.seek(SeekFrom::Start(0))?;
            return Ok(listed.max(told));
        }
        held.drain(..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn the_list_is_counted_wherever_it_is_cut() {
        for filling in 0..200 {
            let mut octets = vec![b'P'; 60 * 1024 - 100 + filling];
            for _ in 0..3 {
                octets.extend_from_slice(b"PK\x01\x02 an entry of a list, as long as one is");
            }
            assert_eq!(listed(&mut Cursor::new(&octets)).unwrap(), 3, "{filling}");
            octets.extend_from_slice(b"PK\x06\x06");
            octets.resize(octets.len() + 28, 0);
            octets.extend_from_slice(&70_000_u64.to_le_bytes());
            assert_eq!(listed(&mut Cursor::new(&octets)).unwrap(), 70_000, "{filling}");
            octets.pop();
            assert_eq!(listed(&mut Cursor::new(&octets)).unwrap(), 3, "{filling}");
        }
    }
}
