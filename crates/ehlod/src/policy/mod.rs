//! The server's decisions, one question a file.

mod auth;
mod client;
mod hold;
mod queue;
mod recipient;
mod refusal;
mod sender;
mod storage;

pub use auth::{Step, authenticate};
pub use client::client;
pub use hold::hold;
pub use queue::queue;
pub use recipient::{recipient, verify};
pub use refusal::Refusal;
pub use sender::sender;
pub use storage::{failed, room};
