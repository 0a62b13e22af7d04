//! Do the administrator's own rules deny it?

use super::Refusal;
use crate::client::Client;
use crate::config::{Network, Rule, Stage};
use crate::mailbox::Mailbox;
use crate::pattern::Pattern;
use crate::site::Site;
use ehlo::Reply;

/// What is known at a stage, for the conditions of rules.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who is connected.
    pub client: &'a Client,
    /// The sender; `None` before MAIL, and for `<>`.
    pub sender: Option<&'a Mailbox>,
    /// The recipient, or whom VRFY or EXPN asks for; `None` before.
    pub recipient: Option<&'a Mailbox>,
}

/// Whether none of the rules of `[[access.rule]]` for this stage is against it.
///
/// # Errors
///
/// Where one is.
pub fn rules(site: &Site, stage: Stage, asked: Asked<'_>) -> Result<(), Refusal<'static>> {
    let denies = |rule: &Rule| rule.stage == stage && holds(rule, asked);
    if site.config.access.rules.iter().any(denies) {
        return Err(Refusal::new("access.rule", Reply::access_denied()));
    }
    Ok(())
}

/// Whether every condition of a rule holds. A client by a Unix socket has no address, and is in no network.
fn holds(rule: &Rule, asked: Asked<'_>) -> bool {
    let of = |pattern: &Option<Pattern>, address: Option<&Mailbox>| {
        pattern.as_ref().is_none_or(|pattern| address.is_some_and(|address| pattern.matches(address)))
    };
    let from = |network: Network| asked.client.address.is_some_and(|client| network.contains(client));
    rule.client.is_none_or(from) && of(&rule.sender, asked.sender) && of(&rule.recipient, asked.recipient)
}
