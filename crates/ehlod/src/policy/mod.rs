//! The server's decisions, one question a file.

mod auth;
mod client;
mod full;
mod hello;
mod hold;
mod local_sender;
mod lookup;
mod queue;
mod recipient;
mod refusal;
mod relay;
mod rules;
mod sender;
mod sender_domain;
mod spf;
mod state;
mod storage;

pub use auth::{Step, authenticate};
use client::always;
pub use client::{client, client_later};
pub use full::{Named, Reason, takes};
pub use hello::hello;
pub use hold::hold;
pub use local_sender::local_sender;
pub use lookup::{Found, expand, may_ask, verify};
pub use queue::queue;
pub use recipient::{Route, Sending, recipient};
pub use refusal::Refusal;
pub use relay::{may_wait, relay};
pub use rules::{Asked, rules};
pub use sender::sender;
pub use sender_domain::sender_domain;
pub use spf::{spf, spf_allows};
pub use state::{client_failed, now, sender_failed};
pub use storage::{failed, room};
