//! [`ehlo`] on the network stacks of bare-metal programs.
//!
//! The core speaks the protocol, a [`Handler`] decides, and a connection of this crate is what lies between them and a socket. There is
//! no executor, no allocation and no thread: [`smoltcp::Connection`] is polled by whatever loop there is, reads straight from the
//! socket's receive buffer, and says when it wants to be polled again.
//!
//! Cargo features: `smoltcp` brings the module of that name; `mechanisms`, `cram-md5`, `scram` and `defmt` are those of [`ehlo`].
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

mod handler;
#[cfg(feature = "smoltcp")]
pub mod smoltcp;

pub use ehlo;
pub use handler::{Answer, AuthStep, Handler, Proxied, Queue, Receipt, Recipient, Verified};
