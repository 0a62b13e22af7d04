//! What the benchmarks have in common: the work, and each crate that does it, used as well as its interface allows.

pub mod input;
pub mod peers;
pub mod sasl;

use std::hint::black_box;

/// Octets handed over at once.
pub const PIECE: usize = 16 * 1024;

/// Where replies and content go.
pub fn ignore(octets: &[u8]) {
    black_box(octets);
}
