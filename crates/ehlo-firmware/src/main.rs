//! A mail appliance: an SMTP server for two clients at once on a Cortex-M3 with 256 KiB of flash and 64 KiB of RAM, an LM3S6965 as
//! QEMU's `lm3s6965evb` has it.
//!
//! All memory is static but for the stack, which has a guard. The loop sleeps where there is nothing to do.
#![no_std]
#![no_main]

mod appliance;
mod console;
mod ethernet;
mod memory;
mod store;
mod subject;
mod text;
mod time;

use cortex_m::peripheral::{NVIC, SCB};
use cortex_m::{interrupt, singleton};
use cortex_m_rt::{ExceptionFrame, entry, exception};
use ehlo_embedded::ehlo::Peer;
use ehlo_embedded::smoltcp::{Connection, State};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address, Ipv4Cidr};

use appliance::{Board, CONFIG, Desk, Visit};
use ethernet::Ethernet;
use memory::Lent;

const ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x15];
const HOST: Ipv4Cidr = Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24);
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
const PORT: u16 = 25;
const CLIENTS: usize = 2;
/// How many more can be told at once that there is no room.
const SPARES: usize = 3;

/// One client's place.
struct Place {
    socket: SocketHandle,
    connection: Connection<'static, 1024, 1024>,
    visit: Visit,
}

/// The buffers of the sockets that serve.
struct Buffers {
    receive: [[u8; 2048]; CLIENTS],
    send: [[u8; 1024]; CLIENTS],
    /// Of those that turn away.
    spare: [[[u8; 64]; 2]; SPARES],
}

static ETHERNET: Lent<Ethernet> = Lent::new(Ethernet::new());
static BUFFERS: Lent<Buffers> =
    Lent::new(Buffers { receive: [[0; 2048]; CLIENTS], send: [[0; 1024]; CLIENTS], spare: [[[0; 64]; 2]; SPARES] });
static BOARD: Lent<Board> = Lent::new(Board::new());

#[entry]
fn main() -> ! {
    let Some(mut core) = cortex_m::Peripherals::take() else { restart() };
    memory::guard(&mut core.MPU);
    time::start(&mut core.SYST);

    // Each is taken once, here. What is large is all zeros, and so in .bss; the others are made on the stack and moved.
    let (Some(device), Some(buffers), Some(board), Some(storage)) = (
        ETHERNET.take(),
        BUFFERS.take(),
        BOARD.take(),
        singleton!(STORAGE: [SocketStorage<'static>; CLIENTS + SPARES] = [SocketStorage::EMPTY; CLIENTS + SPARES]),
    ) else {
        restart()
    };
    board.store.reset();
    device.start(ADDRESS);
    // SAFETY: its handler touches nothing but a register that is only written there.
    unsafe { NVIC::unmask(ethernet::Interrupt) };

    let mut config = Config::new(EthernetAddress(ADDRESS).into());
    // A board with a source of randomness asks that: sequence numbers can be foreseen here.
    config.random_seed = u64::from(cortex_m::peripheral::SYST::get_current());
    let mut interface = Interface::new(config, device, moment());
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::Ipv4(HOST));
    });
    let _ = interface.routes_mut().add_default_ipv4_route(GATEWAY);

    let mut sockets = SocketSet::new(&mut storage[..]);
    let spares = buffers.spare.each_mut().map(|[receive, send]| sockets.add(socket(receive, send)));
    let [one, two] = &mut buffers.receive;
    let [first, second] = &mut buffers.send;
    let handles = [sockets.add(socket(one, first)), sockets.add(socket(two, second))];
    let Some(places) = singleton!(PLACES: [Place; CLIENTS] = handles.map(|socket| Place {
        socket,
        connection: Connection::new(&CONFIG, Peer::PLAIN),
        visit: Visit::new(),
    })) else {
        restart()
    };
    let [a, b, c, d] = HOST.address().octets();
    log!("up at {a}.{b}.{c}.{d}, {} octets of statics, {} of stack", memory::statics(), memory::stack().0);

    loop {
        let now = moment();
        // One frame at a time: all at once would leave a socket no time to listen again before the next client comes.
        interface.poll_ingress_single(now, device, &mut sockets);
        interface.poll_egress(now, device, &mut sockets);
        let mut due = false;
        for place in places.iter_mut() {
            due |= serve(place, board, sockets.get_mut(place.socket));
        }
        // Only when the others are taken, so that a client finds one of those first.
        let free = places.iter().any(|place| sockets.get::<tcp::Socket<'_>>(place.socket).is_listening());
        for spare in spares {
            turn_away(sockets.get_mut(spare), free, board);
        }
        let mut all = handles.iter().chain(&spares);
        device.admit(all.any(|socket| sockets.get::<tcp::Socket<'_>>(*socket).is_listening()));
        interface.poll_egress(now, device, &mut sockets);
        if !due {
            sleep();
        }
    }
}

fn socket<'b>(receive: &'b mut [u8], send: &'b mut [u8]) -> tcp::Socket<'b> {
    let mut socket = tcp::Socket::new(tcp::SocketBuffer::new(receive), tcp::SocketBuffer::new(send));
    // The acknowledgement of a client's end has gone out then before the socket listens again.
    socket.set_ack_delay(None);
    socket.set_nagle_enabled(false);
    socket
}

/// Lets a socket listen, whatever it did before.
fn listen(socket: &mut tcp::Socket<'_>) {
    socket.abort();
    let _ = socket.listen(PORT);
}

/// Serves a client, or gets ready for the next. Says whether there is more to do at once.
fn serve(place: &mut Place, board: &mut Board, socket: &mut tcp::Socket<'_>) -> bool {
    let mut desk = Desk { board, visit: &mut place.visit };
    match place.connection.poll(time::now, socket, &mut desk) {
        State::Waiting { until } => until <= time::now(),
        State::Idle | State::Deferred => false,
        State::Over => {
            desk.end();
            place.connection = Connection::new(&CONFIG, Peer::PLAIN);
            listen(socket);
            false
        }
    }
}

/// Tells a client that there is no room, where otherwise it would be left without a word.
fn turn_away(socket: &mut tcp::Socket<'_>, free: bool, board: &mut Board) {
    match socket.state() {
        tcp::State::Closed | tcp::State::TimeWait | tcp::State::Listen if free => socket.abort(),
        tcp::State::Closed | tcp::State::TimeWait => {
            listen(socket);
            socket.set_timeout(Some(smoltcp::time::Duration::from_secs(5)));
        }
        tcp::State::Established | tcp::State::CloseWait => {
            board.turned_away = board.turned_away.wrapping_add(1);
            let _ = socket.send_slice(b"421 4.3.2 mx.example.net All lines are busy\r\n");
            socket.close();
        }
        // It has been told, and goes on all the same: whoever reads its megabytes has no ear for the next client.
        tcp::State::FinWait2 if socket.can_recv() => socket.abort(),
        _ => {}
    }
}

/// Until the next tick, or a frame, whichever is first.
fn sleep() {
    // With interrupts off, so that none comes between the question and the sleep; it ends by one all the same.
    interrupt::disable();
    if !Ethernet::has_frame() {
        cortex_m::asm::wfi();
    }
    // SAFETY: nothing here relies on their being off.
    unsafe { interrupt::enable() };
}

fn moment() -> Instant {
    Instant::from_millis(time::now().as_millis() as i64)
}

/// Starts over: an appliance has nobody else to do it.
fn restart() -> ! {
    SCB::sys_reset()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    log!("panicked");
    restart()
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    log!("fault");
    restart()
}

/// A frame has come. It waits in its FIFO; all that this has to do is to end the sleep.
#[exception]
unsafe fn DefaultHandler(_: i16) {
    Ethernet::acknowledge();
}
