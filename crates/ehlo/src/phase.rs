//! The phases of a session, which command may stand in which, and what moves it from one to another.
//!
//! Two tables hold all of it: [`admit`] and [`Phase::after`]. Nothing else changes the phase. `phase.md` draws them, and a
//! test holds the drawing against the tables.
#![doc = include_str!("phase.md")]

use crate::command::Verb;
use crate::reply::Reply;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// The peer has connected; whether it is let in is to be decided.
    Connect,
    /// It was not let in, and has to say QUIT (RFC 5321 3.1).
    Refused,
    /// It was greeted, or has begun TLS, and has to say who it is.
    Greeted,
    /// It has said who it is; no transaction is open.
    Ready,
    /// A SASL exchange is going on (RFC 4954).
    Sasl,
    /// A TLS handshake is due (RFC 3207).
    Tls,
    /// MAIL was accepted; no RCPT has come.
    Mail,
    /// MAIL was accepted; every RCPT so far was refused.
    NoRcpt,
    /// MAIL was accepted, and one RCPT at least.
    Rcpt,
    /// Mail data are coming in, or wait for their answer.
    Data,
    /// The end.
    Closed,
}

/// What moves a session from phase to phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The peer is let in.
    LetIn,
    /// The peer is not let in.
    TurnedAway,
    /// EHLO or HELO was accepted.
    Hello,
    /// AUTH begins an exchange.
    Auth,
    /// The exchange is over, whatever came of it.
    AuthOver,
    /// STARTTLS was agreed to.
    StartTls,
    /// The handshake is done.
    Handshake,
    /// MAIL was accepted.
    Mail,
    /// RCPT was accepted.
    Rcpt,
    /// RCPT was refused.
    RcptRefused,
    /// DATA was accepted.
    Data,
    /// The message was answered.
    Answered,
    /// RSET.
    Reset,
    /// The connection is to end.
    Close,
}

impl Phase {
    /// The phase after `event`; the same where the event means nothing in it.
    pub(crate) const fn after(self, event: Event) -> Self {
        use Phase::{Closed, Connect, Data, Greeted, Mail, NoRcpt, Rcpt, Ready, Refused, Sasl, Tls};
        match (self, event) {
            (_, Event::Close) => Closed,
            (Connect, Event::LetIn) => Greeted,
            (Connect, Event::TurnedAway) => Refused,
            (Greeted | Ready | Mail | NoRcpt | Rcpt, Event::Hello) => Ready,
            (Ready, Event::Auth) => Sasl,
            (Sasl, Event::AuthOver) => Ready,
            (Ready | Mail | NoRcpt | Rcpt, Event::StartTls) => Tls,
            (Tls, Event::Handshake) => Greeted,
            (Ready, Event::Mail) => Mail,
            (Mail | NoRcpt | Rcpt, Event::Rcpt) => Rcpt,
            (Mail, Event::RcptRefused) => NoRcpt,
            (Rcpt, Event::Data) => Data,
            (Data, Event::Answered) => Ready,
            (Mail | NoRcpt | Rcpt, Event::Reset) => Ready,
            (phase, _) => phase,
        }
    }

    /// Whether a transaction is open.
    pub const fn in_transaction(self) -> bool {
        matches!(self, Self::Mail | Self::NoRcpt | Self::Rcpt | Self::Data)
    }
}

/// What the table says of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It may stand here.
    Yes,
    /// 503.
    BadSequence,
    /// 503: MAIL first.
    MailFirst,
    /// 503: RCPT first.
    RcptFirst,
    /// 554: every recipient was refused.
    NoRcpts,
}

impl Rule {
    /// The reply of a rule that does not admit.
    pub(crate) const fn refusal(self) -> Option<Reply<'static>> {
        match self {
            Self::Yes => None,
            Self::BadSequence => Some(Reply::bad_sequence()),
            Self::MailFirst => Some(Reply::mail_first()),
            Self::RcptFirst => Some(Reply::rcpt_first()),
            Self::NoRcpts => Some(Reply::no_valid_recipients()),
        }
    }
}

/// Whether a command that the server offers may stand in a phase.
pub(crate) const fn admit(phase: Phase, verb: Verb) -> Rule {
    use Rule::{BadSequence as Seq, MailFirst, NoRcpts, RcptFirst, Yes};
    //                    Refused Greeted    Ready      Mail       NoRcpt   Rcpt
    let row: [Rule; 6] = match verb {
        Verb::Ehlo | Verb::Helo => [Seq, Yes, Yes, Yes, Yes, Yes],
        Verb::Auth => [Seq, Seq, Yes, Seq, Seq, Seq],
        Verb::Starttls => [Seq, Seq, Yes, Yes, Yes, Yes],
        Verb::Mail => [Seq, Seq, Yes, Seq, Seq, Seq],
        Verb::Rcpt => [Seq, MailFirst, MailFirst, Yes, Yes, Yes],
        Verb::Data => [Seq, MailFirst, MailFirst, RcptFirst, NoRcpts, Yes],
        Verb::Quit => [Yes, Yes, Yes, Yes, Yes, Yes],
        _ => [Seq, Yes, Yes, Yes, Yes, Yes],
    };
    let [refused, greeted, ready, mail, no_rcpt, rcpt] = row;
    match phase {
        Phase::Refused => refused,
        Phase::Greeted => greeted,
        Phase::Ready => ready,
        Phase::Mail => mail,
        Phase::NoRcpt => no_rcpt,
        Phase::Rcpt => rcpt,
        // No command line is read in the others.
        Phase::Connect | Phase::Sasl | Phase::Tls | Phase::Data | Phase::Closed => Rule::BadSequence,
    }
}
