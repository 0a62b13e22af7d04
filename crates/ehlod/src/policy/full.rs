//! Is there room in a mailbox, and may a message that is now there go into it?

use super::Refusal;
use super::recipient::plain;
use crate::directory::{Account, POSTMASTER, Recipient};
use crate::mailbox::Mailbox;
use crate::pattern::Pattern;
use crate::site::Site;
use ehlo::Reply;
use tokio::task::spawn_blocking;

/// A message under this size is taken for a mailbox that is full: it can tell the user so.
const SMALL: u64 = 1024;

/// A recipient that has one mailbox, and is asked about again when the message is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The forward-path, without angle brackets.
    pub path: String,
    /// The address that it means.
    pub address: Mailbox,
    /// Where its mail goes.
    pub mailbox: Mailbox,
}

/// Why a mailbox does not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody has locked it for the moment.
    Locked,
    /// It cannot be told whether there is room in it.
    Unknown,
    /// It takes nothing from this sender.
    Denied,
    /// Its quota is used up.
    Full,
    /// Its hard quota would be passed.
    OverQuota,
}

impl Reason {
    /// The refusal of a recipient, by its forward-path.
    #[must_use]
    pub const fn refusal(self, path: &str) -> Refusal<'_> {
        match self {
            Self::Locked => Refusal::new("mailbox.lock", Reply::mail_action_not_taken()),
            Self::Unknown => Refusal::new("mailbox", Reply::mail_action_not_taken()),
            Self::Denied => Refusal::new("account.accepts_from", Reply::mailbox_access_denied(path)),
            Self::Full => Refusal::new("account.quota", Reply::mailbox_full(path)),
            Self::OverQuota => Refusal::new("account.hard_quota", Reply::quota_exceeded()),
        }
    }
}

/// Whether there is room in the account's mailbox for a message of this size, as far as it is known.
///
/// # Errors
///
/// That the quota is used up, or the hard quota would be passed.
pub(super) async fn room_in(site: &Site, account: &Account, size: Option<u64>) -> Result<(), Reason> {
    let is_small = size.is_some_and(|size| size < SMALL);
    let Some(quota) = account.quota.or(account.hard_quota).filter(|_| !is_small) else { return Ok(()) };
    let (delivery, mailbox) = (site.delivery.clone(), account.address.clone());
    let added = size.unwrap_or(1);
    let usage = spawn_blocking(move || delivery.usage(&mailbox, quota, added)).await;
    let usage = usage.map_err(|_| Reason::Unknown)?;
    let is_over = |quota: Option<u64>| quota.is_some_and(|quota| usage.saturating_add(added) > quota);
    if is_over(account.hard_quota) {
        Err(Reason::OverQuota)
    } else if is_over(account.quota) {
        Err(Reason::Full)
    } else {
        Ok(())
    }
}

/// Whether a recipient takes a message that has come in, of this size and from this reverse-path: what was true at RCPT need not be any more, and the
/// size is only known now. Where the directory cannot be asked, what it said at RCPT holds.
///
/// # Errors
///
/// Why it does not.
pub async fn takes(site: &Site, reverse_path: &str, named: &Named, size: u64) -> Result<(), Reason> {
    if site.delivery.is_locked(&named.mailbox) {
        return Err(Reason::Locked);
    }
    // Mail for a postmaster here is taken in any case (RFC 5321 4.5.1).
    if named.address.local() == POSTMASTER {
        return Ok(());
    }
    let Ok(Recipient::Account(account)) = site.directory.resolve(&named.address).await else { return Ok(()) };
    let sender = ehlo::Mailbox::parse(reverse_path).ok().map(|mailbox| plain(&mailbox));
    let is_from =
        |list: &[Pattern]| sender.as_ref().is_some_and(|sender| list.iter().any(|pattern| pattern.matches(sender)));
    if !account.accepts_from.is_empty() && !is_from(&account.accepts_from) {
        return Err(Reason::Denied);
    }
    room_in(site, &account, Some(size)).await
}
