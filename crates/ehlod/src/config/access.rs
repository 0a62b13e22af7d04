//! `[access]`: which clients may connect, and what the administrator's own rules deny.

use super::Network;
use super::read::elements;
use super::state::{self, Audit};
use super::table::{Found, Table};
use super::values::{self, choice};
use crate::pattern::Pattern;

/// Which clients may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Networks whose clients are not looked at any further.
    pub allow: Vec<Network>,
    /// Networks whose clients are refused.
    pub deny: Vec<Network>,
    /// DNS block lists (RFC 5782), whose clients are refused too.
    pub dnsbl: Vec<String>,
    /// What name a client has to have in reverse.
    pub reverse_dns: ReverseDns,
    /// What a client may call itself.
    pub hello: HelloCheck,
    /// The stage at which clients on a list are refused: [`Stage::Open`], [`Stage::Mail`] or [`Stage::Rcpt`]. At the later ones the log names sender and
    /// recipient too, who has logged in is let pass, and mail for a postmaster is taken.
    pub refuse_at: Stage,
    /// The administrator's own rules, in their order.
    pub rules: Vec<Rule>,
    /// The server's own lists, where it keeps any.
    pub audit: Option<Audit>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            dnsbl: Vec::new(),
            reverse_dns: ReverseDns::Off,
            hello: HelloCheck::Off,
            refuse_at: Stage::Open,
            rules: Vec::new(),
            audit: None,
        }
    }
}

/// What name a client has to have in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReverseDns {
    /// It need not have any.
    Off,
    /// Some name.
    Exists,
    /// A name that has the client's address.
    Confirmed,
}

/// What a client may call itself in EHLO, HELO or LHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloCheck {
    /// Whatever it likes.
    Off,
    /// A name that has an address, or any address literal.
    Resolves,
    /// A name that has the client's address, or that address as a literal.
    Matches,
}

/// Where in a session a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At the greeting.
    Open,
    /// At MAIL.
    Mail,
    /// At RCPT.
    Rcpt,
    /// At VRFY.
    Vrfy,
    /// At EXPN.
    Expn,
}

/// What is denied, where all of its conditions hold; one without conditions denies everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it is asked.
    pub stage: Stage,
    /// The clients it is for.
    pub client: Option<Network>,
    /// The senders it is for; `<>` is none of them.
    pub sender: Option<Pattern>,
    /// The recipients it is for, or what VRFY or EXPN asks for.
    pub recipient: Option<Pattern>,
}

/// Reads the section. What is not served yet may stand there switched off.
pub(super) fn read(document: &mut Table<'_, '_>) -> Access {
    let mut table = document.table_or_empty("access");
    let access = Access {
        allow: elements(table.list("allow", values::network), Vec::new()),
        deny: elements(table.list("deny", values::network), Vec::new()),
        dnsbl: elements(table.list("dnsbl", values::domain), Vec::new()),
        reverse_dns: table.or("reverse_dns", ReverseDns::Off, choice(&REVERSE_DNS)),
        hello: table.or("hello", HelloCheck::Off, choice(&HELLO)),
        refuse_at: table.or("refuse_at", Stage::Open, choice(&STAGES[..3])),
        rules: table.tables("rule").into_iter().flatten().filter_map(rule).collect(),
        audit: state::audit(&mut table),
    };
    table.finish();
    access
}

const REVERSE_DNS: [(&str, ReverseDns); 3] =
    [("off", ReverseDns::Off), ("exists", ReverseDns::Exists), ("confirmed", ReverseDns::Confirmed)];

const HELLO: [(&str, HelloCheck); 3] =
    [("off", HelloCheck::Off), ("resolves", HelloCheck::Resolves), ("matches", HelloCheck::Matches)];

const STAGES: [(&str, Stage); 5] =
    [("OPEN", Stage::Open), ("MAIL", Stage::Mail), ("RCPT", Stage::Rcpt), ("VRFY", Stage::Vrfy), ("EXPN", Stage::Expn)];

/// Reads one `[[access.rule]]`. A condition on what nobody knows yet would never hold, and is a mistake.
fn rule(mut table: Table<'_, '_>) -> Option<Rule> {
    let stage = table.required("stage", "\"RCPT\"", choice(&STAGES));
    let client = table.value("client", values::network);
    let sender = table.value("sender", values::pattern);
    let recipient = table.value("recipient", values::pattern);
    let stage = stage.map(|found| found.value);
    if let (Some(Found { at, .. }), Some(Stage::Open | Stage::Vrfy | Stage::Expn)) = (&sender, stage) {
        table.error(*at, "sender", "is known at MAIL and RCPT only");
    }
    if let (Some(Found { at, .. }), Some(Stage::Open | Stage::Mail)) = (&recipient, stage) {
        table.error(*at, "recipient", "is known at RCPT, VRFY and EXPN only");
    }
    table.finish();
    Some(Rule {
        stage: stage?,
        client: client.map(|found| found.value),
        sender: sender.map(|found| found.value),
        recipient: recipient.map(|found| found.value),
    })
}
