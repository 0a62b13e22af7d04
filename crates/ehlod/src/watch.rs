//! What goes on in the server: each session is watched, for the metrics, and for the page where there is one.

mod board;

pub use board::{Board, Live, Refused, board};

use crate::config::Kind;
use crate::metrics::{Fate, State, metrics, seconds};
use std::sync::Arc;
use std::time::Instant;

/// A session that is watched, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    kind: Kind,
    state: State,
    began: Instant,
    /// When the client was asked for the message that is coming in.
    asked: Option<Instant>,
    /// What the page shows of it, where there is a page.
    live: Option<Arc<Live>>,
}

impl Watch {
    /// Begins to watch a session, by its name in the log and its client.
    #[must_use]
    pub fn begin(kind: Kind, id: &str, client: &str) -> Self {
        metrics().connections(State::Opening).inc();
        let live = board().enter(kind, id, client);
        Self { kind, state: State::Opening, began: Instant::now(), asked: None, live }
    }

    /// The session does something else now.
    pub fn to(&mut self, state: State) {
        if state == State::Data {
            self.asked = Some(Instant::now());
        }
        if state == self.state {
            return;
        }
        let metrics = metrics();
        metrics.connections(state).inc();
        metrics.connections(self.state).dec();
        self.state = state;
        if let Some(live) = &self.live {
            live.set_state(state);
        }
    }

    /// TLS is up.
    pub fn tls(&mut self, version: &str) {
        metrics().tls(version);
        if let Some(live) = &self.live {
            live.set_tls(version);
        }
        // What the client said before is void.
        if self.state != State::Opening {
            self.to(State::Greeted);
        }
    }

    /// A proxy speaks for another client from now on.
    pub fn client(&mut self, client: &str) {
        if let Some(live) = &self.live {
            live.set_client(client);
        }
        self.to(State::Greeted);
    }

    /// The client has said who it is, and was not refused.
    pub fn hello(&mut self, name: &str) {
        if let Some(live) = &self.live {
            live.set_hello(name);
        }
        self.to(State::Ready);
    }

    /// The message is in, and its data at their end: until the answer the time is the server's.
    pub fn received(&mut self, octets: u64) -> Instant {
        let now = Instant::now();
        let metrics = metrics();
        metrics.message_octets.observe(octets as f64);
        if let Some(asked) = self.asked.take() {
            metrics.receive.observe(seconds(now.saturating_duration_since(asked)));
        }
        now
    }

    /// What became of the message: somebody gets it, or nobody does.
    pub fn settled(&mut self, received: Instant, is_accepted: bool) {
        let metrics = metrics();
        metrics.store.observe(seconds(received.elapsed()));
        metrics.of(self.kind).messages(if is_accepted { Fate::Accepted } else { Fate::Refused }).inc();
        if let Some(live) = self.live.as_ref().filter(|_| is_accepted) {
            live.count_message();
        }
        self.to(State::Ready);
    }

    /// The transaction was given up. It counts as a message where one was coming in.
    pub fn aborted(&mut self) {
        if self.asked.take().is_some() {
            metrics().of(self.kind).messages(Fate::Aborted).inc();
        }
        self.to(State::Ready);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let metrics = metrics();
        metrics.connections(self.state).dec();
        let of = metrics.of(self.kind);
        of.sessions.inc();
        of.session_seconds.observe(seconds(self.began.elapsed()));
        if let Some(live) = &self.live {
            board().leave(live);
        }
    }
}
