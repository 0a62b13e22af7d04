//! A case, played against a live server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Alternative, Case, Expected, Input};
use crate::Result;
use crate::client::{Client, Heard, PATIENCE, SILENCE};
use crate::reply::{Reply, lossy};

/// How long a flood may go on before the server must have ended it.
const FLOOD: Duration = Duration::from_secs(20);

/// Plays a case on a new connection. Says whether the server, as it may in some cases, refused what it could
/// have accepted: then nothing may have been delivered.
pub fn run(case: &Case, address: SocketAddr) -> Result<Refused> {
    let client = Some(Client::connect(address)?);
    let mut play = Play { client, last: None, tls_refused: false, refused: Refused(false) };
    for (number, (input, expected)) in case.steps.iter().enumerate() {
        let step = play.act(input, expected).and_then(|()| {
            // The list is read to its end unless the server has, as it may, closed before.
            expected.iter().try_for_each(|item| (0..item.times).try_for_each(|_| play.check(item)))
        });
        step.map_err(|why| format!("step {number}: {}\n  {why}", show(input)))?;
        if play.client.is_none() || play.tls_refused {
            break;
        }
    }
    Ok(play.refused)
}

/// Whether a step that might have had a 2xx got a refusal, lawfully.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub bool);

struct Play {
    /// `None` once the connection is closed, by either side.
    client: Option<Client>,
    last: Option<Reply>,
    refused: Refused,
    /// STARTTLS got a refusal, where the case allows that: there is no handshake to do.
    tls_refused: bool,
}

impl Play {
    fn act(&mut self, input: &Input, expected: &[Expected]) -> Result<()> {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        match input {
            Input::Send(octets) => client.send(octets),
            Input::Split(octets) => client.send_split(octets),
            Input::Sleep(time) => std::thread::sleep(*time),
            Input::Close => return Ok(()),
            Input::Tls if self.last.as_ref().is_some_and(|reply| reply.code != 220) => {
                self.tls_refused = true;
            }
            Input::Tls => match client.start_tls() {
                Ok(secured) => client = secured,
                Err(_) if expected.iter().any(|item| item.allows(&Alternative::Close)) => return Ok(()),
                Err(why) => return Err(why),
            },
        }
        self.client = Some(client);
        Ok(())
    }

    /// Listens for one item.
    fn check(&mut self, item: &Expected) -> Result<()> {
        let Some(client) = &mut self.client else { return Ok(()) };
        if self.tls_refused {
            return Ok(());
        }
        match item.alternatives.as_slice() {
            [Alternative::Flood] => return self.flood(),
            [Alternative::CrossProtocol] => return self.cross_protocol(),
            [Alternative::TlsAlert] => return self.tls_alert(),
            _ => {}
        }
        let patience = if item.allows(&Alternative::Silence) { SILENCE } else { PATIENCE };
        let heard = client.hear(patience)?;
        let fits = match &heard {
            Heard::Reply(reply) => item.alternatives.iter().any(|one| one.fits(reply)),
            Heard::Silence => item.allows(&Alternative::Silence),
            Heard::Closed => item.allows(&Alternative::Close),
        };
        match heard {
            Heard::Reply(reply) if fits => {
                self.refused.0 |= reply.code >= 400 && item.hopes_for_success();
                self.last = Some(reply);
            }
            Heard::Silence if fits => {}
            Heard::Closed if fits => {
                self.refused.0 |= item.hopes_for_success();
                self.client = None;
            }
            Heard::Reply(reply) => return Err(format!("expected {item}, got {reply}")),
            other => return Err(format!("expected {item}, got {other:?}")),
        }
        Ok(())
    }

    /// Replies until 421 or close, bounded.
    fn flood(&mut self) -> Result<()> {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        let deadline = Instant::now() + FLOOD;
        while Instant::now() < deadline {
            match client.hear(PATIENCE)? {
                Heard::Closed => return Ok(()),
                Heard::Reply(reply) if reply.code == 421 => return Ok(()),
                Heard::Reply(reply) => self.last = Some(reply),
                Heard::Silence => return Err("the flood was answered, and the connection left open".into()),
            }
        }
        Err("the flood did not end".into())
    }

    /// No 2xx to any line, or closed.
    fn cross_protocol(&mut self) -> Result<()> {
        while let Some(client) = &mut self.client {
            match client.hear(SILENCE)? {
                Heard::Reply(reply) if reply.code < 300 => {
                    return Err(format!("a line of another protocol was carried out: {reply}"));
                }
                Heard::Reply(reply) => self.last = Some(reply),
                Heard::Silence => break,
                Heard::Closed => self.client = None,
            }
        }
        Ok(())
    }

    /// An alert, or at least nothing that looks like success.
    fn tls_alert(&mut self) -> Result<()> {
        let Some(mut client) = self.client.take() else { return Ok(()) };
        let octets = client.raw(SILENCE)?;
        // 22 is a handshake record (the server goes along), 2 begins a reply that says success.
        match octets.first() {
            Some(22 | b'2') => Err(format!("expected an alert, got \"{}\"", lossy(&octets))),
            _ => Ok(()),
        }
    }
}

impl Expected {
    fn allows(&self, alternative: &Alternative) -> bool {
        self.alternatives.contains(alternative)
    }

    fn hopes_for_success(&self) -> bool {
        self.alternatives.iter().any(|one| matches!(one, Alternative::Code(code) if code.starts_with('2')))
    }
}

impl Alternative {
    fn fits(&self, reply: &Reply) -> bool {
        let code = |pattern: &str| {
            let digits = reply.code.to_string();
            pattern.bytes().zip(digits.bytes()).all(|(want, got)| want == b'x' || want == got)
        };
        match self {
            Self::Code(pattern) => code(pattern),
            Self::Without(pattern, word) => code(pattern) && !reply.lines.iter().any(|line| line.contains(word)),
            _ => false,
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, alternative) in self.alternatives.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " or " })?;
            match alternative {
                Alternative::Code(code) => f.write_str(code)?,
                Alternative::Without(code, word) => write!(f, "{code} without {word}")?,
                other => write!(f, "{other:?}")?,
            }
        }
        Ok(())
    }
}

/// A step, for people.
fn show(input: &Input) -> String {
    match input {
        Input::Send(octets) => format!("\"{}\"", lossy(octets)),
        Input::Split(octets) => format!("{:?}, octet by octet", lossy(octets)),
        other => format!("{other:?}"),
    }
}
