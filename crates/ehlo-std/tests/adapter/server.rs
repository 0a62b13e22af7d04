//! The server: its limits, its end, and connections that do not touch each other.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, process};

use ehlo_std::ehlo::{Config, Mail, Rcpt, Reply};
use ehlo_std::{Accepted, Arrival, Connection, Control, Handler, Limits, Receipt, Recipient, Server};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::client::{Client, LONG};
use crate::journal::{CONFIG, Journal};

struct Running {
    address: SocketAddr,
    control: Control,
    server: JoinHandle<io::Result<()>>,
}

impl Running {
    fn connect(&self) -> Client {
        Client::over(TcpStream::connect(self.address).unwrap())
    }

    /// Connects from another address of the loopback.
    fn connect_from(&self, host: [u8; 4]) -> Client {
        let stream = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&stream, &SocketAddr::from((host, 0))).unwrap();
        connect(&stream, &self.address).unwrap();
        Client::over(stream.into())
    }

    fn ends(self) {
        let begin = Instant::now();
        while !self.server.is_finished() {
            assert!(begin.elapsed() < LONG, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
        self.server.join().unwrap().unwrap();
    }
}

/// Runs a server whose every connection gets a handler of its own.
fn run<H: Handler + 'static>(server: Server, handler: impl Fn() -> H + Send + Sync + 'static) -> Running {
    start(server, move |accepted| {
        let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
        let _ = connection.serve(accepted.socket, &mut handler());
    })
}

fn start(mut server: Server, serve: impl Fn(Accepted) + Send + Sync + 'static) -> Running {
    let address = server.bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let control = server.control();
    Running { address, control, server: thread::spawn(move || server.run(serve)) }
}

fn server() -> Server {
    Server::new("mx.example.net")
}

#[test]
fn at_shutdown_an_idle_session_is_told() {
    let running = run(server(), Journal::default);
    let mut clients: Vec<Client> = (0..3).map(|_| running.connect()).collect();
    clients.iter_mut().for_each(Client::up_to_hello);
    let begin = Instant::now();
    running.control.shut_down();
    for client in &mut clients {
        client.hear("421 4.3.2 mx.example.net");
        assert_eq!(client.rest(), "");
    }
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    let address = running.address;
    drop(clients);
    running.ends();
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn at_shutdown_a_message_in_flight_is_finished() {
    let journal = Journal::default();
    let handler = journal.clone();
    let running = run(server(), move || handler.clone());
    let mut client = running.connect();
    client.up_to_data();
    client.send("the first half\r\n");
    let mut other = running.connect();
    other.up_to_rcpt();
    running.control.shut_down();
    // A transaction whose data have not begun is not in flight: the client tries again.
    other.hear("421 4.3.2");
    drop(other);
    // It is finished though nothing comes for longer than a read goes on.
    thread::sleep(Duration::from_millis(1200));
    assert!(!running.server.is_finished());
    client.send("the second half\r\n");
    client.expect(".", "250 2.6.0");
    client.hear("421 4.3.2");
    assert_eq!(client.rest(), "");
    drop(client);
    running.ends();
    assert_eq!(journal.notes().messages, [b"the first half\r\nthe second half\r\n"]);
    assert_eq!(journal.events("aborted"), ["aborted Shutdown"]);
}

#[test]
fn at_shutdown_who_is_in_mid_message_for_too_long_is_cut_off() {
    let journal = Journal::default();
    let handler = journal.clone();
    let running = run(server().grace(Duration::from_millis(300)), move || handler.clone());
    let mut client = running.connect();
    client.up_to_data();
    client.send("half a message\r\n");
    let begin = Instant::now();
    running.control.shut_down();
    client.gone();
    running.ends();
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(journal.events("aborted"), ["aborted Eof"]);
    assert!(journal.notes().messages.is_empty());
}

/// Takes a message, and comes to an answer when it is told so.
struct Stuck(Arc<std::sync::Mutex<mpsc::Receiver<()>>>);

impl Handler for Stuck {
    fn rcpt(&mut self, _: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        Ok(Recipient::Here)
    }
    fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let _ = self.0.lock().unwrap().recv();
        Ok(Receipt::Ok)
    }
}

#[test]
fn at_shutdown_nobody_waits_for_a_handler_that_hangs() {
    let (release, held) = mpsc::channel();
    let held = Arc::new(std::sync::Mutex::new(held));
    let running = run(server().grace(Duration::from_millis(300)), move || Stuck(Arc::clone(&held)));
    let mut client = running.connect();
    client.up_to_data();
    client.send(".\r\n");
    thread::sleep(Duration::from_millis(50));
    let begin = Instant::now();
    running.control.shut_down();
    client.gone();
    running.ends();
    assert!((300..10_000).contains(&begin.elapsed().as_millis()));
    drop(release);
}

#[test]
fn at_shutdown_nobody_waits_for_a_client_that_does_not_read() {
    static BUSY: Config<'static> = Config::new("mx.example.net").idle_commands(u16::MAX);
    let running = start(server().grace(Duration::from_millis(300)), |accepted| {
        let connection = Connection::new(&BUSY).shutdown(accepted.shutdown);
        let _ = connection.serve(accepted.socket, &mut Journal::default());
    });
    let mut client = running.connect();
    client.up_to_hello();
    let mut stream = client.into_stream();
    let flood = thread::spawn(move || while io::Write::write_all(&mut stream, &b"NOOP\r\n".repeat(10_000)).is_ok() {});
    thread::sleep(Duration::from_millis(500));
    let begin = Instant::now();
    running.control.shut_down();
    running.ends();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    flood.join().unwrap();
}

#[test]
fn room_is_limited_and_comes_back() {
    let limits = Limits { connections: 3, per_client: 2 };
    let (told, turned_away) = mpsc::channel();
    let server = server().limits(limits).turned_away(move |arrival| told.send(arrival).unwrap());
    let running = run(server, Journal::default);
    let refused = "421 4.3.2 mx.example.net Service not available\r\n";
    let mut own = Vec::new();
    for _ in 0..2 {
        let mut client = running.connect();
        client.hear("220");
        own.push(client);
    }
    assert_eq!(running.connect().rest(), refused, "two for each client");
    let mut other = running.connect_from([127, 0, 0, 2]);
    other.hear("220");
    assert_eq!(running.connect_from([127, 0, 0, 3]).rest(), refused, "three in all");
    let hosts = [[127, 0, 0, 1], [127, 0, 0, 3]].map(Ipv4Addr::from);
    for host in hosts {
        let Arrival { listener, peer, implicit_tls } = turned_away.recv_timeout(LONG).unwrap();
        assert_eq!((listener, peer.unwrap().ip(), implicit_tls), (0, host.into(), false));
    }

    own.pop();
    assert!(comes_to(&running, "220"), "room comes back");
    running.control.set_limits(Limits { connections: 0, per_client: 2 });
    assert!(comes_to(&running, "421 4.3.2"), "limits can change");
    other.expect("NOOP", "250");
}

/// Whether a new client is soon received so.
fn comes_to(running: &Running, start: &str) -> bool {
    let begin = Instant::now();
    while !running.connect().reply().starts_with(start) {
        if begin.elapsed() > LONG {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Panics where it is asked to.
struct Panicky;

impl Handler for Panicky {
    fn mail(&mut self, mail: Mail<'_>) -> Result<(), Reply<'_>> {
        assert_ne!(mail.reverse_path.as_str(), "boom@example.com", "as asked");
        Ok(())
    }
}

#[test]
fn a_panic_ends_its_own_connection_only() {
    let server = server().limits(Limits { connections: 2, per_client: 1 });
    let running = run(server.turned_away(|_| panic!("as asked")), || Panicky);
    let mut other = running.connect();
    other.up_to_hello();
    for _ in 0..3 {
        // What panicked holds no room.
        let mut client = loop {
            let mut client = running.connect_from([127, 0, 0, 2]);
            if client.reply().starts_with("220") {
                break client;
            }
        };
        client.expect("EHLO a.b", "250");
        client.send("MAIL FROM:<boom@example.com>\r\n");
        client.gone();
    }
    assert_eq!(running.connect().reply(), "421 4.3.2 mx.example.net Service not available");
    other.expect("MAIL FROM:<alice@example.com>", "250");
    running.control.shut_down();
    other.hear("421");
    drop(other);
    running.ends();
}

#[test]
fn every_listener_is_served_and_known_by_its_number() {
    let mut server = server();
    let addresses = [server.bind("127.0.0.1:0").unwrap(), server.bind((Ipv4Addr::LOCALHOST, 0)).unwrap()];
    let path = std::env::temp_dir().join(format!("ehlo-std-{}.sock", process::id()));
    let _ = std::fs::remove_file(&path);
    server.add(UnixListener::bind(&path).unwrap());
    let control = server.control();
    let server = thread::spawn(move || {
        server.run(|accepted| {
            static NAMES: [Config<'static>; 3] =
                [Config::new("zero.example.net"), Config::new("one.example.net"), Config::new("two.example.net")];
            assert_eq!(accepted.arrival.peer.is_none(), accepted.arrival.listener == 2);
            let connection = Connection::new(&NAMES[accepted.arrival.listener]).shutdown(accepted.shutdown);
            let _ = connection.serve(accepted.socket, &mut Journal::default());
        })
    });
    for (address, name) in addresses.iter().zip(["220 zero", "220 one"]) {
        Client::over(TcpStream::connect(address).unwrap()).hear(name);
    }
    let mut client = Client::new(UnixStream::connect(&path).unwrap());
    client.hear("220 two");
    client.expect("QUIT", "221");
    drop(client);
    std::fs::remove_file(&path).unwrap();
    control.shut_down();
    server.join().unwrap().unwrap();
}

#[test]
fn a_server_that_is_shut_down_before_it_runs_ends_at_once() {
    let mut server = server();
    server.bind("127.0.0.1:0").unwrap();
    server.control().shut_down();
    server.run(|_| unreachable!("nobody comes")).unwrap();
}

#[test]
fn many_clients_at_once_are_each_served_whole() {
    const CLIENTS: usize = 40;
    let journal = Journal::default();
    let handler = journal.clone();
    let running = run(server(), move || handler.clone());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = running.connect();
                client.up_to_data();
                client.send("x".repeat(998) + "\r\n");
                client.expect(".", "250 2.6.0");
                client.expect("QUIT", "221");
                assert_eq!(client.rest(), "");
            });
        }
    });
    running.control.shut_down();
    running.ends();
    assert_eq!(journal.notes().messages.len(), CLIENTS);
}
