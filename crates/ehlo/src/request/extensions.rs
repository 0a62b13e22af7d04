//! Decisions that an appliance has no use for: on VRFY, EXPN and HELP, ETRN, XCLIENT and XFORWARD.

use super::Turn;
use crate::command::{Attributes, Etrn, Query};
use crate::phase::Event;
use crate::reply::{Canned, Reply};
use crate::write::{self, Style};

requests! {
    /// VRFY.
    VerifyRequest {
        /// What the client said.
        command: Query<'s>,
    } => VerifyAnswer;
    /// EXPN.
    ExpandRequest {
        /// What the client said.
        command: Query<'s>,
    } => ExpandAnswer;
    /// HELP.
    HelpRequest {
        /// What help is wanted with; often empty.
        topic: &'s str,
    } => HelpAnswer;
    /// ETRN (RFC 1985).
    EtrnRequest {
        /// What the client said.
        command: Etrn<'s>,
    } => EtrnAnswer;
    /// XCLIENT.
    XclientRequest {
        /// Whom the peer speaks for.
        command: Attributes<'s>,
    } => XclientAnswer;
    /// XFORWARD.
    XforwardRequest {
        /// Whom the peer speaks for.
        command: Attributes<'s>,
    } => XforwardAnswer;
}

impl VerifyAnswer<'_> {
    /// The user is here: `250` and the mailbox, written as given.
    pub fn accept(self, mailbox: &str) {
        self.0.say_reply(&Reply::new(250, mailbox).enhanced(1, 5), Event::Answered);
    }

    /// The user lives elsewhere, and mail is forwarded: `251`. `forward_path` is written as given, so with its angle brackets.
    pub fn will_forward(self, forward_path: &str) {
        self.0.say_reply(&Reply::will_forward(forward_path), Event::Answered);
    }

    /// It is not said, but delivery would be tried: `252`.
    pub fn ambiguous(self) {
        self.0.say(const { Canned::cannot_vrfy() }, Event::Answered);
    }
}

impl ExpandAnswer<'_> {
    /// The members of the list, a line each, written as given: `250`. Where they do not fit the output buffer, or there are none,
    /// the answer is `452 4.3.1` or `252` instead.
    pub fn accept<'m>(mut self, members: impl Iterator<Item = &'m str>) {
        let turn = &mut self.0;
        let before = turn.out.len();
        let reply = const { &Reply::ok().enhanced(1, 5) };
        let style = Style::new(turn.config, turn.takes_utf8());
        let mut members = members.peekable();
        if members.peek().is_none() {
            self.0.say(const { Canned::cannot_vrfy() }, Event::Answered);
        } else if write::list(turn.out, style, reply, members) {
            self.0.settled_by(|turn| turn.state.settle(Event::Answered));
        } else {
            turn.out.truncate(before);
            self.0.say(const { Canned::out_of_memory() }, Event::Answered);
        }
    }
}

impl HelpAnswer<'_> {
    /// Names the configured address: `214`; `502` where there is none.
    pub fn accept(self) {
        match self.0.config.help_url {
            Some(url) => self.0.say_reply(&Reply::help(url), Event::Answered),
            None => self.0.say(const { Canned::command_not_implemented() }, Event::Answered),
        }
    }

    /// Helps with a text of your own: `214`. Line feeds in it begin further lines.
    pub fn accept_with(self, text: &str) {
        self.0.say_reply(&Reply::new(214, text).enhanced(0, 0), Event::Answered);
    }
}

impl EtrnAnswer<'_> {
    /// The queue is started: `250`.
    pub fn accept(self) {
        self.0.say(Canned::QUEUING_STARTED, Event::Answered);
    }

    /// The node may ask, but no message waits for it: `251`.
    pub fn nothing_waiting(self) {
        self.0.say(Canned::NOTHING_WAITING, Event::Answered);
    }
}

impl XclientAnswer<'_> {
    /// Believes it. The session starts over for the client that was named, with a new [`Request::Connect`](super::Request::Connect) and a new greeting.
    pub fn accept(self) {
        self.0.settled_by(|turn| turn.state.start_over());
    }

    /// Believes it, and that the client has authenticated itself to the peer: LOGIN says as whom.
    pub fn accept_authenticated(self) {
        self.0.settled_by(|turn| {
            turn.state.start_over();
            turn.state.authenticated = true;
        });
    }
}

impl XforwardAnswer<'_> {
    /// Notes it: `250`.
    pub fn accept(self) {
        self.0.say(const { Canned::ok() }, Event::Answered);
    }
}
