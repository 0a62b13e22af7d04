//! BDAT (RFC 3030 2): the command in its place and out of it, its arguments, and how much of a chunk is still to come.

use crate::buffer::Span;
use crate::command::ArgumentError;
use crate::command::Verb;
use crate::command::characters::{is_ascii, next_part, same_word};
use crate::command::parameters::size;
use crate::phase::{Event, Phase};
use crate::receive::refusal;
use crate::session::Session;
use crate::state::Pending;
use crate::step::{Abort, Step};
use crate::time::Instant;
use crate::write::{self, Style};

/// A chunk that is coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Octets still to come.
    left: u64,
    /// Octets in all.
    size: u64,
    /// The message ends with it.
    last: bool,
}

impl<const LINE: usize, const OUT: usize> Session<'_, LINE, OUT> {
    /// BDAT in its place: asks whether the message can be taken before its first chunk, and takes further ones.
    pub(crate) fn bdat(&mut self, arguments: Span) -> Result<(), ArgumentError> {
        let chunk = match bdat(self.octets(arguments)) {
            Ok(chunk) => chunk,
            Err(error) => {
                // Whatever it was meant to bring is missing from the message: the rest would not be the sender's.
                self.end_chunks();
                return Err(error);
            }
        };
        // One that brings nothing moves nothing.
        if chunk.size == 0 && !chunk.last && !self.count_idle() {
            return Ok(());
        }
        self.state.chunk = Some(chunk);
        if self.state.phase() == Phase::Chunks {
            self.state.go(Event::Bdat, Abort::Chunk);
        } else {
            self.state.ask(Pending::Data);
        }
        Ok(())
    }

    /// A BDAT that is refused for its place brings its chunk all the same: it is dropped, and not read as commands (RFC 3030 2).
    pub(crate) fn refuse_chunk(&mut self, arguments: Span) {
        if self.is_offered(Verb::Bdat)
            && let Ok(chunk) = bdat(self.octets(arguments))
        {
            self.state.drop_chunk(chunk.size);
        }
    }

    /// Between chunks: the message is none without the one that would have come.
    pub(crate) fn end_chunks(&mut self) {
        if self.state.phase() == Phase::Chunks {
            self.state.go(Event::ChunkRefused, Abort::Chunk);
        }
    }

    /// Drops what is left of a refused chunk: it is no command, whatever it looks like.
    pub(crate) fn drop_chunk<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Option<Step<'i>> {
        let waste = usize::try_from(self.state.waste).unwrap_or(usize::MAX);
        let rest = input.get(waste..).unwrap_or_default();
        let dropped = input.len().wrapping_sub(rest.len());
        *input = rest;
        self.state.waste = self.state.waste.wrapping_sub(dropped as u64);
        self.count_block(now, dropped);
        if self.state.waste > 0 {
            return self.wait(now, self.config.data_timeout);
        }
        self.state.clock = None;
        None
    }

    /// At the end of a chunk.
    pub(crate) fn end_of_chunk(&mut self, chunk: Chunk) {
        self.state.clock = None;
        self.state.chunk = None;
        if chunk.last {
            let content = &mut self.state.content;
            content.decoder.end_of_chunks();
            if content.decoder.is_spoilt() && content.refused.is_none() {
                content.refused = Some(Abort::LineEnding);
                self.state.tell(Abort::LineEnding);
            }
            self.state.content.ended = Some(0);
        } else if let Some(reason) = self.state.content.fault(self.config) {
            // RFC 3030 2: with a chunk the message is refused. What follows of it finds no transaction.
            self.say(refusal(reason));
            self.state.go(Event::ChunkRefused, Abort::Chunk);
        } else {
            write::chunk_taken(&mut self.out, Style::new(self.config, false), chunk.size);
            self.state.go(Event::ChunkTaken, Abort::Chunk);
        }
    }
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

    /// Octets still to come.
    pub(crate) const fn left(&self) -> u64 {
        self.left
    }

    /// Whether all of it has come.
    pub(crate) const fn is_over(&self) -> bool {
        self.left == 0
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
