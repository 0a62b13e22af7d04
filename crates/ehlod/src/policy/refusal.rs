//! A decision against a client, with the rule that made it.

use crate::metrics::metrics;
use crate::watch::{self, board};
use ehlo::Reply;
use std::time::SystemTime;

/// What refuses a client, a sender, a recipient or a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The rule, by the setting or the fact that it rests on: what an administrator looks for.
    pub rule: &'static str,
    /// What the client is told.
    pub reply: Reply<'a>,
}

impl<'a> Refusal<'a> {
    /// A refusal by a rule.
    #[must_use]
    pub const fn new(rule: &'static str, reply: Reply<'a>) -> Self {
        Self { rule, reply }
    }

    /// Counts a refusal, writes the one line that the log has for it, and gives the reply. `sender` and `recipient` are given as far as they are known.
    pub fn log(self, session: &str, client: &str, sender: Option<&str>, recipient: Option<&str>) -> Reply<'a> {
        let Self { rule, reply } = self;
        let enhanced = reply.enhanced_code().map(tracing::field::display);
        tracing::info!(session, rule, client, sender, recipient, reply = reply.code(), enhanced, "refused");
        self.note(session, client, sender, recipient);
        reply
    }

    /// Counts a refusal, and shows it on the page where there is one.
    pub fn note(self, session: &str, client: &str, sender: Option<&str>, recipient: Option<&str>) {
        let Self { rule, reply } = self;
        metrics().refused(rule);
        board().refused(|| watch::Refused {
            at: SystemTime::now(),
            session: session.to_owned(),
            rule,
            client: client.to_owned(),
            sender: sender.map(str::to_owned),
            recipient: recipient.map(str::to_owned),
            reply: match reply.enhanced_code() {
                Some(enhanced) => format!("{} {enhanced}", reply.code()),
                None => reply.code().to_string(),
            },
        });
    }
}
