//! AUTH and its exchange, and the handshake of STARTTLS.

use ehlo::{Abort, Mechanism};

use super::{Awaits, Exchange, Greeted, Model, Said, Verdict};
use crate::arguments::Wrong;
use crate::script::Response;

impl Model<'_> {
    /// Why a mechanism that is configured may not be used.
    pub(super) fn objection(&self, mechanism: Mechanism) -> Option<&'static str> {
        let shows_password = matches!(mechanism, Mechanism::Plain | Mechanism::Login);
        let needs_nonce = mechanism.name().starts_with("SCRAM");
        let strength = |mechanism: Mechanism| match mechanism.name() {
            "ANONYMOUS" => 0,
            "PLAIN" | "LOGIN" => 1,
            _ => 2,
        };
        if needs_nonce {
            // The session was given none.
            Some("auth-type-unrecognized")
        } else if self.settings.minimum.is_some_and(|minimum| strength(mechanism) < strength(minimum)) {
            Some("mechanism-too-weak")
        } else if shows_password && !self.tls && !self.settings.plaintext_auth {
            Some("encryption-required")
        } else {
            None
        }
    }

    pub(super) fn auth(&mut self, name: &str, initial: Option<&Response>, third: bool) -> Result<(), Wrong> {
        let text = initial.map(Response::text).unwrap_or_default();
        if !name.is_ascii() || !text.is_ascii() {
            return Err(Wrong::NotAscii);
        }
        if name.is_empty() || third || text.contains(' ') {
            return Err(Wrong::Syntax);
        }
        let known = self.settings.mechanisms.iter().copied().find(|one| one.name().eq_ignore_ascii_case(name));
        let Some(mechanism) = known else {
            self.refuse("auth-type-unrecognized");
            return Ok(());
        };
        if let Some(id) = self.objection(mechanism) {
            self.refuse(id);
            return Ok(());
        }
        self.awaits = Awaits::Response;
        self.exchange = Some(Exchange::First(mechanism));
        match initial {
            // RFC 4954 4: an empty one.
            Some(Response::Raw("=")) => self.responded(Some(Vec::new())),
            Some(Response::Cancel) => self.responded(None),
            Some(response) => self.responded(decoded(response)),
            None if mechanism == Mechanism::Login => self.say("login-username"),
            None => self.put(Said { id: None, code: 334, enhanced: None, text: Some(String::new()), keywords: None }),
        }
        Ok(())
    }

    /// A line within the exchange.
    pub fn response(&mut self, response: &Response) {
        if self.is_over() {
            return;
        }
        (self.since, self.begun) = (None, false);
        // What LOGIN keeps takes room in the buffer.
        let kept = match &self.exchange {
            Some(Exchange::LoginPassword(user)) => user.len(),
            _ => 0,
        };
        let length = response.octets().len() - 2;
        match response {
            Response::Cancel => {
                self.over();
                self.refuse("auth-aborted");
            }
            Response::BareLf => self.turn_out("invalid-character"),
            Response::BareCr => {
                self.over();
                self.refuse("invalid-character");
            }
            _ if length > (self.settings.line - kept).min(12_288) => {
                self.over();
                self.refuse("line-too-long");
            }
            _ => self.responded(decoded(response)),
        }
    }

    pub(super) fn over(&mut self) {
        self.exchange = None;
        self.awaits = Awaits::Command;
    }

    /// A response, decoded; `None` where it was not base64.
    pub(super) fn responded(&mut self, octets: Option<Vec<u8>>) {
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).ok().filter(|text| !text.contains('\0'));
        let name = |octets: &[u8]| text(octets).filter(|text| !text.is_empty());
        let exchange = self.exchange.take();
        let claim = octets.and_then(|octets| match exchange {
            Some(Exchange::First(Mechanism::Plain)) => {
                let parts: Vec<&[u8]> = octets.split(|octet| *octet == 0).collect();
                let [authorization, user, password] = parts[..] else { return None };
                Some(format!("auth PLAIN {}/{}/{}", text(authorization)?, name(user)?, name(password)?))
            }
            Some(Exchange::First(Mechanism::Login)) => {
                self.exchange = Some(Exchange::LoginPassword(name(&octets)?));
                Some(String::new())
            }
            Some(Exchange::LoginPassword(user)) => Some(format!("auth LOGIN /{user}/{}", name(&octets)?)),
            Some(Exchange::First(_)) => {
                let trace = text(&octets).filter(|trace| trace.chars().count() <= 255)?;
                (!trace.chars().any(char::is_control)).then(|| format!("auth ANONYMOUS {trace}"))
            }
            None => None,
        });
        if self.exchange.is_some() {
            return self.say("login-password");
        }
        self.over();
        let Some(claim) = claim else { return self.refuse("syntax-error-in-parameters") };
        match self.ask(claim) {
            Verdict::Yes | Verdict::Otherwise | Verdict::Forward => {
                self.authenticated = true;
                self.say("auth-ok");
            }
            Verdict::No(said) if said.code < 500 => self.obey_idle(said),
            Verdict::No(said) => {
                self.auth_failures += 1;
                if self.auth_failures > self.settings.auth_failures {
                    self.turn_out("auth-failed-too-often");
                } else {
                    self.put(said);
                }
            }
        }
    }

    /// The handshake that was asked for is over.
    pub fn handshake(&mut self, done: bool) {
        if !done {
            return self.close(Abort::Closed);
        }
        // RFC 3207 4.2: all that was learned before is forgotten.
        (self.tls, self.authenticated, self.greeted) = (true, false, Greeted::No);
        self.since = None;
        self.awaits = Awaits::Command;
    }
}

fn decoded(response: &Response) -> Option<Vec<u8>> {
    match response {
        Response::Octets(octets) => Some(octets.clone()),
        Response::Long(letters) => Some(vec![0; letters / 4 * 3]),
        _ => None,
    }
}
