//! OLE2 files, octet by octet: what tells of a VBA project stands in them as it is, wherever it lies. So nothing depends on the tables of
//! sectors, which a file can have wrong in ways that Office forgives.

use memchr::memmem;

/// The stream that every VBA project has.
const PROJECT: &[u8] = b"_VBA_PROJECT";
/// Entries of the directory are 128 octets long, and stand at multiples of that ([MS-CFB] 2.6). Those of a small file within lie at
/// multiples of 64.
const STEP: usize = 64;
/// How far into an entry the type of it stands, which is the last that is looked at.
const ENTRY: usize = 67;
/// The type of a stream.
const STREAM: u8 = 2;

/// The header of PowerPoint's VbaInfoAtom, and the word behind its reference that says that there are macros.
const ATOM: &[u8] = &[0x02, 0x00, 0x00, 0x04, 0x0c, 0x00, 0x00, 0x00];
const ATOM_WITH_REFERENCE: usize = 12;
const HAS_MACROS: &[u8] = &[1, 0, 0, 0];

/// Looks through an OLE2 file.
#[derive(Debug, Default)]
pub(super) struct Ole {
    /// What is left of the last pieces; it begins at a multiple of [`STEP`].
    held: Vec<u8>,
    found: bool,
}

impl Ole {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn take(&mut self, octets: &[u8]) {
        if self.found {
            return;
        }
        self.held.extend_from_slice(octets);
        let last = self.held.len().saturating_sub(ENTRY) / STEP * STEP;
        let mut entries = self.held.windows(ENTRY).step_by(STEP);
        self.found = entries.any(is_project) || has_atom(&self.held);
        self.held.drain(..last);
    }

    pub(super) const fn has_macros(&self) -> bool {
        self.found
    }
}

/// Whether an entry of the directory is the project's: its name in UTF-16, the length of that, and its type.
fn is_project(entry: &[u8]) -> bool {
    let name = || entry.chunks_exact(2).zip(PROJECT);
    let is_named = entry.first() == PROJECT.first()
        && name().count() == PROJECT.len()
        && name().all(|(unit, expected)| matches!(unit, [low, 0] if low.eq_ignore_ascii_case(expected)));
    // With the zero that ends it.
    let length = (PROJECT.len() + 1) * 2;
    is_named && entry.get(64..66) == Some(&[length as u8, 0]) && entry.get(66) == Some(&STREAM)
}

fn has_atom(octets: &[u8]) -> bool {
    memmem::find_iter(octets, ATOM).any(|at| {
        let flag = at + ATOM_WITH_REFERENCE;
        octets.get(flag..flag + HAS_MACROS.len()) == Some(HAS_MACROS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry of the directory.
    fn entry(name: &str, kind: u8) -> Vec<u8> {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = entry.len() + 2;
        entry.resize(64, 0);
        entry.extend_from_slice(&[length as u8, 0, kind]);
        entry.resize(128, 0);
        entry
    }

    fn found(file: &[u8]) -> bool {
        let look = |cut: usize| {
            let mut ole = Ole::new();
            file.chunks(cut).for_each(|piece| {
                ole.take(piece);
                assert!(ole.held.len() < ENTRY + STEP);
            });
            ole.has_macros()
        };
        let whole = {
            let mut ole = Ole::new();
            ole.take(file);
            ole.has_macros()
        };
        for cut in [1, 7, 64, 100] {
            assert_eq!(look(cut), whole, "cut {cut}");
        }
        whole
    }

    #[test]
    fn a_project_is_found_in_the_directory() {
        for (name, kind, is_there) in [
            ("_VBA_PROJECT", 2, true),
            ("_vba_project", 2, true),
            ("_VBA_PROJECT", 1, false),
            ("_VBA_PROJECT_CUR", 2, false),
            ("WordDocument", 2, false),
        ] {
            let file = [vec![0; 512], entry("Root Entry", 5), entry(name, kind), vec![0; 300]].concat();
            assert_eq!(found(&file), is_there, "{name}");
        }
        // Its name alone, say in a text about it, is none.
        let text: Vec<u8> = "the stream _VBA_PROJECT is".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(!found(&[vec![0; 64], text, vec![0; 200]].concat()));
    }

    #[test]
    fn powerpoint_says_it_in_a_record() {
        let atom = |flag: u8| [ATOM, &[9, 9, 9, 9], &[flag, 0, 0, 0], &[2, 0, 0, 0]].concat();
        assert!(found(&[vec![0; 777], atom(1), vec![0; 500]].concat()));
        assert!(!found(&[vec![0; 777], atom(0), vec![0; 500]].concat()));
    }
}
