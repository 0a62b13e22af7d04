//! The adapter as a whole, over pipes in memory and over the loopback.

mod aborted;
mod client;
mod deadlines;
mod journal;
mod proxy;
mod server;
mod session;
mod signatures;
mod tls;
