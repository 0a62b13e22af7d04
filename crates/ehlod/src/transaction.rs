//! One mail transaction: its envelope, and the message on its way to storage.

use crate::delivery::{Answer, Envelope, Hop, HopError, Message, Onward};
use crate::forged::Forged;
use crate::mailbox::Mailbox;
use crate::memory::Share;
use crate::outgoing::Outgoing;
use crate::policy;
use crate::queue_id;
use crate::site::Site;
use crate::submission::Completion;
use ehlo::{Mail, Reply};
use mail_auth::SpfResult;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

/// The most mailboxes that one message goes into.
const MOST_MAILBOXES: usize = 10_000;

/// Why a recipient does not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// This server has a reason.
    Here(Reply<'static>),
    /// The next hop has.
    There(Answer),
}

impl Unsent {
    /// The reply to the client.
    pub fn reply(&self) -> Reply<'_> {
        match self {
            Self::Here(reply) => *reply,
            Self::There(answer) => answer.reply(),
        }
    }
}

impl From<HopError> for Unsent {
    fn from(error: HopError) -> Self {
        match error {
            HopError::Refused(answer) => Self::There(answer),
            HopError::Broken(_) => Self::Here(Reply::processing_error()),
        }
    }
}

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
    outgoing: Outgoing,
    /// Adds what a submitted message lacks, until its header section is through.
    completion: Option<Completion>,
    /// Leaves out what only this server may say, where it says that.
    forged: Option<Forged>,
    share: Share,
    size: u64,
    /// Why the message will be refused at its end.
    failure: Option<Unsent>,
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
            outgoing: Outgoing::new(Envelope::new(mail)),
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

    /// Adds a recipient, with where its mail goes: into mailboxes here, and on to next hops. False where it goes there already.
    ///
    /// # Errors
    ///
    /// `452` where there would be too many: a list brings many at once. What a next hop says of the recipient.
    pub async fn add(
        &mut self,
        path: &str,
        mailboxes: Vec<Mailbox>,
        hops: Vec<(&Arc<Hop>, Vec<Onward>)>,
    ) -> Result<bool, Unsent> {
        let added: Vec<_> = mailboxes.into_iter().filter(|mailbox| !self.known.contains(mailbox)).collect();
        let onwards: usize = hops.iter().map(|(_, onwards)| onwards.len()).sum();
        if self.mailboxes.len().saturating_add(added.len()).saturating_add(onwards) > MOST_MAILBOXES {
            return Err(Unsent::Here(Reply::too_many_rcpts()));
        }
        let goes_on = self.outgoing.add(hops).await.map_err(|error| match error {
            HopError::Refused(answer) => Unsent::There(answer),
            HopError::Broken(_) => Unsent::Here(Reply::mail_action_not_taken()),
        })?;
        let is_new = !added.is_empty() || goes_on;
        if is_new {
            self.first.get_or_insert_with(|| path.to_owned());
        }
        self.known.extend(added.iter().cloned());
        self.mailboxes.extend(added);
        Ok(is_new)
    }

    /// How many recipients there are, duplicates too.
    pub fn recipients(&self) -> usize {
        self.outgoing.recipients()
    }

    /// Begins the message, with what stands at its head; the Return-Path is the business of whoever delivers it (RFC 5321 4.4). A submitted
    /// message is completed on its way (RFC 6409 8).
    ///
    /// # Errors
    ///
    /// A next hop wants no message.
    pub async fn begin(&mut self, site: &Site, return_path: &[u8], head: &[u8], submitted: bool) -> Result<(), Unsent> {
        self.outgoing.begin(head).await?;
        if !self.mailboxes.is_empty() {
            let head = [return_path, head].concat();
            self.message = Some(match self.held {
                None => site.delivery.begin(&self.mailboxes, head),
                Some(until) => site.delivery.hold(&self.mailboxes, until, head),
            });
        }
        self.completion = submitted.then(Completion::new);
        self.forged = self.spf.map(|_| Forged::new(&site.config.hostname));
        Ok(())
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
        if self.failure.is_some() {
            return;
        }
        self.size = self.size.saturating_add(octets.len() as u64);
        if let Err(failure) = self.put(site, octets).await {
            self.failure = Some(failure);
            self.message = None;
            self.outgoing.give_up();
            // Making a share smaller always succeeds.
            let _ = self.share.resize(0);
        }
    }

    async fn put(&mut self, site: &Site, octets: &[u8]) -> Result<(), Unsent> {
        if self.size > site.config.limits.transaction_storage {
            return Err(Unsent::Here(Reply::too_much_mail_data()));
        }
        if let Some(message) = &mut self.message {
            message.write(octets).await.map_err(|error| Unsent::Here(policy::failed(&error)))?;
        }
        self.outgoing.write(octets).await;
        if let Some(error) = self.outgoing.failure() {
            tracing::warn!(%error, "the message cannot be passed on");
            return Err(error.clone().into());
        }
        let held = self.message.as_ref().map_or(0, Message::held).saturating_add(self.outgoing.held());
        if self.share.resize(held as u64) { Ok(()) } else { Err(Unsent::Here(Reply::out_of_memory())) }
    }

    /// Brings the message to stable storage, and has it taken over by the next hops: what becomes of it for each recipient. With `each`, as in
    /// LMTP, each is answered for by itself; else nobody here gets what a next hop does not take.
    pub async fn commit(&mut self, site: &Site, each: bool) -> Vec<Result<(), Unsent>> {
        if let Some(mut forged) = self.forged.take() {
            self.store(site, &forged.end()).await;
        }
        if let Some(mut completion) = self.completion.take() {
            let rest = completion.end(&self.id, &site.config.hostname);
            self.store(site, &rest.unwrap_or_default()).await;
        }
        let count = self.outgoing.recipients();
        let mut message = self.message.take();
        // On disk first, since what a next hop has taken cannot be taken back.
        if let (None, Some(message), false) = (&self.failure, &mut message, self.outgoing.is_empty()) {
            self.failure = message.flush().await.err().map(|error| Unsent::Here(policy::failed(&error)));
        }
        if let Some(failure) = self.failure.take() {
            self.outgoing.give_up();
            return vec![Err(failure); count];
        }
        let there: Vec<_> =
            self.outgoing.end().await.into_iter().map(|verdict| verdict.map_err(Unsent::from)).collect();
        let Some(message) = message.filter(|_| each || there.iter().all(Result::is_ok)) else { return there };
        match message.commit().await {
            Ok(()) => there,
            Err(error) => {
                let failed = Err(Unsent::Here(policy::failed(&error)));
                let here = |verdict: Result<(), Unsent>| verdict.and_then(|()| failed.clone());
                there.into_iter().map(here).collect()
            }
        }
    }
}
