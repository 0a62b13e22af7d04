//! May this be the sender of a message?

use super::recipient::{plain, unavailable};
use super::state::sender_audit;
use super::{Asked, Refusal, rules};
use crate::client::Client;
use crate::config::{Config, Kind, Stage};
use crate::directory::Login;
use crate::site::Site;
use ehlo::{Reply, ReversePath};

/// Whether a message may have this reverse-path, by these rules in their order. `<>` is nobody's name: no rule on senders is against it, and a user's
/// program that tells a sender what became of a message has to use it (RFC 8098 2.1).
///
/// # Errors
///
/// The rule that is against it.
pub async fn sender(
    site: &Site,
    kind: Kind,
    client: &Client,
    login: Option<&Login>,
    path: ReversePath<'_>,
) -> Result<(), Refusal<'static>> {
    let Config { senders, access, .. } = &site.config;
    // Few configurations ask for the sender: it is read where one does.
    if login.is_none() && access.rules.is_empty() && access.audit.is_none() && senders.deny.is_empty() {
        return Ok(());
    }
    let address = match path {
        ReversePath::Mailbox(mailbox) => Some(plain(&mailbox)),
        ReversePath::Null => None,
    };
    rules(site, Stage::Mail, Asked { client, sender: address.as_ref(), recipient: None })?;
    let Some(address) = address else { return Ok(()) };
    if senders.deny.iter().any(|pattern| pattern.matches(&address)) {
        return Err(Refusal::new("senders.deny", Reply::sender_blacklisted()));
    }
    if login.is_none() {
        sender_audit(site, &address).await?;
    }
    // Where mail is submitted a user speaks for itself (RFC 6409 6.1); elsewhere it may hand on what others wrote.
    match login {
        Some(login)
            if kind == Kind::Submission
                && senders.match_identity
                && !site.directory.may_send_as(login, &address).await.map_err(unavailable)? =>
        {
            Err(Refusal::new("senders.match_identity", Reply::sender_inconsistent()))
        }
        _ => Ok(()),
    }
}
