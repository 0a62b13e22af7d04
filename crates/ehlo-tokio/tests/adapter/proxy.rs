//! The PROXY protocol: whom the server takes for its client, and what it does with what comes in its place.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use ehlo_tokio::ehlo::{Config, EarlyTalk, Tolerance};
use ehlo_tokio::proxy::{self, HeaderError, Origin};
use ehlo_tokio::{Connection, Control, Limits, Opening, Server, TurnedAway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::client::Client;
use crate::journal::{CONFIG, Journal, spawn};
use crate::tls;

/// The only proxy that is trusted.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A server for proxies.
struct Behind {
    address: SocketAddr,
    control: Control,
    server: JoinHandle<()>,
    /// The client and the peer of every session.
    clients: Arc<Mutex<Vec<(SocketAddr, SocketAddr)>>>,
    turned_away: Arc<Mutex<Vec<String>>>,
}

impl Behind {
    async fn start(limits: Limits, header_timeout: Duration, implicit: bool) -> Self {
        let (clients, turned_away) = (Arc::default(), Arc::<Mutex<Vec<String>>>::default());
        let (noted, reasons) = (Arc::<Mutex<Vec<_>>>::clone(&clients), Arc::clone(&turned_away));
        let mut server = Server::new("mx.example.net")
            .limits(limits)
            .opening(move |arrival| {
                let trusted = arrival.peer.is_some_and(|peer| peer.ip() == PROXY);
                let opening = Opening::new().proxy_protocol(trusted).header_timeout(header_timeout);
                if implicit { opening.implicit_tls() } else { opening }
            })
            .turned_away(move |_, why| {
                let error = match why {
                    TurnedAway::Header(error) => format!(" ({:?})", error.kind()),
                    _ => String::new(),
                };
                reasons.lock().unwrap().push(format!("{why}{error}"));
            });
        let address = server.bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let control = server.control();
        let server = tokio::spawn(server.run(move |accepted| {
            noted.lock().unwrap().push((accepted.client.unwrap(), accepted.peer.unwrap()));
            async move {
                let mut connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
                if implicit {
                    connection = connection.tls(tls::acceptor()).implicit_tls();
                }
                let _ = connection.serve(accepted.stream, &mut Journal::default()).await;
            }
        }));
        Self { address, control, server, clients, turned_away }
    }

    async fn plain() -> Self {
        Self::start(Limits::default(), LONG, false).await
    }

    async fn connect_from(&self, host: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((host, 0).into()).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Connects from the proxy, and says a header.
    async fn connect(&self, header: &[u8]) -> TcpStream {
        let mut stream = self.connect_from(PROXY).await;
        stream.write_all(header).await.unwrap();
        stream
    }

    /// The client of the last session.
    fn client(&self) -> SocketAddr {
        let (client, peer) = *self.clients.lock().unwrap().last().expect("there was a session");
        assert_eq!(peer.ip(), IpAddr::from(PROXY));
        client
    }

    /// Why connections were turned away since the last look, once there is anything.
    async fn reasons(&self) -> Vec<String> {
        let told = async {
            loop {
                let reasons = std::mem::take(&mut *self.turned_away.lock().unwrap());
                if !reasons.is_empty() {
                    return reasons;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, told).await.expect("someone is turned away")
    }

    /// Demands that the connection is closed without a word, and that it is known why.
    async fn closes(&self, mut stream: TcpStream, why: &str) {
        let mut said = Vec::new();
        // A close that leaves something unread is a reset.
        let read = timeout(LONG, stream.read_to_end(&mut said)).await.expect("it closes");
        assert!(read.is_ok() || read.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
        assert_eq!(said, b"");
        assert_eq!(self.reasons().await, [why]);
        assert!(self.clients.lock().unwrap().is_empty());
    }
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, rest].concat()
}

/// From 192.0.2.1:4711, with a further fact.
fn v2_tcp4() -> Vec<u8> {
    v2(0x21, 0x11, &[192, 0, 2, 1, 198, 51, 100, 1, 18, 103, 0, 25, 2, 0, 3, b'm', b'x', b'1'])
}

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 25\r\n";

#[tokio::test]
async fn the_client_is_whom_the_header_names() {
    let behind = Behind::plain().await;
    let mut v6 = [0x20, 1, 13, 0xb8].to_vec();
    v6.extend([&[0; 11][..], &[1], &[0; 16], &[18, 103, 0, 25]].concat());
    for (header, client) in [
        (V1.to_vec(), Some("192.0.2.1:4711")),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 25\r\n".to_vec(), Some("[2001:db8::1]:4711")),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (v2_tcp4(), Some("192.0.2.1:4711")),
        (v2(0x21, 0x21, &v6), Some("[2001:db8::1]:4711")),
        (v2(0x20, 0x00, &[]), None),
    ] {
        let stream = behind.connect(&header).await;
        let own = stream.local_addr().unwrap();
        let mut client_side = Client::new(stream);
        client_side.up_to_data().await;
        client_side.expect(".", "250").await;
        client_side.expect("QUIT", "221").await;
        assert_eq!(behind.client(), client.map_or(own, |client| client.parse().unwrap()), "{}", header.escape_ascii());
    }
}

#[tokio::test]
async fn the_header_comes_before_everything_and_nothing_behind_it_is_lost() {
    let behind = Behind::plain().await;
    for header in [V1.to_vec(), v2_tcp4()] {
        // Octet by octet: no greeting before the last.
        let (last, before) = header.split_last().unwrap();
        let mut stream = behind.connect_from(PROXY).await;
        for octet in before {
            stream.write_all(&[*octet]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let early = timeout(Duration::from_millis(100), stream.read(&mut [0])).await;
        assert!(early.is_err(), "{early:?}");
        stream.write_all(&[*last]).await.unwrap();
        Client::new(stream).up_to_data().await;

        // All at once. (This server would take an early EHLO for bad manners, so it comes with the header, and is refused by it.)
        let stream = behind.connect(&[&header[..], b"EHLO early.example.com\r\n"].concat()).await;
        Client::new(stream).hear("503 5.5.1").await;
    }
    assert_eq!(behind.clients.lock().unwrap().len(), 4);
}

/// What comes with the header is the session's, octet by octet, however it is cut.
#[tokio::test]
async fn what_comes_behind_the_header_is_left() {
    let message = b"EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\n".repeat(400);
    for header in [V1.to_vec(), v2_tcp4()] {
        for width in [1, 7, 64 * 1024] {
            let (mut near, far) = tokio::io::duplex(width);
            let all = [&header[..], &message].concat();
            let writing = tokio::spawn(async move { near.write_all(&all).await.map(|()| near) });
            let (origin, mut rest) = proxy::receive(far).await.unwrap();
            assert_eq!(origin, Origin::Client("192.0.2.1:4711".parse().unwrap()));
            let mut read = vec![0; message.len()];
            rest.read_exact(&mut read).await.unwrap();
            assert!(read == message);
            let mut near = writing.await.unwrap().unwrap();
            rest.write_all(b"2").await.unwrap();
            assert_eq!(near.read_u8().await.unwrap(), b'2');
            assert_eq!(rest.into_parts().0, b"");
        }
    }
}

#[tokio::test]
async fn commands_that_come_with_the_header_are_carried_out() {
    static HASTY: Config<'static> =
        Config::new("mx.example.net").early_talk(EarlyTalk::Allow).early_pipelining(Tolerance::Allow);
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    near.write_all(&[V1, b"EHLO client.example.com\r\nNOOP\r\n"].concat()).await.unwrap();
    let (_, stream) = proxy::receive(far).await.unwrap();
    let journal = Journal::default();
    let server = spawn(Connection::new(&HASTY), stream, journal.clone());
    let mut client = Client::new(near);
    client.hear("220 mx.example.net").await;
    client.hear("250-mx.example.net").await;
    client.hear("250 2.0.0 Ok").await;
    client.expect("QUIT", "221").await;
    server.await.unwrap().unwrap();
    assert_eq!(journal.notes().events, ["connect", "hello client.example.com"]);
}

#[tokio::test]
async fn what_is_no_header_is_closed_without_a_word() {
    let behind = Behind::plain().await;
    let malformed = "no PROXY header: not a PROXY header (InvalidData)";
    for garbage in [
        &b"EHLO client.example.com\r\n"[..],
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 250000\r\n",
        &v2(0x21, 0x12, &[0; 12]),
    ] {
        let stream = behind.connect(garbage).await;
        behind.closes(stream, malformed).await;
    }
    let long = "no PROXY header: a PROXY header that is too long (InvalidData)";
    for long_one in [[b"PROXY UNKNOWN ", &[b'x'; 1000][..]].concat(), v2(0x21, 0x11, &[0; 5000])] {
        let stream = behind.connect(&long_one).await;
        behind.closes(stream, long).await;
    }
    let mut stream = behind.connect(&V1[..20]).await;
    stream.shutdown().await.unwrap();
    behind.closes(stream, "no PROXY header: unexpected end of file (UnexpectedEof)").await;
    // And the next one is served.
    Client::new(behind.connect(V1).await).up_to_hello().await;
}

#[tokio::test]
async fn who_is_not_trusted_is_not_believed() {
    let behind = Behind::plain().await;
    for header in [V1, b"EHLO client.example.com\r\n", b""] {
        let mut stream = behind.connect_from(Ipv4Addr::LOCALHOST).await;
        // The server may have closed by now.
        let _ = stream.write_all(header).await;
        behind.closes(stream, "not a trusted proxy").await;
    }
}

#[tokio::test]
async fn a_header_has_its_time() {
    let behind = Behind::start(Limits::default(), Duration::from_millis(300), false).await;
    for drip in [false, true] {
        let begin = Instant::now();
        let mut stream = behind.connect(b"PROXY UNKNOWN ").await;
        while drip && begin.elapsed() < Duration::from_millis(250) {
            stream.write_all(b"x").await.unwrap();
            sleep(Duration::from_millis(20)).await;
        }
        behind.closes(stream, "no PROXY header: timed out (TimedOut)").await;
        assert!(begin.elapsed() >= Duration::from_millis(300));
    }
}

#[tokio::test]
async fn connections_are_counted_by_the_client_behind_the_proxy() {
    let behind = Behind::start(Limits { connections: 4, per_client: 1 }, LONG, false).await;
    let header = |last: u8| format!("PROXY TCP4 192.0.2.{last} 198.51.100.1 4711 25\r\n");
    let mut open = Vec::new();
    for last in 1..=3 {
        let mut client = Client::new(behind.connect(header(last).as_bytes()).await);
        client.hear("220").await;
        open.push(client);
    }
    let mut second = Client::new(behind.connect(header(2).as_bytes()).await);
    assert_eq!(second.rest().await, "421 4.3.2 mx.example.net Service not available\r\n");
    assert_eq!(behind.reasons().await, ["too many connections"]);

    // One that has not said its header yet counts among all.
    let waiting = behind.connect(b"PROXY ").await;
    let mut fifth = Client::new(behind.connect_from(PROXY).await);
    assert!(fifth.rest().await.starts_with("421"));
    assert_eq!(behind.reasons().await, ["too many connections"]);
    drop(waiting);
    assert_eq!(behind.reasons().await, ["no PROXY header: unexpected end of file (UnexpectedEof)"]);
    Client::new(behind.connect(header(4).as_bytes()).await).hear("220").await;
}

#[tokio::test]
async fn tls_from_the_start_comes_behind_the_header() {
    for header in [V1.to_vec(), v2_tcp4()] {
        let behind = Behind::start(Limits { connections: 9, per_client: 1 }, LONG, true).await;
        let mut client = tls::handshake(behind.connect(&header).await).await;
        client.up_to_data().await;
        client.expect(".", "250").await;
        assert_eq!(behind.client(), "192.0.2.1:4711".parse().unwrap());
        // One that is over the limit is told nothing: it waits for a handshake, not for a reply.
        let mut over = behind.connect(&header).await;
        let mut said = Vec::new();
        let _ = timeout(LONG, over.read_to_end(&mut said)).await.expect("it closes");
        assert_eq!(said, b"");
        assert_eq!(behind.reasons().await, ["too many connections"]);
        client.expect("QUIT", "221").await;
        assert_eq!(client.rest().await, "");
    }
}

/// The beginning of the handshake comes in one segment with the header, as a proxy may send it.
#[tokio::test]
async fn a_handshake_that_comes_with_the_header_is_not_lost() {
    let behind = Behind::start(Limits::default(), LONG, true).await;
    for header in [V1.to_vec(), v2_tcp4()] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let mut stream = behind.connect(b"").await;
        let proxy = tokio::spawn(async move {
            let mut first = header;
            far.read_buf(&mut first).await.unwrap();
            stream.write_all(&first).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut far, &mut stream).await;
        });
        let mut client = tls::handshake(near).await;
        client.up_to_hello().await;
        client.expect("QUIT", "221").await;
        drop(client);
        proxy.await.unwrap();
        assert_eq!(behind.client(), "192.0.2.1:4711".parse().unwrap());
    }
}

#[tokio::test]
async fn shutdown_does_not_wait_for_headers() {
    let behind = Behind::plain().await;
    let mut stream = behind.connect(b"PROXY ").await;
    sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    behind.control.shut_down();
    timeout(LONG, behind.server).await.expect("it ends").unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    assert_eq!(said, b"");
}

#[tokio::test]
async fn what_is_wrong_is_told_as_what_it_is() {
    let error = proxy::receive(&b"EHLO client.example.com\r\n"[..]).await.unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<HeaderError>());
    assert_eq!(inner, Some(&HeaderError::Malformed));
}
