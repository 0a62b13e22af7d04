//! The protocol of an SMTP server, without its I/O.
//!
//! You have the socket, the clock, and the say in what is taken; [`Session`] has the protocol: it frames and parses what comes,
//! keeps the sequence of commands, runs authentication, unstuffs mail data and checks their line endings, bounds everything, and
//! writes the replies. It needs no standard library, no allocator, no thread and no clock, holds no unsafe code, and is a plain
//! value of a size known when it is compiled.
//!
//! It is for whoever takes in mail: an appliance on a bare-metal stack, an embedded front door of a larger program, the author of
//! a mail server under an event loop of their own. The crate `ehlo-tokio` has the loop below for tokio, and a whole server.
//!
//! # The loop
//!
//! A caller does what [`Session::advance`] says, again and again:
//!
//! ```
//! use ehlo::{Config, Instant, Peer, Reply, Request, Session, Step};
//! use std::io::{Read, Write};
//!
//! static CONFIG: Config<'static> = Config::new("mx.example.net");
//!
//! /// Takes one message after another for bob@example.net, and prints them.
//! fn serve(mut stream: impl Read + Write) -> std::io::Result<()> {
//!     let begin = std::time::Instant::now();
//!     let mut session = Session::<1024, 1024>::new(&CONFIG, Peer::PLAIN);
//!     let (mut buffer, mut message) = ([0; 4096], Vec::new());
//!     let mut input: &[u8] = &[];
//!     loop {
//!         let now = Instant::from_millis(begin.elapsed().as_millis() as u64);
//!         match session.advance(now, &mut input) {
//!             Step::Recv { .. } => {
//!                 let n = stream.read(&mut buffer)?; // a real caller gives up at the deadline
//!                 input = &buffer[..n];
//!                 if n == 0 {
//!                     session.eof();
//!                 }
//!             }
//!             Step::Send => {
//!                 let n = stream.write(session.output())?;
//!                 session.consume_output(n);
//!             }
//!             Step::Request => match session.request() {
//!                 Some(Request::Connect(connect)) => connect.answer.accept(),
//!                 Some(Request::Hello(hello)) => hello.answer.accept(),
//!                 Some(Request::Mail(mail)) => mail.answer.accept(),
//!                 Some(Request::Rcpt(rcpt)) => match rcpt.command.forward_path.as_str() {
//!                     "bob@example.net" => rcpt.answer.accept(),
//!                     other => rcpt.answer.refuse(&Reply::invalid_user(other)),
//!                 },
//!                 Some(Request::Data(data)) => data.answer.accept(),
//!                 Some(Request::Message(end)) => {
//!                     println!("{}", String::from_utf8_lossy(&std::mem::take(&mut message)));
//!                     end.answer.accept();
//!                 }
//!                 _ => {} // a request that is dropped is refused
//!             },
//!             Step::Content(octets) => message.extend_from_slice(octets),
//!             Step::Aborted(_) => message.clear(),
//!             Step::StartTls => { let _ = session.tls_failed(); } // never asked for: not configured
//!             Step::Closed => return Ok(()),
//!         }
//!     }
//! }
//! # struct Pipe(std::io::Cursor<Vec<u8>>, Vec<u8>);
//! # impl Read for Pipe { fn read(&mut self, b: &mut [u8]) -> std::io::Result<usize> { self.0.read(b) } }
//! # impl Write for Pipe {
//! #     fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.1.write(b) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let mut pipe = Pipe(Default::default(), Vec::new());
//! # serve(&mut pipe).unwrap();
//! ```
//!
//! The input is borrowed, and moved forward by what was taken: there is nothing to discard or to count. What is cut in two by the
//! network is put together by the session. Replies gather in a buffer of the session's, so that a group of commands is answered by
//! one write.
//!
//! # The states
#![doc = include_str!("phase.md")]
//!
//! # What it speaks
//!
//! EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP AUTH STARTTLS, LHLO in [LMTP](Mode::Lmtp), ETRN, and for
//! trusted peers XCLIENT and XFORWARD; each of [`Extensions`]; each [`Mechanism`] of SASL. An extension is in force
//! where it is offered: a parameter of one that is not gets 555.
//!
//! Cargo features: `extensions`, the default, brings what an appliance has no use for: LMTP, DSN, LIMITS, DELIVERBY, REQUIRETLS, MT-PRIORITY,
//! FUTURERELEASE, NO-SOLICITING, ETRN, EXPN, HELP, VRFY that answers, and `Peer::trusted` with XCLIENT and XFORWARD. It brings `chunking`
//! too: BDAT with CHUNKING and BINARYMIME. Without them a command is refused as not implemented, a parameter as unknown, and with PLAIN
//! and LOGIN the core fits 16 KiB of flash.
//! `mechanisms` brings the mechanisms beside PLAIN and LOGIN, `scram` and `cram-md5` the hashing that these two are
//! checked with; `std` chooses wider vector instructions when the program runs, where the machine has them; `defmt` derives
//! `defmt::Format`.
//!
//! # What it holds to
//!
//! - CRLF ends a line, and nothing else; CRLF `.` CRLF ends mail data, and nothing else. A bare CR or LF in the data has the message
//!   refused at its true end, and the connection closed. (Bare LF can be let pass, for old devices; it never ends anything.)
//! - Addresses and parameters follow RFC 5321 4.1.2 and RFC 6531 3.3 to the letter. Three liberties are taken, since devices need
//!   them: white space at the end of a line, one space behind `FROM:` or `TO:`, and underscores in the name behind EHLO.
//! - Everything is bounded: lines, paths, recipients, transactions, errors, failed authentications, idle commands, hops, message
//!   size, time. See [`Config`]. A refused chunk of BDAT is dropped, and never read as commands.
//! - Each command gets exactly one final reply, in order (in LMTP the message one for each recipient). Those of errors are the
//!   catalogue's, which [`Reply`] holds. Nothing that a peer said is repeated in one without being made printable.
//! - After STARTTLS nothing that came in plaintext is read as a command, and nothing learned then is remembered.
//! - The same octets, however they are cut, give the same replies and the same content. (Whether a client spoke before it was
//!   due is told from what is in the input, and so from how it arrived.)
//!
//! # RFC by RFC
#![doc = include_str!("rfcs.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
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
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod announced;
mod buffer;
#[cfg(feature = "chunking")]
mod chunk;
#[cfg(not(feature = "chunking"))]
#[path = "no_chunk.rs"]
mod chunk;
mod command;
mod config;
mod content;
mod dispatch;
mod error;
mod hops;
mod keywords;
mod line;
#[cfg(not(target_pointer_width = "64"))]
mod octets;
#[cfg(any(doc, doctest, test))]
pub mod own_stack;
mod phase;
mod receive;
mod reply;
mod request;
mod sasl;
#[cfg(target_pointer_width = "64")]
mod scan;
mod secret;
mod session;
mod state;
mod step;
mod time;
mod write;

pub use command::{AddressError, Body, Domain, ForwardPath, Hello, Literal, Mail, Mailbox, Rcpt, ReversePath, Xtext};
#[cfg(feature = "extensions")]
pub use command::{Attribute, Attributes, ByMode, DeliverBy, Etrn, EtrnOption, Hold, Query};
#[cfg(feature = "extensions")]
pub use command::{Notify, Orcpt, Ret};
pub use config::{Config, EarlyTalk, Extensions, LineEndings, Mode, Peer, Tls, Tolerance, Vrfy};
pub use error::ApiMisuse;
pub use phase::Phase;
pub use reply::{CATALOGUE, Enhanced, Reply, Row, Stage};
pub use request::*;
#[cfg(feature = "mechanisms")]
pub use sasl::{CramMd5, ScramHash, ScramKeys, ScramProof, ServerSignature};
pub use sasl::{Credentials, Mechanism, UnknownMechanism};
pub use secret::Secret;
pub use session::Session;
pub use step::{Abort, Step};
pub use time::{Instant, Millis};
