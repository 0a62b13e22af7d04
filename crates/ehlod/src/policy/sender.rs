//! May a user send as this sender?

use super::Refusal;
use crate::directory::Login;
use crate::mailbox::Mailbox;
use crate::site::Site;
use ehlo::{Reply, ReversePath};

/// Whether a user may submit a message of this reverse-path: one of its own addresses, or one that it may send as.
///
/// `<>` is everybody's: a user's program that tells a sender what became of a message has to use it (RFC 8098 2.1), and it is nobody's
/// name.
///
/// # Errors
///
/// `550` where it may not.
pub fn sender(site: &Site, login: &Login, path: ReversePath<'_>) -> Result<(), Refusal<'static>> {
    if !site.config.senders.match_identity {
        return Ok(());
    }
    let may = match path {
        ReversePath::Null => true,
        ReversePath::Mailbox(mailbox) => {
            let local: String = mailbox.unquoted().collect();
            site.directory.may_send_as(login, &Mailbox::new(&local, mailbox.domain_str()))
        }
    };
    if may { Ok(()) } else { Err(Refusal::new("senders.match_identity", Reply::sender_inconsistent())) }
}
