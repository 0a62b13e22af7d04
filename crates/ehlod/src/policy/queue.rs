//! May a client have a queue started (ETRN)?

use super::Refusal;
use crate::site::Site;
use ehlo::{Etrn, EtrnOption, Reply};

/// Whether a client may ask for the mail of a node. Mail for a hosted domain is in its mailboxes before it is answered for, so that none
/// ever waits; for others there is no queue.
///
/// # Errors
///
/// `459` where the node is none of those that are served (RFC 1985 5).
pub fn queue<'a>(site: &Site, etrn: Etrn<'a>) -> Result<(), Refusal<'a>> {
    let hosted = |name: &str| site.directory.hosts(name);
    let below = |name: &str| {
        let suffix = format!(".{}", etrn.node.to_ascii_lowercase());
        name.ends_with(&suffix)
    };
    let served = match etrn.option {
        EtrnOption::Node => hosted(etrn.node),
        EtrnOption::Subdomains => hosted(etrn.node) || site.config.domains.iter().any(|domain| below(&domain.name)),
        EtrnOption::Queue => false,
    };
    let refused = Reply::new(459, "Node not allowed: its mail is not taken here").enhanced(7, 1);
    if served { Ok(()) } else { Err(Refusal::new("domain", refused)) }
}
