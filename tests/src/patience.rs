//! Waiting for something that another process does in its own time.

use std::time::{Duration, Instant};

use crate::Result;

/// Tries until `attempt` succeeds, for thirty seconds at most; gives the last failure then.
pub fn eventually<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match attempt() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
}
