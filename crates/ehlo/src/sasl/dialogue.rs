//! The session's part in an exchange: from AUTH to its final reply.

use super::exchange::{Context, Exchange, Outcome};
use super::mechanism::Mechanism;
use super::offer;
use crate::buffer::Span;
use crate::command::ArgumentError;
use crate::command::characters::{holds, next_part, same_word};
use crate::phase::Event;
use crate::reply::Canned;
#[cfg(feature = "mechanisms")]
use crate::request;
use crate::session::Session;
use crate::state::Pending;
use crate::step::Abort;

impl<const LINE: usize, const OUT: usize> Session<'_, LINE, OUT> {
    /// `auth-command = "AUTH" SP sasl-mech [SP initial-response]` (RFC 4954 4).
    pub(crate) fn auth(&mut self, arguments: Span) -> Result<(), ArgumentError> {
        let octets = self.octets(arguments);
        let mut words = Some(octets);
        let name = next_part(&mut words, b' ').unwrap_or_default();
        let initial = words.map(|word| self.span(word));
        if name.is_empty() || words.is_some_and(|word| holds(word, b' ')) {
            return Err(ArgumentError::Syntax);
        }
        let mechanisms = self.config.mechanisms;
        let Some(mechanism) = mechanisms.iter().find(|one| same_word(one.name().as_bytes(), name)) else {
            self.fault(const { Canned::auth_type_unrecognized() });
            return Ok(());
        };
        if let Some(reply) = offer::refusal(*mechanism, self.config, self.state.tls, &self.state.facts) {
            self.fault(reply);
            return Ok(());
        }
        #[cfg(feature = "mechanisms")]
        self.state.facts.begin(*mechanism);
        self.state.exchange = Some(Exchange::Begun(*mechanism));
        self.state.go(Event::Auth, Abort::Reset);
        if let Some(response) = initial {
            self.sasl_response(response, true);
            return Ok(());
        }
        match mechanism {
            Mechanism::Login => self.say(const { Canned::login_username() }),
            #[cfg(feature = "mechanisms")]
            Mechanism::CramMd5 => {
                if !super::further::cram_challenge(&mut self.out, self.config, &self.state.facts) {
                    self.forget_secrets();
                    self.say(const { Canned::auth_temporary_failure() });
                }
            }
            _ => self.say(Canned::GO_ON),
        }
        Ok(())
    }

    /// A line of an exchange (RFC 4954 4).
    pub(crate) fn sasl_line(&mut self) {
        let limit = LINE.min(12_288);
        if self.line.overflowed() || self.line.length() > limit.wrapping_add(2) {
            self.forget_secrets();
            self.fault(const { Canned::line_too_long() });
            return;
        }
        let response = Span::of(self.line.buffer(), self.line.octets());
        self.sasl_response(response, false);
    }

    /// A response, which is part of the line.
    fn sasl_response(&mut self, response: Span, initial: bool) {
        let Some(exchange) = &mut self.state.exchange else { return };
        let context = Context { config: self.config, facts: &self.state.facts, tls: self.state.tls };
        let refusal = match exchange.respond(&mut self.line, response, initial, context) {
            Outcome::AskPassword => return self.say(const { Canned::login_password() }),
            Outcome::Complete => {
                self.state.ask(Pending::Auth);
                return;
            }
            #[cfg(feature = "mechanisms")]
            Outcome::Failed => {
                self.state.ask(Pending::Auth);
                return request::fail_auth(self.config, &mut self.state, &mut self.out, self.line.buffer());
            }
            #[cfg(feature = "mechanisms")]
            Outcome::Over => {
                self.say(const { Canned::auth_failed() });
                self.state.go(Event::AuthOver, Abort::Reset);
                return;
            }
            Outcome::Cancelled => const { Canned::auth_aborted() },
            Outcome::Malformed => const { Canned::syntax_error_in_parameters() },
            // RFC 4954 4 names the code.
            #[cfg(feature = "mechanisms")]
            Outcome::Unwanted => Canned::UNWANTED_RESPONSE,
        };
        self.forget_secrets();
        self.fault(refusal);
    }
}
