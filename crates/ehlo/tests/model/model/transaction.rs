//! The transaction: MAIL, RCPT, and the message by DATA or BDAT.

use ehlo::Abort;

use super::{Awaits, Event, Model, Said, Transaction, Verdict};
use crate::arguments::{self, Wrong};
use crate::content::{self, Content};
use crate::script::TextLine;

impl Model<'_> {
    pub(super) fn mail(&mut self, mail: arguments::Mail) {
        let limit = self.settings.message_size;
        if self.settings.require_auth && !self.authenticated {
            self.refuse("auth-required");
        } else if self.transactions >= self.settings.transactions {
            self.refuse("too-many-transactions");
        } else if limit != 0 && mail.size.is_some_and(|size| size > limit) {
            if self.count_idle() {
                self.say("message-too-big");
            }
        } else {
            match self.ask(mail.shown) {
                Verdict::No(said) => self.obey_idle(said),
                _ => {
                    self.transactions += 1;
                    self.transaction =
                        Some(Transaction { utf8: mail.utf8, binary: mail.binary, ..Transaction::default() });
                    self.put(Self::row("ok", "", Some((1, 0))));
                }
            }
        }
    }

    pub(super) fn rcpt(&mut self, shown: String) {
        let full = self.transaction.as_ref().is_some_and(|it| it.recipients >= self.settings.recipients);
        if full {
            return self.say("too-many-rcpts");
        }
        let verdict = self.ask(shown);
        let Some(transaction) = &mut self.transaction else { return };
        match verdict {
            Verdict::Yes => {
                transaction.recipients += 1;
                transaction.taken += 1;
                self.put(Self::row("ok", "", Some((1, 5))));
            }
            Verdict::Forward => {
                transaction.recipients += 1;
                transaction.taken += 1;
                self.put(Self::row("will-forward", "<x@y>", None));
            }
            Verdict::Otherwise => {
                transaction.taken += 1;
                self.say("duplicated-rcpt");
            }
            Verdict::No(said) => {
                transaction.refused = true;
                self.obey_idle(said);
            }
        }
    }

    /// A MAIL, RCPT or DATA that is refused moves nothing, nor does an AUTH for the moment.
    pub(super) fn obey_idle(&mut self, said: Said) {
        self.idle += 1;
        if self.idle > self.settings.idle_commands {
            self.errors += 1;
        }
        let over = self.errors > self.settings.errors;
        self.obey(if over { Self::row("too-much-failure", "", None) } else { said });
    }

    pub(super) fn bdat(&mut self, text: &str) -> Result<(), Wrong> {
        let begun = self.transaction.as_ref().is_some_and(|it| it.chunks);
        let (size, last) = match arguments::bdat(text) {
            Ok(chunk) => chunk,
            Err(wrong) => {
                // A chunk is missing, and so no message can come of the others.
                if begun {
                    self.abort(vec![Abort::Chunk]);
                }
                return Err(wrong);
            }
        };
        if size == 0 && !last && !self.count_idle() {
            return Ok(());
        }
        if !begun && let Verdict::No(said) = self.ask("data".into()) {
            self.waste(size);
            let code = said.code;
            self.put(said);
            // RFC 3030 2: the message has failed, all of it.
            self.abort(vec![Abort::Chunk]);
            if code == 421 {
                self.close(Abort::Closed);
            }
            return Ok(());
        }
        if !begun {
            self.block = 0;
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.chunks = true;
        }
        self.awaits = Awaits::Chunk(size, last);
        if size == 0 {
            self.chunk(&[]);
        }
        Ok(())
    }

    /// A message by DATA, up to its end.
    pub fn message(&mut self, lines: &[TextLine]) {
        self.since = None;
        let content = content::of_message(lines, self.is_lenient());
        let faults = content.faults(self.settings);
        self.tell(&faults);
        if content.spoilt {
            // What follows may be a command of whoever wrote the message.
            self.refuse_message(&faults, self.answers_due());
            return self.close(Abort::LineEnding);
        }
        self.awaits = Awaits::Command;
        self.end_of_message(content, &faults);
    }

    /// The octets of the chunk that is awaited.
    pub fn chunk(&mut self, octets: &[u8]) {
        let Awaits::Chunk(size, last) = self.awaits else { return };
        self.since = None;
        self.awaits = Awaits::Command;
        let lenient = self.is_lenient();
        let Some(transaction) = &mut self.transaction else { return };
        transaction.sent.extend(octets);
        let content = if transaction.binary {
            Content { octets: transaction.sent.clone(), spoilt: false }
        } else {
            content::of_chunks(&transaction.sent, lenient, last)
        };
        let faults = content.faults(self.settings);
        self.tell(&faults);
        if last {
            self.end_of_message(content, &faults);
        } else if faults.is_empty() {
            self.put(Self::own(250, (0, 0), Some(&format!("{size} octets received"))));
        } else {
            self.refuse_message(&faults, 1);
            self.abort(Vec::new());
        }
    }

    /// The octets of a chunk that was refused.
    pub fn waste_taken(&mut self) {
        if !self.is_over() {
            self.since = None;
            self.awaits = Awaits::Command;
        }
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.settings.lenient || self.settings.old_device
    }

    /// Tells the application, once, that the message will be refused.
    pub(super) fn tell(&mut self, faults: &[Abort]) {
        if let Some(transaction) = &mut self.transaction
            && !faults.is_empty()
            && !transaction.told
        {
            transaction.told = true;
            self.events.push(Event::Aborted(faults.to_vec()));
        }
    }

    /// RFC 2033 4.2: in LMTP an answer for each recipient.
    pub(super) fn answers_due(&self) -> u16 {
        if self.settings.lmtp { self.transaction.as_ref().map_or(0, |it| it.taken) } else { 1 }
    }

    pub(super) fn refuse_message(&mut self, faults: &[Abort], times: u16) {
        for _ in 0..times {
            match faults.first() {
                Some(Abort::LineEnding) => self.put(Self::own(550, (6, 0), None)),
                Some(Abort::TooBig) => self.say("message-too-big"),
                _ => self.say("too-many-hops"),
            }
        }
    }

    pub(super) fn end_of_message(&mut self, content: Content, faults: &[Abort]) {
        let due = self.answers_due();
        if !faults.is_empty() {
            self.refuse_message(faults, due);
            return self.abort(Vec::new());
        }
        let size = content.octets.len();
        self.events.push(Event::Content(content.octets));
        for given in 0..due {
            let recipient = if self.settings.lmtp { format!(" for {given}") } else { String::new() };
            let verdict = self.ask(format!("message {size}{recipient}"));
            // With the last answer the transaction has ended, and not been aborted.
            if given + 1 == due {
                self.transaction = None;
            }
            match verdict {
                Verdict::Yes | Verdict::Forward => {
                    self.idle = 0;
                    self.put(Self::row("ok", "", Some((6, 0))));
                }
                Verdict::Otherwise => {
                    self.idle = 0;
                    self.put(Self::own(250, (0, 0), Some("Ok queued as 1")));
                }
                Verdict::No(said) => self.obey(said),
            }
            if self.awaits == Awaits::Nothing {
                return;
            }
        }
    }
}
