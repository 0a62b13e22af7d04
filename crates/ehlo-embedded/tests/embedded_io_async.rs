//! Sessions on a stream that does what the test says, in simulated time. On real stacks they run among the tests of the workspace.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use ehlo_embedded::ehlo::{Abort, Config, EarlyTalk, Instant, Millis, Peer, Rcpt, Reply};
use ehlo_embedded::embedded_io_async::{Connection, Error, Handler, Time, linger};
use ehlo_embedded::{Receipt, Recipient};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

static CONFIG: Config<'static> = Config::new("board.example.net")
    .early_talk(EarlyTalk::Refuse(Millis::from_millis(500)))
    .command_timeout(Millis::from_secs(60))
    .session_timeout(Millis::from_mins(10));

/// A clock that goes on by a millisecond whenever nobody has anything to do.
#[derive(Clone, Default)]
struct Clock(Rc<Cell<u64>>);

impl Time for Clock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.get())
    }

    async fn wait_until(&mut self, moment: Instant) {
        poll_fn(|_| if self.0.get() < moment.as_millis() { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

impl Clock {
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return done;
            }
            self.0.set(self.0.get() + 1);
        }
    }
}

/// What the client says and when, and how it hears.
struct Wire {
    clock: Clock,
    said: Vec<(u64, &'static [u8])>,
    heard: Vec<u8>,
    flushed: usize,
    takes: Takes,
}

#[derive(Clone, Copy, PartialEq)]
enum Takes {
    All,
    OneOctet,
    Nothing,
    /// So many octets, and then there is no end of waiting.
    Until(usize),
    /// So many octets, and then a failure.
    Fails(usize),
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl Read for Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| match self.said.first_mut() {
            None => Poll::Ready(Ok(0)),
            Some((when, _)) if self.clock.0.get() < *when => Poll::Pending,
            Some((_, octets)) => {
                let count = octets.len().min(buffer.len());
                let (now, later) = octets.split_at(count);
                buffer[..count].copy_from_slice(now);
                *octets = later;
                if later.is_empty() {
                    self.said.remove(0);
                }
                Poll::Ready(Ok(count))
            }
        })
        .await
    }
}

impl Write for Wire {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let heard = self.heard.len();
        let count = match self.takes {
            Takes::All => octets.len(),
            Takes::OneOctet => 1,
            Takes::Nothing => 0,
            Takes::Until(limit) if heard >= limit => std::future::pending().await,
            Takes::Fails(limit) if heard >= limit => return Err(ErrorKind::ConnectionReset),
            Takes::Until(limit) | Takes::Fails(limit) => octets.len().min(limit - heard),
        };
        self.heard.extend_from_slice(&octets[..count]);
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.flushed = self.heard.len();
        Ok(())
    }
}

struct Desk {
    clock: Clock,
    /// Milliseconds that the answer to RCPT takes.
    thinks: u64,
    content: Vec<u8>,
    aborted: Vec<Abort>,
    said: Vec<u8>,
}

impl Handler for Desk {
    async fn rcpt<'a>(&'a mut self, _: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        let until = Instant::from_millis(self.clock.now().as_millis() + self.thinks);
        self.clock.wait_until(until).await;
        Ok(Recipient::Here)
    }

    async fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        Ok(Receipt::Ok)
    }

    async fn aborted(&mut self, abort: Abort) {
        self.aborted.push(abort);
    }

    fn replies(&mut self, octets: &[u8]) {
        self.said.extend_from_slice(octets);
    }
}

/// A session: how it ended, and what is left of it.
fn session(
    said: &[(u64, &'static [u8])],
    takes: Takes,
    thinks: u64,
    room: usize,
) -> (Result<(), Error<ErrorKind>>, Wire, Desk) {
    let clock = Clock::default();
    let mut wire = Wire { clock: clock.clone(), said: said.to_vec(), heard: Vec::new(), flushed: 0, takes };
    let mut desk = Desk { clock: clock.clone(), thinks, content: Vec::new(), aborted: Vec::new(), said: Vec::new() };
    let mut buffer = vec![0; room];
    let connection = Connection::<512, 1024>::new(&CONFIG, Peer::PLAIN);
    let mut time = clock.clone();
    let served = clock.run(connection.serve(&mut wire, &mut buffer, &mut time, &mut desk));
    assert_eq!(desk.said, wire.heard);
    (served, wire, desk)
}

fn codes(heard: &[u8]) -> Vec<String> {
    let heard = String::from_utf8_lossy(heard).into_owned();
    heard.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| line[..3].to_owned()).collect()
}

const ENVELOPE: &[u8] = b"MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n";

#[test]
fn no_octet_is_lost_to_the_deadline_of_the_greeting() {
    // Those that come up to the end of the pause are early, those after it are not; and they are all there.
    for when in 490..510 {
        let said: [(u64, &[u8]); 3] = [(when, b"EHLO x\r\n"), (600, ENVELOPE), (700, b"text\r\n.\r\nQUIT\r\n")];
        let (served, wire, desk) = session(&said, Takes::All, 0, 7);
        assert_eq!(served, Ok(()), "{when}");
        let codes = codes(&wire.heard);
        match when {
            ..=500 => assert_eq!(codes, ["503"], "{when}"),
            _ => assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"], "{when}"),
        }
        assert_eq!(desk.content, if when <= 500 { &b""[..] } else { b"text\r\n" });
    }
}

#[test]
fn octets_one_at_a_time_are_a_session_too() {
    let said: [(u64, &[u8]); 3] = [(600, b"EHLO x\r\n"), (700, ENVELOPE), (800, b"text\r\n..\r\n.\r\nQUIT\r\n")];
    for room in [1, 2, 3, 100] {
        let (served, wire, desk) = session(&said, Takes::OneOctet, 0, room);
        assert_eq!(served, Ok(()));
        assert_eq!(codes(&wire.heard), ["220", "250", "250", "250", "354", "250", "221"]);
        assert_eq!((desk.content.as_slice(), wire.flushed), (&b"text\r\n.\r\n"[..], wire.heard.len()));
    }
}

#[test]
fn the_handlers_time_is_not_the_clients() {
    // Longer than a whole session may take.
    let said: [(u64, &[u8]); 3] = [(600, b"EHLO x\r\n"), (700, ENVELOPE), (800, b"text\r\n.\r\nQUIT\r\n")];
    let (served, wire, _) = session(&said, Takes::All, 11 * 60 * 1000, 100);
    assert_eq!(served, Ok(()));
    assert_eq!(codes(&wire.heard), ["220", "250", "250", "250", "354", "250", "221"]);
}

#[test]
fn a_client_that_says_nothing_more_is_told_so_in_time() {
    let said: [(u64, &[u8]); 4] =
        [(600, b"EHLO x\r\n"), (700, b"MAIL FROM:<a@b.c>\r\n"), (800, b"RC"), (1_000_000, b"PT")];
    let (served, wire, desk) = session(&said, Takes::All, 0, 100);
    assert_eq!((served, desk.aborted.as_slice()), (Ok(()), &[Abort::Timeout][..]));
    assert!(wire.heard.ends_with(b"451 4.4.2 Timeout\r\n"));
    assert!((60_700..=60_900).contains(&wire.clock.0.get()), "{}", wire.clock.0.get());
}

#[test]
fn what_the_stream_does_not_take_ends_the_session_and_the_transaction() {
    let said: [(u64, &[u8]); 3] = [(600, b"EHLO x\r\n"), (700, ENVELOPE), (800, b"text\r\n.\r\nQUIT\r\n")];
    let (_, whole, _) = session(&said, Takes::All, 0, 100);
    for limit in 0..whole.heard.len() {
        let (served, wire, desk) = session(&said, Takes::Fails(limit), 0, 100);
        assert_eq!(served, Err(Error::Stream(ErrorKind::ConnectionReset)));
        assert_eq!(wire.heard, whole.heard[..limit]);
        let (served, late, again) = session(&said, Takes::Until(limit), 0, 100);
        assert_eq!(served, Err(Error::Stalled));
        assert_eq!((&late.heard, &again.aborted), (&wire.heard, &desk.aborted));
        // Five minutes.
        assert!(late.clock.0.get() >= 300_000);
        let open = codes(&whole.heard[..limit]).len();
        assert!(desk.aborted.is_empty() || (desk.aborted == [Abort::Eof] && open >= 2), "{limit}: {:?}", desk.aborted);
    }
    let (served, _, _) = session(&said, Takes::Nothing, 0, 100);
    assert_eq!(served, Err(Error::Stalled));
}

#[test]
fn a_buffer_without_room_ends_it_and_nothing_worse() {
    let (served, wire, _) = session(&[(600, b"EHLO x\r\n")], Takes::All, 0, 0);
    assert_eq!(served, Ok(()));
    assert!(codes(&wire.heard).len() <= 1);
}

#[test]
fn a_closed_connection_is_read_for_a_while() {
    let clock = Clock::default();
    let mut said: Vec<(u64, &'static [u8])> = (0..100).map(|number| (number * 100, &b"more"[..])).collect();
    for (patience, takes) in [(5000, Takes::All), (4900, Takes::All)] {
        let start = clock.0.get();
        let moved: Vec<_> = said.iter().map(|(when, octets)| (when + start, *octets)).collect();
        let mut wire = Wire { clock: clock.clone(), said: moved, heard: Vec::new(), flushed: 0, takes };
        clock.run(linger(&mut wire, &mut [0; 3], &mut clock.clone()));
        assert_eq!(clock.0.get() - start, patience);
        // The next one ends sooner.
        said.truncate(50);
    }
}
