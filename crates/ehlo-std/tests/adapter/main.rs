//! The adapter as a whole, over the loopback and over streams of the tests' own.

mod aborted;
mod client;
mod deadlines;
mod journal;
#[cfg(unix)]
mod server;
mod session;
mod streams;
#[cfg(feature = "rustls")]
mod tls;
