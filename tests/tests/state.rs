//! What the server remembers outlives it, however it ends.

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{Server, Signal};
use ehlo_tests::world::World;

/// The code that a recipient gets, of this sender.
fn recipient(server: &Server, sender: &str) -> Result<u16> {
    let mut client = server.connect()?;
    client.greet()?;
    client.expect(250, &format!("MAIL FROM:<{sender}>"))?;
    client.command("RCPT TO:<bob@example.net>").map(|reply| reply.code)
}

/// The code of the greeting.
fn greeting(server: &Server) -> u16 {
    server.connect().and_then(|mut client: Client| client.reply()).unwrap().code
}

#[test]
fn the_greylist_outlives_a_crash() {
    let world = World::plain().for_everyone().with("greylist", "enabled = true").with("greylist", "delay = \"3s\"");
    let server = Server::start(world.home()).unwrap();
    assert_eq!(recipient(&server, "a@example.org").unwrap(), 450);
    let server = Server::start(server.kill()).unwrap();
    let passes = || if recipient(&server, "a@example.org")? == 250 { Ok(()) } else { Err("still put off".to_owned()) };
    eventually(passes).unwrap();
    assert_eq!(recipient(&server, "b@example.org").unwrap(), 450);
    // By now it has been let pass, and is for long.
    let server = Server::start(server.kill()).unwrap();
    assert_eq!(recipient(&server, "a@example.org").unwrap(), 250);
    server.stop().unwrap();
}

#[test]
fn the_audit_list_outlives_a_crash_and_a_reload() {
    let world = World::plain().for_everyone().with("access.audit", "client_failures = \"1/1h\"");
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(500, "NONSENSE").unwrap();
    client.expect(500, "NONSENSE").unwrap();
    client.expect(221, "QUIT").unwrap();
    eventually(|| if greeting(&server) == 421 { Ok(()) } else { Err("still greeted".to_owned()) }).unwrap();
    let server = Server::start(server.kill()).unwrap();
    assert_eq!(greeting(&server), 421);
    // The store is open while the configuration is read again.
    server.signal(Signal::HUP);
    eventually(|| if server.home().log().contains(" reloaded") { Ok(()) } else { Err("no reload".to_owned()) })
        .unwrap();
    assert_eq!(greeting(&server), 421);
    server.stop().unwrap();
}

#[test]
fn rates_are_kept_over_a_clean_end() {
    let world = World::plain().for_everyone().with("flow", "per_recipient = \"1/1h\"");
    let server = Server::start(world.home()).unwrap();
    assert_eq!(recipient(&server, "a@example.org").unwrap(), 250);
    let server = Server::start(server.stop().unwrap()).unwrap();
    assert_eq!(recipient(&server, "a@example.org").unwrap(), 450);
    server.stop().unwrap();
}

#[test]
fn two_servers_do_not_share_an_embedded_store() {
    let world = World::plain().for_everyone().with("greylist", "enabled = true");
    let home = world.home();
    let second = ehlo_tests::server::Home::new();
    let path = format!("path = {:?}", home.path().join("state"));
    World::plain().for_everyone().with("greylist", "enabled = true").with("state", path).write_into(&second);
    let server = Server::start(home).unwrap();
    let refused = Server::start(second).err().expect("the store is in use");
    assert!(refused.contains("the state cannot be opened"), "{refused}");
    server.stop().unwrap();
}
