//! Whole sessions between two sockets of smoltcp on its loopback device, in simulated time.

use std::cell::Cell;

use ehlo_embedded::ehlo::{Abort, Config, EarlyTalk, Instant, Mail, Millis, Peer, Rcpt, Reply};
use ehlo_embedded::smoltcp::{Connection, State};
use ehlo_embedded::{Answer, Handler, Receipt, Recipient};
use smoltcp::iface::{self, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Loopback, Medium};
use smoltcp::socket::tcp;
use smoltcp::time;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const PORT: u16 = 25;

static CONFIG: Config<'static> =
    Config::new("board.example.net").message_size(4000).command_timeout(Millis::from_secs(60));

/// Takes mail for bob, and notes what it is told.
#[derive(Default)]
struct Sink<'t> {
    message: Vec<u8>,
    taken: Vec<Vec<u8>>,
    aborted: Vec<Abort>,
    said: Vec<u8>,
    /// How often RCPT is put off.
    later: u32,
    asked: u32,
    /// What a piece of content costs, and the clock that it is taken from.
    slow: Option<(&'t Cell<u64>, u64)>,
}

impl Handler for Sink<'_> {
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Answer<'a, Recipient<'a>> {
        self.asked += 1;
        if self.later > 0 {
            self.later -= 1;
            return Answer::Later;
        }
        match rcpt.forward_path.as_str() {
            "bob@example.net" => Answer::Yes(Recipient::Here),
            other => Answer::No(Reply::invalid_user(other)),
        }
    }

    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Answer<'a, ()> {
        match mail.reverse_path.as_str() {
            "eve@example.com" => Answer::No(Reply::access_denied()),
            _ => Answer::Yes(()),
        }
    }

    fn content(&mut self, octets: &[u8]) {
        self.message.extend_from_slice(octets);
        if let Some((clock, cost)) = self.slow {
            clock.set(clock.get() + cost);
        }
    }

    fn message(&mut self, size: u64, _: Option<u16>) -> Answer<'_, Receipt<'_>> {
        assert_eq!(size, self.message.len() as u64);
        self.taken.push(std::mem::take(&mut self.message));
        Answer::Yes(Receipt::As("Ok queued as 1"))
    }

    fn aborted(&mut self, abort: Abort) {
        self.message.clear();
        self.aborted.push(abort);
    }

    fn replies(&mut self, octets: &[u8]) {
        self.said.extend_from_slice(octets);
    }
}

/// A network of one host that speaks to itself.
struct Net<'t> {
    clock: &'t Cell<u64>,
    device: Loopback,
    interface: Interface,
    sockets: SocketSet<'static>,
    server: SocketHandle,
    client: SocketHandle,
    heard: Vec<u8>,
    /// Whether the client reads.
    reads: bool,
    connection: Connection<'static, 512, 1024>,
    state: State,
}

impl<'t> Net<'t> {
    /// With a client that has connected; `rx` and `tx` are the server's buffers.
    fn new(clock: &'t Cell<u64>, config: &'static Config<'static>, rx: usize, tx: usize) -> Self {
        let mut device = Loopback::new(Medium::Ip);
        let mut interface =
            Interface::new(iface::Config::new(HardwareAddress::Ip), &mut device, time::Instant::from_millis(0));
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("there is room for an address");
        });
        let buffer = |octets: usize| tcp::SocketBuffer::new(vec![0; octets]);
        let mut server = tcp::Socket::new(buffer(rx), buffer(tx));
        let mut client = tcp::Socket::new(buffer(64), buffer(8192));
        server.set_ack_delay(None);
        client.set_ack_delay(None);
        client.set_nagle_enabled(false);
        server.listen(PORT).expect("the socket is new");
        client.connect(interface.context(), (IpAddress::v4(127, 0, 0, 1), PORT), 50_000).expect("the socket is new");
        let mut sockets = SocketSet::new(Vec::new());
        let (server, client) = (sockets.add(server), sockets.add(client));
        let connection = Connection::new(config, Peer::PLAIN).write_timeout(Millis::from_secs(30));
        let (heard, reads, state) = (Vec::new(), true, State::Idle);
        Self { clock, device, interface, sockets, server, client, heard, reads, connection, state }
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.server)
    }

    fn client(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.client)
    }

    /// One round of a program's loop, and of the client's.
    fn round(&mut self, handler: &mut Sink<'_>) {
        let now = time::Instant::from_millis(i64::try_from(self.clock.get()).unwrap());
        self.interface.poll(now, &mut self.device, &mut self.sockets);
        let clock = self.clock;
        let socket = self.sockets.get_mut(self.server);
        self.state = self.connection.poll(|| Instant::from_millis(clock.get()), socket, handler);
        if self.reads {
            let client = self.sockets.get_mut::<tcp::Socket<'_>>(self.client);
            while client.can_recv() {
                let heard = &mut self.heard;
                client.recv(|octets| (octets.len(), heard.extend_from_slice(octets))).unwrap();
            }
        }
    }

    /// So many milliseconds, one after another.
    fn run(&mut self, handler: &mut Sink<'_>, millis: u64) {
        for _ in 0..millis {
            self.clock.set(self.clock.get() + 1);
            self.round(handler);
        }
    }

    /// Says it all, as the window lets it, `cut` octets at a time.
    fn say(&mut self, handler: &mut Sink<'_>, mut octets: &[u8], cut: usize) {
        for _ in 0..20_000 {
            if octets.is_empty() || !self.client().may_send() {
                break;
            }
            let sent = self.client().send_slice(&octets[..cut.min(octets.len())]).unwrap();
            octets = &octets[sent..];
            self.run(handler, 1);
        }
        for _ in 0..2000 {
            if self.client().send_queue() == 0 {
                break;
            }
            self.run(handler, 1);
        }
        self.run(handler, 200);
    }

    fn heard(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }
}

/// Lines of what was heard, by their codes.
fn codes(heard: &str) -> Vec<&str> {
    heard.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| &line[..3]).collect()
}

const HELLO: &str = "EHLO client.example\r\n";
const ENVELOPE: &str = "MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n";

#[test]
fn a_session_goes_from_greeting_to_time_wait_however_it_is_cut() {
    let message = format!("Subject: hi\r\n\r\n{}..\r\n", "0123456789abcde\r\n".repeat(150));
    for (cut, rx, tx) in [(8192, 2048, 1024), (8192, 100, 64), (7, 64, 16), (1, 512, 512)] {
        let (clock, mut sink) = (Cell::new(0), Sink::default());
        let mut net = Net::new(&clock, &CONFIG, rx, tx);
        net.run(&mut sink, 200);
        assert!(net.heard().starts_with("220 board.example.net "));
        for part in [HELLO, ENVELOPE, &message.replace("\r\n.", "\r\n.."), ".\r\n", "QUIT\r\n"] {
            net.say(&mut sink, part.as_bytes(), cut);
        }
        let heard = net.heard();
        assert_eq!(codes(&heard), ["250", "250", "250", "354", "250", "221"], "{heard}");
        assert!(heard.contains("250 2.0.0 Ok queued as 1\r\n"));
        assert_eq!(sink.taken, [message.as_bytes()]);
        assert!(sink.aborted.is_empty());
        assert!(String::from_utf8_lossy(&sink.said).ends_with(&heard));
        net.client().close();
        net.run(&mut sink, 10);
        assert_eq!(net.state, State::Over);
        assert_eq!(net.socket().state(), tcp::State::TimeWait);
    }
}

#[test]
fn a_socket_serves_one_client_after_another() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    for client in 0..20 {
        net.run(&mut sink, 10);
        net.say(&mut sink, b"EHLO x\r\n", 100);
        net.say(&mut sink, ENVELOPE.as_bytes(), 100);
        net.say(&mut sink, b"x\r\n.\r\nQUIT\r\n", 100);
        assert_eq!(codes(&net.heard()), ["220", "250", "250", "250", "354", "250", "221"]);
        net.client().close();
        net.run(&mut sink, 10);
        assert_eq!(net.state, State::Over);
        net.connection = Connection::new(&CONFIG, Peer::PLAIN);
        net.socket().abort();
        net.socket().listen(PORT).unwrap();
        net.client().abort();
        net.run(&mut sink, 1);
        assert_eq!(net.state, State::Idle);
        let client_port = 50_001 + client;
        let (context, client) = (net.interface.context(), net.sockets.get_mut::<tcp::Socket<'_>>(net.client));
        client.connect(context, (IpAddress::v4(127, 0, 0, 1), PORT), client_port).unwrap();
    }
    assert_eq!(sink.taken.len(), 20);
}

#[test]
fn an_answer_that_comes_later_is_asked_for_again_and_its_time_is_not_the_clients() {
    let (clock, mut sink) = (Cell::new(0), Sink { later: 1000, ..Sink::default() });
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, ENVELOPE.as_bytes(), 100);
    assert_eq!(net.state, State::Deferred);
    let before = sink.asked;
    // Twice as long as a client may take.
    for _ in 0..100 {
        net.run(&mut sink, 1);
        clock.set(clock.get() + 1200);
    }
    assert_eq!((net.state, sink.asked), (State::Deferred, before + 100));
    sink.later = 0;
    net.run(&mut sink, 10);
    assert_eq!(codes(&net.heard()), ["220", "250", "250", "250", "354"]);
    let State::Waiting { until } = net.state else { panic!("{:?}", net.state) };
    assert!(until > Instant::from_millis(clock.get()));
}

#[test]
fn the_time_that_content_takes_is_not_the_clients() {
    let clock = Cell::new(0);
    let mut sink = Sink { slow: Some((&clock, 50_000)), ..Sink::default() };
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, ENVELOPE.as_bytes(), 100);
    for _ in 0..100 {
        net.say(&mut sink, b"some text\r\n", 100);
    }
    // The whole session may take an hour: this took more, but the handler did.
    assert!(clock.get() > 60 * 60 * 1000);
    net.say(&mut sink, b".\r\n", 100);
    assert_eq!(codes(&net.heard()), ["220", "250", "250", "250", "354", "250"]);
}

#[test]
fn a_client_that_says_nothing_is_told_so_at_the_moment_that_was_named() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.heard();
    net.say(&mut sink, b"MAIL FROM:<alice@example.com>\r\nRCPT", 100);
    assert_eq!(codes(&net.heard()), ["250"]);
    let State::Waiting { until } = net.state else { panic!("{:?}", net.state) };
    clock.set(until.as_millis() - 2);
    net.run(&mut sink, 1);
    assert!(sink.aborted.is_empty());
    net.run(&mut sink, 10);
    assert_eq!(sink.aborted, [Abort::Timeout]);
    let heard = net.heard();
    assert_eq!(heard, "451 4.4.2 Timeout\r\n");
    // The client does not close its side: that is not waited for long.
    net.run(&mut sink, 5100);
    assert_eq!(net.state, State::Over);
    assert_eq!(net.socket().state(), tcp::State::Closed);
}

#[test]
fn a_client_that_reads_nothing_is_reset_in_time() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 2048, 256);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, b"MAIL FROM:<alice@example.com>\r\n", 100);
    net.reads = false;
    net.say(&mut sink, "RCPT TO:<nobody@example.net>\r\n".repeat(40).as_bytes(), 8000);
    let State::Waiting { until } = net.state else { panic!("{:?}", net.state) };
    assert!(until <= Instant::from_millis(clock.get() + 30_000));
    // What it reads in time lets it go on.
    net.reads = true;
    net.run(&mut sink, 2000);
    assert!(net.heard().contains("550"));
    assert!(!net.client().may_send() || net.client().state() == tcp::State::Established);
    net.reads = false;
    net.say(&mut sink, "NOOP\r\n".repeat(60).as_bytes(), 8000);
    net.run(&mut sink, 31_000);
    assert_eq!(net.state, State::Over);
    assert_eq!(net.socket().state(), tcp::State::Closed);
    assert_eq!(sink.aborted, [Abort::Eof]);
}

#[test]
fn a_reset_in_mid_data_ends_the_transaction_and_the_session() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, ENVELOPE.as_bytes(), 100);
    net.say(&mut sink, b"half a mess", 100);
    assert!(!sink.message.is_empty());
    net.client().abort();
    net.run(&mut sink, 10);
    assert_eq!((net.state, sink.aborted.as_slice()), (State::Over, &[Abort::Eof][..]));
    assert!(sink.taken.is_empty());
}

#[test]
fn an_end_in_mid_data_ends_the_transaction_and_the_session() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, ENVELOPE.as_bytes(), 100);
    net.say(&mut sink, b"half a mess", 100);
    net.client().close();
    net.run(&mut sink, 10);
    assert_eq!((net.state, sink.aborted.as_slice()), (State::Over, &[Abort::Eof][..]));
}

#[test]
fn the_caller_may_end_it_at_once_or_in_order() {
    for at_once in [true, false] {
        let (clock, mut sink) = (Cell::new(0), Sink::default());
        let mut net = Net::new(&clock, &CONFIG, 512, 512);
        net.run(&mut sink, 10);
        net.say(&mut sink, HELLO.as_bytes(), 100);
        net.say(&mut sink, b"MAIL FROM:<alice@example.com>\r\n", 100);
        net.heard();
        if at_once {
            let socket = net.sockets.get_mut(net.server);
            net.connection.abort(socket, &mut sink);
            net.run(&mut sink, 10);
            assert_eq!(net.client().state(), tcp::State::Closed);
        } else {
            net.connection.shutdown();
            net.run(&mut sink, 10);
            assert_eq!(codes(&net.heard()), ["421"]);
            net.client().close();
            net.run(&mut sink, 10);
        }
        assert_eq!(net.state, State::Over);
        assert_eq!(sink.aborted, [if at_once { Abort::Eof } else { Abort::Shutdown }]);
    }
}

#[test]
fn too_much_mail_data_are_read_to_their_end_and_refused() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.run(&mut sink, 10);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    net.say(&mut sink, ENVELOPE.as_bytes(), 100);
    net.say(&mut sink, "0123456789abcdef\r\n".repeat(1000).as_bytes(), 8000);
    assert_eq!(sink.aborted, [Abort::TooBig]);
    net.say(&mut sink, b".\r\nNOOP\r\n", 100);
    assert_eq!(codes(&net.heard()), ["220", "250", "250", "250", "354", "552", "250"]);
}

#[test]
fn the_pause_before_the_greeting_is_kept_and_who_talks_into_it_is_turned_away() {
    static PATIENT: Config<'static> = CONFIG.early_talk(EarlyTalk::Refuse(Millis::from_millis(500)));
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &PATIENT, 512, 512);
    net.run(&mut sink, 400);
    assert!(net.heard().is_empty());
    net.run(&mut sink, 200);
    assert_eq!(codes(&net.heard()), ["220"]);

    let mut net = Net::new(&clock, &PATIENT, 512, 512);
    net.run(&mut sink, 100);
    net.say(&mut sink, HELLO.as_bytes(), 100);
    assert_eq!(codes(&net.heard()), ["503"]);
}

#[test]
fn nothing_but_the_time_is_asked_of_an_idle_socket() {
    let (clock, mut sink) = (Cell::new(0), Sink::default());
    let mut net = Net::new(&clock, &CONFIG, 512, 512);
    net.client().abort();
    net.run(&mut sink, 5);
    assert!(sink.said.is_empty() && matches!(net.state, State::Idle), "{:?}", net.state);
    net.socket().abort();
    net.run(&mut sink, 1);
    assert_eq!(net.state, State::Over);
}

/// Any octets at all: the session may end, but never the program, and it never waits without a deadline.
#[test]
fn garbage_does_no_harm() {
    let mut seed = 1_u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for round in 0..60 {
        let (clock, mut sink) = (Cell::new(0), Sink::default());
        let mut net = Net::new(&clock, &CONFIG, 64 + (random() % 1000) as usize, 16 + (random() % 1000) as usize);
        net.run(&mut sink, 10);
        let words: [&[u8]; 10] = [
            b"\r\n",
            b"EHLO x\r\n",
            b"MAIL FROM:<",
            b"a@b.c>\r\n",
            b"RCPT TO:<",
            b"bob@example.net>\r\n",
            b"DATA\r\n",
            b".\r\n",
            b"\0\xff",
            b"\n",
        ];
        let text: Vec<u8> = (0..400).flat_map(|_| words[random() as usize % words.len()].iter().copied()).collect();
        net.say(&mut sink, &text, 1 + (random() % 300) as usize);
        assert!(matches!(net.state, State::Waiting { .. } | State::Over), "round {round}: {:?}", net.state);
        net.client().abort();
        net.run(&mut sink, 10);
        assert_eq!(net.state, State::Over, "round {round}");
    }
}
