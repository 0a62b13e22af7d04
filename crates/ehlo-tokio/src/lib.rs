//! An SMTP server on tokio: the core of [`ehlo`], its loop, and the sockets.
//!
//! - [`Connection`] serves one connection over anything that is `AsyncRead + AsyncWrite`, with STARTTLS or implicit TLS.
//! - [`Server`] accepts on any number of listeners, behind a [proxy] or not, within limits, and ends gracefully.
//! - [`Handler`] is what you write: a method a decision, each with a safe default.
//!
//! A mail sink, whole:
//!
//! ```no_run
//! use ehlo_tokio::ehlo::{Abort, Config, Rcpt, Reply};
//! use ehlo_tokio::{Connection, Handler, Receipt, Recipient, Server};
//!
//! static CONFIG: Config<'static> = Config::new("localhost");
//!
//! #[derive(Default)]
//! struct Sink(Vec<u8>);
//!
//! impl Handler for Sink {
//!     async fn rcpt<'a>(&'a mut self, _: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
//!         Ok(Recipient::Here)
//!     }
//!     async fn content(&mut self, octets: &[u8]) {
//!         self.0.extend_from_slice(octets);
//!     }
//!     async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
//!         println!("{}", String::from_utf8_lossy(&std::mem::take(&mut self.0)));
//!         Ok(Receipt::Ok)
//!     }
//!     async fn aborted(&mut self, _: Abort) {
//!         self.0.clear();
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let mut server = Server::new("localhost");
//!     server.bind("127.0.0.1:2525").await?;
//!     server.run(|accepted| async move {
//!         let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
//!         let _ = connection.serve(accepted.stream, &mut Sink::default()).await;
//!     }).await;
//!     Ok(())
//! }
//! ```
//!
//! The protocol, with all its limits, is [`ehlo::Config`]'s. What is here is time and bytes: a peer that does not read is cut off
//! after [`Connection::write_timeout`], a handshake that does not end after [`Connection::handshake_timeout`], and everything after
//! the deadlines of the core.

#![forbid(unsafe_code)]

mod alarm;
mod clock;
mod connection;
mod gate;
mod handler;
mod inbox;
mod opening;
mod prefixed;
pub mod proxy;
mod secrets;
mod server;
mod socket;
mod stream;

pub use connection::Connection;
pub use ehlo;
pub use gate::Limits;
pub use handler::{AuthStep, Handler, Proxied, Queue, Receipt, Recipient, Verified};
pub use opening::{Arrival, Opening, TurnedAway};
pub use prefixed::Prefixed;
pub use server::{Accepted, Control, Server};
pub use socket::{Listener, Socket};
pub use tokio_rustls::{TlsAcceptor, rustls};
pub use tokio_util::sync::CancellationToken;

/// The README's code must work.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
