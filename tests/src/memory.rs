//! Plays a transcript against the protocol core in memory, the client's octets cut in any way.

use std::collections::BTreeSet;

use ehlo::{
    Config, Credentials, Extensions, Instant, Mechanism, Peer, Phase, Reply as Answer, Request, Session, Step as Move,
    Tls,
};

use crate::Result;
use crate::reply::{Reply, lossy};
use crate::transcript::{Act, Arrival, Expect, Scene, Step, Transcript};
use crate::world::{PASSWORD, USERS};

/// How each step's octets are handed to the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All at once.
    Whole,
    /// One at a time.
    Octets,
    /// In two pieces, the first of this length.
    At(usize),
}

/// Plays a transcript whole, octet by octet, and cut in two at each place there is.
///
/// In long steps the middle is left out: it is one long run of the same octet.
pub fn play_in_every_cut(transcript: &Transcript) -> Result<()> {
    let with = |cut| play(transcript, cut).map_err(|why| format!("{cut:?}: {why}"));
    with(Cut::Whole)?;
    if transcript.arrival == Arrival::Whole {
        return Ok(());
    }
    with(Cut::Octets)?;
    let places: BTreeSet<usize> = transcript.steps.iter().flat_map(|step| places(&step.act)).collect();
    places.into_iter().try_for_each(|at| with(Cut::At(at)))
}

/// So far from its ends a step is cut.
const FAR: usize = 600;

fn places(act: &Act) -> Vec<usize> {
    let length = if let Act::Send(octets) = act { octets.len() } else { 0 };
    (1..length).filter(|at| *at <= FAR || length - at <= FAR).collect()
}

/// Plays a transcript with one cut.
pub fn play(transcript: &Transcript, cut: Cut) -> Result<()> {
    let config = config(transcript.world);
    let mut core = Core {
        session: Session::new(&config, Peer::PLAIN),
        application: Application::default(),
        said: Vec::new(),
        state: State::Open,
    };
    for step in &transcript.steps {
        core.step(step, cut).map_err(|why| format!("line {}: {why}", step.line))?;
    }
    Ok(())
}

/// What the core is told in the world of a transcript.
pub fn config(scene: Scene) -> Config<'static> {
    Config::new("mx.example.net")
        .extensions(Extensions::TRANSPORT.with(Extensions::DSN))
        .mechanisms(&[Mechanism::Plain, Mechanism::Login])
        .plaintext_auth(scene == Scene::Auth)
        .starttls(scene == Scene::Tls)
}

struct Core<'c> {
    session: Session<'c, 1024, 1024>,
    application: Application,
    said: Vec<u8>,
    state: State,
}

/// Whether the core still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// It waits for the handshake; what else the client has sent is lost.
    Handshake,
    Closed,
}

impl Core<'_> {
    fn step(&mut self, step: &Step, cut: Cut) -> Result<()> {
        match &step.act {
            Act::Tls if self.state == State::Handshake => {
                self.session.tls_started(Tls::default()).map_err(|error| format!("{error:?}"))?;
                self.state = State::Open;
                self.feed(&[]);
            }
            Act::Tls => return Err("the core does not wait for a handshake".into()),
            Act::Send(octets) => {
                let first = match cut {
                    Cut::Whole => octets.len(),
                    Cut::Octets => 1,
                    Cut::At(at) => at,
                };
                let (head, tail) = octets.split_at(first.min(octets.len()));
                let rest = if cut == Cut::Octets { 1 } else { tail.len().max(1) };
                self.feed(head);
                tail.chunks(rest).for_each(|piece| self.feed(piece));
            }
        }
        step.expect.iter().try_for_each(|expect| self.check(expect))?;
        match self.said.as_slice() {
            [] => Ok(()),
            more => Err(format!("more was said than expected: {}", lossy(more))),
        }
    }

    /// Goes on until the core wants more, or wants no more.
    fn feed(&mut self, mut input: &[u8]) {
        let now = Instant::from_millis(0);
        while self.state == State::Open {
            match self.session.advance(now, &mut input) {
                // Before the greeting there is a pause, of no length here.
                Move::Recv { .. } if self.session.phase() == Phase::Connect => {}
                Move::Recv { .. } => break,
                Move::Send => {
                    self.said.extend(self.session.output());
                    self.session.consume_output(self.session.output().len());
                }
                Move::Request => self.application.answer(self.session.request()),
                Move::Content(octets) => self.application.content.extend(octets),
                Move::Aborted(_) => self.application.forget(),
                Move::StartTls => self.state = State::Handshake,
                Move::Closed => self.state = State::Closed,
            }
        }
    }

    fn check(&mut self, expect: &Expect) -> Result<()> {
        match expect {
            Expect::Reply(pattern) => {
                let Some(reply) = Reply::take(&mut self.said)? else {
                    return Err(format!("expected {pattern}, got nothing"));
                };
                let lines: Vec<&str> = reply.lines.iter().map(String::as_str).collect();
                pattern.check(reply.code, &lines).map_err(|why| format!("{why}, got {reply}"))
            }
            Expect::Message(message) => match self.application.delivered.as_slice() {
                [delivered] if delivered == message => {
                    self.application.delivered.clear();
                    Ok(())
                }
                other => {
                    let found: Vec<String> = other.iter().map(|message| lossy(message)).collect();
                    Err(format!("expected the message \"{}\", found {found:?}", lossy(message)))
                }
            },
            Expect::Close if self.state == State::Closed => Ok(()),
            Expect::Close => Err("the connection is not closed".into()),
            // That nothing is said is checked at the end of every step.
            Expect::Silence => Ok(()),
        }
    }
}

/// The application behind the core: who is who in the worlds of `transcripts/README.md`.
#[derive(Default)]
struct Application {
    recipients: Vec<String>,
    content: Vec<u8>,
    delivered: Vec<Vec<u8>>,
}

impl Application {
    fn forget(&mut self) {
        self.recipients.clear();
        self.content.clear();
    }

    fn answer(&mut self, request: Option<Request<'_>>) {
        match request {
            Some(Request::Connect(request)) => request.answer.accept(),
            Some(Request::Hello(request)) => request.answer.accept(),
            Some(Request::Mail(request)) => request.answer.accept(),
            Some(Request::Data(request)) => request.answer.accept(),
            Some(Request::Auth(request)) => match request.credentials {
                Credentials::Password { authorization: "" | "user", user: "user", password, .. }
                    if password.expose() == PASSWORD.as_bytes() =>
                {
                    request.answer.accept();
                }
                _ => request.answer.refuse(&Answer::auth_failed()),
            },
            Some(Request::Rcpt(request)) => {
                let path = request.command.forward_path.as_str().to_ascii_lowercase().replace('"', "");
                let (local, domain) = path.split_once('@').unwrap_or((&path, "example.net"));
                let mailbox = format!("{local}@{domain}");
                if domain != "example.net" {
                    request.answer.refuse(&Answer::relay_denied_to(&mailbox));
                } else if !USERS.contains(&local) {
                    request.answer.refuse(&Answer::invalid_user(&mailbox));
                } else if self.recipients.contains(&mailbox) {
                    request.answer.duplicate();
                } else {
                    self.recipients.push(mailbox);
                    request.answer.accept();
                }
            }
            Some(Request::Message(request)) => {
                self.delivered.push(std::mem::take(&mut self.content));
                self.forget();
                request.answer.accept_as("Ok queued as 1");
            }
            Some(Request::Help(request)) => request.answer.accept(),
            // What else there is, is off in these worlds.
            other => panic!("the core asks for what is switched off: {other:?}"),
        }
    }
}
