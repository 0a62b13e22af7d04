//! Plays a transcript against a live server.

use std::net::SocketAddr;

use crate::Result;
use crate::client::{Client, Heard, SILENCE};
use crate::reply::lossy;
use crate::server::{Home, Server};
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
    let mut seen = 0;
    let mut client = server.connect()?;
    for step in &transcript.steps {
        client = act(client, &step.act).map_err(|why| at(step, &why, server.home()))?;
        for expect in &step.expect {
            check(&mut client, expect, &mut |message| delivered(message, &mut seen, server.home()))
                .map_err(|why| at(step, &why, server.home()))?;
        }
    }
    nothing_more(&mut client)?;
    drop(client);
    server.stop().map(drop)
}

fn at(step: &Step, why: &str, home: &Home) -> String {
    let act = match &step.act {
        Act::Send(octets) => lossy(octets),
        Act::Tls => "the TLS handshake".into(),
    };
    format!("line {}: {act}\n  {why}\nlog:\n{}", step.line, home.log())
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

/// Plays a transcript that needs no TLS on a connection to a server that is there already; `delivered` says whether a message, and
/// nothing else, has arrived since it was last asked.
pub fn play_at(
    address: SocketAddr,
    transcript: &Transcript,
    delivered: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut client = Client::connect(address)?;
    for step in &transcript.steps {
        let Act::Send(octets) = &step.act else { return Err("a handshake".into()) };
        client.send(octets);
        for expect in &step.expect {
            check(&mut client, expect, delivered).map_err(|why| format!("line {}: {why}", step.line))?;
        }
    }
    nothing_more(&mut client)
}

/// What the client does not ask for, the server must not say.
fn nothing_more(client: &mut Client) -> Result<()> {
    if !client.is_closed() && client.hear(SILENCE / 5)? != Heard::Silence {
        return Err("the server goes on when the transcript is over".into());
    }
    Ok(())
}

fn check(client: &mut Client, expect: &Expect, delivered: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
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
fn delivered(message: &[u8], seen: &mut usize, home: &Home) -> Result<()> {
    let copies: Vec<Vec<u8>> = home.mailboxes().into_values().flatten().collect();
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
