//! What the page shows: the sessions there are, and the last refusals. Without a page nothing is written down.

use crate::config::Kind;
use crate::metrics::State;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// So many refusals are kept.
const REFUSALS: usize = 100;

/// So many characters of what a peer said are kept.
const CHARACTERS: usize = 256;

/// The board of this process.
pub fn board() -> &'static Board {
    static BOARD: LazyLock<Board> = LazyLock::new(Board::default);
    &BOARD
}

/// Sessions and refusals, as far as somebody wants to look at them.
#[derive(Debug, Default)]
pub struct Board {
    is_on: AtomicBool,
    last: AtomicU64,
    sessions: Mutex<BTreeMap<u64, Arc<Live>>>,
    refusals: Mutex<VecDeque<Refused>>,
}

/// A session there is.
#[derive(Debug)]
pub struct Live {
    number: u64,
    /// Its name in the log.
    pub id: String,
    /// The listener's kind.
    pub kind: Kind,
    began: Instant,
    state: AtomicU8,
    messages: AtomicU32,
    said: Mutex<Said>,
}

/// What is known of the client, and may change.
#[derive(Clone, Debug, Default)]
struct Said {
    client: String,
    hello: Option<String>,
    tls: Option<String>,
}

/// A refusal, as the page shows it.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When.
    pub at: SystemTime,
    /// The session's name in the log.
    pub session: String,
    /// The rule that made it.
    pub rule: &'static str,
    /// Where the client is.
    pub client: String,
    /// The reverse-path, as far as it was known.
    pub sender: Option<String>,
    /// The forward-path, or what VRFY or EXPN asked for.
    pub recipient: Option<String>,
    /// The reply's codes: `550 5.1.1`.
    pub reply: String,
}

impl Board {
    /// Begins to write down, or ends it; then all is forgotten. Sessions that are there already are not shown.
    pub fn switch(&self, on: bool) {
        self.is_on.store(on, Ordering::Relaxed);
        if !on {
            lock(&self.sessions).clear();
            lock(&self.refusals).clear();
        }
    }

    fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// A session begins.
    pub(super) fn enter(&self, kind: Kind, id: &str, client: &str) -> Option<Arc<Live>> {
        if !self.is_on() {
            return None;
        }
        let live = Arc::new(Live {
            number: self.last.fetch_add(1, Ordering::Relaxed),
            id: id.to_owned(),
            kind,
            began: Instant::now(),
            state: AtomicU8::new(State::Opening as u8),
            messages: AtomicU32::new(0),
            said: Mutex::new(Said { client: cut(client), ..Said::default() }),
        });
        lock(&self.sessions).insert(live.number, Arc::clone(&live));
        Some(live)
    }

    /// A session has ended.
    pub(super) fn leave(&self, live: &Live) {
        lock(&self.sessions).remove(&live.number);
    }

    /// Writes a refusal down.
    pub fn refused(&self, refused: impl FnOnce() -> Refused) {
        if !self.is_on() {
            return;
        }
        let Refused { at, session, rule, client, sender, recipient, reply } = refused();
        let short = |text: Option<String>| text.as_deref().map(cut);
        let refused = Refused {
            at,
            session,
            rule,
            client: cut(&client),
            sender: short(sender),
            recipient: short(recipient),
            reply,
        };
        let mut refusals = lock(&self.refusals);
        if refusals.len() >= REFUSALS {
            refusals.pop_back();
        }
        refusals.push_front(refused);
    }

    /// How many sessions are shown, and the latest of them.
    pub fn sessions(&self, most: usize) -> (usize, Vec<Arc<Live>>) {
        let sessions = lock(&self.sessions);
        (sessions.len(), sessions.values().rev().take(most).cloned().collect())
    }

    /// The last refusals, the latest first.
    pub fn refusals(&self, most: usize) -> Vec<Refused> {
        lock(&self.refusals).iter().take(most).cloned().collect()
    }
}

impl Live {
    pub(super) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    pub(super) fn set_tls(&self, version: &str) {
        lock(&self.said).tls = Some(version.to_owned());
    }

    pub(super) fn set_client(&self, client: &str) {
        let mut said = lock(&self.said);
        said.client = cut(client);
        said.hello = None;
    }

    pub(super) fn set_hello(&self, name: &str) {
        lock(&self.said).hello = Some(cut(name));
    }

    pub(super) fn count_message(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        let state = usize::from(self.state.load(Ordering::Relaxed));
        State::ALL.get(state).copied().unwrap_or(State::Opening)
    }

    /// How many messages were taken over.
    pub fn messages(&self) -> u32 {
        self.messages.load(Ordering::Relaxed)
    }

    /// How long it has been there.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Where the client is, what it calls itself, and the version of TLS.
    pub fn said(&self) -> (String, Option<String>, Option<String>) {
        let Said { client, hello, tls } = lock(&self.said).clone();
        (client, hello, tls)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A text, cut where it is long.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Refused {
        Refused {
            at: SystemTime::now(),
            session: "1".to_owned(),
            rule: "domain",
            client: text.to_owned(),
            sender: None,
            recipient: Some(text.to_owned()),
            reply: "550".to_owned(),
        }
    }

    #[test]
    fn nothing_is_written_down_where_nobody_looks() {
        let board = Board::default();
        assert!(board.enter(Kind::Mx, "1", "192.0.2.1").is_none());
        board.refused(|| panic!("nobody asks for it"));
        assert_eq!(board.refusals(10).len(), 0);
    }

    #[test]
    fn what_is_written_down_is_bounded() {
        let board = Board::default();
        board.switch(true);
        let session = board.enter(Kind::Lmtp, "1", &"é".repeat(1000)).unwrap();
        let other = board.enter(Kind::Mx, "2", "192.0.2.1").unwrap();
        assert_eq!(session.said().0.chars().count(), CHARACTERS + 1);
        let (count, latest) = board.sessions(1);
        assert_eq!((count, latest[0].id.as_str()), (2, "2"));
        for n in 0..1000 {
            board.refused(|| refused(&n.to_string().repeat(1000)));
        }
        let refusals = board.refusals(usize::MAX);
        assert_eq!(refusals.len(), REFUSALS);
        assert!(refusals[0].client.starts_with("999") && refusals[0].client.len() < 2 * CHARACTERS);
        board.leave(&session);
        board.leave(&other);
        assert_eq!(board.sessions(10).0, 0);
        board.switch(false);
        assert_eq!(board.refusals(1).len(), 0);
    }
}
