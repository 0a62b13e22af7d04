//! The session against a model of it: the same commands, answers, cuts and clock for both, and all that they say and do compared.
#![allow(unreachable_pub, reason = "a test has no other users")]

mod arguments;
mod caller;
#[path = "../common/mod.rs"]
mod common;
mod content;
mod decision;
mod model;
mod script;
mod settings;

use std::collections::BTreeSet;

use caller::Caller;
use ehlo::Abort;
use model::{Awaits, Event, Model, Said};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use script::{Act, Happening, Prelude, Script, script};
use settings::{Settings, settings};

const BEGIN: u64 = 1_000_000;

/// Core and model, side by side.
struct Pair<'s, const LINE: usize> {
    core: Caller<'s, LINE>,
    model: Model<'s>,
    /// Octets that both have heard of as commands, and that the core has not been given.
    piece: Vec<u8>,
}

impl<const LINE: usize> Pair<'_, LINE> {
    /// Gives the core what is due, and holds both against each other. `begun`: in the middle of an act.
    fn settle(&mut self, begun: bool) {
        self.core.feed(&std::mem::take(&mut self.piece));
        self.model.wait(begun);
        let (core, model) = (&self.core, &self.model);
        assert_eq!(core.now, model.now, "the time");
        assert_eq!(core.deadline, model.deadline, "the deadline");
        assert_eq!(core.closed, model.awaits == Awaits::Nothing, "the end");
        assert_eq!(core.session.is_tls(), model.tls, "TLS");
        assert_eq!(core.session.is_authenticated(), model.authenticated, "authentication");
        assert_eq!(core.session.talked_early(), model.early, "early talk");
        // The middle of a line may be worth a reply, and an error, before the model hears of it.
        if !begun {
            assert_eq!(core.session.errors(), model.errors, "errors");
        }
        if !core.closed {
            assert_eq!(core.session.is_extended(), model.is_extended(), "EHLO");
            assert_eq!(core.session.phase().in_transaction(), model.is_in_transaction(), "the transaction");
        }
    }

    fn pass(&mut self, millis: u32) {
        self.core.now += u64::from(millis);
        self.model.now += u64::from(millis);
    }

    /// Up to the greeting; whether the first act is there already.
    fn begin(&mut self, prelude: Prelude, pause: u32) -> bool {
        match prelude {
            Prelude::Eof => {
                self.core.session.eof();
                self.model.end_of_input();
            }
            Prelude::Shutdown => {
                self.core.session.shutdown();
                self.model.shut_down();
            }
            Prelude::Early => {}
            Prelude::Hasty | Prelude::Patient => {
                self.core.feed(b"");
                self.pass(if prelude == Prelude::Hasty { pause / 2 } else { pause });
            }
        }
        let early = prelude == Prelude::Early || (prelude == Prelude::Hasty && pause > 0);
        self.model.greet(early);
        if early && self.model.awaits == Awaits::Nothing {
            self.piece.extend(b"EHLO x\r\n");
        } else if early {
            return true;
        }
        self.settle(false);
        false
    }

    /// The act in octets, as what is awaited has it.
    fn octets(&self, act: &Act) -> Vec<u8> {
        match self.model.awaits {
            Awaits::Response => act.response.octets(),
            Awaits::Message => script::stuffed(&act.message),
            Awaits::Chunk(size, _) | Awaits::Waste(size) => script::chunk(&act.message, size),
            _ => act.line.octets(),
        }
    }

    /// Lets the model do the act; the core has the octets still before it. `behind`: more comes with it.
    fn act(&mut self, act: &Act, behind: bool) {
        match self.model.awaits {
            Awaits::Command => self.model.command(&act.line, behind),
            Awaits::Response => self.model.response(&act.response),
            Awaits::Message => self.model.message(&act.message),
            Awaits::Chunk(size, _) => self.model.chunk(&script::chunk(&act.message, size)),
            Awaits::Waste(_) => self.model.waste_taken(),
            Awaits::Greeting | Awaits::Handshake | Awaits::Nothing => {}
        }
    }

    /// `early`: the first act is there at once.
    fn play(&mut self, acts: &[Act], early: bool) {
        for (at, act) in acts.iter().enumerate() {
            if self.piece.is_empty() && !(early && at == 0) {
                self.before(act);
            }
            match self.model.awaits {
                Awaits::Nothing => break,
                Awaits::Handshake => {
                    self.core.handshake(act.handshake);
                    self.model.handshake(act.handshake);
                    self.settle(false);
                    continue;
                }
                _ => {}
            }
            let octets = self.octets(act);
            let given = self.cut(act, &octets);
            if self.model.awaits == Awaits::Nothing {
                break;
            }
            self.piece.extend(&octets[given..]);
            self.model.take(octets.len() - given);
            let behind = act.joined && at + 1 < acts.len();
            self.act(act, behind);
            let unread = matches!(self.model.awaits, Awaits::Handshake | Awaits::Nothing);
            if behind && unread {
                // What came behind, and nobody may ever read.
                self.piece.extend(b"RSET\r\n");
            }
            if !behind || unread {
                self.settle(false);
            }
        }
        if !self.piece.is_empty() {
            self.settle(false);
        }
    }

    fn before(&mut self, act: &Act) {
        if act.before > 0 {
            self.pass(act.before);
            self.settle(false);
        }
        match act.happening {
            Happening::Nothing => return,
            Happening::Eof => {
                self.core.session.eof();
                self.model.end_of_input();
            }
            Happening::Shutdown => {
                self.core.session.shutdown();
                self.model.shut_down();
            }
        }
        self.settle(false);
    }

    /// Cuts an act where it says; how many octets the core has been given.
    fn cut(&mut self, act: &Act, octets: &[u8]) -> usize {
        let mut given = 0;
        let early = matches!(self.model.awaits, Awaits::Command) && act.line.is_answered_early()
            || matches!(self.model.awaits, Awaits::Response) && matches!(act.response, script::Response::BareCr);
        for (place, pause) in &act.cuts {
            let at = usize::from(*place) * octets.len() / 256;
            if early || at <= given {
                continue;
            }
            self.piece.extend(&octets[given..at]);
            self.model.take(at - given);
            given = at;
            self.settle(true);
            self.pass(*pause);
            self.settle(true);
            if self.model.awaits == Awaits::Nothing {
                break;
            }
        }
        given
    }

    fn end(&mut self) {
        if self.model.awaits == Awaits::Handshake {
            self.core.handshake(false);
            self.model.handshake(false);
        }
        if self.model.awaits != Awaits::Nothing {
            self.core.session.eof();
            self.model.end_of_input();
            self.settle(false);
        }
    }

    /// What was said and done, by both.
    fn compare(&self) {
        let said: Vec<String> = common::answers(&self.core.said).iter().map(|answer| answer.lines.join("\n")).collect();
        let expected: Vec<String> = self.model.replies.iter().map(|one| format!("{one:?}")).collect();
        let matched = self.model.replies.iter().zip(&said).take_while(|(model, core)| is_said(model, core)).count();
        assert!(
            matched == said.len() && matched == expected.len(),
            "reply {matched}: {:?}, not {:?}\ncore: {said:#?}\nmodel: {expected:#?}",
            said.get(matched),
            expected.get(matched)
        );
        let (core, model) = (&self.core.events, &self.model.events);
        let same = core.iter().zip(model).take_while(|(core, model)| happened(core, model)).count();
        assert!(
            same == core.len() && same == model.len(),
            "event {same}: {:?}, not {:?}\ncore: {core:#?}\nmodel: {model:#?}",
            core.get(same),
            model.get(same)
        );
    }
}

/// Whether a reply, its lines apart, is as the model says.
fn is_said(model: &Said, core: &str) -> bool {
    let mut lines = core.split('\n');
    let first = lines.next().unwrap_or_default();
    let Some((code, text)) = first.split_at_checked(3) else { return false };
    let text = text.get(1..).unwrap_or_default();
    let (enhanced, text) = match &model.enhanced {
        Some(_) => text.split_once(' ').unwrap_or((text, "")),
        None => ("", text),
    };
    let keywords = model.keywords.as_ref().is_none_or(|keywords| {
        let mut told: Vec<&str> = lines.map(|line| &line[4..]).collect();
        told.sort_unstable();
        told == *keywords
    });
    code == model.code.to_string()
        && enhanced == model.enhanced.as_deref().unwrap_or_default()
        && model.text.as_ref().is_none_or(|expected| expected == text)
        && keywords
}

fn happened(core: &Event, model: &Event) -> bool {
    match (core, model) {
        (Event::Aborted(reason), Event::Aborted(reasons)) => reason.iter().all(|reason| reasons.contains(reason)),
        (core, model) => core == model,
    }
}

/// Plays a script to both; the replies, and what happened.
fn run<const LINE: usize>(settings: &Settings, script: &Script) -> (Vec<Said>, Vec<Event>) {
    let config = settings.config();
    let core = Caller::<LINE>::new(&config, settings.peer(), &script.decisions, script.write, BEGIN);
    let model = Model::new(settings, &script.decisions, BEGIN);
    let mut pair = Pair { core, model, piece: Vec::new() };
    let early = pair.begin(script.prelude, settings.pause.unwrap_or(0));
    pair.play(&script.acts, early);
    pair.end();
    pair.compare();
    (pair.model.replies, pair.core.events)
}

fn play(settings: &Settings, script: &Script) -> (Vec<Said>, Vec<Event>) {
    match settings.line {
        512 => run::<512>(settings, script),
        1024 => run::<1024>(settings, script),
        _ => run::<16_384>(settings, script),
    }
}

fn dialogue() -> impl Strategy<Value = (Settings, Script)> {
    settings().prop_flat_map(|settings| {
        let lmtp = settings.lmtp;
        (Just(settings), script(lmtp))
    })
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(many: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(many);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn core_and_model_agree((settings, script) in dialogue()) {
        play(&settings, &script);
    }
}

/// Every reply that the core itself gives, but for those to EHLO and HELO.
const MET: [&str; 36] = [
    "service-ready",
    "good-bye",
    "ok",
    "duplicated-rcpt",
    "buffer-cleared",
    "will-forward",
    "cannot-vrfy",
    "help",
    "auth-ok",
    "login-username",
    "login-password",
    "start-mail-input",
    "service-not-available",
    "too-much-failure",
    "timeout",
    "processing-error",
    "invalid-character",
    "line-too-long",
    "command-unrecognized",
    "syntax-error-in-parameters",
    "command-not-implemented",
    "bad-sequence",
    "mail-first",
    "rcpt-first",
    "no-valid-recipients",
    "parameter-not-implemented",
    "auth-aborted",
    "auth-type-unrecognized",
    "auth-required",
    "mechanism-too-weak",
    "encryption-required",
    "auth-failed-too-often",
    "too-many-transactions",
    "too-many-rcpts",
    "message-too-big",
    "too-many-hops",
];

const REASONS: [Abort; 9] = [
    Abort::Reset,
    Abort::Closed,
    Abort::Eof,
    Abort::Timeout,
    Abort::Shutdown,
    Abort::LineEnding,
    Abort::TooBig,
    Abort::Chunk,
    Abort::TooManyHops,
];

const REQUESTS: [&str; 13] = [
    "connect", "hello", "auth", "mail", "rcpt", "data", "message", "verify", "expand", "help", "etrn", "xclient",
    "xforward",
];

/// The dialogues lead everywhere: what agrees has been said and done.
#[test]
fn everything_is_met() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let dialogue = dialogue();
    let (mut said, mut reasons, mut asked) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for _ in 0..2000 {
        let (settings, script) = dialogue.new_tree(&mut runner).expect("a dialogue").current();
        let (replies, events) = play(&settings, &script);
        said.extend(replies.into_iter().filter_map(|reply| reply.id));
        for event in events {
            match event {
                Event::Aborted(reason) => reasons.extend(reason),
                Event::Asked(what) => drop(asked.insert(what.split(' ').next().unwrap_or_default().to_owned())),
                Event::Content(_) | Event::StartTls | Event::Closed => {}
            }
        }
    }
    // Of PLAIN and LOGIN neither is weaker.
    let can = |id: &str| cfg!(feature = "mechanisms") || id != "mechanism-too-weak";
    let missed: Vec<&str> = MET.into_iter().filter(|id| can(id) && !said.contains(id)).collect();
    assert!(missed.is_empty(), "never said: {missed:?}");
    let missed: Vec<Abort> = REASONS.into_iter().filter(|reason| !reasons.contains(reason)).collect();
    assert!(missed.is_empty(), "never a reason: {missed:?}");
    let missed: Vec<&str> = REQUESTS.into_iter().filter(|request| !asked.contains(*request)).collect();
    assert!(missed.is_empty(), "never asked: {missed:?}");
}
