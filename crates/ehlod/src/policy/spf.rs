//! Does the sender's domain let this client send for it?

use super::{Refusal, always};
use crate::client::Client;
use crate::config::{Kind, SpfCheck, Stage};
use crate::site::Site;
use ehlo::{Reply, ReversePath};
use mail_auth::SpfResult;
use mail_auth::spf::verify::SpfParameters;

/// What the domain of the sender says of the client, or for the empty reverse-path that of its name in EHLO (RFC 7208 2.4). It is asked
/// where mail comes in from elsewhere, and not of users that have logged in, nor of clients that are always let in.
pub async fn spf(
    site: &Site,
    kind: Kind,
    client: &Client,
    hello: &str,
    login: bool,
    path: ReversePath<'_>,
) -> Option<SpfResult> {
    let is_asked = site.config.senders.spf != SpfCheck::Off && kind == Kind::Mx && !login;
    let (Some(dns), Some(address), true) = (&site.dns, client.address, is_asked) else { return None };
    if always(site, address) {
        return None;
    }
    let own = &site.config.hostname;
    Some(dns.spf(SpfParameters::verify_mail_from(address.to_canonical(), hello, own, path.as_str())).await)
}

/// Whether that is no reason to refuse: at MAIL, or at RCPT if clients are refused there.
///
/// # Errors
///
/// Where the domain forbids it, or could not be asked for the moment. A record that is wrong forbids nothing.
pub fn spf_allows(site: &Site, stage: Stage, result: Option<SpfResult>) -> Result<(), Refusal<'static>> {
    let asked_at = if site.config.access.refuse_at == Stage::Rcpt { Stage::Rcpt } else { Stage::Mail };
    if site.config.senders.spf != SpfCheck::Refuse || stage != asked_at {
        return Ok(());
    }
    match result {
        Some(SpfResult::Fail) => Err(Refusal::new("senders.spf", Reply::sender_verify_failed())),
        Some(SpfResult::TempError) => Err(Refusal::new("senders.spf", Reply::database_inaccessible())),
        _ => Ok(()),
    }
}
