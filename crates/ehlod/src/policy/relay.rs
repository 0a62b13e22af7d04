//! Is mail passed on to a recipient elsewhere?

use super::{Refusal, Sending};
use crate::mailbox::Mailbox;
use crate::site::Site;
use ehlo::{Domain, ForwardPath, Reply};

/// Whether mail for a recipient elsewhere is passed on, by these rules in their order. The first three are not for whoever has logged in;
/// the others are for everybody. `room` is for a text that the refusal borrows.
///
/// # Errors
///
/// The rule that is against it.
pub fn relay<'a>(
    site: &Site,
    sending: Sending<'a, '_>,
    sender: Option<&Mailbox>,
    path: ForwardPath<'a>,
    room: &'a mut String,
) -> Result<(), Refusal<'a>> {
    let rules = &site.config.relay;
    let target = path.as_str();
    if sending.login.is_none() {
        let client = sending.client;
        let is_known = |address| rules.clients.iter().any(|network| network.contains(address));
        if !client.address.is_some_and(is_known) {
            return Err(Refusal::new("relay.clients", Reply::relay_denied_from_ip(&client.text)));
        }
        let is_listed = |sender| rules.senders.iter().any(|pattern| pattern.matches(sender));
        if !rules.senders.is_empty() && !sender.is_some_and(is_listed) {
            sending.reverse_path.clone_into(room);
            return Err(Refusal::new("relay.senders", Reply::relay_denied_from_sender(room)));
        }
        let domain = match path {
            ForwardPath::Mailbox(mailbox) => Some(mailbox.domain()),
            ForwardPath::Postmaster => None,
        };
        let is_listed = |name: &str| rules.to.iter().any(|domain| domain.eq_ignore_ascii_case(name));
        if !rules.to.is_empty() && !matches!(domain, Some(Domain::Name(name)) if is_listed(name)) {
            return Err(Refusal::new("relay.to", Reply::relay_denied_to(target)));
        }
    }
    if site.relay.is_none() {
        return Err(Refusal::new("relay.next_hop", Reply::relay_denied_to(target)));
    }
    may_wait(sending, target)
}

/// Whether a message goes on at once: what is held until a time is delivered here, since nobody waits any more to be told that the next hop
/// does not want it.
///
/// # Errors
///
/// It is to be held.
pub fn may_wait<'a>(sending: Sending<'a, '_>, target: &'a str) -> Result<(), Refusal<'a>> {
    if sending.held { Err(Refusal::new("limits.hold", Reply::relay_denied_to(target))) } else { Ok(()) }
}
