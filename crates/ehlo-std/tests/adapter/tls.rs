//! TLS, from the start and by STARTTLS, with a real client.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use ehlo_std::ehlo::{Config, Mechanism};
use ehlo_std::rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use ehlo_std::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use ehlo_std::{Connection, Shutdown};

use crate::client::Client;
use crate::journal::{Served, end, error, serve};

static CONFIG: Config<'static> =
    Config::new("mx.example.net").starttls(true).mechanisms(&[Mechanism::Plain]).idle_commands(u16::MAX);

/// A server that has a certificate, and a client that trusts it.
static TLS: LazyLock<(Arc<ServerConfig>, Arc<ClientConfig>)> = LazyLock::new(|| {
    let own = rcgen::generate_simple_self_signed(["mx.example.net".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
});

fn connection() -> Connection<'static> {
    Connection::new(&CONFIG).tls(Arc::clone(&TLS.0))
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

fn handshake(client: Client) -> Client<Secured> {
    let name = ServerName::try_from("mx.example.net").unwrap();
    let mut stream = client.into_stream();
    let mut tls = ClientConnection::new(Arc::clone(&TLS.1), name).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).unwrap();
    }
    Client::new(StreamOwned::new(tls, stream))
}

/// A client that has said STARTTLS, or just come where TLS is implicit.
fn before_handshake(connection: Connection<'static>, implicit: bool) -> Served {
    let mut served = serve(connection.implicit_tls(implicit));
    if !implicit {
        served.client.up_to_hello();
        served.client.expect("STARTTLS", "220 2.0.0");
    }
    served
}

#[test]
fn starttls_forgets_what_came_before() {
    let Served { mut client, journal, server } = serve(connection());
    client.hear("220");
    let offered = client.ask("EHLO before.example.com");
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "{offered}");
    client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "538 5.7.11");
    client.expect("MAIL FROM:<before@example.com>", "250");
    client.expect("STARTTLS", "220 2.0.0");
    assert_eq!(journal.events("aborted"), ["aborted Reset"]);

    let mut client = handshake(client);
    // There is no second greeting.
    client.expect("MAIL FROM:<after@example.com>", "503 5.5.1");
    client.expect("RCPT TO:<bob@example.net>", "503 5.5.1");
    let offered = client.ask("EHLO after.example.com");
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN"), "{offered}");
    client.expect("STARTTLS", "503 5.5.1");
    client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "235 2.7.0");
    client.expect("MAIL FROM:<after@example.com>", "250");
    client.expect("RCPT TO:<bob@example.net>", "250");
    client.expect("DATA", "354");
    let message = "under TLS\r\n".repeat(100_000);
    client.send(&message);
    client.expect(".", "250 2.6.0");
    client.expect("QUIT", "221");
    assert_eq!(client.rest(), "", "and the end is said as TLS wants it");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.events("secured"), ["secured TLSv1_3"]);
    assert_eq!(journal.events("auth"), ["auth bob"]);
    assert!(journal.notes().messages == [message.into_bytes()]);
}

#[test]
fn plaintext_behind_starttls_is_not_run_under_tls() {
    let Served { mut client, journal, server } = serve(connection());
    client.up_to_hello();
    client.send("STARTTLS\r\nEHLO injected.example.com\r\nMAIL FROM:<injected@example.com>\r\n");
    client.hear("220 2.0.0");
    let mut client = handshake(client);
    // The first reply under TLS is to the first command under TLS.
    client.expect("NOOP", "250 2.0.0 Ok");
    client.expect("MAIL FROM:<after@example.com>", "503");
    client.expect("QUIT", "221");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.notes().events, ["connect", "hello client.example.com", "secured TLSv1_3"]);
}

#[test]
fn plaintext_that_comes_later_breaks_the_handshake() {
    let Served { mut client, journal, server } = before_handshake(connection(), false);
    client.send("MAIL FROM:<injected@example.com>\r\n");
    client.gone();
    assert_eq!(error(server), ErrorKind::InvalidData);
    assert_eq!(journal.notes().events, ["connect", "hello client.example.com"]);
}

#[test]
fn tls_from_the_start() {
    let Served { client, journal, server } = before_handshake(connection(), true);
    let mut client = handshake(client);
    client.hear("220");
    let offered = client.ask("EHLO client.example.com");
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN"), "{offered}");
    client.expect("QUIT", "221");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.notes().events, ["secured TLSv1_3", "connect", "hello client.example.com"]);
}

#[test]
fn a_failed_handshake_ends_the_connection() {
    for implicit in [false, true] {
        let Served { client, journal, server } = before_handshake(connection(), implicit);
        let mut stream = client.into_stream();
        stream.write_all(b"this is not TLS, and whoever says it is mistaken\r\n").unwrap();
        // What comes back is an alert, if anything, and never a reply.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
        assert_eq!(error(server), ErrorKind::InvalidData);
        assert!(journal.events("secured").is_empty());
        assert_eq!(journal.notes().events.is_empty(), implicit);
    }
}

#[test]
fn a_client_that_goes_in_mid_handshake_ends_it() {
    let Served { client, server, .. } = before_handshake(connection(), true);
    drop(client);
    assert_eq!(error(server), ErrorKind::UnexpectedEof);
}

#[test]
fn a_handshake_has_its_time_and_a_slow_drip_gains_nothing() {
    for (implicit, drips) in [(false, 0), (true, 0), (true, 8)] {
        let patience = Duration::from_secs(1);
        let begin = Instant::now();
        let Served { client, server, .. } = before_handshake(connection().handshake_timeout(patience), implicit);
        let mut stream = client.into_stream();
        // The head of a record, and no more than a little of it.
        stream.write_all(&[0x16, 3, 1, 1, 0]).unwrap();
        for _ in 0..drips {
            thread::sleep(Duration::from_millis(100));
            stream.write_all(&[0]).unwrap();
        }
        assert_eq!(error(server), ErrorKind::TimedOut);
        let took = begin.elapsed();
        assert!(took >= patience && took < patience * 2, "{took:?}");
    }
}

#[test]
fn under_tls_a_command_has_its_time_and_half_a_record_gains_nothing() {
    use ehlo_std::ehlo::Millis;
    static BRIEF: Config<'static> = Config::new("mx.example.net").starttls(true).command_timeout(Millis::from_secs(1));
    let connection = Connection::new(&BRIEF).tls(Arc::clone(&TLS.0));
    let Served { client, server, .. } = before_handshake(connection, false);
    let mut client = handshake(client);
    client.expect("NOOP", "250");
    let begin = Instant::now();
    let mut stream = client.into_stream();
    // Octets of a record whose end is far, one after another.
    stream.sock.write_all(&[0x17, 3, 3, 0x10, 0]).unwrap();
    for _ in 0..8 {
        thread::sleep(Duration::from_millis(100));
        stream.sock.write_all(&[0]).unwrap();
    }
    Client::new(stream).hear("451 4.4.2");
    let took = begin.elapsed();
    assert!((900..2500).contains(&took.as_millis()), "{took:?}");
    end(server).unwrap();
}

#[test]
fn under_tls_who_does_not_read_is_cut_off() {
    let patience = Duration::from_millis(500);
    let Served { client, server, .. } = before_handshake(connection().write_timeout(patience), false);
    let mut client = handshake(client);
    client.expect("EHLO client.example.com", "250");
    let StreamOwned { mut conn, mut sock } = client.into_stream();
    sock.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    // Only ever written: nothing of what comes is read.
    let flood = thread::spawn(move || {
        loop {
            conn.writer().write_all(&b"NOOP\r\n".repeat(1000)).unwrap();
            while conn.wants_write() {
                if conn.write_tls(&mut sock).is_err() {
                    return;
                }
            }
        }
    });
    assert_eq!(error(server), ErrorKind::TimedOut);
    flood.join().unwrap();
}

#[test]
fn a_client_may_close_without_the_closing_of_tls() {
    let Served { client, journal, server } = before_handshake(connection(), false);
    let mut client = handshake(client);
    client.ask("EHLO client.example.com");
    client.expect("MAIL FROM:<alice@example.com>", "250");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.events("aborted"), ["aborted Eof"]);
}

#[test]
fn without_a_certificate_tls_is_refused_before_a_word() {
    static PLAIN: Config<'static> = Config::new("mx.example.net");
    for connection in [Connection::new(&CONFIG), Connection::new(&PLAIN).implicit_tls(true)] {
        let Served { mut client, journal, server } = serve(connection);
        assert_eq!(client.rest(), "");
        assert_eq!(error(server), ErrorKind::InvalidInput);
        assert!(journal.notes().events.is_empty());
    }
}

#[test]
fn shutdown_does_not_wait_for_a_handshake() {
    for implicit in [false, true] {
        let shutdown = Shutdown::new();
        let Served { client, server, .. } = before_handshake(connection().shutdown(shutdown.clone()), implicit);
        thread::sleep(Duration::from_millis(100));
        let begin = Instant::now();
        shutdown.begin();
        assert_eq!(error(server), ErrorKind::ConnectionAborted);
        assert!(begin.elapsed() < Duration::from_secs(3));
        drop(client);
    }
}

#[test]
fn under_tls_too_a_shutdown_finishes_the_message_in_flight() {
    let shutdown = Shutdown::new();
    let Served { client, journal, server } = before_handshake(connection().shutdown(shutdown.clone()), true);
    let mut client = handshake(client);
    client.up_to_data();
    client.send("the first half\r\n");
    shutdown.begin();
    thread::sleep(Duration::from_millis(700));
    client.send("the second half\r\n");
    client.expect(".", "250 2.6.0");
    client.hear("421 4.3.2");
    assert_eq!(client.rest(), "");
    drop(client);
    end(server).unwrap();
    assert_eq!(journal.notes().messages, [b"the first half\r\nthe second half\r\n"]);
}
