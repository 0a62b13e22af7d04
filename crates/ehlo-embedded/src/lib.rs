//! [`ehlo`] on the network stacks of bare-metal programs.
//!
//! The core speaks the protocol, a handler decides, and a connection of this crate is what lies between them and a socket. There is no
//! allocation and no thread, and of these there are two:
//!
//! - [`smoltcp::Connection`] needs no executor: it is polled by whatever loop there is, reads straight from the socket's receive buffer,
//!   and says when it wants to be polled again. What it asks is a [`Handler`].
//! - [`embedded_io_async::Connection`] is a future, over any stream of embedded-io-async: a socket of embassy-net, of edge-nal. What it asks
//!   is an [`embedded_io_async::Handler`].
//!
//! Cargo features: `smoltcp` and `embedded-io-async` bring the modules of those names, `embedded-hal-async` and `embassy-time` the
//! second one with a way to tell the time; `chunking`, `extensions`, `mechanisms`, `cram-md5`, `scram` and `defmt` are those of [`ehlo`].
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "embedded-io-async")]
pub mod embedded_io_async;
mod handler;
#[cfg(feature = "smoltcp")]
pub mod smoltcp;

pub use ehlo;
pub use handler::{Answer, AuthStep, Handler, Receipt, Recipient};
#[cfg(feature = "extensions")]
pub use handler::{Proxied, Queue, Verified};
