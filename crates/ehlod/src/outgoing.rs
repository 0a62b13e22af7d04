//! The recipients of a transaction whose mail goes on to next hops.
//!
//! What talks to a next hop is in boxes: it is large, and a connection of which nothing goes on is not to have room for it.

use crate::delivery::{Envelope, Hop, HopError, Onward, Passing};
use std::sync::Arc;

/// A message's way to the next hops of its recipients.
#[derive(Debug)]
pub struct Outgoing {
    envelope: Envelope,
    passings: Vec<Passing>,
    /// For each recipient of the transaction, where among the passings its mail goes on.
    recipients: Vec<Vec<Place>>,
}

/// A recipient of one of the passings.
#[derive(Clone, Copy, Debug)]
struct Place {
    passing: usize,
    recipient: usize,
}

impl Outgoing {
    /// For a transaction of which nothing goes on yet.
    pub fn new(envelope: Envelope) -> Self {
        Self { envelope, passings: Vec::new(), recipients: Vec::new() }
    }

    /// Whether anything goes on.
    pub fn is_empty(&self) -> bool {
        self.passings.is_empty()
    }

    /// Recipients of the transaction so far, duplicates too.
    pub fn recipients(&self) -> usize {
        self.recipients.len()
    }

    /// What the message's sender said.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Counts a recipient of the transaction whose mail goes on nowhere.
    pub fn stays(&mut self) {
        self.recipients.push(Vec::new());
    }

    /// Counts a recipient of the transaction, and puts to the next hops where its mail goes; false where it went there already.
    ///
    /// # Errors
    ///
    /// One of them says no; then the recipient is none.
    pub async fn add(&mut self, hops: Vec<(&Arc<Hop>, Vec<Onward>)>) -> Result<bool, HopError> {
        let before: Vec<_> = self.passings.iter().map(Passing::recipients).collect();
        match self.put(hops).await {
            Ok((places, is_new)) => {
                self.recipients.push(places);
                Ok(is_new)
            }
            Err(error) => {
                // What is refused in the end must not get the mail by halves.
                let counts = before.into_iter().chain(std::iter::repeat(0));
                self.passings.iter_mut().zip(counts).for_each(|(passing, count)| passing.take_back(count));
                Err(error)
            }
        }
    }

    async fn put(&mut self, hops: Vec<(&Arc<Hop>, Vec<Onward>)>) -> Result<(Vec<Place>, bool), HopError> {
        let (mut places, mut is_new) = (Vec::new(), false);
        for (hop, onwards) in hops {
            for onward in onwards {
                let at = match self.passings.iter().position(|passing| Arc::ptr_eq(passing.hop(), hop)) {
                    Some(at) => at,
                    None => {
                        self.passings.push(Box::pin(Passing::new(hop, self.envelope.clone())).await?);
                        self.passings.len() - 1
                    }
                };
                let Some(passing) = self.passings.get_mut(at) else { continue };
                let known = passing.position(&onward);
                if known.is_none() {
                    Box::pin(passing.recipient(onward)).await?;
                    is_new = true;
                }
                let recipient = known.unwrap_or(passing.recipients() - 1);
                places.push(Place { passing: at, recipient });
            }
        }
        Ok((places, is_new))
    }

    /// Begins the message with what stands at its head.
    ///
    /// # Errors
    ///
    /// One of the next hops wants no message: nobody is to get it.
    pub async fn begin(&mut self, head: &[u8]) -> Result<(), HopError> {
        for passing in self.passings.iter_mut().filter(|passing| passing.recipients() > 0) {
            Box::pin(passing.begin(head)).await?;
        }
        Ok(())
    }

    /// Passes on a piece of the content. What fails is told at the end.
    pub async fn write(&mut self, octets: &[u8]) {
        for passing in &mut self.passings {
            Box::pin(passing.write(octets)).await;
        }
    }

    /// Octets of the message that are gathered at the moment.
    pub fn held(&self) -> usize {
        self.passings.iter().map(Passing::held).sum()
    }

    /// Gives up: nobody gets the message.
    pub fn give_up(&mut self) {
        self.passings.clear();
    }

    /// Why the message cannot go on, where that is known already.
    pub fn failure(&self) -> Option<&HopError> {
        self.passings.iter().find_map(Passing::failure)
    }

    /// Ends the message; says what became of it for each recipient of the transaction. One whose mail goes to several gets the first no.
    pub async fn end(&mut self) -> Vec<Result<(), HopError>> {
        let mut verdicts = Vec::with_capacity(self.passings.len());
        for passing in self.passings.drain(..) {
            let address = passing.hop().address().to_string();
            let told = if passing.recipients() > 0 { Box::pin(passing.end()).await } else { Vec::new() };
            if let Some(error) = told.iter().find_map(|verdict| verdict.as_ref().err()) {
                tracing::warn!(next_hop = address, %error, "the message was not taken over");
            }
            verdicts.push(told);
        }
        let verdict = |place: &Place| {
            let told = verdicts.get(place.passing).and_then(|told| told.get(place.recipient));
            told.cloned().unwrap_or_else(|| Err(HopError::Broken("it gave no answer".to_owned())))
        };
        self.recipients.iter().map(|places| places.iter().try_for_each(verdict)).collect()
    }
}
