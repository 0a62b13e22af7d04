//! The Ethernet controller, as a device of smoltcp. It keeps received frames, up to 31, in a FIFO of its own.

use cortex_m::interrupt::InterruptNumber;
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// The longest frame, without its checksum.
pub const FRAME: usize = 1514;

const BASE: usize = 0x4004_8000;
const INTERRUPTS: usize = 0x00;
const INTERRUPT_MASK: usize = 0x04;
const RECEIVE: usize = 0x08;
const TRANSMIT: usize = 0x0C;
const DATA: usize = 0x10;
const ADDRESS_LOW: usize = 0x14;
const ADDRESS_HIGH: usize = 0x18;
const THRESHOLD: usize = 0x1C;
const FRAMES: usize = 0x34;
const REQUEST: usize = 0x38;

const RECEIVED: u32 = 1;
const FIFO_RESET: u32 = 1 << 4;
/// Full duplex, checksums by the controller, padding, on.
const TRANSMIT_ON: u32 = 0x17;

fn read(register: usize) -> u32 {
    // SAFETY: a register of the controller, always mapped; one core uses it.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above.
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) }
}

/// What the controller interrupts by.
#[derive(Clone, Copy)]
pub struct Interrupt;

// SAFETY: the number is that of the controller, and the only one there is.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        42
    }
}

pub struct Ethernet {
    received: [u8; FRAME],
    sent: [u8; FRAME],
    full: bool,
}

impl Ethernet {
    pub const fn new() -> Self {
        Self { received: [0; FRAME], sent: [0; FRAME], full: false }
    }

    /// Whether a new connection would find somebody. Where not, who asks for one hears nothing, and will ask again: a stack without a
    /// backlog would send a reset, which looks to the client as if there were no server.
    pub fn admit(&mut self, admit: bool) {
        self.full = !admit;
    }

    pub fn start(&mut self, address: [u8; 6]) {
        let [a, b, c, d, e, f] = address;
        write(INTERRUPT_MASK, 0);
        write(RECEIVE, FIFO_RESET);
        write(INTERRUPTS, 0x7f);
        write(ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        write(ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        write(THRESHOLD, 0x3f);
        write(TRANSMIT, TRANSMIT_ON);
        write(RECEIVE, 1);
        write(INTERRUPT_MASK, RECEIVED);
    }

    /// Forgets that a frame came, so that the next one is told of. Nothing else may be acknowledged: that resets the transmit FIFO.
    pub fn acknowledge() {
        write(INTERRUPTS, RECEIVED);
    }

    /// Whether a frame waits.
    pub fn has_frame() -> bool {
        read(FRAMES) & 0x3f != 0
    }

    /// Takes a frame from the FIFO, all of it, or it would not leave. Its length is 0 where it is too long.
    fn take(&mut self) -> usize {
        let [low, high, rest @ ..] = read(DATA).to_le_bytes();
        // With these two octets, and four of checksum.
        let all = usize::from(u16::from_le_bytes([low, high]));
        let length = all.saturating_sub(6);
        let mut place = self.received.iter_mut();
        let mut put = |octets: &[u8]| {
            octets.iter().for_each(|octet| {
                if let Some(place) = place.next() {
                    *place = *octet
                }
            })
        };
        put(&rest);
        for _ in 1..all.div_ceil(4) {
            put(&read(DATA).to_le_bytes());
        }
        if length > FRAME { 0 } else { length }
    }
}

/// Whether a frame asks for a TCP connection: SYN without ACK (RFC 9293 3.1), over IPv4.
fn is_request(frame: &[u8]) -> bool {
    let octet = |index: usize| frame.get(index).copied().unwrap_or(0);
    let header = usize::from(octet(14) & 0x0f) * 4;
    let over_ipv4 = octet(12) == 8 && octet(13) == 0;
    over_ipv4 && octet(23) == 6 && octet(14 + header + 13) & 0x12 == 0x02
}

/// Sends a frame: its length without the header, then the frame.
fn send(frame: &[u8]) {
    let [low, high] = (frame.len().saturating_sub(14) as u16).to_le_bytes();
    let (first, rest) = frame.split_at(frame.len().min(2));
    let octet = |octets: &[u8], index: usize| octets.get(index).copied().unwrap_or(0);
    write(DATA, u32::from_le_bytes([low, high, octet(first, 0), octet(first, 1)]));
    for word in rest.chunks(4) {
        write(DATA, u32::from_le_bytes([0, 1, 2, 3].map(|index| octet(word, index))));
    }
    write(REQUEST, 1);
}

pub struct Received<'e>(&'e [u8]);

pub struct Sent<'e>(&'e mut [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

impl phy::TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        // smoltcp keeps to the capabilities below.
        let length = length.min(self.0.len());
        let (frame, _) = self.0.split_at_mut(length);
        let result = fill(frame);
        send(frame);
        result
    }
}

impl phy::Device for Ethernet {
    type RxToken<'e> = Received<'e>;
    type TxToken<'e> = Sent<'e>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sent<'_>)> {
        while Self::has_frame() {
            let length = self.take();
            if length > 0 && !(self.full && is_request(&self.received)) {
                let received = self.received.get(..length).unwrap_or_default();
                return Some((Received(received), Sent(&mut self.sent)));
            }
        }
        None
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        (read(REQUEST) == 0).then_some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}
