//! One mail transaction: its envelope, and the message on its way to storage.

use crate::content::{Finding, Inspection};
use crate::delivery::{Answer, Envelope, Hop, HopError, Message, Onward};
use crate::forged::Forged;
use crate::mailbox::Mailbox;
use crate::memory::Share;
use crate::outgoing::Outgoing;
use crate::policy::{self, Named, Reason, Refusal};
use crate::queue_id;
use crate::site::Site;
use crate::submission::Completion;
use ehlo::{Mail, Reply};
use mail_auth::SpfResult;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// The most mailboxes that one message goes into.
const MOST_MAILBOXES: usize = 10_000;

/// Why a recipient does not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// This server has a reason.
    Here(Refusal<'static>),
    /// The message has something in it, or could not be looked at.
    Content(Finding),
    /// The recipient with this path does not take it.
    Recipient(Reason, String),
    /// The next hop has a reason.
    There(Answer),
}

impl Unsent {
    /// The reply to the client.
    pub fn reply(&self) -> Reply<'_> {
        match self {
            Self::Here(refusal) => refusal.reply,
            Self::Content(finding) => finding.reply(),
            Self::Recipient(reason, path) => reason.refusal(path).reply,
            Self::There(answer) => answer.reply(),
        }
    }

    /// The rule, as a refusal has it.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Here(refusal) => refusal.rule,
            Self::Recipient(reason, _) => reason.refusal("").rule,
            Self::Content(finding) => finding.rule(),
            Self::There(_) => "next hop",
        }
    }

    /// What was found in the message.
    pub const fn found(&self) -> Option<&Finding> {
        match self {
            Self::Content(finding) => Some(finding),
            Self::Here(_) | Self::Recipient(..) | Self::There(_) => None,
        }
    }
}

impl From<HopError> for Unsent {
    fn from(error: HopError) -> Self {
        match error {
            HopError::Refused(answer) => Self::There(answer),
            HopError::Broken(_) => Self::Here(Refusal::new("next hop", Reply::processing_error())),
        }
    }
}

/// An open transaction.
#[derive(Debug)]
pub struct Transaction {
    /// The message's name in the log, in its Received field, and in the reply.
    pub id: String,
    /// Whether it is internationalised.
    pub smtputf8: bool,
    /// Until when it is held back (RFC 4865).
    pub held: Option<SystemTime>,
    /// The forward-path of the first recipient, without angle brackets.
    pub first: Option<String>,
    /// Where the message goes, each mailbox once.
    pub mailboxes: Vec<Mailbox>,
    /// The same, to look one up; whether something leads there that is asked about no more.
    known: BTreeMap<Mailbox, bool>,
    /// The recipients that are asked about again when the message is there, each with its place among all.
    named: Vec<(usize, Named)>,
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
    /// Looks at what the message holds.
    inspection: Option<Inspection>,
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
            smtputf8: mail.smtputf8,
            held,
            first: None,
            mailboxes: Vec::new(),
            known: BTreeMap::new(),
            named: Vec::new(),
            spf,
            declared: mail.size,
            message: None,
            outgoing: Outgoing::new(Envelope::new(mail)),
            completion: None,
            forged: None,
            inspection: None,
            share: site.memory.share(),
            size: 0,
            failure: None,
        }
    }

    /// The reverse-path, without angle brackets.
    pub fn reverse_path(&self) -> &str {
        &self.outgoing.envelope().reverse_path
    }

    /// Whether all of these mailboxes are recipients already.
    pub fn names(&self, mailboxes: &[Mailbox]) -> bool {
        mailboxes.iter().all(|mailbox| self.known.contains_key(mailbox))
    }

    /// Adds a recipient, with where its mail goes: into mailboxes here, and on to next hops. False where it goes there already. `named` where it
    /// is to be asked about again.
    ///
    /// # Errors
    ///
    /// `452` where there would be too many: a list brings many at once. What a next hop says of the recipient.
    pub async fn add(
        &mut self,
        path: &str,
        mailboxes: Vec<Mailbox>,
        named: Option<Named>,
        hops: Vec<(&Arc<Hop>, Vec<Onward>)>,
    ) -> Result<bool, Unsent> {
        let added = mailboxes.iter().filter(|mailbox| !self.known.contains_key(mailbox)).count();
        let onwards: usize = hops.iter().map(|(_, onwards)| onwards.len()).sum();
        if self.mailboxes.len().saturating_add(added).saturating_add(onwards) > MOST_MAILBOXES {
            return Err(Unsent::Here(Refusal::new("limits.recipients", Reply::too_many_rcpts())));
        }
        let goes_on = if hops.is_empty() {
            self.outgoing.stays();
            false
        } else {
            Box::pin(self.outgoing.add(hops)).await.map_err(|error| match error {
                HopError::Refused(answer) => Unsent::There(answer),
                HopError::Broken(_) => Unsent::Here(Refusal::new("next hop", Reply::mail_action_not_taken())),
            })?
        };
        let is_new = added > 0 || goes_on;
        if is_new {
            self.first.get_or_insert_with(|| path.to_owned());
        }
        for mailbox in mailboxes {
            match self.known.get_mut(&mailbox) {
                Some(leads) => *leads |= named.is_none(),
                None => {
                    self.mailboxes.push(mailbox.clone());
                    self.known.insert(mailbox, named.is_none());
                }
            }
        }
        self.named.extend(named.map(|named| (self.outgoing.recipients() - 1, named)));
        Ok(is_new)
    }

    /// Whether anybody gets the content, or it is dropped.
    pub fn keeps_content(&self, site: &Site) -> bool {
        !site.delivery.discards() || !self.outgoing.is_empty()
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
        if !self.mailboxes.is_empty() && !site.delivery.discards() {
            let head = [return_path, head].concat();
            self.message = Some(match self.held {
                None => site.delivery.begin(&self.mailboxes, head),
                Some(until) => site.delivery.hold(&self.mailboxes, until, head),
            });
        }
        self.completion = submitted.then(Completion::new);
        self.forged = self.spf.map(|_| Forged::new(&site.config.hostname));
        self.inspection = Inspection::new(&site.checks, self.smtputf8);
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
            self.fail(failure);
        }
    }

    /// The message is not taken: what there is of it goes.
    fn fail(&mut self, failure: Unsent) {
        self.failure = Some(failure);
        self.message = None;
        self.inspection = None;
        self.outgoing.give_up();
        // Making a share smaller always succeeds.
        let _ = self.share.resize(0);
    }

    async fn put(&mut self, site: &Site, octets: &[u8]) -> Result<(), Unsent> {
        let refused = |rule, reply| Unsent::Here(Refusal::new(rule, reply));
        if self.size > site.config.limits.transaction_storage {
            return Err(refused("limits.transaction_storage", Reply::too_much_mail_data()));
        }
        if let Some(inspection) = &mut self.inspection {
            Box::pin(inspection.take(octets)).await.map_err(Unsent::Content)?;
        }
        if let Some(message) = &mut self.message {
            Box::pin(message.write(octets)).await.map_err(|error| Unsent::Here(policy::failed(&error)))?;
        }
        self.outgoing.write(octets).await;
        if let Some(error) = self.outgoing.failure() {
            tracing::warn!(%error, "the message cannot be passed on");
            return Err(error.clone().into());
        }
        let stored = self.message.as_ref().map_or(0, Message::held);
        let inspected = self.inspection.as_ref().map_or(0, Inspection::held);
        let held = stored.saturating_add(inspected).saturating_add(self.outgoing.held());
        match self.share.resize(held as u64) {
            true => Ok(()),
            false => Err(refused("limits.memory", Reply::out_of_memory())),
        }
    }

    /// Brings the message to stable storage, and has it taken over by the next hops: what becomes of it for each recipient. With `each`, as in
    /// LMTP, each is answered for by itself; else nobody here gets what a next hop or a recipient does not take.
    pub async fn commit(&mut self, site: &Site, each: bool) -> Vec<Result<(), Unsent>> {
        if let Some(mut forged) = self.forged.take() {
            Box::pin(self.store(site, &forged.end())).await;
        }
        if let Some(mut completion) = self.completion.take() {
            let rest = completion.end(&self.id, &site.config.hostname);
            Box::pin(self.store(site, &rest.unwrap_or_default())).await;
        }
        if let Some(inspection) = self.inspection.take()
            && let Err(finding) = Box::pin(inspection.end()).await
        {
            self.fail(Unsent::Content(finding));
        }
        let count = self.outgoing.recipients();
        let taken = if self.failure.is_none() { self.taken(site).await } else { Vec::new() };
        if !each && let Some(refused) = worst(&taken) {
            self.failure = Some(refused.clone());
        }
        let mut message = self.message.take();
        let left_out = self.left_out(&taken);
        let gets_it = left_out.len() < self.mailboxes.len();
        message = message.filter(|_| gets_it);
        // On disk first, since what a next hop has taken cannot be taken back.
        if let (None, Some(message), false) = (&self.failure, &mut message, self.outgoing.is_empty()) {
            self.failure = Box::pin(message.flush()).await.err().map(|error| Unsent::Here(policy::failed(&error)));
        }
        if let Some(failure) = self.failure.take() {
            self.outgoing.give_up();
            return vec![Err(failure); count];
        }
        let told = if self.outgoing.is_empty() {
            taken
        } else {
            let there = Box::pin(self.outgoing.end()).await;
            there.into_iter().zip(taken).map(|(there, taken)| there.map_err(Unsent::from).and(taken)).collect()
        };
        let Some(mut message) = message.filter(|_| each || told.iter().all(Result::is_ok)) else { return told };
        message.leave_out(&left_out);
        match Box::pin(message.commit()).await {
            Ok(()) => told,
            Err(error) => {
                let failed = Err(Unsent::Here(policy::failed(&error)));
                told.into_iter().map(|verdict| verdict.and_then(|()| failed.clone())).collect()
            }
        }
    }

    /// Whether each recipient takes the message, now that it is there.
    async fn taken(&self, site: &Site) -> Vec<Result<(), Unsent>> {
        let mut taken = vec![Ok(()); self.recipients()];
        for (recipient, named) in &self.named {
            let takes = Box::pin(policy::takes(site, self.reverse_path(), named, self.size)).await;
            if let (Err(reason), Some(taken)) = (takes, taken.get_mut(*recipient)) {
                *taken = Err(Unsent::Recipient(reason, named.path.clone()));
            }
        }
        taken
    }

    /// The mailboxes that do not get the message, since nobody leads there who takes it.
    fn left_out(&self, taken: &[Result<(), Unsent>]) -> Vec<Mailbox> {
        let named = || self.named.iter().filter_map(|(recipient, named)| Some((named, taken.get(*recipient)?)));
        let gets = |mailbox: &Mailbox| {
            self.known.get(mailbox).is_some_and(|leads| *leads)
                || named().any(|(named, taken)| taken.is_ok() && named.mailbox == *mailbox)
        };
        let refused = named().filter(|(_, taken)| taken.is_err()).map(|(named, _)| &named.mailbox);
        let mut left_out: Vec<_> = refused.filter(|mailbox| !gets(mailbox)).cloned().collect();
        left_out.sort_unstable();
        left_out.dedup();
        left_out
    }
}

/// The one refusal that a client is told where it hears only one reply: one that is worth another try, if there is any. Those who have the
/// message already may get it twice then, which is better than not at all.
pub fn worst(outcome: &[Result<(), Unsent>]) -> Option<&Unsent> {
    let refused = || outcome.iter().filter_map(|verdict| verdict.as_ref().err());
    refused().find(|unsent| !unsent.reply().is_permanent()).or_else(|| refused().next())
}
