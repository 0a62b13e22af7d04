//! What is too slow is cut off, and nobody waits for it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use ehlo_std::ehlo::{Config, EarlyTalk, Millis, Rcpt, Reply};
use ehlo_std::{Connection, Handler, Receipt, Recipient};

use crate::client::Client;
use crate::journal::{CONFIG, Served, end, error, pair, serve, spawn};

/// NOOP as often as one likes.
static BUSY: Config<'static> = Config::new("mx.example.net").idle_commands(u16::MAX);

/// Sends as much as the server takes, and gives the stream back.
fn flood(client: Client) -> thread::JoinHandle<TcpStream> {
    let mut stream = client.into_stream();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    thread::spawn(move || {
        while stream.write_all(&b"NOOP\r\n".repeat(10_000)).is_ok() {}
        stream
    })
}

#[test]
fn who_pipelines_without_reading_is_cut_off_and_stalls_nobody() {
    let patience = Duration::from_secs(1);
    let Served { mut client, server, .. } = serve(Connection::new(&BUSY).write_timeout(patience));
    client.up_to_hello();
    let begin = Instant::now();
    let flood = flood(client);
    let mut other = serve(Connection::new(&CONFIG));
    other.client.up_to_data();
    other.client.expect(".", "250");
    other.client.expect("QUIT", "221");
    assert!(begin.elapsed() < patience);

    assert_eq!(error(server), ErrorKind::TimedOut);
    assert!(begin.elapsed() >= patience);
    flood.join().unwrap();
}

#[test]
fn who_reads_slowly_but_steadily_is_not_cut_off() {
    let Served { mut client, server, .. } = serve(Connection::new(&BUSY).write_timeout(Duration::from_millis(300)));
    client.up_to_hello();
    let mut stream = client.into_stream();
    let mut writing = stream.try_clone().unwrap();
    // Replies for more than all buffers hold, so that the server waits for the client most of the time.
    const COMMANDS: usize = 600_000;
    let sending = thread::spawn(move || writing.write_all(&b"NOOP\r\n".repeat(COMMANDS)));
    let mut left = COMMANDS * "250 2.0.0 Ok\r\n".len();
    let mut piece = vec![0; 256 * 1024];
    while left > 0 {
        thread::sleep(Duration::from_millis(20));
        left -= stream.read(&mut piece).expect("the server goes on");
    }
    sending.join().unwrap().unwrap();
    Client::over(stream).expect("QUIT", "221");
    end(server).unwrap();
}

#[test]
fn a_command_has_its_time_and_a_slow_drip_gains_nothing() {
    static BRIEF: Config<'static> = Config::new("mx.example.net").command_timeout(Millis::from_secs(1));
    for drip in [false, true] {
        let Served { mut client, server, .. } = serve(Connection::new(&BRIEF));
        client.up_to_hello();
        let begin = Instant::now();
        if drip {
            for _ in 0..9 {
                client.send("N");
                thread::sleep(Duration::from_millis(100));
            }
        }
        client.hear("451 4.4.2 Timeout");
        let took = begin.elapsed();
        assert!((900..2500).contains(&took.as_millis()), "{took:?}");
        assert_eq!(client.rest(), "");
        drop(client);
        end(server).unwrap();
    }
}

#[test]
fn the_greeting_waits_as_long_as_it_should() {
    static PAUSING: Config<'static> =
        Config::new("mx.example.net").early_talk(EarlyTalk::Refuse(Millis::from_millis(800)));
    let begin = Instant::now();
    let Served { mut client, .. } = serve(Connection::new(&PAUSING));
    client.up_to_hello();
    assert!(begin.elapsed() >= Duration::from_millis(800));

    let Served { mut client, journal, server } = serve(Connection::new(&PAUSING));
    client.expect("EHLO a.b", "503");
    assert_eq!(client.rest(), "");
    drop(client);
    end(server).unwrap();
    assert!(journal.notes().events.is_empty());
}

/// Takes its time over all that it is asked and told.
struct Slow;

const SLOW: Duration = Duration::from_millis(700);

impl Handler for Slow {
    fn rcpt(&mut self, _: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        thread::sleep(SLOW);
        Ok(Recipient::Here)
    }
    fn content(&mut self, _: &[u8]) {
        thread::sleep(SLOW);
    }
    fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        thread::sleep(SLOW);
        Ok(Receipt::Ok)
    }
}

#[test]
fn the_time_is_the_clients_and_not_the_handlers() {
    // The handler alone takes longer than any of these.
    static BRIEF: Config<'static> = Config::new("mx.example.net")
        .command_timeout(Millis::from_millis(500))
        .data_timeout(Millis::from_millis(500))
        .session_timeout(Millis::from_secs(2));
    let (near, far) = pair();
    let server = spawn(Connection::new(&BRIEF), far, Slow);
    let mut client = Client::over(near);
    client.up_to_data();
    for _ in 0..3 {
        client.send("a short piece\r\n");
        thread::sleep(Duration::from_millis(50));
    }
    client.expect(".", "250 2.6.0");
    // And the client still has no more than its own.
    let begin = Instant::now();
    client.hear("451 4.4.2");
    assert!(begin.elapsed() < Duration::from_secs(2));
    drop(client);
    end(server).unwrap();
}
