//! Streams of other kinds: those without limits, those that do not block, and those that do everything piece by piece.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ehlo_std::ehlo::{Config, EarlyTalk, Millis};
use ehlo_std::{Connection, Stream, Untimed};

use crate::client::Client;
use crate::journal::{CONFIG, Journal, end, error, pair, spawn};

/// A stream in memory: what its peer sends, and what is written to it.
pub(crate) struct Script {
    /// A piece for each read; an empty one is a read that waits in vain.
    sends: VecDeque<Vec<u8>>,
    /// How many octets are taken before the stream breaks.
    takes: usize,
    /// How many are taken at once.
    at_once: usize,
    /// How long that takes.
    slowly: Duration,
    tired: bool,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    pub(crate) fn new(sends: &[&str]) -> Self {
        let sends = sends.iter().map(|piece| piece.as_bytes().to_vec()).collect();
        Self {
            sends,
            takes: usize::MAX,
            at_once: usize::MAX,
            slowly: Duration::ZERO,
            tired: false,
            said: Arc::default(),
        }
    }

    pub(crate) const fn that_takes(mut self, octets: usize) -> Self {
        self.takes = octets;
        self
    }

    pub(crate) fn serve(self, connection: &Connection<'_>) -> (io::Result<()>, Journal) {
        let mut journal = Journal::default();
        (connection.serve(self, &mut journal), journal)
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.sends.pop_front() else { return Ok(0) };
        if piece.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let rest = piece.split_off(piece.len().min(buffer.len()));
        if !rest.is_empty() {
            self.sends.push_front(rest);
        }
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

impl Write for Script {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        // Every other call comes to nothing, as it may.
        self.tired = !self.tired;
        if self.tired {
            return Err(ErrorKind::Interrupted.into());
        }
        thread::sleep(self.slowly);
        let taken = octets.len().min(self.at_once).min(self.takes);
        self.takes -= taken;
        self.said.lock().unwrap().extend_from_slice(&octets[..taken]);
        if taken == 0 { Err(ErrorKind::BrokenPipe.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Script {
    fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
        assert!(!limit.is_zero(), "a limit is never zero");
        Ok(())
    }
    fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
        self.limit_read(limit)
    }
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn pieces_of_any_size_are_put_together() {
    static PATIENT: Config<'static> = Config::new("mx.example.net").early_talk(EarlyTalk::Allow);
    let commands = "EHLO a.b|MAIL FROM:<alice@example.com>|RCPT TO:<bob@example.net>|DATA|one\r\n..two\r\n.|QUIT";
    let mut octets: Vec<String> = Vec::new();
    for octet in commands.replace('|', "\r\n").chars().chain("\r\n".chars()) {
        octets.extend([octet.to_string(), String::new()]);
    }
    let mut script = Script::new(&octets.iter().map(String::as_str).collect::<Vec<_>>());
    script.at_once = 3;
    let said = Arc::clone(&script.said);
    let (ended, journal) = script.serve(&Connection::new(&PATIENT));
    ended.unwrap();
    assert_eq!(journal.notes().messages, [b"one\r\n.two\r\n"]);
    let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
    let codes: Vec<&str> = said.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    assert_eq!(journal.notes().replies, said.as_bytes());
}

#[test]
fn who_reads_in_drips_has_no_more_time_than_others() {
    let mut script = Script::new(&["", "EHLO a.b\r\n"]);
    (script.at_once, script.slowly) = (1, Duration::from_millis(20));
    let begin = Instant::now();
    // The greeting alone has 35 octets; the answer to EHLO, some 200.
    let (ended, _) = script.serve(&Connection::new(&CONFIG).write_timeout(Duration::from_millis(1500)));
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_stream_that_does_not_block_is_served_in_its_time() {
    static BRIEF: Config<'static> = Config::new("mx.example.net").command_timeout(Millis::from_millis(500));
    let (near, far) = pair();
    far.set_nonblocking(true).unwrap();
    let server = spawn(Connection::new(&BRIEF), Untimed(far), Journal::default());
    let mut client = Client::over(near);
    client.up_to_rcpt();
    let begin = Instant::now();
    client.hear("451 4.4.2");
    assert!(begin.elapsed() >= Duration::from_millis(400));
    assert_eq!(client.rest(), "");
    end(server).unwrap();
}

#[test]
fn a_stream_that_does_not_block_need_not_be_read_by_its_peer() {
    static BUSY: Config<'static> = Config::new("mx.example.net").idle_commands(u16::MAX);
    let (near, far) = pair();
    far.set_nonblocking(true).unwrap();
    let connection = Connection::new(&BUSY).write_timeout(Duration::from_millis(300));
    let server = spawn(connection, Untimed(far), Journal::default());
    let mut client = Client::over(near);
    client.up_to_hello();
    let mut stream = client.into_stream();
    let flood = thread::spawn(move || {
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        while stream.write_all(&b"NOOP\r\n".repeat(10_000)).is_ok() {}
        stream
    });
    assert_eq!(error(server), ErrorKind::TimedOut);
    flood.join().unwrap();
}

#[test]
fn a_stream_without_limits_is_served_too() {
    let (near, far) = pair();
    let server = spawn(Connection::new(&CONFIG), Untimed(far), Journal::default());
    let mut client = Client::over(near);
    // It blocks until the client has spoken, where the greeting waits for whoever speaks too early: so nothing waits there.
    drop(client.into_stream());
    end(server).unwrap();

    static ALLOWING: Config<'static> = Config::new("mx.example.net").early_talk(EarlyTalk::Allow);
    let (near, far) = pair();
    let boxed: Box<dyn Stream + Send> = Box::new(Untimed(far));
    let server = spawn(Connection::new(&ALLOWING), boxed, Journal::default());
    client = Client::over(near);
    client.up_to_data();
    client.expect(".", "250 2.6.0");
    client.expect("QUIT", "221");
    drop(client);
    end(server).unwrap();
}
