//! Without the feature `chunking` there is no BDAT: no chunk can be made, so that the compiler leaves out what would deal with one.

use crate::session::Session;

/// A chunk that can never come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {}

impl<const LINE: usize, const OUT: usize> Session<'_, LINE, OUT> {
    pub(crate) const fn end_chunks(&mut self) {}

    pub(crate) const fn end_of_chunk(&mut self, chunk: Chunk) {
        match chunk {}
    }
}

impl Chunk {
    pub(crate) const fn part<'i>(&self, _: &'i [u8]) -> &'i [u8] {
        match *self {}
    }

    pub(crate) const fn is_over(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn take(&mut self, _: usize) {
        match *self {}
    }
}
