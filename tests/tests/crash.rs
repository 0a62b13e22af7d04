//! 250 after the data means that the message is safe: SIGKILL at any moment loses none that was answered so, for no recipient, and leaves no
//! half message where mail readers look. What is left elsewhere goes when the server starts again.

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

const ROUNDS: usize = 250;
const CLIENTS: usize = 3;

#[test]
fn what_was_answered_with_250_outlives_a_crash() {
    let mut home = World::plain().for_everyone().with("limits", "transactions = 10000").home();
    let (mut all, mut left) = (0, 0);
    for round in 0..ROUNDS {
        let server = Server::start(home).unwrap();
        let found = mailbox::files(&server.home().mail(), "tmp");
        assert!(found.is_empty(), "round {round}: {found:?} was left, and is there after a start");
        let address = server.address();
        let load = |client| thread::spawn(move || send_until_it_ends(address, &format!("{round}-{client}")));
        let clients: Vec<_> = (0..CLIENTS).map(load).collect();
        thread::sleep(Duration::from_millis(5 + random() % 120));
        home = server.kill();
        let answered: BTreeSet<_> =
            clients.into_iter().flat_map(|client| client.join().expect("a client does not panic")).collect();
        check(&home.mail(), &answered).unwrap_or_else(|why| panic!("round {round}: {why}"));
        all += answered.len();
        left += mailbox::files(&home.mail(), "tmp").len();
        // What has been checked is in nobody's way in the next round.
        mailbox::files(&home.mail(), "new")
            .iter()
            .for_each(|file| fs::remove_file(file).expect("a file can be removed"));
    }
    println!("{all} messages were answered with 250 in {ROUNDS} rounds, and {left} files left behind");
    assert!(all > ROUNDS, "{all} messages are too few to tell");

    // The server makes do with whatever the crashes have left.
    let server = Server::start(home).unwrap();
    let last = send(&mut connect(server.address()).unwrap(), "last").unwrap();
    assert!(last, "no message is taken after the crashes");
    let home = server.stop().unwrap();
    check(&home.mail(), &BTreeSet::from(["last".to_owned()])).unwrap();
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
    let to: Vec<_> = recipients(name).iter().map(|name| format!("{name}@example.net")).collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    let reply = client.deliver("alice@example.com", &to, message(name).as_bytes())?;
    Ok(reply.code == 250)
}

/// Who gets a message of this name: one in three goes to two.
fn recipients(name: &str) -> &'static [&'static str] {
    match name.bytes().last().unwrap_or_default() % 3 {
        0 => &["bob", "carol"],
        1 => &["carol"],
        _ => &["bob"],
    }
}

/// A message whose text and length follow from its name, from one line to some 250 KB.
fn message(name: &str) -> String {
    let sum: usize = name.bytes().map(usize::from).sum();
    let line = format!("this is message {name}, and this line tells it from the others\r\n");
    format!("Subject: {name}\r\n\r\n{}", line.repeat(1 + (sum * 37) % 4000))
}

/// Every message in sight is whole and there once in a mailbox, and those in `answered` are in each that they were for.
fn check(mail: &Path, answered: &BTreeSet<String>) -> Result<()> {
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for file in mailbox::files(mail, "new") {
        let octets = fs::read(&file).map_err(|error| error.to_string())?;
        let content = String::from_utf8_lossy(mailbox::without_trace(&octets)).into_owned();
        let name = content.strip_prefix("Subject: ").and_then(|rest| rest.split("\r\n").next());
        let name = name.ok_or_else(|| format!("{}: not a message: {content:.80}", file.display()))?;
        if content != message(name) {
            return Err(format!("{}: {} octets of message {name}", file.display(), content.len()));
        }
        let mailbox = file.ancestors().nth(2).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        *found.entry((name.to_owned(), mailbox.into_owned())).or_default() += 1;
    }
    if let Some(((name, mailbox), times)) = found.iter().find(|(_, times)| **times > 1) {
        return Err(format!("message {name} is there {times} times, in the mailbox of {mailbox}"));
    }
    let lost = answered.iter().flat_map(|name| recipients(name).iter().map(move |to| (name.clone(), (*to).to_owned())));
    match lost.into_iter().find(|message| !found.contains_key(message)) {
        Some((name, to)) => Err(format!("message {name} was answered with 250, and {to} does not have it")),
        None => Ok(()),
    }
}

/// A number that differs from run to run: the moment of a crash is to be any.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
