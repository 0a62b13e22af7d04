//! The crates that are compared. Each file says what its crate can do, and drives it as its documentation wants it driven.
//!
//! A server reads into a buffer of its own and writes from one: such buffers are here too, in [`Scratch`], and used again from
//! one session to the next.

use std::slice::Chunks;

use bytes::BytesMut;

pub mod mailin;
pub mod mailrs;
pub mod ours;
pub mod smtp_codec;
pub mod smtp_message;
pub mod smtp_proto;

/// The name that every server calls itself.
pub const HOSTNAME: &str = "mx.example.net";

/// What a server keeps from one session to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Replies that wait to be written.
    pub out: Vec<u8>,
    /// Content, for a crate that copies it.
    pub content: Vec<u8>,
    /// Input, for a crate that takes it out of a buffer of its own.
    pub input: BytesMut,
}

/// A session that has been greeted; for a crate that has none, what answers in its place.
pub trait Dialogue {
    /// Takes commands, and hands what is said to them on to whom it was told when it was made.
    fn go_on(&mut self, commands: &[u8]);
}

/// What answers in place of a session, for a crate that has none: it knows nothing of what came before.
struct Unchecked<A, R> {
    answer: A,
    scratch: Scratch,
    replies: R,
}

impl<A: FnMut(&[u8], &mut Scratch), R: FnMut(&[u8])> Unchecked<A, R> {
    fn new(answer: A, replies: R) -> Self {
        Self { answer, scratch: Scratch { out: Vec::with_capacity(1024), ..Scratch::default() }, replies }
    }
}

impl<A: FnMut(&[u8], &mut Scratch), R: FnMut(&[u8])> Dialogue for Unchecked<A, R> {
    fn go_on(&mut self, commands: &[u8]) {
        self.scratch.out.clear();
        (self.answer)(commands, &mut self.scratch);
        (self.replies)(&self.scratch.out);
    }
}

/// Takes in the data of one message, and hands the content on to whom it was told when it was made.
pub trait Content {
    /// Takes pieces of mail data. Whether the message is over.
    fn take(&mut self, pieces: Chunks<'_, u8>) -> bool;
}

/// The lines of input that is there as a whole, with their ends.
pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest)?;
        let (line, behind) = rest.split_at(end + 1);
        rest = behind;
        Some(line)
    })
}
