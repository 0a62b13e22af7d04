//! What the server remembers outlives it, however it ends.

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};
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

/// What `ehlod state` prints, and whether it is content.
fn state(home: &Home, arguments: &[&str]) -> (bool, String) {
    let (what, rest) = arguments.split_first().unwrap();
    let done = home.ehlod(&[&["state", what, "--config", CONFIG], rest].concat(), "");
    (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

#[test]
fn what_is_remembered_is_shown_and_forgotten_while_the_server_runs_and_when_it_does_not() {
    let world = World::plain().for_everyone().with("greylist", "enabled = true");
    let world = world.with("access.audit", "client_failures = \"1/1h\"");
    let server = Server::start(world.home()).unwrap();
    let home = server.home();
    assert_eq!(state(home, &["list", "--json"]), (true, "[\n]\n".to_owned()));
    assert_eq!(recipient(&server, "a@example.org").unwrap(), 450);
    assert_eq!(recipient(&server, "b@example.org").unwrap(), 450);
    for _ in 0..2 {
        let mut client = server.connect().unwrap();
        client.greet().unwrap();
        client.expect(500, "NONSENSE").unwrap();
        client.expect(221, "QUIT").unwrap();
        client.expect_close().unwrap();
    }
    let listed = || if greeting(&server) == 421 { Ok(()) } else { Err("not on the list yet".to_owned()) };
    eventually(listed).unwrap();

    let (is_done, text) = state(home, &["list"]);
    assert!(is_done);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("KIND          NAME ") && !text.contains('\u{1b}'), "{text}");
    assert!(lines[1].starts_with("greylist      127.0.0.0 <a@example.org> <bob@example.net>  put off  "), "{text}");
    assert!(lines[3].starts_with("audit client  127.0.0.1 ") && lines[3].contains("  refused "), "{text}");
    let (_, json) = state(home, &["list", "audit", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["kind"], &json[0]["name"]), (&"audit client".into(), &"127.0.0.1".into()));

    // The client is let in again at once; the triple begins anew.
    assert_eq!(state(home, &["clear", "audit", "127.0.0.1"]), (true, "1 entry forgotten\n".to_owned()));
    assert_eq!(greeting(&server), 220);
    assert_eq!(state(home, &["clear", "audit", "127.0.0.1"]), (false, "0 entries forgotten\n".to_owned()));
    assert_eq!(state(home, &["clear", "audit", "--all", "--json"]), (true, "{\"cleared\": 0}\n".to_owned()));
    let cleared = state(home, &["clear", "greylist", "--containing", "<a@example.org>"]);
    assert_eq!(cleared, (true, "1 entry forgotten\n".to_owned()));

    // The same without a server.
    let home = server.stop().unwrap();
    let (_, text) = state(&home, &["list", "greylist"]);
    assert!(text.contains("<b@example.org>") && !text.contains("<a@example.org>"), "{text}");
    assert_eq!(state(&home, &["clear", "greylist", "--all"]), (true, "1 entry forgotten\n".to_owned()));
    let (is_done, text) = state(&home, &["list"]);
    assert_eq!((is_done, text.as_str()), (true, "ehlod state: nothing of the kind is remembered\n"));
    // And after a crash, by which the file was not closed.
    let server = Server::start(home).unwrap();
    assert_eq!(recipient(&server, "c@example.org").unwrap(), 450);
    let home = server.kill();
    assert!(state(&home, &["list"]).1.contains("<c@example.org>"));
}

#[test]
fn what_is_wrong_is_told() {
    let home = World::plain().home();
    home.write(CONFIG, "nonsense");
    let (is_done, text) = state(&home, &["list"]);
    assert!(!is_done && text.starts_with("ehlod.toml:1:"), "{text}");
    let closed = port::free();
    let redis = format!("url = \"redis://{closed}/\"");
    World::plain().with("state", "kind = \"redis\"").with("state", redis).write_into(&home);
    let (is_done, text) = state(&home, &["list"]);
    assert!(!is_done && text.starts_with("Redis: "), "{text}");
}
