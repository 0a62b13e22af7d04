//! The session: the loop that turns input into steps.

use crate::buffer::{Buffer, nowhere};
use crate::command::characters::is_printable;
use crate::config::{Config, EarlyTalk, LineEndings, Peer, Tls, Tolerance};
use crate::dispatch::LINE_LIMIT;
use crate::error::ApiMisuse;
use crate::line::{Framed, Line};
use crate::phase::{Event, Phase};
use crate::reply::Canned;
use crate::request::{self, Request};
use crate::state::{Pending, State};
use crate::step::{Abort, Step};
use crate::time::{Instant, Millis};
use crate::write;

/// The first octet of a TLS record that holds a handshake: no command begins with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// One connection's dialogue, from the greeting to the end.
///
/// `LINE` is the longest command line it can hold: 512 at least, 12,288 for every SASL exchange that RFC 4954 allows. `OUT` is the
/// room for replies: 1,024 at least, since an answer to EHLO must fit; half of it is the longest single reply.
///
/// Call [`advance`](Self::advance) in a loop and do what it says. See the [crate documentation](crate) for the whole loop.
#[derive(Debug)]
pub struct Session<'c, const LINE: usize = 1024, const OUT: usize = 1024> {
    pub(crate) config: &'c Config<'c>,
    pub(crate) state: State,
    pub(crate) line: Line<LINE>,
    pub(crate) out: Buffer<[u8; OUT]>,
    /// Octets of `out` that have been written.
    sent: usize,
}

impl<'c, const LINE: usize, const OUT: usize> Session<'c, LINE, OUT> {
    /// A session with a peer that has just connected.
    pub const fn new(config: &'c Config<'c>, peer: Peer) -> Self {
        const { assert!(LINE >= 512 && LINE <= 32_768, "LINE must be from 512 to 32,768") };
        const { assert!(OUT >= 1024, "OUT must be 1,024 at least") };
        let lenient = matches!(config.line_endings, LineEndings::Lenient);
        Self { config, state: State::new(peer, lenient), line: Line::new(), out: Buffer::new(), sent: 0 }
    }

    /// Goes on: takes what it can from `input`, moves it forward by that, and says what to do next.
    ///
    /// `now` must not run backwards. Where a [`Step::Request`] has not been answered it is returned again, and no input is taken.
    #[inline]
    pub fn advance<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Step<'i> {
        // A small processor has less room for code.
        #[cfg(target_pointer_width = "64")]
        if let Some(line) = self.state.content.short_line(input) {
            return Step::Content(line);
        }
        self.go_on(now, input)
    }

    fn go_on<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Step<'i> {
        // Where mail data go on there is nothing else to see to.
        #[cfg(target_pointer_width = "64")]
        if self.state.in_mid_data()
            && let Some(step) = self.data(now, input)
        {
            return step;
        }
        loop {
            if self.state.is_busy()
                && let Some(step) = self.settle_what_is_due()
            {
                return step;
            }
            // Room for one whole reply, so that nothing which follows can fail for want of it.
            if self.out.len() > OUT / 2 {
                return Step::Send;
            }
            let phase = self.state.phase();
            if phase.reads_lines() {
                match self.command_line(now, input) {
                    Some(step) => return step,
                    None => continue,
                }
            }
            let step = match phase {
                Phase::Closed => {
                    *input = &[];
                    // What was cut off in the middle may be half a password.
                    if self.state.secret || !self.line.is_untouched() {
                        self.forget_secrets();
                        self.line.next();
                    }
                    Some(if self.out.is_empty() { Step::Closed } else { Step::Send })
                }
                Phase::Tls => {
                    *input = &[];
                    Some(if self.out.is_empty() { Step::StartTls } else { Step::Send })
                }
                Phase::Connect => self.connect(now, input),
                _ => self.data(now, input),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The decision that is due, after [`Step::Request`]; `None` where there is none.
    pub fn request(&mut self) -> Option<Request<'_>> {
        request::pending(self.config, &mut self.state, &mut self.out, self.line.buffer())
    }

    /// What waits to be written, after [`Step::Send`].
    pub fn output(&self) -> &[u8] {
        self.out.octets().get(self.sent..).unwrap_or_else(nowhere)
    }

    /// Says that the first `n` octets of [`output`](Self::output) have been written.
    pub fn consume_output(&mut self, n: usize) {
        self.sent = self.sent.saturating_add(n);
        if self.sent >= self.out.len() {
            self.out.truncate(0);
            self.sent = 0;
        }
    }

    /// Says that the handshake asked for by [`Step::StartTls`] is done, and what there is to know of it. All that was learned in
    /// plaintext is forgotten.
    ///
    /// # Errors
    ///
    /// Where no handshake was asked for.
    pub fn tls_started(&mut self, tls: Tls) -> Result<(), ApiMisuse> {
        self.tls_due()?;
        self.state.clock = None;
        self.state.secured(tls);
        Ok(())
    }

    /// Says that the handshake failed. The session is over: what the peer sees of the connection is unknown.
    ///
    /// # Errors
    ///
    /// Where no handshake was asked for.
    pub fn tls_failed(&mut self) -> Result<(), ApiMisuse> {
        self.tls_due()?;
        self.state.close(Abort::Closed);
        Ok(())
    }

    fn tls_due(&self) -> Result<(), ApiMisuse> {
        if self.state.phase() == Phase::Tls && self.out.is_empty() { Ok(()) } else { Err(ApiMisuse) }
    }

    /// Says that the peer will send nothing more. What was read before is still taken; a message that is not whole is aborted.
    pub fn eof(&mut self) {
        self.state.eof = true;
    }

    /// Asks the session to end: at the next command boundary it says `421` and closes. A message that is coming in is finished first.
    pub fn shutdown(&mut self) {
        self.state.shutdown = true;
    }

    /// Where the session stands.
    pub const fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Whether the connection is under TLS.
    pub const fn is_tls(&self) -> bool {
        self.state.tls
    }

    /// Whether the client has authenticated itself.
    pub const fn is_authenticated(&self) -> bool {
        self.state.authenticated
    }

    /// Whether the client said EHLO; false after HELO.
    pub const fn is_extended(&self) -> bool {
        self.state.extended
    }

    /// Whether the client ever sent something before it was due: before the greeting, or behind EHLO, HELO, DATA, AUTH or STARTTLS.
    pub const fn talked_early(&self) -> bool {
        self.state.early
    }

    /// Protocol errors so far.
    pub const fn errors(&self) -> u16 {
        self.state.errors
    }

    /// Before the greeting: waits for the pause to pass, and for the decision.
    fn connect<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Option<Step<'i>> {
        self.state.started.get_or_insert(now);
        if self.state.shutdown {
            self.shut_down();
            return None;
        }
        if let EarlyTalk::Refuse(pause) = self.config.early_talk {
            if !input.is_empty() {
                *input = &[];
                self.state.early = true;
                self.turn_out(const { Canned::bad_sequence() });
                return None;
            }
            let deadline = self.state.started.unwrap_or(now).after(pause);
            if !self.state.eof && (!self.state.listening || now < deadline) {
                self.state.listening = true;
                return Some(Step::Recv { deadline });
            }
        }
        if self.state.eof && input.is_empty() {
            self.state.close(Abort::Eof);
        } else {
            self.state.ask(Pending::Connect);
        }
        None
    }

    /// In all other phases: reads one line, and does what it says.
    fn command_line<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Option<Step<'i>> {
        if self.state.shutdown {
            self.shut_down();
            return None;
        }
        #[cfg(feature = "chunking")]
        if self.state.waste > 0 {
            return self.drop_chunk(now, input);
        }
        #[cfg(target_pointer_width = "64")]
        if input.is_empty() {
            return self.wait(now, self.config.command_timeout);
        }
        #[cfg(target_pointer_width = "64")]
        if self.usual_command(input) {
            return Some(Step::Request);
        }
        #[cfg(target_pointer_width = "64")]
        if self.bare_command(input) {
            return None;
        }
        match self.read_line(now, input) {
            Ok(plain) => {
                self.line_taken(input, plain);
                None
            }
            Err(step) => step,
        }
    }

    /// Reads a line into the buffer; whether it is known to hold nothing but printable ASCII, and to be no longer than any line may be. Where
    /// there is none to be dealt with: what to do, if anything.
    #[inline]
    fn read_line<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Result<bool, Option<Step<'i>>> {
        #[cfg(target_pointer_width = "64")]
        if self.line.feed_whole(input) {
            return Ok(true);
        }
        self.line_in_parts(now, input)
    }

    /// Does what a line says. `plain` is what [`read_line`](Self::read_line) says.
    fn line_taken(&mut self, input: &mut &[u8], plain: bool) {
        self.state.clock = None;
        self.state.line_taken();
        if self.state.phase() == Phase::Sasl {
            self.sasl_line();
        } else {
            self.command(input, plain);
        }
    }

    /// Reads a line that may come in parts, or not be right.
    #[inline(never)]
    fn line_in_parts<'i>(&mut self, now: Instant, input: &mut &'i [u8]) -> Result<bool, Option<Step<'i>>> {
        let untouched = self.line.is_untouched();
        if untouched && input.first() == Some(&TLS_HANDSHAKE) {
            self.turn_out(const { Canned::invalid_character() });
            return Err(None);
        }
        match self.line.feed(input) {
            Framed::More => {
                if untouched && !self.line.is_untouched() {
                    self.state.clock = Some(now);
                }
                return Err(self.wait(now, self.config.command_timeout));
            }
            Framed::Rest => self.state.clock = None,
            Framed::Line => {
                let fits = self.line.length() <= LINE_LIMIT && !self.line.overflowed();
                return Ok(fits && is_printable(self.line.octets()));
            }
            Framed::BareCr => {
                self.forget_secrets();
                self.line_fault(const { Canned::invalid_character() });
            }
            // The client takes the line for ended, and what follows may be its rest or its successor: it cannot be known, so nothing
            // of it is read.
            Framed::BareLf => self.turn_out(const { Canned::invalid_character() }),
        }
        Err(None)
    }

    /// Before more input: sends what is written, ends the session where its time is up or its peer gone, and waits otherwise.
    pub(crate) fn wait<'i>(&mut self, now: Instant, patience: Millis) -> Option<Step<'i>> {
        if !self.out.is_empty() {
            return Some(Step::Send);
        }
        let session = self.state.started.unwrap_or(now).after(self.config.session_timeout);
        let deadline = self.state.clock.get_or_insert(now).after(patience).min(session);
        if self.state.eof {
            self.state.close(Abort::Eof);
        } else if now >= deadline {
            self.say(const { Canned::timeout() });
            self.state.close(Abort::Timeout);
        } else {
            return Some(Step::Recv { deadline });
        }
        None
    }

    /// Tells of a transaction's end, asks for a decision, and makes the buffer ready for the next line once the last one has been dealt
    /// with; `None` where it can go on.
    fn settle_what_is_due<'i>(&mut self) -> Option<Step<'i>> {
        if let Some(abort) = self.state.abort.take() {
            return Some(Step::Aborted(abort));
        }
        match self.state.pending {
            Pending::None => {}
            // The answer to EHLO is the longest reply, and may need all of the output.
            Pending::Hello { .. } if !self.out.is_empty() => return Some(Step::Send),
            _ => return Some(Step::Request),
        }
        if self.state.all_seen_to() {
            self.line.next();
        }
        if self.state.secret && self.state.phase() != Phase::Sasl {
            self.forget_secrets();
            self.line.next();
        }
        None
    }

    /// Overwrites what the line buffer holds, and ends the exchange if there is one.
    pub(crate) fn forget_secrets(&mut self) {
        self.line.wipe();
        self.state.secret = false;
        self.state.exchange = None;
        self.state.go(Event::AuthOver, Abort::Reset);
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline)]
    pub(crate) fn say(&mut self, reply: Canned) {
        write::canned(&mut self.out, self.config, reply);
    }

    /// Refuses what is a protocol error, and ends the session where there have been too many.
    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    pub(crate) fn fault(&mut self, reply: Canned) {
        if self.count_error() {
            self.say(reply);
        }
    }

    /// Refuses a line for what it is made of. Between chunks it may have been the next one, without which the message is not the
    /// sender's.
    pub(crate) fn line_fault(&mut self, reply: Canned) {
        self.end_chunks();
        self.fault(reply);
    }

    /// Counts a protocol error; where there have been too many it ends the session and says false.
    pub(crate) fn count_error(&mut self) -> bool {
        self.state.errors = self.state.errors.saturating_add(1);
        let bearable = self.state.errors <= self.config.errors;
        if !bearable {
            self.turn_out(const { Canned::too_much_failure() });
        }
        bearable
    }

    /// Says a last word, and closes.
    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    pub(crate) fn turn_out(&mut self, reply: Canned) {
        self.say(reply);
        self.state.close(Abort::Closed);
    }

    /// Says that the server goes, and closes.
    fn shut_down(&mut self) {
        self.say(const { Canned::service_not_available() });
        self.state.close(Abort::Shutdown);
    }

    /// Notes that input was there before it was due; whether that is let pass. Where it is not, the session has been ended.
    pub(crate) fn let_early(&mut self, input: &[u8]) -> bool {
        if input.is_empty() {
            return true;
        }
        self.state.early = true;
        if self.config.early_pipelining == Tolerance::Refuse {
            self.turn_out(const { Canned::bad_sequence() });
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_session_is_little_more_than_its_buffers() {
        let size = size_of::<Session<'_, 512, 1024>>() - 512 - 1024;
        std::println!("a session without its buffers: {size} octets");
        assert!(size <= 256);
    }

    /// Whether something of an exchange is left, or the buffer was not overwritten after it.
    fn remains<const LINE: usize, const OUT: usize>(session: &Session<'_, LINE, OUT>) -> bool {
        !session.line.buffer().is_empty() || session.state.exchange.is_some() || session.state.secret
    }

    /// Says lines one after another, and accepts what is asked.
    fn say(session: &mut Session<'_, 512, 1024>, lines: &str) {
        for line in lines.split_inclusive("\r\n") {
            let mut input = line.as_bytes();
            loop {
                match session.advance(Instant::from_millis(0), &mut input) {
                    Step::Request => match session.request() {
                        Some(Request::Connect(connect)) => connect.answer.accept(),
                        Some(Request::Hello(hello)) => hello.answer.accept(),
                        Some(Request::Auth(auth)) => auth.answer.accept(),
                        _ => {}
                    },
                    Step::Send => session.consume_output(usize::MAX),
                    Step::Recv { .. } if !input.is_empty() || session.phase() == Phase::Connect => {}
                    Step::Recv { .. } | Step::Closed | Step::StartTls => break,
                    Step::Content(_) | Step::Aborted(_) => {}
                }
            }
        }
    }

    static CONFIG: Config<'static> = Config::new("mx.example.net")
        .early_talk(EarlyTalk::Allow)
        .mechanisms(&[crate::Mechanism::Plain, crate::Mechanism::Login]);

    type Way<'a> = (&'a Config<'a>, &'a str, fn(&mut Session<'_, 512, 1024>));

    #[test]
    fn no_way_out_of_an_exchange_leaves_its_secrets() {
        let config = CONFIG.plaintext_auth(true);
        let config = config.mechanisms(crate::Mechanism::ALL);
        let ways: [Way<'_>; 16] = [
            // user=u ^A auth=Bearer t ^A ^A; n,,n=user,r=abc; an answer to CRAM-MD5.
            (&config, "AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHQBAQ==\r\n", |_| {}),
            (&config, "AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9YWJj\r\n", |_| {}),
            (&config, "AUTH CRAM-MD5\r\ndXNlciAwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n", |_| {}),
            (&config, "AUTH EXTERNAL\r\n*\r\n", |_| {}),
            (&config, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", |_| {}),
            (&config, "AUTH PLAIN\r\nAHVzZXIAcGFzcw==\r\n", |_| {}),
            (&config, "AUTH LOGIN dXNlcg==\r\ncGFzcw==\r\n", |_| {}),
            (&config, "AUTH LOGIN dXNlcg==\r\n*\r\n", |_| {}),
            (&config, "AUTH LOGIN dXNlcg==\r\ncGFz\rcw==\r\n", |_| {}),
            (&config, "AUTH LOGIN dXNlcg==\r\ncGFzcw==\n", |_| {}),
            (&config, "AUTH PLAIN AHVzZXIAcGFzcw== more\r\n", |_| {}),
            (&config, "AUTH PLAIN AHVzZXIAcGFzcw=\r\n", |_| {}),
            (&config, "AUTH LOGIN dXNlcg==\r\ncGFz", |session| session.eof()),
            (&config, "AUTH LOGIN dXNlcg==\r\ncGFz", |session| session.shutdown()),
            (&config, "AUTH PLAIN AHVzZXIAc", |session| session.eof()),
            // It was not even let begin.
            (&CONFIG, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n", |_| {}),
        ];
        for (config, lines, end) in ways {
            let mut session = Session::<512, 1024>::new(config, Peer::PLAIN.nonce([0; 18]));
            say(&mut session, "EHLO x\r\n");
            say(&mut session, lines);
            end(&mut session);
            say(&mut session, "\r\n");
            assert!(!remains(&session), "{lines:?}");
        }
    }
}
