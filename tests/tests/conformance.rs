//! The conformance cases, each a trial of its own, against a live `ehlod`.
//!
//! A case that needs what the server does not advertise is shown as ignored, with the reason. Which those are
//! is asked of the server itself, so that a case counts as soon as its extension is there.

use std::collections::BTreeMap;

use ehlo_tests::Result;
use ehlo_tests::cases::{self, Case, HOPS, MESSAGE_SIZE, Refused};
use ehlo_tests::mailbox::Mailboxes;
use ehlo_tests::reply::{Reply, lossy};
use ehlo_tests::server::Server;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;

fn main() {
    let text = include_str!("../cases/cases.jsonl");
    let cases = cases::parse(text).expect("the cases can be read");
    let advertised = [Setting::Plain, Setting::Tls]
        .map(|setting| (setting, ehlo_reply(&setting.world()).expect("the server says what it offers")));
    let advertised = BTreeMap::from(advertised);
    let trials = cases.into_iter().map(|case| {
        let setting = Setting::of(&case);
        let missing = missing(&case, &advertised[&setting]);
        let trial = trial(case.id.clone(), move || check(&case, &setting.world()));
        match missing {
            Some(why) => trial.with_kind(why).with_ignored_flag(true),
            None => trial,
        }
    });
    run(trials.collect())
}

/// The two ways a server is set up for the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Setting {
    /// No TLS; AUTH in plaintext.
    Plain,
    /// STARTTLS.
    Tls,
}

impl Setting {
    fn of(case: &Case) -> Self {
        match case.needs.iter().any(|need| need == "ext:STARTTLS") {
            true => Self::Tls,
            false => Self::Plain,
        }
    }

    /// With the limits that the cases' placeholders go by.
    fn world(self) -> World {
        let world = match self {
            Self::Plain => World::auth(),
            Self::Tls => World::tls(),
        };
        world
            .for_everyone()
            .with("limits", format!("message_size = {MESSAGE_SIZE}"))
            .with("limits", format!("hops = {HOPS}"))
    }
}

/// What the case needs and the server does not have.
fn missing(case: &Case, ehlo: &Reply) -> Option<String> {
    case.needs.iter().find_map(|need| match need.split_once(':') {
        Some(("ext", extension)) if !ehlo.has_keyword(extension) => Some(format!("not yet covered: {extension}")),
        Some(("!ext", extension)) if ehlo.has_keyword(extension) => {
            Some(format!("does not apply, the server has it: {extension}"))
        }
        // The worlds have these: the account, the size limit, something refused at the end of data.
        Some(("ext" | "!ext", _) | ("user", "user/pass") | ("cfg", "size-limit") | ("hook", "reject-at-eod")) => None,
        None if need == "local-postmaster" => None,
        _ => Some(format!("a need unknown here: {need}")),
    })
}

/// Plays the case against a server of its own, then looks into the mailboxes.
fn check(case: &Case, world: &World) -> Result<()> {
    let server = Server::start(world.home())?;
    let played = cases::run(case, server.address());
    let home = server.stop()?;
    let refused = played.map_err(|why| format!("{why}\nlog:\n{}", home.log()))?;
    look(case, refused, &home.mailboxes())
}

fn look(case: &Case, refused: Refused, mailboxes: &Mailboxes) -> Result<()> {
    if let Some(smuggled) = mailboxes.get("victim") {
        return Err(format!("smuggled: \"{}\"", lossy(&smuggled.concat())));
    }
    let Some(delivered) = &case.delivered else { return Ok(()) };
    // Where a refusal is as good as a delivery, it must be a whole refusal.
    let expected = if refused.0 { Vec::new() } else { delivered.clone() };
    let found: Vec<Vec<u8>> = mailboxes.values().flatten().cloned().collect();
    match found == expected {
        true => Ok(()),
        false => Err(format!("delivered {}, but expected {}", show(&found), show(&expected))),
    }
}

fn show(messages: &[Vec<u8>]) -> String {
    format!("{:?}", messages.iter().map(|message| lossy(message)).collect::<Vec<_>>())
}

fn ehlo_reply(world: &World) -> Result<Reply> {
    let server = Server::start(world.home())?;
    let reply = server.connect()?.greet()?;
    server.stop()?;
    Ok(reply)
}
