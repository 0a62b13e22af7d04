//! Is a sender of a domain here somebody, and who may send as that?

use super::Refusal;
use super::recipient::{plain, unavailable};
use crate::config::Kind;
use crate::directory::Recipient;
use crate::site::Site;
use ehlo::{Reply, ReversePath};

/// Whether a reverse-path in a domain here is an address that mail can go back to, in whatever state; only a suspended account sends
/// nothing. By `senders.local_needs_auth` an account's user has to log in where mail comes from elsewhere: whoever has not is likely
/// somebody else.
///
/// # Errors
///
/// The rule that is against it.
pub async fn local_sender<'a>(
    site: &Site,
    kind: Kind,
    logged_in: bool,
    path: ReversePath<'a>,
) -> Result<(), Refusal<'a>> {
    let ReversePath::Mailbox(mailbox) = path else { return Ok(()) };
    if !site.directory.hosts(mailbox.domain_str()) {
        return Ok(());
    }
    match site.directory.resolve(&plain(&mailbox)).await.map_err(unavailable)? {
        Recipient::NoSuchUser => Err(Refusal::new("no such user", Reply::invalid_user(path.as_str()))),
        Recipient::Account(account) if account.suspended => {
            Err(Refusal::new("account.suspended", Reply::user_disabled(path.as_str())))
        }
        Recipient::Account(_) if kind == Kind::Mx && !logged_in && site.config.senders.local_needs_auth => {
            Err(Refusal::new("senders.local_needs_auth", Reply::use_submission()))
        }
        _ => Ok(()),
    }
}
