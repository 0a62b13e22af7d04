//! TLS, from the start and by STARTTLS, with a real client.

use std::io;
use std::sync::{Arc, LazyLock};

use ehlo_tokio::ehlo::{Config, Mechanism};
use ehlo_tokio::rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use ehlo_tokio::rustls::{ClientConfig, RootCertStore, ServerConfig};
use ehlo_tokio::{CancellationToken, Connection, TlsAcceptor};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Duration, Instant};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::journal::{Served, serve, serve_by};

static CONFIG: Config<'static> = Config::new("mx.example.net").starttls(true).mechanisms(&[Mechanism::Plain]);

/// A server that has a certificate, and a client that trusts it.
static TLS: LazyLock<(TlsAcceptor, TlsConnector)> = LazyLock::new(|| {
    let own = rcgen::generate_simple_self_signed(["mx.example.net".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server).into(), Arc::new(client).into())
});

pub(crate) fn acceptor() -> TlsAcceptor {
    TLS.0.clone()
}

fn connection() -> Connection<'static> {
    Connection::new(&CONFIG).tls(acceptor())
}

pub(crate) async fn handshake<T: AsyncRead + AsyncWrite + Unpin>(stream: T) -> Client<TlsStream<T>> {
    let name = ServerName::try_from("mx.example.net").unwrap();
    Client::new(TLS.1.connect(name, stream).await.unwrap())
}

#[tokio::test]
async fn starttls_forgets_what_came_before() {
    for widths in [(1, 4096), (4096, 4096)] {
        let Served { mut client, journal, server } = serve_by(connection(), widths);
        client.hear("220").await;
        let offered = client.ask("EHLO before.example.com").await;
        assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "{offered}");
        client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "538 5.7.11").await;
        client.expect("MAIL FROM:<before@example.com>", "250").await;
        client.expect("STARTTLS", "220 2.0.0").await;
        assert_eq!(journal.events("aborted"), ["aborted Reset"]);

        let mut client = handshake(client.into_stream()).await;
        // There is no second greeting.
        client.expect("MAIL FROM:<after@example.com>", "503 5.5.1").await;
        client.expect("RCPT TO:<bob@example.net>", "503 5.5.1").await;
        let offered = client.ask("EHLO after.example.com").await;
        assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN"), "{offered}");
        client.expect("STARTTLS", "503 5.5.1").await;
        client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "235 2.7.0").await;
        client.expect("MAIL FROM:<after@example.com>", "250").await;
        client.expect("RCPT TO:<bob@example.net>", "250").await;
        client.expect("DATA", "354").await;
        client.send("under TLS\r\n").await;
        client.expect(".", "250 2.6.0").await;
        client.expect("QUIT", "221").await;
        assert_eq!(client.rest().await, "", "and the end is said as TLS wants it");
        drop(client);
        server.await.unwrap().unwrap();
        assert_eq!(journal.events("secured"), ["secured TLSv1_3"]);
        assert_eq!(journal.events("auth"), ["auth bob"]);
        assert_eq!(journal.notes().messages, [b"under TLS\r\n"]);
    }
}

#[tokio::test]
async fn plaintext_behind_starttls_is_not_run_under_tls() {
    let Served { mut client, journal, server } = serve(connection(), 64 * 1024);
    client.up_to_hello().await;
    client.send("STARTTLS\r\nEHLO injected.example.com\r\nMAIL FROM:<injected@example.com>\r\n").await;
    client.hear("220 2.0.0").await;
    let mut client = handshake(client.into_stream()).await;
    // The first reply under TLS is to the first command under TLS.
    client.expect("NOOP", "250 2.0.0 Ok").await;
    client.expect("MAIL FROM:<after@example.com>", "503").await;
    client.expect("QUIT", "221").await;
    drop(client);
    server.await.unwrap().unwrap();
    assert_eq!(journal.notes().events, ["connect", "hello client.example.com", "secured TLSv1_3"]);
}

#[tokio::test]
async fn plaintext_that_comes_later_breaks_the_handshake() {
    let Served { mut client, journal, server } = serve(connection(), 64 * 1024);
    client.up_to_hello().await;
    client.expect("STARTTLS", "220").await;
    client.send("MAIL FROM:<injected@example.com>\r\n").await;
    let _ = client.into_stream().read_to_end(&mut Vec::new()).await;
    assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(journal.notes().events, ["connect", "hello client.example.com"]);
}

#[tokio::test]
async fn tls_from_the_start() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let journal = crate::journal::Journal::default();
    let server = crate::journal::spawn(connection().implicit_tls(), far, journal.clone());
    let mut client = handshake(near).await;
    client.hear("220").await;
    let offered = client.ask("EHLO client.example.com").await;
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN"), "{offered}");
    client.expect("QUIT", "221").await;
    drop(client);
    server.await.unwrap().unwrap();
    assert_eq!(journal.notes().events, ["secured TLSv1_3", "connect", "hello client.example.com"]);
}

#[tokio::test]
async fn a_failed_handshake_ends_the_connection() {
    for implicit in [false, true] {
        let mut connection = connection();
        if implicit {
            connection = connection.implicit_tls();
        }
        let Served { mut client, journal, server } = serve(connection, 1024);
        if !implicit {
            client.up_to_hello().await;
            client.expect("STARTTLS", "220").await;
        }
        let mut stream = client.into_stream();
        stream.write_all(b"this is not TLS, and whoever says it is mistaken\r\n").await.unwrap();
        // What comes back is an alert, if anything, and never a reply.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
        assert!(server.await.unwrap().is_err());
        assert!(journal.events("secured").is_empty());
        assert_eq!(journal.notes().events.is_empty(), implicit);
    }
}

#[tokio::test]
async fn a_client_that_goes_in_mid_handshake_ends_it() {
    let Served { client, server, .. } = serve(connection().implicit_tls(), 1024);
    drop(client);
    assert!(server.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time() {
    for implicit in [false, true] {
        let mut connection = connection().handshake_timeout(Duration::from_secs(7));
        if implicit {
            connection = connection.implicit_tls();
        }
        let Served { mut client, server, .. } = serve(connection, 1024);
        if !implicit {
            client.up_to_hello().await;
            client.expect("STARTTLS", "220").await;
        }
        let begin = Instant::now();
        let mut stream = client.into_stream();
        // The head of a record, and no more.
        stream.write_all(&[0x16, 3, 1]).await.unwrap();
        assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed().as_secs(), 7);
    }
}

#[tokio::test]
async fn a_client_may_close_without_the_closing_of_tls() {
    let Served { mut client, journal, server } = serve(connection(), 64 * 1024);
    client.up_to_hello().await;
    client.expect("STARTTLS", "220").await;
    let mut client = handshake(client.into_stream()).await;
    client.ask("EHLO client.example.com").await;
    client.expect("MAIL FROM:<alice@example.com>", "250").await;
    drop(client.into_stream().into_inner());
    server.await.unwrap().unwrap();
    assert_eq!(journal.events("aborted"), ["aborted Eof"]);
}

#[tokio::test]
async fn without_a_certificate_tls_is_refused_before_a_word() {
    static PLAIN: Config<'static> = Config::new("mx.example.net");
    for connection in [Connection::new(&CONFIG), Connection::new(&PLAIN).implicit_tls()] {
        let Served { mut client, journal, server } = serve(connection, 1024);
        assert_eq!(client.rest().await, "");
        assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(journal.notes().events.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_handshake() {
    for implicit in [false, true] {
        let shutdown = CancellationToken::new();
        let mut connection = connection().shutdown(shutdown.clone());
        if implicit {
            connection = connection.implicit_tls();
        }
        let Served { mut client, server, .. } = serve(connection, 1024);
        if !implicit {
            client.up_to_hello().await;
            client.expect("STARTTLS", "220").await;
        }
        let begin = Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        shutdown.cancel();
        assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(begin.elapsed().as_secs(), 1);
    }
}
