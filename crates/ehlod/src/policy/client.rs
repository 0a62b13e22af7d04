//! May this client connect?

use super::Refusal;
use crate::client::Client;
use crate::site::Site;
use ehlo::Reply;

/// Whether a client is let in, by these rules in their order. One that is on the list of those that are always let in has only to find a
/// domain here; so has one without an address, which came by a Unix socket.
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
    let access = &site.config.access;
    match client.address {
        None => Ok(()),
        Some(address) if access.allow.iter().any(|network| network.contains(address)) => Ok(()),
        Some(address) if access.deny.iter().any(|network| network.contains(address)) => {
            Err(Refusal::new("access.deny", Reply::ip_denied(&client.text)))
        }
        Some(_) => Ok(()),
    }
}
