//! 250 after the data means that the message is safe: SIGKILL at any moment loses none that was answered so,
//! and leaves no half message where mail readers look.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::mailbox;
use ehlo_tests::server::Server;
use ehlo_tests::world::World;

const ROUNDS: usize = 15;
const CLIENTS: usize = 3;

#[test]
fn what_was_answered_with_250_outlives_a_crash() {
    let mut home = World::plain().for_everyone().with("limits", "transactions = 10000").home();
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let server = Server::start(home).unwrap();
        let address = server.address();
        let load = |client| thread::spawn(move || send_until_it_ends(address, &format!("{round}-{client}")));
        let clients: Vec<_> = (0..CLIENTS).map(load).collect();
        thread::sleep(Duration::from_millis(20 + random() % 280));
        home = server.kill();
        for client in clients {
            answered.extend(client.join().expect("a client does not panic"));
        }
        check(&home.mail(), &answered).unwrap_or_else(|why| panic!("round {round}: {why}"));
    }
    assert!(answered.len() > ROUNDS, "{} messages are too few to tell", answered.len());

    // The server makes do with whatever the crashes have left.
    let server = Server::start(home).unwrap();
    let last = send(&mut connect(server.address()).unwrap(), "last").unwrap();
    assert!(last, "no message is taken after the crashes");
    answered.insert("last".to_owned());
    let home = server.stop().unwrap();
    check(&home.mail(), &answered).unwrap();
}

/// Sends messages on one connection until the server is gone; gives the names of those answered with 250.
fn send_until_it_ends(address: SocketAddr, name: &str) -> Vec<String> {
    let mut answered = Vec::new();
    let Ok(mut client) = connect(address) else { return answered };
    for number in 0.. {
        let name = format!("{name}-{number}");
        match send(&mut client, &name) {
            Ok(true) => answered.push(name),
            _ => break,
        }
    }
    answered
}

fn connect(address: SocketAddr) -> Result<Client> {
    let mut client = Client::connect(address)?;
    client.greet()?;
    Ok(client)
}

fn send(client: &mut Client, name: &str) -> Result<bool> {
    let to = if name.ends_with('0') { "carol@example.net" } else { "bob@example.net" };
    let reply = client.deliver("alice@example.com", &[to], message(name).as_bytes())?;
    Ok(reply.code == 250)
}

/// A message whose text and length follow from its name, from one line to some 60 KB.
fn message(name: &str) -> String {
    let sum: usize = name.bytes().map(usize::from).sum();
    let line = format!("this is message {name}, and this line tells it from the others\r\n");
    format!("Subject: {name}\r\n\r\n{}", line.repeat(1 + (sum * 37) % 900))
}

/// Every message in sight is whole and there once, and those in `answered` are all there.
fn check(mail: &Path, answered: &BTreeSet<String>) -> Result<()> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for file in mailbox::files(mail, "new") {
        let octets = fs::read(&file).map_err(|error| error.to_string())?;
        let content = String::from_utf8_lossy(mailbox::without_trace(&octets)).into_owned();
        let name = content.strip_prefix("Subject: ").and_then(|rest| rest.split("\r\n").next());
        let name = name.ok_or_else(|| format!("{}: not a message: {content:.80}", file.display()))?;
        if content != message(name) {
            return Err(format!("{}: {} octets of message {name}", file.display(), content.len()));
        }
        *found.entry(name.to_owned()).or_default() += 1;
    }
    if let Some((name, times)) = found.iter().find(|(_, times)| **times > 1) {
        return Err(format!("message {name} is there {times} times"));
    }
    match answered.iter().find(|name| !found.contains_key(*name)) {
        Some(name) => Err(format!("message {name} was answered with 250, and is lost")),
        None => Ok(()),
    }
}

/// A number that differs from run to run: the moment of a crash is to be any.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
