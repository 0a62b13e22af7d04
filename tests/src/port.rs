//! Ports for programs that have to be told theirs.
//!
//! Most servers of these tests ask the system for any port. A port found free that way and given back may be another's before
//! the program it was meant for has it, and that other is then spoken to; so these come from below the system's range.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first of them.
const FIRST: u32 = 10_000;
/// The first that Linux gives where nothing else is set.
const USUAL_END: u32 = 32_768;

/// A port of the loopback interface where nobody listens, and that nobody else in this process is given.
///
/// # Panics
///
/// When a whole round has found none.
pub fn free() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = end().saturating_sub(FIRST).max(1);
    // Processes that run side by side begin at places of their own.
    let begin = std::process::id().wrapping_mul(101);
    (0..count)
        .map(|_| FIRST + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % count)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).expect("a port has 16 bits"))))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a port is free")
}

/// Where the range begins that the system takes ports from.
fn end() -> u32 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let begin = range.split_whitespace().next().and_then(|word| word.parse().ok());
    begin.filter(|&port| (FIRST + 1_000..=65_535).contains(&port)).unwrap_or(USUAL_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_the_system_gives_others() {
        let ports: Vec<_> = (0..100).map(|_| free().port()).collect();
        let mut once = ports.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ports.len());
        assert!(ports.iter().all(|&port| (FIRST..end()).contains(&u32::from(port))), "{ports:?}");
    }
}
