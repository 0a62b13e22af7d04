//! The names of messages in replies, in the log and in Received fields.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Digits in the order of ASCII, so that texts sort as their numbers do; without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Room for ids within one millisecond: 2^20.
const BITS_IN_A_MILLISECOND: u32 = 20;

/// The number of characters of an id.
pub const LENGTH: usize = 13;

/// A new id: 13 digits and capital letters. Within a process no two are the same, and each sorts behind those before
/// it, even where the clock is set back.
#[must_use]
pub fn next() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(millis).unwrap_or_default() << BITS_IN_A_MILLISECOND;
    let after = |last: u64| now.max(last.wrapping_add(1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
    let (Ok(last) | Err(last)) = last;
    encode(after(last))
}

fn encode(number: u64) -> String {
    let digit = |place: usize| DIGITS.get((number >> (5 * place) & 31) as usize).copied().unwrap_or(b'0');
    let digits: [u8; LENGTH] = std::array::from_fn(|at| digit(LENGTH - 1 - at));
    str::from_utf8(&digits).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(encode(0), "0000000000000");
        assert_eq!(encode(31), "000000000000Z");
        assert_eq!(encode(u64::MAX), "FZZZZZZZZZZZZ");
    }

    #[test]
    fn rising_and_unique() {
        let ids: Vec<String> = (0..10_000).map(|_| next()).collect();
        assert!(ids.iter().all(|id| id.len() == LENGTH));
        assert!(ids.is_sorted_by(|one, other| one < other));

        let threads: Vec<_> =
            (0..4).map(|_| std::thread::spawn(|| (0..2_000).map(|_| next()).collect::<Vec<_>>())).collect();
        let all: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), 8_000);
    }
}
