//! An SMTP server on blocking streams: the core of [`ehlo`], its loop, and the sockets of the standard library.
//!
//! It is for programs that take in mail and have no executor, nor want one: a thread serves a connection, and a handler just takes its
//! time.
//!
//! - [`Connection`] serves one connection over any [`Stream`], with STARTTLS or implicit TLS.
//! - [`Server`] accepts on any number of listeners, a thread a connection, within limits, and ends cleanly.
//! - [`Handler`] is what you write: a method a decision, each with a safe default.
//!
//! A mail sink, whole:
//!
//! ```no_run
#![doc = include_str!("../examples/sink.rs")]
//! ```
//!
//! The protocol, with all its limits, is [`ehlo::Config`]'s. What is here is time and bytes: a peer that does not read is cut off
//! after [`Connection::write_timeout`], a handshake that does not end after [`Connection::handshake_timeout`], and everything after
//! the deadlines of the core, for which the handler's own time does not count.
//!
//! Cargo features: `rustls`, which is on by default, brings TLS, with `ring`. Without it a nonce for CRAM-MD5 and SCRAM is read from
//! `/dev/urandom`, and these mechanisms are not offered where there is no such file.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connection;
#[cfg(unix)]
mod gate;
mod handler;
mod nonce;
#[cfg(unix)]
mod server;
mod shutdown;
#[cfg(unix)]
mod socket;
mod stream;
#[cfg_attr(not(feature = "rustls"), path = "no_tls.rs")]
mod tls;
mod wire;

pub use connection::Connection;
pub use ehlo;
#[cfg(unix)]
pub use gate::Limits;
pub use handler::{AuthStep, Handler, Proxied, Queue, Receipt, Recipient, Verified};
#[cfg(feature = "rustls")]
pub use rustls;
#[cfg(unix)]
pub use server::{Accepted, Arrival, Control, Server};
pub use shutdown::Shutdown;
#[cfg(unix)]
pub use socket::{Listener, Socket};
pub use stream::{Stream, Untimed};

/// The README's code must work.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
