//! May this client connect?

use super::Refusal;
use super::rules::{Asked, rules};
use super::state::client_audit;
use crate::client::Client;
use crate::config::Stage;
use crate::site::Site;
use ehlo::Reply;
use std::net::IpAddr;

/// Whether a client is let in, by these rules in their order. One that is on the list of those that are always let in has only to find a
/// domain here; one without an address, which came by a Unix socket, is on no list.
///
/// # Errors
///
/// The rule that keeps it out.
pub fn client<'c>(site: &Site, client: &'c Client) -> Result<(), Refusal<'c>> {
    if !site.usable {
        return Err(Refusal::new("configuration", Reply::configuration_unreadable()));
    }
    if !site.directory.hosts_any() {
        return Err(Refusal::new("domain", Reply::no_hosted_domain()));
    }
    if site.config.access.refuse_at == Stage::Open {
        listed(site, client)?;
    }
    if client.address.is_some_and(|address| always(site, address)) {
        return Ok(());
    }
    client_audit(site, client)?;
    rules(site, Stage::Open, Asked { client, sender: None, recipient: None })
}

/// Whether a client that was greeted may send: `stage` is MAIL or RCPT, and the configuration says at which of them clients are refused
/// that are on a list. Who has logged in is asked nothing more.
///
/// # Errors
///
/// The rule that keeps it out.
pub fn client_later<'c>(site: &Site, stage: Stage, client: &'c Client, login: bool) -> Result<(), Refusal<'c>> {
    if login || site.config.access.refuse_at != stage { Ok(()) } else { listed(site, client) }
}

/// The lists.
fn listed<'c>(site: &Site, client: &'c Client) -> Result<(), Refusal<'c>> {
    let access = &site.config.access;
    match client.address {
        Some(address) if access.deny.iter().any(|network| network.contains(address)) && !always(site, address) => {
            Err(Refusal::new("access.deny", Reply::ip_denied(&client.text)))
        }
        _ => Ok(()),
    }
}

/// Whether no check of clients applies to an address.
pub(super) fn always(site: &Site, address: IpAddr) -> bool {
    site.config.access.allow.iter().any(|network| network.contains(address))
}
