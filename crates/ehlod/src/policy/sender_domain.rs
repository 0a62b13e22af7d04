//! Does the sender's domain take mail?

use super::recipient::plain;
use super::{Refusal, always};
use crate::client::Client;
use crate::config::Stage;
use crate::dns::Unresolved;
use crate::site::Site;
use ehlo::{Domain, Reply, ReversePath};

/// Whether mail to the sender's domain could be delivered (RFC 5321 5.1): it has hosts for mail, and does not say that it takes none
/// (RFC 7505), or has addresses itself. It is asked at MAIL, or at RCPT if clients are refused there. A user that has logged in and
/// clients that are always let in are not asked, nor is it for domains here and for address literals.
///
/// # Errors
///
/// The rule that is against it.
pub async fn sender_domain(
    site: &Site,
    stage: Stage,
    client: &Client,
    login: bool,
    path: ReversePath<'_>,
) -> Result<(), Refusal<'static>> {
    let asked_at = if site.config.access.refuse_at == Stage::Rcpt { Stage::Rcpt } else { Stage::Mail };
    let is_asked = site.config.senders.domain_exists && stage == asked_at && !login;
    let (Some(dns), ReversePath::Mailbox(mailbox), true) = (&site.dns, path, is_asked) else { return Ok(()) };
    let address = plain(&mailbox);
    if site.directory.hosts(address.domain()) || client.address.is_some_and(|client| always(site, client)) {
        return Ok(());
    }
    let Domain::Name(domain) = mailbox.domain() else { return Ok(()) };
    let later = |Unresolved| Refusal::new("senders.domain", Reply::database_inaccessible());
    // In boxes: what asks the DNS is large, and is seldom needed.
    let takes_mail = match &Box::pin(dns.mail_exchangers(domain)).await.map_err(later)?[..] {
        [] => !Box::pin(dns.addresses(domain)).await.map_err(later)?.is_empty(),
        hosts => hosts.iter().any(|host| !host.is_empty()),
    };
    if takes_mail { Ok(()) } else { Err(Refusal::new("senders.domain", Reply::sender_verify_failed())) }
}
