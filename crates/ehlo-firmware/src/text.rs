//! Text in a fixed buffer: what does not fit is left out.

use core::fmt;

pub struct Text<const N: usize> {
    octets: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    pub const fn new() -> Self {
        Self { octets: [0; N], length: 0 }
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// What was written.
    pub fn as_str(&self) -> &str {
        self.octets.get(..self.length).and_then(|octets| core::str::from_utf8(octets).ok()).unwrap_or_default()
    }

    pub fn push(&mut self, char: char) {
        let mut octets = [0; 4];
        let octets = char.encode_utf8(&mut octets).as_bytes();
        let Some(room) = self.octets.get_mut(self.length..).filter(|room| room.len() >= octets.len()) else { return };
        room.iter_mut().zip(octets).for_each(|(room, octet)| *room = *octet);
        self.length += octets.len();
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().for_each(|char| self.push(char));
        Ok(())
    }
}
