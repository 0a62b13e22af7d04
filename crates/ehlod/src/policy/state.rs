//! What is remembered speaks: is this client or sender on the server's own list, must this mail come again, is it too much?

use super::{Refusal, Sending};
use crate::client::Client;
use crate::config::{Audit, Greylist, Rate};
use crate::mailbox::Mailbox;
use crate::site::Site;
use crate::state::{Change, Kind, Outcome, Store, Unavailable};
use ehlo::{ForwardPath, Reply};
use std::net::IpAddr;

/// Clients of IPv6 are known by so much of their address.
const V6_PREFIX: u8 = 64;

/// Whether a client is not on the server's own list.
///
/// # Errors
///
/// Where it is.
pub(super) async fn client_audit<'c>(site: &Site, client: &'c Client) -> Result<(), Refusal<'c>> {
    let (Some((store, _)), Some(address)) = (audited(site), client.address) else { return Ok(()) };
    match store.is_listed(Kind::ClientAudit, &network(address, (32, V6_PREFIX))).await {
        Ok(true) => Err(Refusal::new("access.audit", Reply::ip_under_audit(&client.text))),
        Ok(false) => Ok(()),
        Err(Unavailable) => unavailable(site),
    }
}

/// Whether a sender is not on the server's own list.
///
/// # Errors
///
/// Where it is.
pub(super) async fn sender_audit(site: &Site, sender: &Mailbox) -> Result<(), Refusal<'static>> {
    let Some((store, _)) = audited(site) else { return Ok(()) };
    match store.is_listed(Kind::SenderAudit, &sender.to_string()).await {
        Ok(true) => Err(Refusal::new("access.audit", Reply::sender_under_audit())),
        Ok(false) => Ok(()),
        Err(Unavailable) => unavailable(site),
    }
}

/// Counts permanent refusals that a client has caused; past what is borne it is put on the list. The lists of `access` go before: who is
/// always let in is not counted.
pub async fn client_failed(site: &Site, client: &Client, failures: u32) {
    let (Some((store, audit)), Some(address)) = (audited(site), client.address) else { return };
    if failures > 0 && !super::always(site, address) {
        let name = network(address, (32, V6_PREFIX));
        let kinds = (Kind::ClientFailures, Kind::ClientAudit);
        failed(store, audit, kinds, &name, failures, audit.client_failures).await;
    }
}

/// Counts a recipient that was refused to a sender; past what is borne the sender is put on the list.
pub async fn sender_failed(site: &Site, sending: Sending<'_, '_>) {
    let (Some((store, audit)), Some(sender)) = (audited(site), sending.sender()) else { return };
    if sending.login.is_none() && sending.client.address.is_none_or(|address| !super::always(site, address)) {
        let kinds = (Kind::SenderFailures, Kind::SenderAudit);
        failed(store, audit, kinds, &sender.to_string(), 1, audit.sender_failures).await;
    }
}

async fn failed(store: &Store, audit: &Audit, (counted, listed): (Kind, Kind), name: &str, by: u32, rate: Rate) {
    // Where the store fails, the log has said so: nobody is refused for that.
    if let Ok(Outcome::TooMuch) = store.change(counted, name, Change::Count { by, rate }).await {
        tracing::info!(name, lasts = audit.lasts.as_secs(), "put on the audit list");
        let _ = store.change(listed, name, Change::List(audit.lasts)).await;
    }
}

fn audited(site: &Site) -> Option<(&Store, &Audit)> {
    Some((site.state.as_ref()?, site.config.access.audit.as_ref()?))
}

/// Whether mail for this recipient is taken now, and not put off or too much; it would be taken otherwise. Who has logged in, and clients
/// that are always let in, are not asked; mail for a postmaster here is taken in any case.
///
/// # Errors
///
/// The rule that is against it.
pub async fn now<'a>(
    site: &Site,
    sending: Sending<'_, '_>,
    path: ForwardPath<'a>,
    is_first: bool,
) -> Result<(), Refusal<'a>> {
    let (Some(store), Some(address)) = (site.state.as_ref(), sending.client.address) else { return Ok(()) };
    if sending.login.is_some() || super::always(site, address) || is_postmaster(site, path) {
        return Ok(());
    }
    // Mail that comes again after it was put off is not counted twice.
    if let Some(greylist) = &site.config.greylist {
        greylisted(site, store, greylist, (address, sending, path)).await?;
    }
    let recipient = path.as_str().to_ascii_lowercase();
    let client = network(address, (32, V6_PREFIX));
    let flow = &site.config.flow;
    for (rate, rule, kind, name) in [
        (flow.per_client.filter(|_| is_first), "flow.per_client", Kind::ClientRate, &client),
        (flow.per_recipient, "flow.per_recipient", Kind::RecipientRate, &recipient),
    ] {
        let Some(rate) = rate else { continue };
        match store.change(kind, name, Change::Count { by: 1, rate }).await {
            Ok(Outcome::Fine) => {}
            Ok(_) => return Err(Refusal::new(rule, Reply::flow_control())),
            Err(Unavailable) => unavailable(site)?,
        }
    }
    Ok(())
}

async fn greylisted<'a>(
    site: &Site,
    store: &Store,
    greylist: &Greylist,
    (address, sending, path): (IpAddr, Sending<'_, '_>, ForwardPath<'a>),
) -> Result<(), Refusal<'a>> {
    let Greylist { delay, pending, expires, prefix } = *greylist;
    let sender = sending.reverse_path.to_ascii_lowercase();
    let triple = format!("{} <{sender}> <{}>", network(address, prefix), path.as_str().to_ascii_lowercase());
    match store.change(Kind::Triple, &triple, Change::Greylist { delay, pending, expires }).await {
        Ok(Outcome::Wait(left)) => {
            let minutes = u32::try_from(left.as_secs().div_ceil(60)).unwrap_or(u32::MAX).max(1);
            Err(Refusal::new("greylist", Reply::greylisted(path.as_str(), minutes)))
        }
        Ok(_) => Ok(()),
        Err(Unavailable) => unavailable(site),
    }
}

fn is_postmaster(site: &Site, path: ForwardPath<'_>) -> bool {
    match path {
        ForwardPath::Postmaster => true,
        ForwardPath::Mailbox(mailbox) => {
            let named = super::recipient::plain(&mailbox);
            named.local() == crate::directory::POSTMASTER && site.directory.hosts(named.domain())
        }
    }
}

/// What is done without the store.
fn unavailable<'r>(site: &Site) -> Result<(), Refusal<'r>> {
    if site.config.state.defer { Err(Refusal::new("state", Reply::database_inaccessible())) } else { Ok(()) }
}

/// The network that an address is in.
fn network(address: IpAddr, (v4, v6): (u8, u8)) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::from(32_u8.saturating_sub(v4))).unwrap_or(0);
            std::net::Ipv4Addr::from_bits(address.to_bits() & mask).to_string()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u32::from(128_u8.saturating_sub(v6))).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(address.to_bits() & mask).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_address_is_known_by_its_network() {
        for (address, prefix, expected) in [
            ("192.0.2.77", (24, 64), "192.0.2.0"),
            ("192.0.2.77", (32, 64), "192.0.2.77"),
            ("192.0.2.77", (0, 64), "0.0.0.0"),
            ("::ffff:192.0.2.77", (24, 64), "192.0.2.0"),
            ("2001:db8:1:2:3::4", (24, 64), "2001:db8:1:2::"),
            ("2001:db8:1:2:3::4", (24, 0), "::"),
        ] {
            assert_eq!(network(address.parse().unwrap(), prefix), expected, "{address}");
        }
    }
}
