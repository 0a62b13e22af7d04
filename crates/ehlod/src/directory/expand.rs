//! The mailboxes that a list stands for.

use super::{Directory, List, Recipient, Unavailable};
use crate::mailbox::Mailbox;
use std::collections::HashSet;
use std::sync::Arc;

/// Where the mail of a list goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// Into these mailboxes, each once.
    pub here: Vec<Mailbox>,
    /// To these addresses elsewhere, each once.
    pub elsewhere: Vec<Mailbox>,
}

/// The most addresses that are looked at for one list, those of the lists within it too.
const MOST: usize = 1000;

impl Directory {
    /// Where the mail of a list goes: each mailbox once, and each list within it once, so that lists that contain one another come to an
    /// end. Members that take no mail, or are not there, are left out; so are accounts whose mail is forwarded, where nobody passes mail on
    /// (`passes_on`).
    ///
    /// # Errors
    ///
    /// The accounts are out of reach, or the list is too large, or it leads elsewhere where nobody passes mail on: what is accepted for it
    /// could not be delivered.
    pub async fn expand(&self, list: &Arc<List>, passes_on: bool) -> Result<Expanded, Unavailable> {
        let mut found = Expanded::default();
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
                    Recipient::Account(account) if account.keeps_mail() => found.here.push(account.address.clone()),
                    Recipient::Account(account) if passes_on && account.forwards_to().is_some() => {
                        found.elsewhere.extend(account.forwards_to().cloned());
                    }
                    Recipient::Mailbox(mailbox) => found.here.push(mailbox),
                    Recipient::List(inner) => lists.push(inner),
                    Recipient::Account(_) | Recipient::NoSuchUser => {
                        tracing::info!(list = %list.address, %member, "the member takes no mail, and is left out");
                    }
                    Recipient::NotHosted if passes_on => found.elsewhere.push(member.clone()),
                    Recipient::NotHosted => {
                        tracing::error!(list = %list.address, %member, "the member is elsewhere, and there is no next hop");
                        return Err(Unavailable);
                    }
                }
            }
        }
        for addresses in [&mut found.here, &mut found.elsewhere] {
            addresses.sort_unstable();
            addresses.dedup();
        }
        Ok(found)
    }
}
