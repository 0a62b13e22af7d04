//! May a client call itself so?

use super::{Refusal, always};
use crate::client::Client;
use crate::config::{HelloCheck, Kind};
use crate::dns::Unresolved;
use crate::site::Site;
use ehlo::{Domain, Literal, Reply};
use std::net::IpAddr;

/// Whether a client may call itself so, on a listener for mail from elsewhere: users' own programs seldom know their name, and LMTP is for
/// one's own servers. Clients that are always let in are not asked.
///
/// # Errors
///
/// The rule that is against it.
pub async fn hello(site: &Site, kind: Kind, client: &Client, name: &str) -> Result<(), Refusal<'static>> {
    let wanted = site.config.access.hello;
    let (Some(dns), Some(address)) = (&site.dns, client.address) else { return Ok(()) };
    if wanted == HelloCheck::Off || kind != Kind::Mx || always(site, address) {
        return Ok(());
    }
    let stands = match Domain::parse(name) {
        Ok(Domain::Literal(literal)) => wanted == HelloCheck::Resolves || is_literal(&literal, address),
        Ok(Domain::Name(name)) => {
            let addresses = dns
                .addresses(name)
                .await
                .map_err(|Unresolved| Refusal::new("access.hello", Reply::helo_resolve_failed()))?;
            match wanted {
                HelloCheck::Matches => addresses.iter().any(|one| one.to_canonical() == address.to_canonical()),
                HelloCheck::Resolves | HelloCheck::Off => !addresses.is_empty(),
            }
        }
        // The core takes a name with underscores too, which no host has.
        Err(_) => false,
    };
    if stands { Ok(()) } else { Err(Refusal::new("access.hello", Reply::helo_invalid())) }
}

/// Whether an address literal is this address.
fn is_literal(literal: &Literal<'_>, address: IpAddr) -> bool {
    let told = match literal {
        Literal::Ipv4(told) => IpAddr::V4(*told),
        Literal::Ipv6(told) => IpAddr::V6(*told),
        Literal::General { .. } => return false,
    };
    told.to_canonical() == address.to_canonical()
}
