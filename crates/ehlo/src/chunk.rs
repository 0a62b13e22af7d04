//! BDAT (RFC 3030 2): the command's arguments, and how much of a chunk is still to come.

use super::command::ArgumentError;
use super::command::characters::{is_ascii, next_part, same_word};
use super::command::parameters::size;

/// A chunk that is coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Octets still to come.
    pub(crate) left: u64,
    /// Octets in all.
    pub(crate) size: u64,
    /// The message ends with it.
    pub(crate) last: bool,
}

/// `bdat-cmd = "BDAT" SP chunk-size [SP end-marker]`, `chunk-size = 1*DIGIT`, `end-marker = "LAST"`, from behind `BDAT `.
/// A size over 64 bits is an error, never a smaller size.
pub(crate) fn bdat(arguments: &[u8]) -> Result<Chunk, ArgumentError> {
    if !is_ascii(arguments) {
        return Err(ArgumentError::NotAscii);
    }
    let mut words = Some(arguments);
    let mut digits = next_part(&mut words, b' ').unwrap_or_default();
    // Zeros before a size add nothing to it, however many they are.
    while let [b'0', rest @ ..] = digits
        && !rest.is_empty()
    {
        digits = rest;
    }
    let octets = size(digits).filter(|octets| *octets != u64::MAX).ok_or(ArgumentError::Syntax)?;
    let last = match words {
        None => false,
        Some(marker) if same_word(marker, b"LAST") => true,
        Some(_) => return Err(ArgumentError::Syntax),
    };
    Ok(Chunk { left: octets, size: octets, last })
}

impl Chunk {
    /// As much of the input as belongs to the chunk.
    pub(crate) fn part<'i>(&self, input: &'i [u8]) -> &'i [u8] {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        input.get(..left).unwrap_or(input)
    }

    /// Notes that so many octets of it have been taken.
    pub(crate) fn take(&mut self, octets: usize) {
        self.left = self.left.saturating_sub(octets as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let chunk = |left, last| Ok(Chunk { left, size: left, last });
        assert_eq!(bdat(b"0"), chunk(0, false));
        assert_eq!(bdat(b"000000000000000000000003"), chunk(3, false));
        assert_eq!(bdat(b"00000000000000000000000 LAST"), chunk(0, true));
        assert_eq!(bdat(b"86 last"), chunk(86, true));
        assert_eq!(bdat(b"18446744073709551614 LAST"), chunk(u64::MAX - 1, true));
        assert_eq!(bdat("1\u{fc}".as_bytes()), Err(ArgumentError::NotAscii));
        let bad = [
            "",
            " ",
            "x",
            "0x",
            "-1",
            "+1",
            "1x",
            "1  LAST",
            "1 LAST LAST",
            "1 FIRST",
            "LAST",
            "18446744073709551616",
            "99999999999999999999999",
            "1\tLAST",
        ];
        for bad in bad {
            assert_eq!(bdat(bad.as_bytes()), Err(ArgumentError::Syntax), "{bad}");
        }
    }

    #[test]
    fn a_chunk_takes_what_is_its_own() {
        let mut chunk = bdat(b"3").unwrap();
        assert_eq!(chunk.part(b"abcd"), b"abc");
        chunk.take(2);
        assert_eq!(chunk.part(b"cd"), b"c");
        chunk.take(9);
        assert_eq!(chunk.part(b"d"), b"");
    }
}
