//! edge-nal on the host's sockets.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use edge_nal::{Close, TcpAccept, TcpBind, TcpShutdown};
use ehlo_embedded::ehlo::Instant;
use ehlo_embedded::embedded_io_async::DelayTime;
use ehlo_tests::port;
use futures_lite::future::block_on;

use crate::site::{Service, Stack};

pub(crate) const STACK: Stack = |service| {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || block_on(listen(service, &say)));
    hear.recv().expect("a port on the loopback")
};

async fn listen(service: &'static Service, say: &mpsc::Sender<SocketAddr>) {
    // The acceptor does not say which port it got.
    let address = port::free();
    let stack = edge_nal_std::Stack::new();
    let acceptor = stack.bind(address).await.expect("a port that was free");
    say.send(address).expect("somebody waits for it");
    while let Ok((_, mut socket)) = acceptor.accept().await {
        thread::spawn(move || {
            // A delay and a clock, as a board has them.
            let begin = std::time::Instant::now();
            let clock = || Instant::from_millis(u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX));
            let mut time = DelayTime::new(embassy_time::Delay, clock);
            block_on(service.serve(&mut socket, &mut time, async |socket| drop(socket.close(Close::Write).await)));
        });
    }
}
