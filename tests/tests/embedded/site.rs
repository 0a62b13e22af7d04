//! A server on one of the stacks, and the application behind it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ehlo_embedded::ehlo::{Abort, Config, Credentials, Millis, Peer, Rcpt, Reply};
use ehlo_embedded::embedded_io_async::{Connection, Error, Handler, Time, linger};
use ehlo_embedded::{AuthStep, Receipt, Recipient};
use ehlo_tests::Result;
use ehlo_tests::patience::eventually;
use ehlo_tests::world::{PASSWORD, USERS};
use embassy_time::Timer;
use embedded_io_async::{Read, Write};

/// Serves by this configuration, for as long as the program runs; gives where.
pub(crate) type Stack = fn(&'static Service) -> SocketAddr;

/// What all connections of a server share.
pub(crate) struct Service {
    pub(crate) config: Config<'static>,
    pub(crate) events: Mutex<Events>,
    /// What every answer about a recipient takes.
    pub(crate) delay: Duration,
    pub(crate) stop: AtomicBool,
}

/// What the server's connections have done since the last look.
#[derive(Default)]
pub(crate) struct Events {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) aborted: Vec<Abort>,
    /// Errors of connections.
    pub(crate) stalled: usize,
}

impl Service {
    pub(crate) fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a client, and closes by `close`, which is the stream's own way.
    pub(crate) async fn serve<S: Read + Write, T: Time>(
        &'static self,
        stream: &mut S,
        time: &mut T,
        close: impl AsyncFnOnce(&mut S),
    ) {
        // Far less than the clients send at once.
        let mut buffer = [0; 512];
        let connection = Connection::<1024, 1024>::new(&self.config, Peer::PLAIN).write_timeout(Millis::from_secs(2));
        let stop = async {
            while !self.stop.load(Ordering::Relaxed) {
                Timer::after_millis(20).await;
            }
        };
        let mut desk = Desk { service: self, recipients: Vec::new(), content: Vec::new() };
        match connection.serve_until(stop, stream, &mut buffer, time, &mut desk).await {
            Ok(()) => {
                close(stream).await;
                linger(stream, &mut buffer, time).await;
            }
            Err(Error::Stalled) => self.events().stalled += 1,
            Err(Error::Stream(_)) => {}
        }
    }
}

/// A running server.
pub(crate) struct Site {
    address: SocketAddr,
    service: &'static Service,
    turn: Mutex<()>,
}

impl Site {
    pub(crate) fn start(stack: &Stack, config: Config<'static>) -> Self {
        Self::slow(stack, config, Duration::ZERO)
    }

    /// One whose answers about recipients take so long.
    pub(crate) fn slow(stack: &Stack, config: Config<'static>, delay: Duration) -> Self {
        // It runs as long as the program does.
        let service: &'static Service =
            Box::leak(Box::new(Service { config, events: Mutex::default(), delay, stop: AtomicBool::new(false) }));
        Self { address: stack(service), service, turn: Mutex::new(()) }
    }

    /// The server for one trial alone, with nothing left of the one before.
    pub(crate) fn turn(&self) -> Turn<'_> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *self.service.events() = Events::default();
        Turn { address: self.address, service: self.service, _turn: turn }
    }
}

/// A server that nobody else uses meanwhile.
pub(crate) struct Turn<'s> {
    pub(crate) address: SocketAddr,
    pub(crate) service: &'static Service,
    _turn: MutexGuard<'s, ()>,
}

impl Turn<'_> {
    /// Whether these messages, in any order, and no others have been delivered since the last look.
    pub(crate) fn delivered(&mut self, expected: &[&[u8]]) -> Result<()> {
        let mut found = std::mem::take(&mut self.service.events().messages);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        match found == expected {
            true => Ok(()),
            false => {
                let text = |message: &[u8]| String::from_utf8_lossy(message).into_owned();
                let found: Vec<_> = found.iter().map(|message| text(message)).collect();
                let expected: Vec<_> = expected.iter().map(|message| text(message)).collect();
                Err(format!("expected {expected:?}, found {found:?}"))
            }
        }
    }

    /// Waits until transactions ended in these ways, and nothing was delivered.
    pub(crate) fn aborted(&mut self, expected: &[Abort]) -> Result<()> {
        let found = eventually(|| match self.service.events().aborted.clone() {
            found if found == expected => Ok(()),
            found => Err(format!("expected {expected:?}, found {found:?}")),
        });
        found.and_then(|()| self.delivered(&[]))
    }
}

/// The application: who is who in the worlds of `transcripts/README.md`.
struct Desk {
    service: &'static Service,
    recipients: Vec<String>,
    content: Vec<u8>,
}

impl Handler for Desk {
    async fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> std::result::Result<AuthStep<'a>, Reply<'a>> {
        match credentials {
            Credentials::Password { authorization: "" | "user", user: "user", password, .. }
                if password.expose() == PASSWORD.as_bytes() =>
            {
                Ok(AuthStep::Authenticated)
            }
            _ => Err(Reply::auth_failed()),
        }
    }

    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> std::result::Result<Recipient<'a>, Reply<'a>> {
        if !self.service.delay.is_zero() {
            Timer::after_millis(u64::try_from(self.service.delay.as_millis()).unwrap_or(0)).await;
        }
        let path = rcpt.forward_path.as_str();
        let plain = path.to_ascii_lowercase().replace('"', "");
        let (local, domain) = plain.split_once('@').unwrap_or((&plain, "example.net"));
        if domain != "example.net" {
            return Err(Reply::relay_denied_to(path));
        }
        if !USERS.contains(&local) {
            return Err(Reply::invalid_user(path));
        }
        if self.recipients.iter().any(|known| known == local) {
            return Ok(Recipient::Duplicate);
        }
        self.recipients.push(local.to_owned());
        Ok(Recipient::Here)
    }

    async fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    async fn message(&mut self, _: u64, _: Option<u16>) -> std::result::Result<Receipt<'_>, Reply<'_>> {
        self.recipients.clear();
        self.service.events().messages.push(std::mem::take(&mut self.content));
        Ok(Receipt::As("Ok queued as 1"))
    }

    async fn aborted(&mut self, abort: Abort) {
        self.recipients.clear();
        self.content.clear();
        self.service.events().aborted.push(abort);
    }
}
