//! Tests that cross crates.
//!
//! A real `ehlod` ([`server`]) in a small [`world`] is spoken to by a raw client ([`client`]), which runs
//! conformance cases ([`cases`]) and transcripts ([`transcript`]) against it.
//!
//! Cases and transcripts are data files beside this crate; nothing in their models knows a socket, so that
//! the same data can drive the protocol core in memory.

pub mod blocking;
pub mod cases;
pub mod clamd;
pub mod client;
pub mod credentials;
pub mod http;
pub mod live;
pub mod mailbox;
pub mod memory;
pub mod names;
pub mod next_hop;
pub mod patience;
pub mod port;
pub mod postgres;
pub mod qemu;
pub mod redis;
pub mod reply;
pub mod scripts;
pub mod server;
pub mod tap;
pub mod tls;
pub mod transcript;
pub mod trials;
pub mod world;

/// What a test step gives: a value, or a sentence that says what went wrong.
pub type Result<T> = std::result::Result<T, String>;

/// The README's code must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// And so must that of the core's.
#[cfg(doctest)]
#[doc = include_str!("../../crates/ehlo/README.md")]
struct ReadmeOfTheCore;
