//! Conformance cases: `cases/cases.jsonl`, one JSON object a line.
//!
//! A case is a list of steps; each is something the client does ([`Input`]), and what must come back
//! ([`Expected`], one item a reply). [`run`] plays a case against a live server.

mod model;
mod play;

pub use model::{Alternative, Case, Expected, Input, parse};
pub use play::{Refused, run};

/// The message size limit that the cases' placeholders go by: 1 MiB.
pub const MESSAGE_SIZE: usize = 1024 * 1024;

/// The limit of Received fields that the cases' placeholders go by.
pub const HOPS: usize = 10;
