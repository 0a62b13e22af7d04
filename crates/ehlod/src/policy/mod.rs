//! The server's decisions, one question a file.

mod auth;
mod hold;
mod queue;
mod recipient;
mod sender;
mod storage;

pub use auth::{Step, authenticate};
pub use hold::hold;
pub use queue::queue;
pub use recipient::{recipient, verify};
pub use sender::sender;
pub use storage::{failed, room};
