//! A reload under load: no connection is lost, and no message.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Server};
use ehlo_tests::world::World;
use rustix::process::Signal;

const CLIENTS: usize = 4;
const RELOADS: usize = 20;

#[test]
fn a_reload_under_load_loses_nothing() {
    let world = World::plain().for_everyone().with("limits", "transactions = 100000");
    let server = Server::start(world.home()).unwrap();
    let address = server.address();
    let over = AtomicBool::new(false);
    let sent: usize = thread::scope(|scope| {
        let load = |client| {
            let over = &over;
            scope.spawn(move || send_until(address, client, over))
        };
        let clients: Vec<_> = (0..CLIENTS).map(load).collect();
        for round in 0..RELOADS {
            // Each time something is another: a limit, the name, who is refused.
            let other = format!("deny = [\"192.0.2.{round}\"]");
            let world = World::plain().for_everyone().with("limits", "transactions = 100000").with("access", other);
            world.write_into(server.home());
            // And now and then the file is wrong, and nothing changes.
            if round % 5 == 4 {
                server.home().write(CONFIG, "nonsense");
            }
            server.signal(Signal::HUP);
            thread::sleep(Duration::from_millis(30));
        }
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("a client does not panic").unwrap()).sum()
    });
    let log = || server.home().log();
    eventually(|| {
        let (took, did_not) = (log().matches(" reloaded").count(), log().matches("was not reloaded").count());
        if took >= 2 && did_not >= 1 { Ok(()) } else { Err(format!("{took} reloads, {did_not} refused:\n{}", log())) }
    })
    .unwrap();
    let home = server.stop().unwrap();
    let delivered: usize = home.mailboxes().values().map(Vec::len).sum();
    assert_eq!(delivered, sent);
    assert!(sent > RELOADS, "{sent} messages are too few to tell");
}

/// Sends messages until it is over, every other on a connection of its own; how many. Each reply has to be the right one.
fn send_until(address: SocketAddr, name: usize, over: &AtomicBool) -> Result<usize> {
    let recipient = format!("client{name}@example.net");
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        let mut client = Client::connect(address)?;
        client.greet()?;
        for _ in 0..2 {
            let reply = client.deliver("a@example.org", &[&recipient], b"Subject: x\r\n\r\nx\r\n")?;
            if reply.code != 250 {
                return Err(format!("after {sent} messages: {reply}"));
            }
            sent += 1;
        }
        client.expect(221, "QUIT")?;
    }
    Ok(sent)
}
