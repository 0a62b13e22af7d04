//! One mail transaction: its envelope, and the message on its way to storage.

use crate::delivery::Message;
use crate::forged::Forged;
use crate::mailbox::Mailbox;
use crate::memory::Share;
use crate::policy;
use crate::queue_id;
use crate::site::Site;
use crate::submission::Completion;
use ehlo::{Mail, Reply};
use mail_auth::SpfResult;
use std::collections::HashSet;
use std::time::SystemTime;

/// The most mailboxes that one message goes into.
const MOST_MAILBOXES: usize = 10_000;

/// An open transaction.
#[derive(Debug)]
pub struct Transaction {
    /// The message's name in the log, in its Received field, and in the reply.
    pub id: String,
    /// The reverse-path, without angle brackets.
    pub reverse_path: String,
    /// Whether it is internationalised.
    pub smtputf8: bool,
    /// Until when it is held back (RFC 4865).
    pub held: Option<SystemTime>,
    /// The forward-path of the first recipient, without angle brackets.
    pub first: Option<String>,
    /// Where the message goes, each mailbox once.
    pub mailboxes: Vec<Mailbox>,
    /// The same, to look one up.
    known: HashSet<Mailbox>,
    /// What the sender's domain says of the client, where it was asked.
    pub spf: Option<SpfResult>,
    /// How large the message is to be, where its sender has declared it (RFC 1870).
    pub declared: Option<u64>,
    message: Option<Message>,
    /// Adds what a submitted message lacks, until its header section is through.
    completion: Option<Completion>,
    /// Leaves out what only this server may say, where it says that.
    forged: Option<Forged>,
    share: Share,
    size: u64,
    /// Why the message will be refused at its end.
    failure: Option<Reply<'static>>,
}

impl Transaction {
    /// Opens a transaction.
    pub fn new(site: &Site, mail: &Mail<'_>, held: Option<SystemTime>, spf: Option<SpfResult>) -> Self {
        Self {
            id: queue_id::next(),
            reverse_path: mail.reverse_path.as_str().to_owned(),
            smtputf8: mail.smtputf8,
            held,
            first: None,
            mailboxes: Vec::new(),
            known: HashSet::new(),
            spf,
            declared: mail.size,
            message: None,
            completion: None,
            forged: None,
            share: site.memory.share(),
            size: 0,
            failure: None,
        }
    }

    /// Whether all of these mailboxes are recipients already.
    pub fn names(&self, mailboxes: &[Mailbox]) -> bool {
        mailboxes.iter().all(|mailbox| self.known.contains(mailbox))
    }

    /// Adds a recipient; false where its mailboxes are among the others already.
    ///
    /// # Errors
    ///
    /// `452` where there would be too many: a list brings many at once.
    pub fn add(&mut self, path: &str, mailboxes: Vec<Mailbox>) -> Result<bool, Reply<'static>> {
        let added: Vec<_> = mailboxes.into_iter().filter(|mailbox| !self.known.contains(mailbox)).collect();
        if self.mailboxes.len().saturating_add(added.len()) > MOST_MAILBOXES {
            return Err(Reply::too_many_rcpts());
        }
        let is_new = !added.is_empty();
        if is_new {
            self.first.get_or_insert_with(|| path.to_owned());
        }
        self.known.extend(added.iter().cloned());
        self.mailboxes.extend(added);
        Ok(is_new)
    }

    /// Begins the message, with what stands at its head. A submitted one is completed on its way (RFC 6409 8).
    pub fn begin(&mut self, site: &Site, head: Vec<u8>, submitted: bool) {
        self.message = Some(match self.held {
            None => site.delivery.begin(&self.mailboxes, head),
            Some(until) => site.delivery.hold(&self.mailboxes, until, head),
        });
        self.completion = submitted.then(Completion::new);
        self.forged = self.spf.map(|_| Forged::new(&site.config.hostname));
    }

    /// Adds to the message. What fails is kept for its end; the rest is dropped.
    pub async fn write(&mut self, site: &Site, octets: &[u8]) {
        let kept = self.forged.as_mut().map(|forged| forged.take(octets));
        let octets = kept.as_deref().unwrap_or(octets);
        match &mut self.completion {
            Some(completion) => {
                if let Some(head) = completion.take(octets, &self.id, &site.config.hostname) {
                    self.completion = None;
                    self.store(site, &head).await;
                }
            }
            None => self.store(site, octets).await,
        }
    }

    async fn store(&mut self, site: &Site, octets: &[u8]) {
        let Some(message) = &mut self.message else { return };
        self.size = self.size.saturating_add(octets.len() as u64);
        let failure = if self.size > site.config.limits.transaction_storage {
            Reply::too_much_mail_data()
        } else if let Err(error) = message.write(octets).await {
            policy::failed(&error)
        } else if !self.share.resize(message.held() as u64) {
            Reply::out_of_memory()
        } else {
            return;
        };
        self.failure = Some(failure);
        self.message = None;
        // Making a share smaller always succeeds.
        let _ = self.share.resize(0);
    }

    /// Brings the message to stable storage.
    ///
    /// # Errors
    ///
    /// The reply that refuses it; it is then nowhere.
    pub async fn commit(&mut self, site: &Site) -> Result<(), Reply<'static>> {
        if let Some(mut forged) = self.forged.take() {
            self.store(site, &forged.end()).await;
        }
        if let Some(mut completion) = self.completion.take() {
            let rest = completion.end(&self.id, &site.config.hostname);
            self.store(site, &rest.unwrap_or_default()).await;
        }
        match (self.failure, self.message.take()) {
            (Some(failure), _) => Err(failure),
            (None, Some(message)) => message.commit().await.map_err(|error| policy::failed(&error)),
            (None, None) => Err(Reply::processing_error()),
        }
    }
}
