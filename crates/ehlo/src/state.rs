//! What a session remembers, apart from its two buffers.

use crate::buffer::Span;
use crate::chunk::Chunk;
#[cfg(feature = "extensions")]
use crate::command::EtrnOption;
use crate::command::parked::{ParkedMail, ParkedRcpt};
#[cfg(feature = "extensions")]
use crate::config::Mode;
use crate::config::{Config, Peer, Tls};
use crate::content::Decoder;
#[cfg(target_pointer_width = "64")]
use crate::content::{self, SHORT};
use crate::hops::Hops;
use crate::phase::{Event, Phase};
use crate::sasl::{Exchange, Facts};
use crate::step::Abort;
use crate::time::Instant;

/// Octets of mail data for which the data time-out is given anew.
pub(crate) const BLOCK: usize = 1024;

/// The decision that is due. (With a tag of its own: what it is, is asked several times a command.)
#[derive(Debug, Clone, Copy)]
#[cfg_attr(target_pointer_width = "64", repr(u8))]
pub(crate) enum Pending {
    None,
    Connect,
    Hello {
        name: Span,
        extended: bool,
    },
    Auth,
    Mail(ParkedMail),
    Rcpt(ParkedRcpt),
    Data,
    /// The message is in; for the recipient of this number, counted from 0, where each gets an answer.
    Message(Option<u16>),
    #[cfg(feature = "extensions")]
    Verify {
        what: Span,
        smtputf8: bool,
    },
    #[cfg(feature = "extensions")]
    Expand {
        what: Span,
        smtputf8: bool,
    },
    #[cfg(feature = "extensions")]
    Help(Span),
    #[cfg(feature = "extensions")]
    Etrn {
        node: Span,
        option: EtrnOption,
    },
    #[cfg(feature = "extensions")]
    Xclient(Span),
    #[cfg(feature = "extensions")]
    Xforward(Span),
}

/// What a session remembers.
#[derive(Debug)]
pub(crate) struct State {
    phase: Phase,
    pub(crate) pending: Pending,
    /// A transaction ended in another way than by its answer; the caller has yet to be told.
    pub(crate) abort: Option<Abort>,

    /// The connection is under TLS.
    pub(crate) tls: bool,
    /// Bare LF is let pass for this peer.
    pub(crate) lenient: bool,
    /// The client said EHLO, not HELO.
    pub(crate) extended: bool,
    pub(crate) authenticated: bool,
    /// The transaction, or the query being answered, is internationalised.
    pub(crate) smtputf8: bool,
    /// The transaction's body is any octets, and comes by BDAT.
    #[cfg(feature = "chunking")]
    pub(crate) binary: bool,
    /// The peer is trusted with XCLIENT and XFORWARD.
    #[cfg(feature = "extensions")]
    pub(crate) trusted: bool,
    /// The peer sent something before it was due.
    pub(crate) early: bool,
    /// The pause before the greeting has begun.
    pub(crate) listening: bool,
    /// The line buffer may hold a password, or did.
    pub(crate) secret: bool,
    /// Something may have to be seen to before input is read: a decision, a transaction's end, a line that has been dealt with.
    busy: bool,
    /// The line in the buffer has been dealt with, once nothing is pending.
    line_taken: bool,
    pub(crate) eof: bool,
    pub(crate) shutdown: bool,

    pub(crate) errors: u16,
    pub(crate) auth_failures: u16,
    pub(crate) idle_commands: u16,
    pub(crate) transactions: u16,
    pub(crate) recipients: u16,
    /// RCPT commands of the transaction that were answered 2yz: in LMTP each gets an answer to the message.
    #[cfg(feature = "extensions")]
    taken: u16,

    /// When the connection began.
    pub(crate) started: Option<Instant>,
    /// When the wait for what is read now began.
    pub(crate) clock: Option<Instant>,

    pub(crate) exchange: Option<Exchange>,
    pub(crate) facts: Facts,
    pub(crate) content: Content,
    /// The chunk that is coming in.
    pub(crate) chunk: Option<Chunk>,
    /// Octets of a refused chunk that are still to be dropped.
    #[cfg(feature = "chunking")]
    pub(crate) waste: u64,
}

/// The mail data of the open transaction.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) decoder: Decoder,
    pub(crate) hops: Hops,
    /// Octets of content so far.
    pub(crate) size: u64,
    /// Octets read since the clock was last set.
    pub(crate) block: u16,
    /// As long as fewer octets were read, in fours, no limit can be passed: see [`short_line`](Self::short_line).
    #[cfg(target_pointer_width = "64")]
    pub(crate) quick: u8,
    /// Why the message will be refused at its end; the caller has been told.
    pub(crate) refused: Option<Abort>,
    /// The data are whole, and so many answers to them have been given.
    pub(crate) ended: Option<u16>,
}

impl Content {
    pub(crate) const fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            hops: Hops::new(),
            size: 0,
            block: 0,
            #[cfg(target_pointer_width = "64")]
            quick: 0,
            refused: None,
            ended: None,
        }
    }

    /// Takes a short line that begins with a dot off the input, where there is no limit or clock to see to.
    #[cfg(target_pointer_width = "64")]
    #[inline(always)]
    pub(crate) fn short_line<'i>(&mut self, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        if (self.block / 4) as u8 >= self.quick {
            return None;
        }
        let in_body = self.hops.are_over();
        let (line, rest) = content::short_line(input, in_body)?;
        if !in_body && !self.hops.passes_over(*line.first()?) {
            return None;
        }
        *input = rest;
        self.size = self.size.wrapping_add(line.len() as u64);
        self.block = self.block.wrapping_add(line.len() as u16).wrapping_add(1);
        Some(line)
    }

    /// Lets short lines go by themselves up to the end of the block, where that passes no limit.
    #[cfg(target_pointer_width = "64")]
    pub(crate) fn let_short_lines(&mut self, config: &Config<'_>) {
        let left = config.message_size.saturating_sub(self.size);
        if self.refused.is_none()
            && (config.message_size == 0 || left >= BLOCK as u64)
            && self.decoder.is_before_stuffed_line()
        {
            self.quick = const { ((BLOCK - SHORT) / 4) as u8 };
        }
    }

    /// What is wrong with the data so far. All of them decide, and not what was met first: that depends on how they were cut.
    pub(crate) fn fault(&self, config: &Config<'_>) -> Option<Abort> {
        if self.decoder.is_spoilt() { Some(Abort::LineEnding) } else { self.over(config) }
    }

    /// The limit that the content so far passes.
    pub(crate) fn over(&self, config: &Config<'_>) -> Option<Abort> {
        if config.message_size != 0 && self.size > config.message_size {
            Some(Abort::TooBig)
        } else if self.hops.count() > config.hops {
            Some(Abort::TooManyHops)
        } else {
            None
        }
    }
}

impl State {
    /// With a peer that has just connected. `lenient`: bare LF is let pass for all.
    pub(crate) const fn new(peer: Peer, lenient: bool) -> Self {
        Self {
            phase: Phase::Connect,
            pending: Pending::None,
            abort: None,
            tls: peer.tls,
            lenient: lenient | peer.lenient,
            extended: false,
            authenticated: false,
            smtputf8: false,
            #[cfg(feature = "chunking")]
            binary: false,
            #[cfg(feature = "extensions")]
            trusted: peer.trusted,
            early: false,
            listening: false,
            secret: false,
            busy: false,
            line_taken: false,
            eof: false,
            shutdown: false,
            errors: 0,
            auth_failures: 0,
            idle_commands: 0,
            transactions: 0,
            recipients: 0,
            #[cfg(feature = "extensions")]
            taken: 0,
            started: None,
            clock: None,
            exchange: None,
            facts: Facts::new(peer.nonce, peer.channel),
            content: Content::new(Decoder::new(false)),
            chunk: None,
            #[cfg(feature = "chunking")]
            waste: 0,
        }
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether something may have to be seen to before input is read.
    pub(crate) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Asks for a decision.
    pub(crate) fn ask(&mut self, pending: Pending) {
        self.pending = pending;
        self.busy = true;
    }

    /// Tells of a transaction's end.
    pub(crate) const fn tell(&mut self, abort: Abort) {
        self.abort = Some(abort);
        self.busy = true;
    }

    /// Notes that the line in the buffer is being dealt with.
    pub(crate) const fn line_taken(&mut self) {
        self.line_taken = true;
        self.busy = true;
    }

    /// Notes that all has been seen to; whether that ends a line.
    pub(crate) const fn all_seen_to(&mut self) -> bool {
        self.busy = false;
        core::mem::replace(&mut self.line_taken, false)
    }

    /// Whether mail data are coming in, and nothing that came before them has yet to be dealt with.
    #[cfg(target_pointer_width = "64")]
    pub(crate) const fn in_mid_data(&self) -> bool {
        matches!(self.phase, Phase::Data) && !self.busy && self.content.ended.is_none()
    }

    /// Moves on by the table. A transaction that ends with it, and not by its answer, is reported for `reason`.
    pub(crate) fn go(&mut self, event: Event, reason: Abort) {
        let before = self.phase;
        self.phase = before.after(event);
        let ended = before.in_transaction() && !self.phase.in_transaction();
        if ended {
            let told = event == Event::Answered || self.content.refused.is_some();
            if !told {
                self.tell(reason);
            }
            self.smtputf8 = false;
            #[cfg(feature = "chunking")]
            {
                self.binary = false;
            }
            self.recipients = 0;
            #[cfg(feature = "extensions")]
            {
                self.taken = 0;
            }
            self.content.refused = None;
            self.content.ended = None;
        }
    }

    /// Notes that the pending decision was taken, and moves on by it.
    #[inline]
    pub(crate) fn settle(&mut self, event: Event) {
        self.pending = Pending::None;
        self.go(event, Abort::Reset);
    }

    /// The same for the answer to a message, or in LMTP to one of its recipients; the session sees what is left.
    pub(crate) fn message_answered(&mut self, config: &Config<'_>) {
        self.pending = Pending::None;
        self.answered(config);
    }

    /// Notes that the message got an answer. In LMTP each recipient gets one (RFC 2033 4.2); with the last the transaction ends.
    pub(crate) fn answered(&mut self, config: &Config<'_>) {
        #[cfg(feature = "extensions")]
        if config.mode == Mode::Lmtp {
            let given = self.content.ended.unwrap_or(0).saturating_add(1);
            if given < self.taken {
                self.content.ended = Some(given);
                return;
            }
        }
        let _ = config;
        self.go(Event::Answered, Abort::Reset);
    }

    /// Whether the transaction's body is any octets.
    pub(crate) const fn is_binary(&self) -> bool {
        #[cfg(feature = "chunking")]
        return self.binary;
        #[cfg(not(feature = "chunking"))]
        false
    }

    /// Counts a RCPT that was answered 2yz.
    pub(crate) const fn take_recipient(&mut self) {
        #[cfg(feature = "extensions")]
        {
            self.taken = self.taken.saturating_add(1);
        }
    }

    /// Whether no RCPT may be taken any more: in LMTP each is answered after the data, duplicates too, and so they cannot go on for ever.
    pub(crate) const fn takes_no_more(&self) -> bool {
        #[cfg(feature = "extensions")]
        return self.taken == u16::MAX;
        #[cfg(not(feature = "extensions"))]
        false
    }

    /// So many octets that come are a refused chunk's.
    #[cfg(feature = "chunking")]
    pub(crate) const fn drop_chunk(&mut self, octets: u64) {
        self.waste = octets;
        self.content.block = 0;
    }

    /// Drops the message with its first chunk, whose octets come all the same: its other chunks make none.
    #[cfg(feature = "chunking")]
    pub(crate) fn refuse_chunk(&mut self) {
        let left = self.chunk.take().map_or(0, |chunk| chunk.left());
        self.drop_chunk(left);
        self.pending = Pending::None;
        self.go(Event::ChunkRefused, Abort::Chunk);
    }

    /// Ends the session: what is written goes out, nothing more is read.
    pub(crate) fn close(&mut self, reason: Abort) {
        self.pending = Pending::None;
        self.go(Event::Close, reason);
    }

    /// Forgets what was learned in plaintext (RFC 3207 4.2). Counters stay: they bound the connection.
    pub(crate) fn secured(&mut self, tls: Tls) {
        self.tls = true;
        self.facts.secured(tls);
        self.extended = false;
        self.authenticated = false;
        self.go(Event::Handshake, Abort::Reset);
    }

    /// Starts over for the client that a trusted peer speaks for: what was learned of the peer itself is void, but its bounds and
    /// its trust stay.
    #[cfg(feature = "extensions")]
    pub(crate) fn start_over(&mut self) {
        self.pending = Pending::None;
        self.extended = false;
        self.authenticated = false;
        self.listening = true;
        self.go(Event::StartOver, Abort::Reset);
    }
}
