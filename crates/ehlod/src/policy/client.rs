//! May this client connect?

use super::Refusal;
use super::rules::{Asked, rules};
use super::state::client_audit;
use crate::client::Client;
use crate::config::{ReverseDns, Stage};
use crate::dns::Unresolved;
use crate::site::Site;
use ehlo::Reply;
use std::net::IpAddr;

/// So many names of an address are asked for theirs.
const NAMES: usize = 5;

/// Whether a client is let in, by these rules in their order. One that is on the list of those that are always let in has only to find a
/// domain here, and which of the server's addresses it came to has to be known, since mail may be for that (RFC 5321 4.1.3); one without an address, which came by a Unix socket, is on no list. A client whose name is confirmed is known by it from
/// then on.
///
/// # Errors
///
/// The rule that keeps it out.
pub async fn client<'c>(site: &Site, client: &'c mut Client) -> Result<(), Refusal<'c>> {
    if !site.usable {
        return Err(Refusal::new("configuration", Reply::configuration_unreadable()));
    }
    if !site.directory.hosts_any() {
        return Err(Refusal::new("domain", Reply::no_hosted_domain()));
    }
    if client.is_lost {
        return Err(Refusal::new("own address", Reply::own_address_unknown()));
    }
    if client.address.is_some_and(|address| always(site, address)) {
        return Ok(());
    }
    if let Some(name) = reverse_name(site, client).await? {
        client.name.get_or_insert(name);
    }
    let client: &'c Client = client;
    if site.config.access.refuse_at == Stage::Open {
        listed(site, client).await?;
    }
    client_audit(site, client).await?;
    rules(site, Stage::Open, Asked { client, sender: None, recipient: None })
}

/// Whether a client that was greeted may send: `stage` is MAIL or RCPT, and the configuration says at which of them clients are refused
/// that are on a list. Who has logged in is asked nothing more.
///
/// # Errors
///
/// The rule that keeps it out.
pub async fn client_later<'c>(site: &Site, stage: Stage, client: &'c Client, login: bool) -> Result<(), Refusal<'c>> {
    if login || site.config.access.refuse_at != stage { Ok(()) } else { listed(site, client).await }
}

/// The lists: the administrator's, and those of the DNS. A list that cannot be asked for the moment has nobody on it: it may be out of
/// order for days.
async fn listed<'c>(site: &Site, client: &'c Client) -> Result<(), Refusal<'c>> {
    let access = &site.config.access;
    let Some(address) = client.address.filter(|address| !always(site, *address)) else { return Ok(()) };
    if access.deny.iter().any(|network| network.contains(address)) {
        return Err(Refusal::new("access.deny", Reply::ip_denied(&client.text)));
    }
    let Some(dns) = &site.dns else { return Ok(()) };
    for list in &access.dnsbl {
        // In boxes: what asks the DNS is large, and is seldom needed.
        match Box::pin(dns.is_listed(list, address)).await {
            Ok(false) => {}
            Ok(true) => {
                let why = Box::pin(dns.why_listed(list, address)).await;
                tracing::info!(client = client.text, list, why, "on a block list");
                return Err(Refusal::new("access.dnsbl", Reply::ip_denied(&client.text)));
            }
            Err(Unresolved) => tracing::warn!(client = client.text, list, "the block list does not answer"),
        }
    }
    Ok(())
}

/// The confirmed name of a client, where the configuration wants it to have one; `None` where it need not be confirmed. What cannot be
/// found out for the moment is refused as what is not there is: the reply is a temporary one.
async fn reverse_name(site: &Site, client: &Client) -> Result<Option<String>, Refusal<'static>> {
    let (Some(dns), Some(address)) = (&site.dns, client.address) else { return Ok(None) };
    let refusal = || Refusal::new("access.reverse_dns", Reply::no_reverse_dns());
    let wanted = site.config.access.reverse_dns;
    if wanted == ReverseDns::Off {
        return Ok(None);
    }
    let names = Box::pin(dns.names(address)).await.map_err(|_| refusal())?;
    if wanted == ReverseDns::Exists {
        return if names.is_empty() { Err(refusal()) } else { Ok(None) };
    }
    for name in names.into_iter().take(NAMES) {
        if Box::pin(dns.has_address(&name, address)).await == Ok(true) {
            return Ok(Some(name));
        }
    }
    Err(refusal())
}

/// Whether no check of clients applies to an address.
pub(super) fn always(site: &Site, address: IpAddr) -> bool {
    site.config.access.allow.iter().any(|network| network.contains(address))
}
