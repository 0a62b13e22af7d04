//! The server: its limits, its end, and connections that do not touch each other.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ehlo_tokio::ehlo::{Mail, Reply};
use ehlo_tokio::{Accepted, Connection, Control, Handler, Limits, Opening, Receipt, Recipient, Server};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::journal::{CONFIG, Journal};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

struct Running {
    address: SocketAddr,
    control: Control,
    server: JoinHandle<()>,
}

impl Running {
    async fn connect(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Connects from another address of the loopback.
    async fn connect_from(&self, host: [u8; 4]) -> Client<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(host), 0).into()).unwrap();
        Client::new(socket.connect(self.address).await.unwrap())
    }

    async fn ends(self) {
        timeout(LONG, self.server).await.expect("it ends").unwrap();
    }
}

/// Runs a server whose every connection gets a handler of its own.
async fn run<H: Handler + 'static>(server: Server, handler: impl Fn() -> H + Send + Sync + 'static) -> Running {
    start(server, move |accepted| {
        let mut handler = handler();
        async move {
            let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
            let _ = connection.serve(accepted.stream, &mut handler).await;
        }
    })
    .await
}

async fn start<F, S>(mut server: Server, serve: F) -> Running
where
    F: Fn(Accepted) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let address = server.bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let control = server.control();
    Running { address, control, server: tokio::spawn(server.run(serve)) }
}

fn server() -> Server {
    Server::new("mx.example.net")
}

#[tokio::test]
async fn at_shutdown_an_idle_session_is_told() {
    let running = run(server(), Journal::default).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = running.connect().await;
        client.up_to_hello().await;
        clients.push(client);
    }
    running.control.shut_down();
    for client in &mut clients {
        client.hear("421 4.3.2 mx.example.net").await;
        assert_eq!(client.rest().await, "");
    }
    let address = running.address;
    drop(clients);
    running.ends().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn at_shutdown_a_message_in_flight_is_finished() {
    let journal = Journal::default();
    let handler = journal.clone();
    let running = run(server(), move || handler.clone()).await;
    let mut client = running.connect().await;
    client.up_to_data().await;
    client.send("the first half\r\n").await;
    let mut other = running.connect().await;
    other.up_to_rcpt().await;
    running.control.shut_down();
    // A transaction whose data have not begun is not in flight: the client tries again.
    other.hear("421 4.3.2").await;
    drop(other);
    sleep(Duration::from_millis(50)).await;
    assert!(!running.server.is_finished());
    client.send("the second half\r\n").await;
    client.expect(".", "250 2.6.0").await;
    client.hear("421 4.3.2").await;
    assert_eq!(client.rest().await, "");
    drop(client);
    running.ends().await;
    assert_eq!(journal.notes().messages, [b"the first half\r\nthe second half\r\n"]);
    assert_eq!(journal.events("aborted"), ["aborted Shutdown"]);
}

/// Takes a message, and never comes to an answer.
struct Stuck;

impl Handler for Stuck {
    async fn rcpt<'a>(&'a mut self, _: ehlo_tokio::ehlo::Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        Ok(Recipient::Here)
    }
    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        pending().await
    }
}

#[tokio::test]
async fn at_shutdown_a_session_that_hangs_is_cut_off() {
    let running = run(server().grace(Duration::from_millis(300)), || Stuck).await;
    let mut client = running.connect().await;
    client.up_to_data().await;
    client.send(".\r\n").await;
    sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    running.control.shut_down();
    running.ends().await;
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(timeout(LONG, client.rest()).await.expect("the connection is closed"), "");
}

#[tokio::test]
async fn room_is_limited_and_comes_back() {
    let limits = Limits { connections: 3, per_client: 2 };
    let running = run(server().limits(limits), Journal::default).await;
    let refused = "421 4.3.2 mx.example.net Service not available\r\n";
    let mut own = Vec::new();
    for _ in 0..2 {
        let mut client = running.connect().await;
        client.hear("220").await;
        own.push(client);
    }
    assert_eq!(running.connect().await.rest().await, refused, "two for each client");
    let mut other = running.connect_from([127, 0, 0, 2]).await;
    other.hear("220").await;
    assert_eq!(running.connect_from([127, 0, 0, 3]).await.rest().await, refused, "three in all");

    own.pop();
    assert!(comes_to(&running, "220").await, "room comes back");
    running.control.set_hostname("other.example.net");
    running.control.set_limits(Limits { connections: 0, per_client: 2 });
    assert!(comes_to(&running, "421 4.3.2 other.example.net").await, "limits can change");
    other.expect("NOOP", "250").await;
}

/// Whether a new client is soon received so.
async fn comes_to(running: &Running, start: &str) -> bool {
    let comes = async {
        while !running.connect().await.reply().await.starts_with(start) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, comes).await.is_ok()
}

/// Panics where it is asked to.
struct Panicky;

impl Handler for Panicky {
    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        assert_ne!(mail.reverse_path.as_str(), "boom@example.com", "as asked");
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let limits = Limits { connections: 2, per_client: 2 };
    let running = run(server().limits(limits), || Panicky).await;
    let mut other = running.connect().await;
    other.up_to_hello().await;
    for _ in 0..3 {
        assert!(comes_to(&running, "220").await, "what panicked holds no room");
        let mut client = running.connect().await;
        if client.reply().await.starts_with("421") {
            continue;
        }
        client.send("EHLO a.b\r\n").await;
        client.hear("250").await;
        client.send("MAIL FROM:<boom@example.com>\r\n").await;
        assert_eq!(client.rest().await, "");
    }
    other.expect("MAIL FROM:<alice@example.com>", "250").await;
    running.control.shut_down();
    other.hear("421").await;
    drop(other);
    running.ends().await;
}

#[tokio::test]
async fn a_panic_before_the_session_ends_its_own_connection_only() {
    let running = start(server(), |accepted| {
        assert_eq!(accepted.client.unwrap().ip(), Ipv4Addr::LOCALHOST, "as asked");
        async move {
            let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
            let _ = connection.serve(accepted.stream, &mut Journal::default()).await;
        }
    })
    .await;
    let mut before = running.connect().await;
    before.up_to_hello().await;
    assert_eq!(running.connect_from([127, 0, 0, 2]).await.rest().await, "");
    before.expect("NOOP", "250").await;
    let mut after = running.connect().await;
    after.up_to_hello().await;
}

#[tokio::test]
async fn a_panic_at_the_opening_ends_its_own_connection_only() {
    let server = server().opening(|arrival| {
        assert_eq!(arrival.peer.unwrap().ip(), Ipv4Addr::LOCALHOST, "as asked");
        Opening::new()
    });
    let running = run(server.limits(Limits { connections: 2, per_client: 2 }), Journal::default).await;
    let mut before = running.connect().await;
    before.up_to_hello().await;
    for _ in 0..3 {
        assert_eq!(running.connect_from([127, 0, 0, 2]).await.rest().await, "");
    }
    before.expect("NOOP", "250").await;
    assert!(comes_to(&running, "220").await, "what panicked holds no room");
}

#[tokio::test]
async fn every_listener_is_served_and_known_by_its_number() {
    let mut server = server();
    let addresses = [server.bind("127.0.0.1:0").await.unwrap(), server.bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()];
    let control = server.control();
    let server = tokio::spawn(server.run(|accepted| async move {
        static NAMES: [&ehlo_tokio::ehlo::Config<'static>; 2] =
            [&ehlo_tokio::ehlo::Config::new("zero.example.net"), &ehlo_tokio::ehlo::Config::new("one.example.net")];
        let connection = Connection::new(NAMES[accepted.listener]).shutdown(accepted.shutdown);
        let _ = connection.serve(accepted.stream, &mut Journal::default()).await;
    }));
    for (address, name) in addresses.iter().zip(["220 zero", "220 one"]) {
        let mut client = Client::new(TcpStream::connect(address).await.unwrap());
        client.hear(name).await;
    }
    control.shut_down();
    timeout(LONG, server).await.expect("it ends").unwrap();
}
