//! What a look-up found, for a while.

use crate::mailbox::Mailbox;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many answers are kept, so that somebody who asks for ever new addresses does not fill the memory.
const MOST: usize = 10_000;

/// Answers by address, that there is nothing among them. Each is forgotten when its time is over, and all of them when there are too many.
#[derive(Debug)]
pub(super) struct Cache<T> {
    life: Duration,
    answers: Mutex<HashMap<Mailbox, (Instant, T)>>,
}

impl<T: Clone> Cache<T> {
    /// A cache whose answers live so long; with no life it keeps nothing.
    pub(super) fn new(life: Duration) -> Self {
        Self { life, answers: Mutex::default() }
    }

    pub(super) fn get(&self, address: &Mailbox) -> Option<T> {
        let answers = self.answers();
        let (since, answer) = answers.get(address)?;
        (since.elapsed() < self.life).then(|| answer.clone())
    }

    pub(super) fn put(&self, address: &Mailbox, answer: &T) {
        if self.life.is_zero() {
            return;
        }
        let mut answers = self.answers();
        if answers.len() >= MOST {
            answers.retain(|_, (since, _)| since.elapsed() < self.life);
        }
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(address.clone(), (Instant::now(), answer.clone()));
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Mailbox, (Instant, T)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_live_for_a_while_and_are_not_too_many() {
        let address = |number: usize| Mailbox::new(&number.to_string(), "example.com");
        let cache = Cache::new(Duration::from_millis(100));
        cache.put(&address(0), &Some(1));
        cache.put(&address(1), &None);
        assert_eq!((cache.get(&address(0)), cache.get(&address(1))), (Some(Some(1)), Some(None)));
        assert_eq!(cache.get(&address(2)), None);
        std::thread::sleep(Duration::from_millis(110));
        assert_eq!(cache.get(&address(0)), None);

        let cache = Cache::new(Duration::from_secs(60));
        for number in 0..MOST + 5 {
            cache.put(&address(number), &number);
        }
        assert_eq!(cache.get(&address(MOST + 4)), Some(MOST + 4));
        assert!(cache.answers().len() <= MOST);

        let none = Cache::new(Duration::ZERO);
        none.put(&address(0), &0);
        assert_eq!(none.get(&address(0)), None);
    }
}
