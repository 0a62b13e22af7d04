//! embassy-net, twice: the server's stack, and one behind a bridge that the host's clients come over.

use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::sync::mpsc;
use std::thread;

use edge_nal::{TcpAccept, TcpBind};
use edge_nal_std::{TcpAcceptor, TcpSocket as HostSocket};
use ehlo_embedded::embedded_io_async::EmbassyTime;
use ehlo_tests::port;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Cidr, Stack as Net, StackResources, StaticConfigV4};
use embassy_net_driver_channel as channel;
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embedded_io_async::{Read, Write};
use futures_lite::future::{block_on, or, zip};

use crate::site::{Service, Stack};

const MTU: usize = 576;
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const PORT: u16 = 25;
/// As many clients at once.
const PLACES: usize = 4;

pub(crate) const STACK: Stack = |service| {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || block_on(run(service, &say)));
    hear.recv().expect("a port on the loopback")
};

/// A stack at an address, its loop, and the other end of its cable. All of it lives as long as the program.
fn host(
    address: Ipv4Addr,
    seed: u64,
) -> (Net<'static>, embassy_net::Runner<'static, channel::Device<'static, MTU>>, channel::Runner<'static, MTU>) {
    let state = Box::leak(Box::new(channel::State::<MTU, 8, 8>::new()));
    let (mut cable, device) = channel::new(state, HardwareAddress::Ip);
    cable.set_link_state(LinkState::Up);
    let config = StaticConfigV4 { address: Ipv4Cidr::new(address, 24), gateway: None, dns_servers: Default::default() };
    let resources = Box::leak(Box::new(StackResources::<{ 2 * PLACES }>::new()));
    let (net, runner) = embassy_net::new(device, Config::ipv4_static(config), resources, seed);
    (net, runner, cable)
}

async fn run(service: &'static Service, say: &mpsc::Sender<SocketAddr>) {
    let (server, mut server_loop, server_cable) = host(SERVER, 1);
    let (client, mut client_loop, client_cable) = host(CLIENT, 2);
    let address = port::free();
    let host = edge_nal_std::Stack::new();
    let acceptor = host.bind(address).await.expect("a port that was free");
    say.send(address).expect("somebody waits for it");

    let (_, mut server_in, mut server_out) = server_cable.split();
    let (_, mut client_in, mut client_out) = client_cable.split();
    let cable = zip(
        async {
            loop {
                pass(&mut server_out, &mut client_in).await
            }
        },
        async {
            loop {
                pass(&mut client_out, &mut server_in).await
            }
        },
    );
    let places = zip(
        zip(zip(place(service, server), place(service, server)), zip(place(service, server), place(service, server))),
        zip(
            zip(bridge(&acceptor, client), bridge(&acceptor, client)),
            zip(bridge(&acceptor, client), bridge(&acceptor, client)),
        ),
    );
    zip(zip(server_loop.run(), client_loop.run()), zip(cable, places)).await;
}

/// Passes a packet on.
async fn pass(from: &mut channel::TxRunner<'static, MTU>, to: &mut channel::RxRunner<'static, MTU>) {
    let packet = from.tx_buf().await;
    let length = packet.len();
    to.rx_buf().await[..length].copy_from_slice(packet);
    to.rx_done(length);
    from.tx_done();
}

/// Serves one client after another, as a board would.
async fn place(service: &'static Service, net: Net<'static>) {
    let (mut receive, mut send) = ([0; 2048], [0; 1024]);
    let mut socket = TcpSocket::new(net, &mut receive, &mut send);
    socket.set_nagle_enabled(false);
    loop {
        if socket.accept(PORT).await.is_ok() {
            service.serve(&mut socket, &mut EmbassyTime, async |socket| socket.close()).await;
        }
        socket.abort();
        // The reset goes out.
        let _ = socket.flush().await;
    }
}

/// Takes one client of the host after another, and is one to the server.
async fn bridge(acceptor: &TcpAcceptor, net: Net<'static>) {
    let (mut receive, mut send) = ([0; 4096], [0; 4096]);
    let mut socket = TcpSocket::new(net, &mut receive, &mut send);
    socket.set_nagle_enabled(false);
    loop {
        let Ok((_, host)) = acceptor.accept().await else { return };
        // Where all places are taken for the moment, the server resets.
        while socket.connect((SERVER, PORT)).await.is_err() {
            socket.abort();
            embassy_time::Timer::after_millis(5).await;
        }
        join(&host, &mut socket).await;
        socket.abort();
        let _ = socket.flush().await;
    }
}

/// How the way up ended.
enum Up {
    /// The client is done.
    End,
    /// The client is gone, or the server does not listen.
    Broken,
    /// The server is done.
    Down,
}

async fn join(host: &HostSocket, socket: &mut TcpSocket<'_>) {
    let ended = {
        let (mut read, mut write) = socket.split();
        let up = async {
            let mut piece = [0; 1024];
            loop {
                match (&mut &*host).read(&mut piece).await {
                    Ok(0) => return Up::End,
                    Ok(count) if write.write_all(&piece[..count]).await.is_ok() => {}
                    _ => return Up::Broken,
                }
            }
        };
        let down = async {
            pass_down(&mut read, host).await;
            Up::Down
        };
        or(down, up).await
    };
    match ended {
        Up::End => {
            socket.close();
            pass_down(socket, host).await;
        }
        Up::Broken => socket.abort(),
        Up::Down => {
            // What the client still says is nobody's; but unread it would cost the client its last reply.
            drop(host.get_ref().shutdown(Shutdown::Write));
            let mut waste = [0; 1024];
            let rest = async { while matches!((&mut &*host).read(&mut waste).await, Ok(1..)) {} };
            or(rest, embassy_time::Timer::after_secs(1)).await;
        }
    }
}

async fn pass_down(from: &mut impl Read, host: &HostSocket) {
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if (&mut &*host).write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}
