//! Taking in mail data: DATA (RFC 5321 4.1.1.4) and BDAT (RFC 3030), their limits, and what is said at their end.

use crate::chunk::Chunk;
use crate::config::Mode;
use crate::content::Piece;
use crate::phase::{Event, Phase};
use crate::reply::Canned;
use crate::session::Session;
use crate::state::{BLOCK, Pending};
use crate::step::{Abort, Step};
use crate::time::Instant;
use crate::write::{self, Style};

impl<const LINE: usize, const OUT: usize> Session<'_, LINE, OUT> {
    /// In DATA or in a chunk: hands out content until its end, then says that the chunk was taken, or sees to the answer to the message.
    pub(crate) fn data<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Option<Step<'i>> {
        if let Some(given) = self.state.content.ended {
            self.answer_message(given);
            return None;
        }
        #[cfg(target_pointer_width = "64")]
        {
            self.state.content.quick = 0;
        }
        let whole: &'i [u8] = input;
        let mut part = self.state.chunk.as_ref().map_or(whole, |chunk| chunk.part(whole));
        let before = part.len();
        let piece = if self.state.binary {
            match core::mem::take(&mut part) {
                [] => Piece::More,
                octets => Piece::Content(octets),
            }
        } else {
            self.state.content.decoder.next(&mut part)
        };
        let read = before.wrapping_sub(part.len());
        *input = whole.get(read..).unwrap_or_default();
        self.count_block(now, read);
        if let Some(chunk) = &mut self.state.chunk {
            chunk.take(read);
        }
        match piece {
            Piece::Content(octets) => {
                let step = self.content(octets);
                #[cfg(target_pointer_width = "64")]
                self.state.content.let_short_lines(self.config);
                step
            }
            Piece::Spoilt => self.refuse_content(Abort::LineEnding),
            Piece::End => {
                self.state.clock = None;
                self.state.content.ended = Some(0);
                None
            }
            Piece::More => match self.state.chunk {
                Some(Chunk { left: 0, size, last }) => {
                    self.end_of_chunk(size, last);
                    None
                }
                _ => self.wait(now, self.config.data_timeout),
            },
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

    /// Gives the data time-out anew for each block: a slow drip gains nothing.
    fn count_block(&mut self, now: Instant, read: usize) {
        let content = &mut self.state.content;
        let octets = usize::from(content.block).wrapping_add(read);
        if octets >= BLOCK {
            self.state.clock = Some(now);
        }
        // What is left of a block counts on: how the data are cut makes no difference.
        content.block = (octets % BLOCK) as u16;
    }

    /// Hands out content, within the limits. What passes them is counted on, and not handed out.
    fn content<'i>(&mut self, octets: &'i [u8]) -> Option<Step<'i>> {
        let content = &mut self.state.content;
        content.size = content.size.wrapping_add(octets.len() as u64);
        content.hops.feed(octets);
        match content.over(self.config) {
            Some(reason) => self.refuse_content(reason),
            None if content.refused.is_some() => None,
            None => Some(Step::Content(octets)),
        }
    }

    /// Notes why the message will be refused, and tells the caller, once.
    fn refuse_content<'i>(&mut self, reason: Abort) -> Option<Step<'i>> {
        if self.state.content.refused.is_some() {
            return None;
        }
        self.state.content.refused = Some(reason);
        Some(Step::Aborted(reason))
    }

    /// At the end of a chunk.
    fn end_of_chunk(&mut self, size: u64, last: bool) {
        self.state.clock = None;
        self.state.chunk = None;
        if last {
            let content = &mut self.state.content;
            content.decoder.end_of_chunks();
            if content.decoder.is_spoilt() && content.refused.is_none() {
                content.refused = Some(Abort::LineEnding);
                self.state.abort = Some(Abort::LineEnding);
            }
            content.ended = Some(0);
        } else if let Some(reason) = self.state.content.fault(self.config) {
            // RFC 3030 2: with a chunk the message is refused. What follows of it finds no transaction.
            self.say(refusal(reason));
            self.state.go(Event::ChunkRefused, Abort::Chunk);
        } else {
            write::chunk_taken(&mut self.out, Style::new(self.config, false), size);
            self.state.go(Event::ChunkTaken, Abort::Chunk);
        }
    }

    /// The data are whole, and `given` answers to them have been given: gives the next, or asks for it.
    fn answer_message(&mut self, given: u16) {
        match self.state.content.fault(self.config) {
            Some(reason) => {
                let by_data = self.state.phase() == Phase::Data;
                self.say(refusal(reason));
                self.state.answered(self.config);
                // What follows may be commands smuggled in by whoever wrote the message: nothing of it is read. (Where a chunk ends
                // is known from its length.)
                if by_data && reason == Abort::LineEnding && !self.state.phase().in_transaction() {
                    self.state.close(reason);
                }
            }
            None => self.state.pending = Pending::Message((self.config.mode == Mode::Lmtp).then_some(given)),
        }
    }
}

const fn refusal(reason: Abort) -> Canned {
    match reason {
        Abort::TooManyHops => const { Canned::too_many_hops() },
        Abort::LineEnding => Canned::BARE_LINE_ENDING,
        _ => const { Canned::message_too_big() },
    }
}
