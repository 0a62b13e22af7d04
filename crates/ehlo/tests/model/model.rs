//! The session as one would explain it: what is known, and for each command what is said and done.
//!
//! It works on whole commands and never on octets. The order of its questions is that of the crate's documentation: is it a line, is
//! it a command, is it offered, may it stand here, is it right, is it wanted.

mod authentication;
mod commands;
mod transaction;

use std::collections::VecDeque;

use ehlo::{Abort, CATALOGUE, Extensions, Mechanism};

use crate::decision::{Answer, Decision};
use crate::settings::{HOSTNAME, Settings};

/// Octets of a block of mail data (RFC 5321 4.5.3.2.5).
const BLOCK: usize = 1024;

/// A reply that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The row of the catalogue, if it is one.
    pub id: Option<&'static str>,
    pub code: u16,
    pub enhanced: Option<String>,
    /// Its text, where that is prescribed.
    pub text: Option<String>,
    /// Of an answer to EHLO: the keywords, in any order.
    pub keywords: Option<Vec<String>>,
}

/// Something that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Asked(String),
    /// The content of a message that is asked about.
    Content(Vec<u8>),
    /// For one of these reasons: where there are several, the cuts decide which is met first.
    Aborted(Vec<Abort>),
    StartTls,
    Closed,
}

/// What the client has to send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaits {
    Greeting,
    Command,
    Response,
    Message,
    /// So many octets of a chunk.
    Chunk(usize, bool),
    /// So many octets of a chunk that was refused.
    Waste(usize),
    Handshake,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeted {
    No,
    Helo,
    Ehlo,
}

#[derive(Debug, Default)]
struct Transaction {
    utf8: bool,
    binary: bool,
    /// Every RCPT was refused.
    refused: bool,
    /// Recipients that count against the limit, and those that get an answer of their own in LMTP.
    recipients: u16,
    taken: u16,
    /// BDAT has begun.
    chunks: bool,
    sent: Vec<u8>,
    /// The application was told that the message is lost.
    told: bool,
}

#[derive(Debug)]
enum Exchange {
    First(Mechanism),
    LoginPassword(String),
}

#[derive(Debug)]
pub struct Model<'s> {
    settings: &'s Settings,
    decisions: VecDeque<Decision>,
    pub replies: Vec<Said>,
    pub events: Vec<Event>,
    pub awaits: Awaits,
    greeted: Greeted,
    turned_away: bool,
    pub tls: bool,
    pub authenticated: bool,
    transaction: Option<Transaction>,
    exchange: Option<Exchange>,
    pub errors: u16,
    idle: u16,
    auth_failures: u16,
    transactions: u16,
    pub early: bool,
    eof: bool,
    shutdown: bool,
    pub now: u64,
    started: u64,
    /// Since when the client is waited for, and whether a line has begun.
    since: Option<u64>,
    begun: bool,
    /// Octets of the block of mail data that is coming in.
    block: usize,
    pub deadline: Option<u64>,
}

/// The answer to a request.
enum Verdict {
    Yes,
    Otherwise,
    Forward,
    No(Said),
}

impl<'s> Model<'s> {
    pub fn new(settings: &'s Settings, decisions: &[Decision], now: u64) -> Self {
        Self {
            settings,
            decisions: decisions.iter().copied().collect(),
            replies: Vec::new(),
            events: Vec::new(),
            awaits: Awaits::Greeting,
            greeted: Greeted::No,
            turned_away: false,
            tls: settings.tls,
            authenticated: false,
            transaction: None,
            exchange: None,
            errors: 0,
            idle: 0,
            auth_failures: 0,
            transactions: 0,
            early: false,
            eof: false,
            shutdown: false,
            now,
            started: now,
            since: None,
            begun: false,
            block: 0,
            deadline: None,
        }
    }

    pub fn is_extended(&self) -> bool {
        self.greeted == Greeted::Ehlo
    }

    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    // ---- what is said -------------------------------------------------------------------------------------

    /// A row of the catalogue, under another enhanced status code where the row says so.
    fn row(id: &str, value: &str, enhanced: Option<(u16, u16)>) -> Said {
        let row = CATALOGUE.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no row {id}"));
        let text = row.text.replace("{domain}", HOSTNAME).replace("{url}", value).replace("{forward_path}", value);
        let class = row.code / 100;
        let own = row.enhanced.map(|enhanced| enhanced.to_string());
        let enhanced = enhanced.map(|(subject, detail)| format!("{class}.{subject}.{detail}")).or(own);
        Said { id: Some(row.id), code: row.code, enhanced, text: Some(text), keywords: None }
    }

    fn own(code: u16, (subject, detail): (u16, u16), text: Option<&str>) -> Said {
        let enhanced = Some(format!("{}.{subject}.{detail}", code / 100));
        Said { id: None, code, enhanced, text: text.map(str::to_owned), keywords: None }
    }

    fn put(&mut self, said: Said) {
        let offered = self.settings.extensions.contains(Extensions::ENHANCEDSTATUSCODES);
        self.replies.push(Said { enhanced: said.enhanced.filter(|_| offered), ..said });
    }

    fn say(&mut self, id: &str) {
        self.put(Self::row(id, "", None));
    }

    /// A protocol error: counted, and one too many ends the session.
    fn fault(&mut self, said: Said) {
        if self.count_error() {
            self.put(said);
        }
    }

    fn refuse(&mut self, id: &str) {
        self.fault(Self::row(id, "", None));
    }

    fn count_error(&mut self) -> bool {
        self.errors += 1;
        if self.errors > self.settings.errors {
            self.turn_out("too-much-failure");
            return false;
        }
        true
    }

    fn turn_out(&mut self, id: &str) {
        self.say(id);
        self.close(if self.shutdown { Abort::Shutdown } else { Abort::Closed });
    }

    fn close(&mut self, reason: Abort) {
        self.abort(vec![reason]);
        self.awaits = Awaits::Nothing;
        self.events.push(Event::Closed);
    }

    /// Ends the transaction, if there is one; the application is told once.
    fn abort(&mut self, reasons: Vec<Abort>) {
        if let Some(transaction) = self.transaction.take()
            && !transaction.told
        {
            self.events.push(Event::Aborted(reasons));
        }
    }

    // ---- what is asked ------------------------------------------------------------------------------------

    fn ask(&mut self, what: String) -> Verdict {
        self.events.push(Event::Asked(what));
        let decision = self.decisions.pop_front().unwrap_or(Decision::ACCEPT);
        self.now += u64::from(decision.delay.unwrap_or(0));
        match decision.answer {
            Answer::Accept => Verdict::Yes,
            Answer::Otherwise => Verdict::Otherwise,
            Answer::Forward => Verdict::Forward,
            Answer::Refuse((code, enhanced, text)) if code >= 400 => Verdict::No(Self::own(code, enhanced, Some(text))),
            Answer::Refuse(_) | Answer::Drop => Verdict::No(Self::row("processing-error", "", None)),
        }
    }

    /// Refuses as the application wants it; 421 ends the session.
    fn obey(&mut self, said: Said) {
        let code = said.code;
        self.put(said);
        if code == 421 {
            self.close(Abort::Closed);
        }
    }

    // ---- the beginning ------------------------------------------------------------------------------------

    /// The session begins. `early`: there is input before it is greeted.
    pub fn greet(&mut self, early: bool) {
        if self.shutdown {
            self.turn_out("service-not-available");
        } else if early && self.settings.pause.is_some() {
            self.early = true;
            self.turn_out("bad-sequence");
        } else if self.eof && !early {
            self.close(Abort::Eof);
        } else {
            self.connect();
        }
    }

    fn connect(&mut self) {
        let dropped = self.decisions.front().is_some_and(|decision| decision.answer == Answer::Drop);
        match self.ask("connect".into()) {
            Verdict::Yes | Verdict::Otherwise | Verdict::Forward => {
                self.put(Self::row("service-ready", "", None));
                self.awaits = Awaits::Command;
            }
            Verdict::No(said) => {
                let said = if dropped { Self::row("service-not-available", "", None) } else { said };
                self.turned_away = true;
                self.awaits = Awaits::Command;
                let code = said.code;
                self.put(said);
                // RFC 5321 3.8, RFC 7504 3: these need not wait for QUIT.
                if matches!(code, 421 | 521) {
                    self.close(Abort::Closed);
                }
            }
        }
    }

    // ---- time and ends ------------------------------------------------------------------------------------

    pub fn end_of_input(&mut self) {
        self.eof = true;
    }

    pub fn shut_down(&mut self) {
        self.shutdown = true;
    }

    /// At a command boundary a server that shuts down says so.
    fn is_over(&mut self) -> bool {
        if self.shutdown && matches!(self.awaits, Awaits::Command | Awaits::Response | Awaits::Waste(_)) {
            self.turn_out("service-not-available");
        }
        self.awaits == Awaits::Nothing
    }

    /// So many octets of what is awaited have come. Each block of mail data has time of its own.
    pub fn take(&mut self, octets: usize) {
        if matches!(self.awaits, Awaits::Message | Awaits::Chunk(..) | Awaits::Waste(_)) {
            self.block += octets;
            if self.block >= BLOCK {
                self.since = Some(self.now);
            }
            self.block %= BLOCK;
        }
    }

    /// The input is used up. `begun`: it ended within what is awaited.
    pub fn wait(&mut self, begun: bool) {
        self.deadline = None;
        if matches!(self.awaits, Awaits::Handshake | Awaits::Greeting) || self.is_over() {
            return;
        }
        let is_line = matches!(self.awaits, Awaits::Command | Awaits::Response);
        // The time for a line begins with its first octet.
        if is_line && begun && !self.begun {
            self.since = Some(self.now);
            self.begun = true;
        }
        let patience = if is_line { self.settings.command_timeout } else { self.settings.data_timeout };
        let since = *self.since.get_or_insert(self.now);
        let session = self.started + u64::from(self.settings.session_timeout);
        let deadline = session.min(since + u64::from(patience));
        // A message that comes in may have been found wrong already.
        let any = |reason| match begun && !is_line {
            true => vec![reason, Abort::LineEnding, Abort::TooBig, Abort::TooManyHops],
            false => vec![reason],
        };
        if self.eof {
            self.abort(any(Abort::Eof));
            self.close(Abort::Eof);
        } else if self.now >= deadline {
            self.say("timeout");
            self.abort(any(Abort::Timeout));
            self.close(Abort::Timeout);
        } else {
            self.deadline = Some(deadline);
        }
    }
}
