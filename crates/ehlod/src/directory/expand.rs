//! The mailboxes that a list stands for.

use super::{Directory, List, Recipient, Unavailable};
use crate::mailbox::Mailbox;
use std::collections::HashSet;
use std::sync::Arc;

/// The most addresses that are looked at for one list, those of the lists within it too.
const MOST: usize = 1000;

impl Directory {
    /// Where the mail of a list goes: each mailbox once, and each list within it once, so that lists that contain one another come to an
    /// end. Members that take no mail, or are not there, are left out.
    ///
    /// # Errors
    ///
    /// The accounts are out of reach, or the list is too large or leads elsewhere: what is accepted for it could not be delivered.
    pub async fn expand(&self, list: &Arc<List>) -> Result<Vec<Mailbox>, Unavailable> {
        let mut mailboxes = Vec::new();
        let mut seen = HashSet::from([list.address.clone()]);
        let mut lists = vec![Arc::clone(list)];
        while let Some(next) = lists.pop() {
            for member in &next.members {
                if !seen.insert(member.clone()) {
                    continue;
                }
                if seen.len() > MOST {
                    tracing::error!(list = %list.address, "the list leads to too many addresses ({MOST} at the most)");
                    return Err(Unavailable);
                }
                match self.resolve(member).await? {
                    Recipient::Account(account) if account.keeps_mail() => mailboxes.push(account.address.clone()),
                    Recipient::Mailbox(mailbox) => mailboxes.push(mailbox),
                    Recipient::List(inner) => lists.push(inner),
                    Recipient::Account(_) | Recipient::NoSuchUser => {
                        tracing::info!(list = %list.address, %member, "the member takes no mail, and is left out");
                    }
                    Recipient::NotHosted => {
                        tracing::error!(list = %list.address, %member, "the member is elsewhere, and there is no next hop");
                        return Err(Unavailable);
                    }
                }
            }
        }
        mailboxes.sort_unstable();
        mailboxes.dedup();
        Ok(mailboxes)
    }
}
