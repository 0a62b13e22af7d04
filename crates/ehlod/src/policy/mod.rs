//! The server's decisions, one question a file.

mod auth;
mod recipient;
mod storage;

pub use auth::{Step, authenticate};
pub use recipient::{recipient, verify};
pub use storage::{failed, room};
