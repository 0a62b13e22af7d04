//! The lines of the answer to EHLO that the configuration alone decides. They are made when a server is configured, not when a client says
//! EHLO: as lines in the making they took 600 instructions an answer, two thirds of what it takes.

use crate::config::Extensions;

/// Octets of all these lines at their longest: of `SIZE` and of `LIMITS` with the largest numbers there are, and of those that stand alone.
const ROOM: usize = {
    let mut room = "250-SIZE \r\n250-LIMITS RCPTMAX=65535 MAILMAX=65535\r\n".len() + 20;
    let mut lines = ALONE;
    while let Some(((_, line), others)) = lines.split_first() {
        room = room.wrapping_add(line.len());
        lines = others;
    }
    room
};

/// Extensions whose keyword stands alone.
const ALONE: &[(Extensions, &str)] = &[
    (Extensions::PIPELINING, "250-PIPELINING\r\n"),
    (Extensions::EIGHTBITMIME, "250-8BITMIME\r\n"),
    (Extensions::SMTPUTF8, "250-SMTPUTF8\r\n"),
    (Extensions::ENHANCEDSTATUSCODES, "250-ENHANCEDSTATUSCODES\r\n"),
    #[cfg(feature = "chunking")]
    (Extensions::CHUNKING, "250-CHUNKING\r\n"),
    #[cfg(feature = "chunking")]
    (Extensions::BINARYMIME.with(Extensions::CHUNKING), "250-BINARYMIME\r\n"),
    #[cfg(feature = "extensions")]
    (Extensions::DSN, "250-DSN\r\n"),
    #[cfg(feature = "extensions")]
    (Extensions::ETRN, "250-ETRN\r\n"),
];

/// Whole lines, each as if others followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced {
    octets: [u8; ROOM],
    len: u16,
    /// Where the last line begins.
    last: u16,
}

impl Announced {
    pub(crate) const fn new(extensions: Extensions, message_size: u64, recipients: u16, transactions: u16) -> Self {
        let mut lines = Self { octets: [0; ROOM], len: 0, last: 0 };
        if extensions.contains(Extensions::SIZE) {
            lines.begin("250-SIZE ");
            lines.number(message_size);
            lines.text("\r\n");
        }
        let mut alone = ALONE;
        while let Some(((extension, line), others)) = alone.split_first() {
            if extensions.contains(*extension) {
                lines.begin(line);
            }
            alone = others;
        }
        #[cfg(feature = "extensions")]
        if extensions.contains(Extensions::LIMITS) {
            lines.begin("250-LIMITS RCPTMAX=");
            lines.number(recipients as u64);
            lines.text(" MAILMAX=");
            lines.number(transactions as u64);
            lines.text("\r\n");
        }
        #[cfg(not(feature = "extensions"))]
        let _ = (recipients, transactions);
        lines
    }

    /// The lines.
    pub(crate) fn lines(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Where the last of them begins.
    pub(crate) fn last(&self) -> usize {
        self.last.into()
    }

    const fn begin(&mut self, text: &str) {
        self.last = self.len;
        self.text(text);
    }

    const fn text(&mut self, text: &str) {
        let mut text = text.as_bytes();
        while let [octet, others @ ..] = text {
            self.octet(*octet);
            text = others;
        }
    }

    /// In decimal digits. (By subtraction: division of 64 bits is much code on a small processor.)
    const fn number(&mut self, number: u64) {
        let mut rest = number;
        let mut powers: &[u64] = &POWERS;
        let mut begun = false;
        while let [power, others @ ..] = powers {
            let mut digit = b'0';
            while rest >= *power {
                rest = rest.wrapping_sub(*power);
                digit = digit.wrapping_add(1);
            }
            begun |= digit != b'0' || others.is_empty();
            if begun {
                self.octet(digit);
            }
            powers = others;
        }
    }

    const fn octet(&mut self, octet: u8) {
        if let Some((_, [place, ..])) = self.octets.split_at_mut_checked(self.len as usize) {
            *place = octet;
            self.len = self.len.wrapping_add(1);
        }
    }
}

/// The powers of ten that fit 64 bits, downwards.
static POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut places: &mut [u64] = &mut powers;
    let mut power = 1_u64;
    while let Some((place, before)) = places.split_last_mut() {
        *place = power;
        power = power.wrapping_mul(10);
        places = before;
    }
    powers
};

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_of_any_size_are_written() {
        for size in [0, 9, 10, 4_294_967_295, 4_294_967_296, 10_000_000_000, 1_000_000_000_000_000_001, u64::MAX] {
            let announced = Announced::new(Extensions::SIZE, size, 0, 0);
            assert_eq!(
                std::str::from_utf8(announced.lines()).unwrap(),
                "250-SIZE ".to_string() + &size.to_string() + "\r\n"
            );
        }
    }

    #[test]
    fn the_longest_there_are_fit() {
        let announced = Announced::new(Extensions::ALL, u64::MAX, u16::MAX, u16::MAX);
        assert!(announced.lines().ends_with(b"\r\n"));
        let extensions = cfg!(feature = "extensions");
        assert_eq!(announced.lines().len() == ROOM, extensions, "{}", announced.lines().escape_ascii());
        let last = announced.lines().get(announced.last()..).unwrap();
        assert_eq!(last.starts_with(b"250-LIMITS RCPTMAX=65535 MAILMAX=65535"), extensions);
    }
}
