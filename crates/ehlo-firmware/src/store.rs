//! The messages that were last taken in, in a fixed pool of blocks: room for a new one is made by dropping the oldest.

const BLOCK: usize = 256;
const BLOCKS: usize = 128;
/// As many messages as are kept at most.
const MESSAGES: usize = 32;
/// No block.
const NONE: u8 = u8::MAX;

/// The pool. All zeros are an empty one whose blocks have not been strung together yet: see [`Store::reset`].
pub struct Store {
    blocks: [[u8; BLOCK]; BLOCKS],
    /// The block after each.
    next: [u8; BLOCKS],
    free: u8,
    kept: [Draft; MESSAGES],
    /// Where the oldest lies, and how many there are.
    oldest: usize,
    count: usize,
}

/// A message: a chain of blocks.
#[derive(Clone, Copy)]
pub struct Draft {
    first: u8,
    last: u8,
    length: u16,
}

impl Draft {
    pub const EMPTY: Self = Self { first: NONE, last: NONE, length: 0 };
}

/// How many blocks are free, and how many hold messages that are kept.
pub struct Usage {
    pub free: usize,
    pub kept: usize,
    pub messages: usize,
    pub all: usize,
}

impl Store {
    pub const fn new() -> Self {
        const { assert!(BLOCKS < NONE as usize) };
        Self {
            blocks: [[0; BLOCK]; BLOCKS],
            next: [0; BLOCKS],
            free: 0,
            kept: [Draft { first: 0, last: 0, length: 0 }; MESSAGES],
            oldest: 0,
            count: 0,
        }
    }

    /// Strings all blocks together.
    pub fn reset(&mut self) {
        for (index, next) in self.next.iter_mut().enumerate() {
            *next = u8::try_from(index + 1).ok().filter(|next| usize::from(*next) < BLOCKS).unwrap_or(NONE);
        }
        (self.free, self.oldest, self.count) = (0, 0, 0);
    }

    /// Appends to a message; false where there is no room even without all that is kept.
    pub fn append(&mut self, draft: &mut Draft, mut octets: &[u8]) -> bool {
        while !octets.is_empty() {
            let used = usize::from(draft.length) % BLOCK;
            if used == 0 && !self.extend(draft) {
                return false;
            }
            let Some(room) = self.blocks.get_mut(usize::from(draft.last)).and_then(|block| block.get_mut(used..))
            else {
                return false;
            };
            let count = room.len().min(octets.len());
            let (now, later) = octets.split_at(count);
            room.iter_mut().zip(now).for_each(|(room, octet)| *room = *octet);
            draft.length = draft.length.saturating_add(count as u16);
            octets = later;
        }
        true
    }

    /// Puts a fresh block at the end of a message.
    fn extend(&mut self, draft: &mut Draft) -> bool {
        while self.free == NONE && self.drop_oldest() {}
        let block = self.free;
        let Some(next) = self.next.get_mut(usize::from(block)) else { return false };
        self.free = core::mem::replace(next, NONE);
        match self.next.get_mut(usize::from(draft.last)) {
            Some(after) => *after = block,
            None => draft.first = block,
        }
        draft.last = block;
        true
    }

    /// Keeps a message until its room is needed.
    pub fn keep(&mut self, draft: &mut Draft) {
        if self.count == MESSAGES {
            self.drop_oldest();
        }
        if let Some(place) = self.kept.get_mut((self.oldest + self.count) % MESSAGES) {
            *place = core::mem::replace(draft, Draft::EMPTY);
            self.count += 1;
        }
    }

    /// Gives the room of a message back.
    pub fn discard(&mut self, draft: &mut Draft) {
        let draft = core::mem::replace(draft, Draft::EMPTY);
        if let Some(next) = self.next.get_mut(usize::from(draft.last)) {
            *next = core::mem::replace(&mut self.free, draft.first);
        }
    }

    fn drop_oldest(&mut self) -> bool {
        if self.count == 0 {
            return false;
        }
        let mut draft = self.kept.get(self.oldest).copied().unwrap_or(Draft::EMPTY);
        (self.oldest, self.count) = ((self.oldest + 1) % MESSAGES, self.count - 1);
        self.discard(&mut draft);
        true
    }

    pub fn usage(&self) -> Usage {
        let kept = (0..self.count).filter_map(|index| self.kept.get((self.oldest + index) % MESSAGES));
        Usage {
            free: self.chain(self.free),
            kept: kept.map(|draft| self.chain(draft.first)).sum(),
            messages: self.count,
            all: BLOCKS,
        }
    }

    /// How many blocks hang together from this one on.
    fn chain(&self, mut block: u8) -> usize {
        let mut count = 0;
        while let Some(next) = self.next.get(usize::from(block)).filter(|_| count <= BLOCKS) {
            (block, count) = (*next, count + 1);
        }
        count
    }
}
