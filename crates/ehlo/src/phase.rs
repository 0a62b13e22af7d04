//! The phases of a session, which command may stand in which, and what moves it from one to another.
//!
//! Two tables hold all of it: [`row`] and [`moves_by`]. Nothing else changes the phase. `phase.md` draws them, and a
//! test holds the drawing against the tables.
#![doc = include_str!("phase.md")]

use crate::command::Verb;
use crate::reply::Canned;

/// Where a session stands.
// Those in which lines are read come first, and of them the exchange last: see `column` and `reads_lines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// It was not let in, and has to say QUIT (RFC 5321 3.1).
    Refused,
    /// It was greeted, or has begun TLS, and has to say who it is.
    Greeted,
    /// It has said who it is; no transaction is open.
    Ready,
    /// MAIL was accepted; no RCPT has come.
    Mail,
    /// MAIL was accepted; every RCPT so far was refused.
    NoRcpt,
    /// MAIL was accepted, and one RCPT at least.
    Rcpt,
    /// Chunks of a message have come in, and the next is due.
    Chunks,
    /// A SASL exchange is going on (RFC 4954).
    Sasl,
    /// The peer has connected; whether it is let in is to be decided.
    Connect,
    /// A TLS handshake is due (RFC 3207).
    Tls,
    /// Mail data are coming in, or wait for their answer.
    Data,
    /// A chunk of mail data is coming in, or the message that it ended waits for its answer (RFC 3030).
    Chunk,
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
    /// BDAT was accepted.
    Bdat,
    /// A chunk that is not the last has come in.
    ChunkTaken,
    /// A chunk was refused, and the message with it.
    ChunkRefused,
    /// The message was answered.
    Answered,
    /// RSET.
    Reset,
    /// XCLIENT was believed.
    StartOver,
    /// The connection is to end.
    Close,
}

impl Event {
    /// All of them, in their order.
    const ALL: [Self; 18] = [
        Self::LetIn,
        Self::TurnedAway,
        Self::Hello,
        Self::Auth,
        Self::AuthOver,
        Self::StartTls,
        Self::Handshake,
        Self::Mail,
        Self::Rcpt,
        Self::RcptRefused,
        Self::Data,
        Self::Bdat,
        Self::ChunkTaken,
        Self::ChunkRefused,
        Self::Answered,
        Self::Reset,
        Self::StartOver,
        Self::Close,
    ];
}

impl Phase {
    /// The phase after `event`; the same where the event means nothing in it.
    pub(crate) fn after(self, event: Event) -> Self {
        match MOVES.get(event as usize) {
            Some((from, to)) if from & (1 << self as u16) != 0 => *to,
            _ => self,
        }
    }

    /// Whether lines are read, of commands or of an exchange.
    pub(crate) const fn reads_lines(self) -> bool {
        self as u8 <= Self::Sasl as u8
    }

    /// Whether a transaction is open.
    pub const fn in_transaction(self) -> bool {
        matches!(self, Self::Mail | Self::NoRcpt | Self::Rcpt | Self::Data | Self::Chunk | Self::Chunks)
    }
}

/// The moves of all events: a bit for each phase that one leads out of, and the phase that it leads to.
static MOVES: [(u16, Phase); Event::ALL.len()] = {
    let mut moves = [(0, Phase::Closed); Event::ALL.len()];
    let mut places: &mut [(u16, Phase)] = &mut moves;
    let mut events: &[Event] = &Event::ALL;
    while let (Some((place, places_after)), Some((event, events_after))) =
        (places.split_first_mut(), events.split_first())
    {
        let (mut from, to) = moves_by(*event);
        place.1 = to;
        while let Some((phase, others)) = from.split_first() {
            place.0 |= 1 << *phase as u16;
            from = others;
        }
        (places, events) = (places_after, events_after);
    }
    moves
};

/// The table: out of which phases an event leads, and to which.
const fn moves_by(event: Event) -> (&'static [Phase], Phase) {
    use Phase::{Chunk, Chunks, Closed, Connect, Data, Greeted, Mail, NoRcpt, Rcpt, Ready, Refused, Sasl, Tls};
    match event {
        Event::Close => {
            (&[Connect, Refused, Greeted, Ready, Sasl, Tls, Mail, NoRcpt, Rcpt, Data, Chunk, Chunks], Closed)
        }
        Event::LetIn => (&[Connect], Greeted),
        Event::TurnedAway => (&[Connect], Refused),
        Event::Hello => (&[Greeted, Ready, Mail, NoRcpt, Rcpt, Chunks], Ready),
        Event::Auth => (&[Ready], Sasl),
        Event::AuthOver => (&[Sasl], Ready),
        Event::StartTls => (&[Ready, Mail, NoRcpt, Rcpt, Chunks], Tls),
        Event::Handshake => (&[Tls], Greeted),
        Event::Mail => (&[Ready], Mail),
        Event::Rcpt => (&[Mail, NoRcpt, Rcpt], Rcpt),
        Event::RcptRefused => (&[Mail], NoRcpt),
        Event::Data => (&[Rcpt], Data),
        Event::Bdat => (&[Rcpt, Chunks], Chunk),
        Event::ChunkTaken => (&[Chunk], Chunks),
        Event::ChunkRefused => (&[Rcpt, Chunks, Chunk], Ready),
        Event::Answered => (&[Data, Chunk], Ready),
        Event::Reset => (&[Mail, NoRcpt, Rcpt, Chunks], Ready),
        Event::StartOver => (&[Greeted, Ready], Connect),
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
    pub(crate) const fn refusal(self) -> Option<Canned> {
        if matches!(self, Self::Yes) { None } else { Some(self.reply()) }
    }

    /// What is said where it does not admit.
    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    const fn reply(self) -> Canned {
        match self {
            Self::Yes | Self::BadSequence => const { Canned::bad_sequence() },
            Self::MailFirst => const { Canned::mail_first() },
            Self::RcptFirst => const { Canned::rcpt_first() },
            Self::NoRcpts => const { Canned::no_valid_recipients() },
        }
    }
}

/// Whether a command that the server offers may stand in a phase.
pub(crate) fn admit(phase: Phase, verb: Verb) -> Rule {
    let row = ADMITTED.get(verb as usize);
    row.and_then(|row| row.get(column(phase))).copied().unwrap_or(Rule::BadSequence)
}

/// The rows of all verbs, so that two look-ups say what holds.
static ADMITTED: [[Rule; 8]; Verb::ALL.len()] = {
    let mut rows = [[Rule::BadSequence; 8]; Verb::ALL.len()];
    let mut places: &mut [[Rule; 8]] = &mut rows;
    let mut verbs: &[Verb] = Verb::ALL;
    while let (Some((place, places_after)), Some((verb, verbs_after))) = (places.split_first_mut(), verbs.split_first())
    {
        *place = row(*verb);
        (places, verbs) = (places_after, verbs_after);
    }
    rows
};

/// The table: what holds for a verb in each phase in which commands are read, and at last in the others.
const fn row(verb: Verb) -> [Rule; 8] {
    use Rule::{BadSequence as Seq, MailFirst, NoRcpts, RcptFirst, Yes};
    match verb {
        //               Refused Greeted    Ready      Mail       NoRcpt   Rcpt Chunks
        Verb::Auth => [Seq, Seq, Yes, Seq, Seq, Seq, Seq, Seq],
        Verb::Starttls => [Seq, Seq, Yes, Yes, Yes, Yes, Yes, Seq],
        Verb::Mail => [Seq, Seq, Yes, Seq, Seq, Seq, Seq, Seq],
        Verb::Rcpt => [Seq, MailFirst, MailFirst, Yes, Yes, Yes, Seq, Seq],
        Verb::Data => [Seq, MailFirst, MailFirst, RcptFirst, NoRcpts, Yes, Seq, Seq],
        #[cfg(feature = "chunking")]
        Verb::Bdat => [Seq, MailFirst, MailFirst, RcptFirst, NoRcpts, Yes, Yes, Seq],
        #[cfg(feature = "extensions")]
        Verb::Xclient => [Seq, Yes, Yes, Seq, Seq, Seq, Seq, Seq],
        Verb::Quit => [Yes, Yes, Yes, Yes, Yes, Yes, Yes, Seq],
        _ => [Seq, Yes, Yes, Yes, Yes, Yes, Yes, Seq],
    }
}

/// The column of a phase in the table: its number, or the last where no command line is read.
const fn column(phase: Phase) -> usize {
    let number = phase as usize;
    if number < Phase::Sasl as usize { number } else { Phase::Sasl as usize }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeSet;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    const PICTURE: &str = include_str!("phase.md");

    const PHASES: [Phase; 13] = [
        Phase::Connect,
        Phase::Refused,
        Phase::Greeted,
        Phase::Ready,
        Phase::Sasl,
        Phase::Tls,
        Phase::Mail,
        Phase::NoRcpt,
        Phase::Rcpt,
        Phase::Data,
        Phase::Chunk,
        Phase::Chunks,
        Phase::Closed,
    ];

    /// Every event, and what the picture calls it.
    const EVENTS: [(Event, &str); 18] = [
        (Event::LetIn, "let in"),
        (Event::TurnedAway, "turned away"),
        (Event::Hello, "EHLO"),
        (Event::Auth, "AUTH"),
        (Event::AuthOver, "over"),
        (Event::StartTls, "STARTTLS"),
        (Event::Handshake, "handshake"),
        (Event::Mail, "MAIL"),
        (Event::Rcpt, "RCPT"),
        (Event::RcptRefused, "RCPT refused"),
        (Event::Data, "DATA"),
        (Event::Bdat, "BDAT"),
        (Event::ChunkTaken, "taken"),
        (Event::ChunkRefused, "chunk refused"),
        (Event::Answered, "answered"),
        (Event::Reset, "RSET"),
        (Event::StartOver, "XCLIENT"),
        (Event::Close, "close"),
    ];

    /// Events that leave the phase as it is, and are drawn all the same.
    const STAYS: [(Phase, Event); 2] = [(Phase::Ready, Event::Hello), (Phase::Rcpt, Event::Rcpt)];

    type Edges = BTreeSet<(String, String, String)>;

    fn edge(from: Phase, label: &str, to: Phase) -> (String, String, String) {
        (format!("{from:?}"), label.to_string(), format!("{to:?}"))
    }

    /// The edges of all chains `A ──label──▶ B ──label──▶ C`, of which a line of the picture may hold several.
    fn drawn() -> Edges {
        let picture = PICTURE.split("```").nth(1).unwrap();
        let mut edges = Edges::new();
        for line in picture.lines().skip(1) {
            let mut from = String::new();
            for hop in line.split("──▶") {
                // The last hop has no arrow behind it: only a phase.
                let (head, label) = hop.split_once("──").unwrap_or((hop, ""));
                let words: Vec<&str> = head.split_whitespace().collect();
                if head.ends_with("from every phase ") {
                    from = "every".to_string();
                } else if let Some(phase) = words.last() {
                    from = phase.to_string();
                }
                if let Some((_, after)) = line.split_once(&format!("{hop}──▶")) {
                    let to = after.split_whitespace().next().unwrap();
                    edges.insert((from.clone(), label.to_string(), to.to_string()));
                }
            }
        }
        edges
    }

    #[test]
    fn the_picture_shows_the_moves_and_no_others() {
        let mut moves = Edges::new();
        for from in PHASES {
            for (event, label) in EVENTS {
                let to = from.after(event);
                if event == Event::Close {
                    assert_eq!(to, Phase::Closed);
                } else if to != from || STAYS.contains(&(from, event)) {
                    moves.insert(edge(from, label, to));
                }
            }
        }
        moves.insert(("every".to_string(), "close".to_string(), "Closed".to_string()));
        assert_eq!(drawn(), moves);
    }

    #[test]
    fn every_phase_is_reached_and_all_but_the_last_are_left() {
        let mut reached = Vec::from([Phase::Connect]);
        let mut next = 0;
        while let Some(phase) = reached.get(next).copied() {
            next += 1;
            for (event, _) in EVENTS {
                let after = phase.after(event);
                if !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
        for phase in PHASES {
            assert!(reached.contains(&phase), "{phase:?} is never reached");
            let left = EVENTS.iter().any(|(event, _)| phase.after(*event) != phase);
            assert_eq!(left, phase != Phase::Closed, "{phase:?}");
        }
    }

    #[test]
    fn only_events_that_the_table_names_end_a_transaction() {
        for phase in PHASES.into_iter().filter(|phase| phase.in_transaction()) {
            for (event, _) in EVENTS {
                let ends = match event {
                    Event::Close => true,
                    Event::Answered => matches!(phase, Phase::Data | Phase::Chunk),
                    Event::Reset | Event::Hello | Event::StartTls => !matches!(phase, Phase::Data | Phase::Chunk),
                    Event::ChunkRefused => matches!(phase, Phase::Rcpt | Phase::Chunk | Phase::Chunks),
                    _ => false,
                };
                assert_eq!(!phase.after(event).in_transaction(), ends, "{phase:?} {event:?}");
            }
        }
    }

    /// What the table in the picture says of a rule: the code, and what its text adds to that of its like.
    #[cfg(feature = "extensions")]
    fn cell(rule: Rule) -> String {
        let Some(reply) = rule.refusal() else { return "yes".to_string() };
        let (code, text) = reply.line().trim_end().split_at(4);
        let text = &text[reply.enhanced()..];
        format!("{code}{}", text.trim_start_matches("Bad sequence of commands").trim()).trim().to_string()
    }

    #[test]
    #[cfg(feature = "extensions")]
    fn the_table_of_commands_is_the_one_that_rules() {
        const COLUMNS: [Phase; 7] =
            [Phase::Refused, Phase::Greeted, Phase::Ready, Phase::Mail, Phase::NoRcpt, Phase::Rcpt, Phase::Chunks];
        let rows: [(&str, &[Verb]); 10] = [
            ("EHLO, HELO, LHLO", &[Verb::Ehlo, Verb::Helo, Verb::Lhlo]),
            ("AUTH", &[Verb::Auth]),
            ("STARTTLS", &[Verb::Starttls]),
            ("MAIL", &[Verb::Mail]),
            ("RCPT", &[Verb::Rcpt]),
            ("DATA", &[Verb::Data]),
            ("BDAT", &[Verb::Bdat]),
            ("XCLIENT", &[Verb::Xclient]),
            ("QUIT", &[Verb::Quit]),
            (
                "RSET, NOOP, VRFY, EXPN, HELP, ETRN, XFORWARD",
                &[Verb::Rset, Verb::Noop, Verb::Vrfy, Verb::Expn, Verb::Help, Verb::Etrn, Verb::Xforward],
            ),
        ];
        let mut rendered = Vec::from([
            String::from("| command | Refused | Greeted | Ready | Mail | NoRcpt | Rcpt | Chunks |"),
            String::from("| --- | --- | --- | --- | --- | --- | --- | --- |"),
        ]);
        for (name, verbs) in rows {
            let line = |verb| {
                let cells: Vec<String> = COLUMNS.into_iter().map(|phase| cell(admit(phase, verb))).collect();
                format!("| {name} | {} |", cells.join(" | "))
            };
            let first = line(verbs[0]);
            assert!(verbs.iter().all(|verb| line(*verb) == first), "{name}: not all alike");
            rendered.push(first);
        }
        let written: Vec<&str> = PICTURE.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(written, rendered);
    }
}
