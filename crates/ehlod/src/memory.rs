//! A budget of memory for message data, over all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The budget. Cloning is cheap, and shares it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Octets>);

#[derive(Debug)]
struct Octets {
    limit: u64,
    held: AtomicU64,
}

/// What one message holds of the budget; it is given back when this is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    octets: u64,
}

impl Budget {
    /// A budget of so many octets.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Octets { limit, held: AtomicU64::new(0) }))
    }

    /// How many octets are held now.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.0.held.load(Ordering::Relaxed)
    }

    /// An empty share.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), octets: 0 }
    }
}

impl Share {
    /// Makes the share `octets` large; whether the budget allows it. Where it does not, the share stays as it was.
    #[must_use]
    pub fn resize(&mut self, octets: u64) -> bool {
        let Octets { limit, held } = &*self.budget.0;
        if octets <= self.octets {
            held.fetch_sub(self.octets - octets, Ordering::Relaxed);
        } else {
            let more = octets - self.octets;
            let grow = |held: u64| held.checked_add(more).filter(|held| held <= limit);
            if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).is_err() {
                return false;
            }
        }
        self.octets = octets;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.held.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_within_the_budget_and_give_back() {
        let budget = Budget::new(100);
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.resize(60));
        assert!(!two.resize(41));
        assert!(two.resize(40));
        assert!(one.resize(10));
        assert!(two.resize(90));
        drop(two);
        assert!(one.resize(100));
        drop(one);
        assert_eq!(budget.held(), 0);
    }
}
