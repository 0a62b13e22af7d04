//! Taking in mail data: DATA (RFC 5321 4.1.1.4) and BDAT (RFC 3030), their limits, and what is said at their end.

use crate::config::Mode;
use crate::content::Piece;
use crate::phase::Phase;
use crate::reply::Canned;
use crate::session::Session;
use crate::state::{BLOCK, Pending};
use crate::step::{Abort, Step};
use crate::time::Instant;

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
        // Behind each piece: it need not go through the decoder. (A small processor has less room for code.)
        #[cfg(target_pointer_width = "64")]
        if whole.is_empty() {
            return self.more(now);
        }
        let mut part = self.state.chunk.as_ref().map_or(whole, |chunk| chunk.part(whole));
        let before = part.len();
        let piece = if self.state.is_binary() {
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
            Piece::More => self.more(now),
        }
    }

    /// What came has been read: waits for more, where that was not all of a chunk.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn more<'i>(&mut self, now: Instant) -> Option<Step<'i>> {
        match self.state.chunk {
            Some(chunk) if chunk.is_over() => {
                self.end_of_chunk(chunk);
                None
            }
            _ => self.wait(now, self.config.data_timeout),
        }
    }

    /// Gives the data time-out anew for each block: a slow drip gains nothing.
    pub(crate) fn count_block(&mut self, now: Instant, read: usize) {
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

    /// The data are whole, and `given` answers to them have been given: gives the next, or asks for it.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
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
            None => self.state.ask(Pending::Message((self.config.mode != Mode::Smtp).then_some(given))),
        }
    }
}

pub(crate) const fn refusal(reason: Abort) -> Canned {
    match reason {
        Abort::TooManyHops => const { Canned::too_many_hops() },
        Abort::LineEnding => Canned::BARE_LINE_ENDING,
        _ => const { Canned::message_too_big() },
    }
}
