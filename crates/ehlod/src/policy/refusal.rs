//! A decision against a client, with the rule that made it.

use ehlo::Reply;

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

    /// Writes the one line that the log has for a refusal, and gives the reply. `sender` and `recipient` are given as far as they are known.
    pub fn log(self, session: &str, client: &str, sender: Option<&str>, recipient: Option<&str>) -> Reply<'a> {
        let Self { rule, reply } = self;
        let enhanced = reply.enhanced_code().map(tracing::field::display);
        tracing::info!(session, rule, client, sender, recipient, reply = reply.code(), enhanced, "refused");
        reply
    }
}
