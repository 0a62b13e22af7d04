//! From a whole command line to a reply or a request: what is offered, what may stand here, what its arguments are.

use crate::buffer::Span;
use crate::command::characters::is_ascii;
use crate::command::mail::{self, InForce};
use crate::command::parked::{ParkedMail, ParkedRcpt};
#[cfg(target_pointer_width = "64")]
use crate::command::usual::{self, Usual};
use crate::command::verb::{self, Traits, Verb};
use crate::command::{self, ArgumentError, hello};
#[cfg(feature = "extensions")]
use crate::command::{attributes, etrn, query};
use crate::config::{Extensions, Mode, Vrfy};
use crate::phase::{self, Event, Phase};
use crate::reply::Canned;
use crate::session::Session;
use crate::state::Pending;
use crate::step::Abort;

impl<const LINE: usize, const OUT: usize> Session<'_, LINE, OUT> {
    /// Does what the line in the buffer says. `input` is what was read behind it; `plain` as in [`line_taken`](Self::line_taken).
    pub(crate) fn command(&mut self, input: &mut &[u8], plain: bool) {
        // No exchange is going on, so that the line begins where the buffer does.
        let line = trim(self.line.buffer());
        let (verb, behind) = verb::split(line);
        let arguments = Span::new(behind, line.len().wrapping_sub(behind));
        if !plain && self.is_malformed(verb) {
            return;
        }
        self.verb(verb, arguments, input, plain);
    }

    /// Does what a line that is well made says.
    #[cfg_attr(not(target_pointer_width = "64"), inline(always))]
    fn verb(&mut self, verb: Verb, arguments: Span, input: &mut &[u8], plain: bool) {
        let traits = verb.traits();
        if let Some(refusal) = self.refusal(verb, traits, input) {
            #[cfg(feature = "chunking")]
            if verb == Verb::Bdat {
                self.refuse_chunk(arguments);
            }
            // An HTTP request, perhaps with commands in its body: no line of it is carried out.
            return if verb == Verb::Http { self.turn_out(refusal) } else { self.fault(refusal) };
        }
        if self.state.phase() == Phase::Closed || (traits.is_idle() && !self.count_idle()) {
            return;
        }
        if let Err(error) = self.carry_out(verb, arguments, input, plain) {
            self.fault(match error {
                ArgumentError::Syntax => const { Canned::syntax_error_in_parameters() },
                ArgumentError::UnknownParameter => Canned::UNKNOWN_PARAMETER,
                ArgumentError::UnknownValue => const { Canned::parameter_not_implemented() },
                ArgumentError::NotAscii => const { Canned::invalid_character() },
            });
        }
    }

    /// Does what a verb of four letters says that has come with its CRLF alone: such a line is not looked at any further, nor kept. False
    /// where the input does not begin with one.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn bare_command(&mut self, input: &mut &[u8]) -> bool {
        let [a, b, c, d, b'\r', b'\n', behind @ ..] = *input else { return false };
        if !self.line.is_untouched() || self.state.phase() == Phase::Sasl {
            return false;
        }
        let verb = verb::of_four([*a, *b, *c, *d]);
        if matches!(verb, Verb::Unknown | Verb::Http) {
            return false;
        }
        *input = behind;
        self.state.clock = None;
        self.verb(verb, Span::default(), input, true);
        true
    }

    /// Takes MAIL or RCPT as most clients write them off the input, and asks for the decision; false where there is no such, or the answer is
    /// no decision of the caller's.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn usual_command(&mut self, input: &mut &[u8]) -> bool {
        let taken = match self.state.phase() {
            Phase::Mail | Phase::NoRcpt | Phase::Rcpt => self.usual_rcpt(input),
            Phase::Ready => self.usual_mail(input),
            _ => None,
        };
        let Some(behind) = taken else { return false };
        self.state.clock = None;
        self.state.line_taken();
        *input = behind;
        true
    }

    /// RCPT; what is behind it.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    fn usual_rcpt<'i>(&mut self, input: &'i [u8]) -> Option<&'i [u8]> {
        if !self.line.is_untouched() || self.state.recipients >= self.config.recipients || self.state.takes_no_more() {
            return None;
        }
        let Usual { raw, line, behind } = usual::rcpt(input)?;
        self.line.take(line);
        self.state.ask(Pending::Rcpt(ParkedRcpt::new(line, &raw)));
        Some(behind)
    }

    /// MAIL; what is behind it.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    fn usual_mail<'i>(&mut self, input: &'i [u8]) -> Option<&'i [u8]> {
        let config = self.config;
        if !self.line.is_untouched()
            || (config.require_auth && !self.state.authenticated)
            || self.state.transactions >= config.transactions
        {
            return None;
        }
        let in_force = if self.state.extended { config.extensions } else { Extensions::NONE };
        let Usual { raw, line, behind } = usual::mail(input, in_force)?;
        if config.message_size != 0 && raw.declared.size.is_some_and(|size| size > config.message_size) {
            return None;
        }
        self.line.take(line);
        self.state.ask(Pending::Mail(ParkedMail::new(line, &raw)));
        Some(behind)
    }

    /// Refuses a line that is too long, or made of what no line may be made of; whether it did.
    #[cold]
    #[inline(never)]
    fn is_malformed(&mut self, verb: Verb) -> bool {
        if verb == Verb::Http {
            return false;
        }
        // Refused or not, it may bring a password.
        self.state.secret |= verb == Verb::Auth;
        let too_long = self.line.overflowed() || self.line.length() > self.limit(verb);
        let line = trim(self.line.octets());
        if too_long {
            self.line_fault(const { Canned::line_too_long() });
        } else if line.iter().any(u8::is_ascii_control) {
            self.line_fault(const { Canned::invalid_character() });
        } else if verb == Verb::Unknown && !is_ascii(line) {
            self.fault(const { Canned::invalid_character() });
        } else {
            return false;
        }
        true
    }

    /// Why a command may not stand here; `None` where it may. (Where it came too early the session may have been ended instead.)
    fn refusal(&mut self, verb: Verb, traits: Traits, input: &[u8]) -> Option<Canned> {
        if !traits.are_none() {
            if traits.is_optional()
                && let Some(refusal) = self.not_offered(verb)
            {
                return Some(refusal);
            }
            if traits.ends_a_group() && !self.let_early(input) {
                return None;
            }
            if traits.is_placed() && self.is_misplaced(verb) {
                return Some(BAD_SEQUENCE);
            }
        }
        phase::admit(self.state.phase(), verb).refusal()
    }

    /// Whether a command stands in a wrong place for a reason that the table of the phases does not know.
    fn is_misplaced(&self, verb: Verb) -> bool {
        match verb {
            Verb::Auth => !self.state.extended || self.state.authenticated,
            Verb::Starttls => !self.state.extended || self.state.tls,
            // RFC 3030 3: such a body does not go through DATA. RFC 3030 2: a message goes by DATA or by BDAT, and by BDAT only where
            // it was offered.
            Verb::Data => self.state.is_binary(),
            #[cfg(feature = "chunking")]
            Verb::Bdat => !self.state.extended,
            _ => false,
        }
    }

    /// Why a verb that is not always offered is refused; `None` where it is offered.
    fn not_offered(&mut self, verb: Verb) -> Option<Canned> {
        // Refused or not, it may bring a password.
        self.state.secret |= verb == Verb::Auth;
        match verb {
            Verb::Unknown | Verb::Http => Some(const { Canned::command_unrecognized() }),
            _ => (!self.is_offered(verb)).then_some(const { Canned::command_not_implemented() }),
        }
    }

    #[inline]
    pub(crate) fn is_offered(&self, verb: Verb) -> bool {
        match verb {
            Verb::NotImplemented | Verb::Http | Verb::Unknown => false,
            Verb::Vrfy => self.config.vrfy != Vrfy::Off,
            #[cfg(feature = "extensions")]
            Verb::Expn => self.config.expn,
            Verb::Auth => !self.config.mechanisms.is_empty(),
            Verb::Ehlo | Verb::Helo => self.config.mode == Mode::Smtp,
            #[cfg(feature = "extensions")]
            Verb::Lhlo => self.config.mode == Mode::Lmtp,
            #[cfg(feature = "chunking")]
            Verb::Bdat => self.config.extensions.contains(Extensions::CHUNKING),
            #[cfg(feature = "extensions")]
            Verb::Etrn => self.config.extensions.contains(Extensions::ETRN),
            #[cfg(feature = "extensions")]
            Verb::Xclient | Verb::Xforward => self.state.trusted,
            Verb::Starttls => self.config.starttls || self.state.tls,
            _ => true,
        }
    }

    /// Counts a command that moves nothing. Past their limit each is an error besides; false where that ended the session.
    pub(crate) fn count_idle(&mut self) -> bool {
        self.state.idle_commands = self.state.idle_commands.saturating_add(1);
        self.state.idle_commands <= self.config.idle_commands || self.count_error()
    }

    /// Carries out a command that may stand here, up to its reply or to the request for a decision.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn carry_out(&mut self, verb: Verb, arguments: Span, input: &mut &[u8], plain: bool) -> Result<(), ArgumentError> {
        let utf8 = !plain && self.is_utf8(verb, arguments)?;
        let octets = arguments.octets(self.line.buffer());
        let span = |part: &[u8]| Span::of(self.line.buffer(), part);
        match verb {
            Verb::Mail => {
                let raw = mail::mail(octets, utf8, self.in_force())?;
                let limit = self.config.message_size;
                if self.config.require_auth && !self.state.authenticated {
                    return self.refuse(const { Canned::auth_required() });
                }
                if self.state.transactions >= self.config.transactions {
                    return self.refuse(const { Canned::too_many_transactions() });
                }
                if limit != 0 && raw.declared.size.is_some_and(|size| size > limit) {
                    if self.count_idle() {
                        self.say(const { Canned::message_too_big() });
                    }
                    return Ok(());
                }
                self.state.ask(Pending::Mail(ParkedMail::new(self.line.buffer(), &raw)));
            }
            Verb::Rcpt => {
                let raw = mail::rcpt(octets, utf8, || self.in_force())?;
                if self.state.recipients >= self.config.recipients || self.state.takes_no_more() {
                    self.say(const { Canned::too_many_rcpts() });
                    return Ok(());
                }
                self.state.ask(Pending::Rcpt(ParkedRcpt::new(self.line.buffer(), &raw)));
            }
            #[cfg(feature = "chunking")]
            Verb::Bdat => return self.bdat(arguments),
            Verb::Auth => return self.auth(arguments),
            Verb::Ehlo | Verb::Helo => {
                let name = span(hello::hello(octets)?);
                self.state.ask(Pending::Hello { name, extended: verb == Verb::Ehlo });
            }
            #[cfg(feature = "extensions")]
            Verb::Lhlo => {
                let name = span(hello::hello(octets)?);
                self.state.ask(Pending::Hello { name, extended: true });
            }
            #[cfg(feature = "extensions")]
            Verb::Vrfy | Verb::Expn => {
                let query = query::query(octets, utf8, self.offers_utf8())?;
                let (what, smtputf8) = (span(query.what.as_bytes()), query.smtputf8);
                match verb {
                    Verb::Expn => self.state.ask(Pending::Expand { what, smtputf8 }),
                    _ if self.config.vrfy == Vrfy::Answer => self.state.ask(Pending::Verify { what, smtputf8 }),
                    _ => self.say(const { Canned::cannot_vrfy() }),
                }
            }
            #[cfg(feature = "extensions")]
            Verb::Help => self.state.ask(Pending::Help(arguments)),
            Verb::Noop => {
                self.say(const { Canned::ok() });
            }
            #[cfg(feature = "extensions")]
            Verb::Etrn => {
                let etrn = etrn::etrn(octets)?;
                let node = span(etrn.node.as_bytes());
                self.state.ask(Pending::Etrn { node, option: etrn.option });
            }
            #[cfg(feature = "extensions")]
            Verb::Xclient => {
                let attributes = span(attributes::attributes(octets, attributes::XCLIENT)?.as_bytes());
                self.state.ask(Pending::Xclient(attributes));
            }
            #[cfg(feature = "extensions")]
            Verb::Xforward => {
                let attributes = span(attributes::attributes(octets, attributes::XFORWARD)?.as_bytes());
                self.state.ask(Pending::Xforward(attributes));
            }
            #[cfg(not(feature = "extensions"))]
            Verb::Vrfy if !octets.is_empty() => {
                self.say(const { Canned::cannot_vrfy() });
            }
            // The others have no arguments.
            _ if !octets.is_empty() => return Err(ArgumentError::Syntax),
            Verb::Data => self.state.ask(Pending::Data),
            Verb::Rset => {
                self.state.go(Event::Reset, Abort::Reset);
                self.say(const { Canned::buffer_cleared() });
            }
            Verb::Quit => {
                self.say(const { Canned::good_bye() });
                self.state.close(Abort::Closed);
            }
            Verb::Starttls => {
                // Whatever came behind it in plaintext is not read as commands, now or later (RFC 3207 4.2).
                self.state.early |= !input.is_empty();
                *input = &[];
                self.say(Canned::READY_FOR_TLS);
                self.state.go(Event::StartTls, Abort::Reset);
            }
            #[cfg(not(feature = "extensions"))]
            Verb::Vrfy => return Err(ArgumentError::Syntax),
            Verb::NotImplemented | Verb::Http | Verb::Unknown => {}
        }
        Ok(())
    }

    /// Refuses a command whose arguments are right.
    fn refuse(&mut self, reply: Canned) -> Result<(), ArgumentError> {
        self.fault(reply);
        Ok(())
    }

    /// Whether arguments have octets over 127 where SMTPUTF8 lets them in. (BDAT sees to its own.)
    #[cold]
    #[inline(never)]
    fn is_utf8(&self, verb: Verb, arguments: Span) -> Result<bool, ArgumentError> {
        let allowed = match verb {
            #[cfg(feature = "chunking")]
            Verb::Bdat => return Ok(false),
            Verb::Mail => self.offers_utf8(),
            #[cfg(feature = "extensions")]
            Verb::Vrfy | Verb::Expn => self.offers_utf8(),
            Verb::Rcpt => self.state.smtputf8,
            _ => false,
        };
        command::is_utf8(self.octets(arguments), allowed)
    }

    /// The longest line of a command, its CRLF counted: 512, and what the extensions in force add to it.
    fn limit(&self, verb: Verb) -> usize {
        let in_force = self.in_force();
        let added = match verb {
            // RFC 4954 4: 12,288 for the command with its initial response.
            Verb::Auth if self.is_offered(Verb::Auth) => 12_288 - LINE_LIMIT,
            Verb::Mail => {
                let extensions = mail::LENGTHS.iter().filter(|(extension, _)| in_force.extensions.contains(*extension));
                // RFC 4954 3.
                let auth = if in_force.auth { 500 } else { 0 };
                extensions.fold(auth, |sum, (_, octets)| usize::from(*octets).wrapping_add(sum))
            }
            #[cfg(feature = "extensions")]
            Verb::Rcpt if in_force.extensions.contains(Extensions::DSN) => 500,
            #[cfg(feature = "extensions")]
            Verb::Vrfy | Verb::Expn if in_force.extensions.contains(Extensions::SMTPUTF8) => 10,
            _ => 0,
        };
        LINE_LIMIT.wrapping_add(added)
    }

    /// What this client may use: nothing, if it said HELO.
    fn in_force(&self) -> InForce {
        if self.state.extended {
            // RFC 8689 2: REQUIRETLS is offered under TLS; RFC 3030 3: BINARYMIME together with CHUNKING.
            #[cfg_attr(
                not(feature = "chunking"),
                expect(unused_mut, reason = "nothing is taken from what is configured")
            )]
            let mut extensions = self.config.extensions;
            #[cfg(feature = "extensions")]
            if !self.state.tls {
                extensions = extensions.without(Extensions::REQUIRETLS);
            }
            #[cfg(feature = "chunking")]
            if !extensions.contains(Extensions::CHUNKING) {
                extensions = extensions.without(Extensions::BINARYMIME);
            }
            InForce {
                extensions,
                auth: !self.config.mechanisms.is_empty(),
                #[cfg(feature = "extensions")]
                longest_hold: self.config.longest_hold,
                #[cfg(feature = "extensions")]
                shortest_by: self.config.shortest_deliver_by,
            }
        } else {
            InForce::NOTHING
        }
    }

    fn offers_utf8(&self) -> bool {
        self.in_force().extensions.contains(Extensions::SMTPUTF8)
    }

    pub(crate) fn octets(&self, span: Span) -> &[u8] {
        span.octets(self.line.buffer())
    }

    pub(crate) fn span(&self, part: &[u8]) -> Span {
        Span::of(self.line.buffer(), part)
    }
}

/// The longest line of a command where no extension adds to it, its CRLF counted (RFC 5321 4.5.3.1.4).
pub(crate) const LINE_LIMIT: usize = 512;

/// Said to a command that stands in a wrong place for a reason that the table of the phases does not know.
const BAD_SEQUENCE: Canned = Canned::bad_sequence();

/// The line without white space at its end, which devices send (RFC 5321 4.1.1 lets a server take it).
fn trim(mut line: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t', rest)) = line.split_last() {
        line = rest;
    }
    line
}
