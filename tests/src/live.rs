//! Plays a transcript against a live server.

use crate::Result;
use crate::client::{Client, Heard, SILENCE};
use crate::reply::lossy;
use crate::server::Server;
use crate::transcript::{Act, Expect, Scene, Step, Transcript};
use crate::world::World;

/// Starts a server in the transcript's world, and plays the transcript on one connection.
pub fn play(transcript: &Transcript) -> Result<()> {
    let world = match transcript.world {
        Scene::Plain => World::plain(),
        Scene::Tls => World::tls(),
        Scene::Auth => World::auth(),
    };
    let server = Server::start(world.home())?;
    let home = server.home();
    let played =
        play_on(transcript, server.connect()?, &mut fresh(|| home.mailboxes().into_values().flatten().collect()));
    played.map_err(|why| format!("{why}\nlog:\n{}", home.log()))?;
    server.stop().map(drop)
}

/// Whether a message, and nothing else, has arrived since this was last asked.
pub type Delivered<'d> = &'d mut dyn FnMut(&[u8]) -> Result<()>;

/// Plays the transcript on a new connection to any server.
pub fn play_on(transcript: &Transcript, mut client: Client, delivered: Delivered<'_>) -> Result<()> {
    for step in &transcript.steps {
        client = act(client, &step.act).map_err(|why| at(step, &why))?;
        for expect in &step.expect {
            check(&mut client, expect, delivered).map_err(|why| at(step, &why))?;
        }
    }
    // What the client does not ask for, the server must not say.
    if !client.is_closed() && client.hear(SILENCE / 5)? != Heard::Silence {
        return Err("the server goes on when the transcript is over".into());
    }
    Ok(())
}

/// [`Delivered`] for a server in whose mailboxes everything stays; `copies` says what lies there.
pub fn fresh(copies: impl Fn() -> Vec<Vec<u8>>) -> impl FnMut(&[u8]) -> Result<()> {
    let mut seen = 0;
    move |message| only(message, &mut seen, &copies())
}

fn at(step: &Step, why: &str) -> String {
    let act = match &step.act {
        Act::Send(octets) => lossy(octets),
        Act::Tls => "the TLS handshake".into(),
    };
    format!("line {}: {act}\n  {why}", step.line)
}

fn act(mut client: Client, act: &Act) -> Result<Client> {
    match act {
        Act::Send(octets) => {
            client.send(octets);
            Ok(client)
        }
        Act::Tls => client.start_tls(),
    }
}

fn check(client: &mut Client, expect: &Expect, delivered: Delivered<'_>) -> Result<()> {
    match expect {
        Expect::Reply(pattern) => {
            let reply = client.reply().map_err(|why| format!("expected {pattern}; {why}"))?;
            let lines: Vec<&str> = reply.lines.iter().map(String::as_str).collect();
            pattern.check(reply.code, &lines).map_err(|why| format!("{why}, got {reply}"))
        }
        Expect::Close => client.expect_close(),
        Expect::Silence => match client.hear(SILENCE)? {
            Heard::Silence => Ok(()),
            heard => Err(format!("expected silence, got {heard:?}")),
        },
        Expect::Message(message) => delivered(message),
    }
}

/// Whether `message`, and nothing else, has been delivered since the last look; `seen` is how many copies lay
/// in the mailboxes then.
fn only(message: &[u8], seen: &mut usize, copies: &[Vec<u8>]) -> Result<()> {
    let same = copies.iter().filter(|copy| *copy == message).count();
    let fresh = copies.len() - *seen;
    *seen = copies.len();
    match fresh > 0 && same >= fresh {
        true => Ok(()),
        false => {
            let found: Vec<String> = copies.iter().map(|copy| lossy(copy)).collect();
            Err(format!("expected the message {:?}, found {found:?}", lossy(message)))
        }
    }
}
