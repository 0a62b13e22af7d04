//! Whole sessions.

use std::net::Ipv4Addr;

use ehlo_tokio::ehlo::{Config, EarlyTalk, Mail, Query, Rcpt, Reply, Tolerance, Vrfy};
use ehlo_tokio::{Connection, Handler, Receipt, Recipient, Verified};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, sleep};

use crate::client::Client;
use crate::journal::{CONFIG, Journal, Served, serve, serve_by, spawn};

/// Two messages, one of them refused by RSET, and the end.
async fn converse<T: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<T>) {
    client.up_to_data().await;
    client.send("Subject: one\r\n\r\n..dot\r\n...\r\n").await;
    client.expect(".", "250 2.6.0 Ok").await;
    client.send("MAIL FROM:<>\r\nRCPT TO:<bob@example.net>\r\nRSET\r\nNOOP\r\n").await;
    for reply in ["250 2.1.0", "250 2.1.5", "250 2.0.0 All", "250 2.0.0 Ok"] {
        client.hear(reply).await;
    }
    client.expect("BOGUS", "500 5.5.1").await;
    client.expect("QUIT", "221 2.0.0 mx.example.net").await;
    assert_eq!(client.rest().await, "");
}

fn check(journal: &Journal, heard: &[u8]) {
    let notes = journal.notes();
    assert_eq!(
        notes.events,
        [
            "connect",
            "hello client.example.com",
            "mail alice@example.com",
            "rcpt bob@example.net",
            "data",
            "message 26",
            "mail ",
            "rcpt bob@example.net",
            "aborted Reset",
        ]
    );
    assert_eq!(notes.messages, [b"Subject: one\r\n\r\n.dot\r\n..\r\n"]);
    assert_eq!(notes.replies, heard, "the hook sees every reply");
}

#[tokio::test]
async fn a_session_in_memory() {
    // The narrowest pipe cuts everything into single octets.
    for widths in [(1, 4096), (4096, 1), (7, 4096), (4096, 4096)] {
        let Served { mut client, journal, server } = serve_by(Connection::new(&CONFIG), widths);
        converse(&mut client).await;
        server.await.unwrap().unwrap();
        check(&journal, &client.heard);
    }
}

#[tokio::test]
async fn a_session_over_tcp() {
    let (mut client, server, journal) = connected(Connection::new(&CONFIG)).await;
    converse(&mut client).await;
    drop(server);
    check(&journal, &client.heard);
}

#[tokio::test]
async fn the_end_of_the_clients_side_takes_no_reply_from_it() {
    static HASTY: Config<'static> =
        Config::new("mx.example.net").early_talk(EarlyTalk::Allow).early_pipelining(Tolerance::Allow);
    for (sent, replies) in [
        ("", 1),
        ("EHLO a.b\r\nNOOP\r\nNOOP\r\n", 12),
        // The half line is no command.
        ("EHLO a.b\r\nNOOP\r\nQUI", 11),
        ("EHLO a.b\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf a message\r\n.\r", 13),
    ] {
        for widths in [(1, 4096), (4096, 1), (4096, 4096)] {
            let Served { mut client, journal, server } = serve_by(Connection::new(&HASTY), widths);
            client.send(sent).await;
            client.end().await;
            let heard = client.rest().await;
            assert_eq!(heard.lines().count(), replies, "{sent:?}, {widths:?}: {heard}");
            server.await.unwrap().unwrap();
            assert!(journal.notes().messages.is_empty());
            assert_eq!(journal.events("aborted").len(), usize::from(sent.contains("MAIL")));
        }
    }
}

#[tokio::test]
async fn a_client_that_speaks_before_the_greeting_is_refused() {
    let Served { mut client, journal, server } = serve(Connection::new(&CONFIG), 1024);
    client.send("EHLO a.b\r\n").await;
    client.hear("503 5.5.1").await;
    assert_eq!(client.rest().await, "");
    server.await.unwrap().unwrap();
    assert!(journal.notes().events.is_empty());
}

#[tokio::test]
async fn a_large_message_arrives_as_it_was_sent() {
    const SIZE: usize = 20 << 20;
    let (mut client, server, journal) = connected(Connection::new(&CONFIG)).await;
    client.up_to_data().await;
    let (message, stuffed) = message(SIZE);
    client.send(&stuffed).await;
    client.expect(".", "250 2.6.0 Ok").await;
    client.expect("QUIT", "221").await;
    client.rest().await;
    server.await.unwrap().unwrap();
    let notes = journal.notes();
    assert!(notes.messages == [message], "the message differs");
    assert_eq!(notes.events.last().map(String::as_str), Some(&*format!("message {SIZE}")));
}

/// Lines of any octets and any length, and the same as they are sent.
fn message(size: usize) -> (Vec<u8>, Vec<u8>) {
    let mut seed = 7_u64;
    let (mut message, mut stuffed) = (Vec::with_capacity(size), Vec::with_capacity(size + size / 50));
    while message.len() < size {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (seed >> 33) as usize % 200;
        let left = (size - message.len()).saturating_sub(2);
        let begin = message.len();
        for place in 0..length.min(left) {
            let octet = (seed >> (place % 50)) as u8;
            let dot = place == 0 && seed & 0xf00_0000 == 0;
            message.push(if dot {
                b'.'
            } else if matches!(octet, b'\r' | b'\n') {
                b' '
            } else {
                octet
            });
        }
        if message.get(begin) == Some(&b'.') {
            stuffed.push(b'.');
        }
        message.extend_from_slice(b"\r\n");
        stuffed.extend_from_slice(&message[begin..]);
    }
    (message, stuffed)
}

/// Refuses, and answers in each way that is not the usual one.
struct Odd;

impl Handler for Odd {
    async fn connect(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }
    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        match mail.reverse_path.as_str() {
            "" => Err(Reply::new(550, "We take no bounces").enhanced(7, 1)),
            _ => Ok(()),
        }
    }
    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        match rcpt.forward_path.as_str() {
            "bob@example.net" => Ok(Recipient::Duplicate),
            "carol@example.net" => Ok(Recipient::Forwarded("<carol@example.org>")),
            other => Err(Reply::mailbox_full(other)),
        }
    }
    async fn data(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }
    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        Ok(Receipt::As("Ok queued as 4711"))
    }
    async fn verify<'a>(&'a mut self, query: Query<'a>) -> Result<Verified<'a>, Reply<'a>> {
        match query.what {
            "bob" => Ok(Verified::Mailbox("<bob@example.net>")),
            "carol" => Ok(Verified::Forwarded("<carol@example.org>")),
            "dave" => Ok(Verified::Ambiguous),
            other => Err(Reply::invalid_user(other)),
        }
    }
    async fn expand<'a>(&'a mut self, _: Query<'a>) -> Result<Vec<String>, Reply<'a>> {
        Ok(vec!["<bob@example.net>".to_owned(), "<carol@example.net>".to_owned()])
    }
    async fn help<'a>(&'a mut self, topic: &'a str) -> Result<Option<&'a str>, Reply<'a>> {
        Ok(if topic.is_empty() { None } else { Some(topic) })
    }
}

#[tokio::test]
async fn every_decision_reaches_the_client() {
    static ODD: Config<'static> =
        Config::new("mx.example.net").vrfy(Vrfy::Answer).expn(true).help_url("https://example.net/help");
    let (near, far) = tokio::io::duplex(1024);
    spawn(Connection::new(&ODD), far, Odd);
    let mut client = Client::new(near);
    client.up_to_hello().await;
    for (line, reply) in [
        ("VRFY bob", "250 2.1.5 <bob@example.net>"),
        ("VRFY carol", "251 2.1.5 User not local; will forward to <carol@example.org>"),
        ("VRFY dave", "252 2.0.0"),
        ("VRFY eve", "550 5.1.1 invalid user - eve"),
        ("EXPN all", "250-2.1.5 <bob@example.net>\n250 2.1.5 <carol@example.net>"),
        ("HELP", "214 2.0.0 Help available on https://example.net/help"),
        ("HELP mail", "214 2.0.0 mail"),
        ("MAIL FROM:<>", "550 5.7.1 We take no bounces"),
        ("MAIL FROM:<alice@example.com>", "250 2.1.0"),
        ("RCPT TO:<eve@example.net>", "450 4.2.2 Mailbox eve@example.net is full"),
        ("RCPT TO:<carol@example.net>", "251 2.1.5 User not local; will forward to <carol@example.org>"),
        ("RCPT TO:<bob@example.net>", "250 2.1.5 duplicated RCPT"),
        ("DATA", "354"),
        (".", "250 2.0.0 Ok queued as 4711"),
    ] {
        client.expect(line, reply).await;
    }
}

/// A handler that decides nothing.
struct Idle;

impl Handler for Idle {}

#[tokio::test]
async fn who_decides_nothing_takes_nothing() {
    static CONFIG: Config<'static> = Config::new("mx.example.net")
        .plaintext_auth(true)
        .mechanisms(&[ehlo_tokio::ehlo::Mechanism::Plain])
        .expn(true)
        .vrfy(Vrfy::Answer);
    let (near, far) = tokio::io::duplex(1024);
    spawn(Connection::new(&CONFIG), far, Idle);
    let mut client = Client::new(near);
    client.up_to_hello().await;
    client.expect("AUTH PLAIN AGJvYgBzZWNyZXQ=", "535 5.7.8").await;
    client.expect("VRFY bob", "252").await;
    client.expect("EXPN all", "550").await;
    client.expect("MAIL FROM:<alice@example.com>", "250").await;
    client.expect("RCPT TO:<bob@example.net>", "550 5.1.1").await;
    client.expect("DATA", "554 5.5.1").await;
}

/// A connection over the loopback.
async fn connected(
    connection: Connection<'static>,
) -> (Client<TcpStream>, tokio::task::JoinHandle<std::io::Result<()>>, Journal) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    let journal = Journal::default();
    let server = spawn(connection, far, journal.clone());
    (Client::new(near), server, journal)
}

#[tokio::test]
async fn nothing_behind_a_refused_message_is_taken_for_commands_and_the_refusal_is_read() {
    // The client reads as it writes, or only when it can write no more.
    for reads_late in [false, true] {
        let (mut client, server, journal) = connected(Connection::new(&CONFIG)).await;
        client.up_to_data().await;
        client.send("one\ntwo\r\n.\r\nMAIL FROM:<smuggled@example.com>\r\n").await;
        let (read, mut write) = client.into_stream().into_split();
        // Megabytes that nobody wants: the server closes while they come.
        let mut sending = tokio::spawn(async move {
            let _ = write.write_all(&vec![b'x'; 16 << 20]).await;
            write
        });
        if reads_late {
            (&mut sending).await.unwrap();
        }
        let mut client = Client::new(tokio::io::join(read, tokio::io::sink()));
        client.hear("550 5.6.0").await;
        assert_eq!(client.rest().await, "");
        if !reads_late {
            sending.await.unwrap();
        }
        server.await.unwrap().unwrap();
        assert_eq!(journal.events("mail"), ["mail alice@example.com"]);
        assert_eq!(journal.events("aborted"), ["aborted LineEnding"]);
    }
}

#[tokio::test]
async fn a_refused_message_is_read_to_its_end_however_long_it_is() {
    let (mut client, server, _) = connected(Connection::new(&CONFIG)).await;
    client.up_to_data().await;
    client.send("one\ntwo\r\n").await;
    client.send("more of the same\r\n".repeat(300_000)).await;
    client.expect(".", "550 5.6.0").await;
    assert_eq!(client.rest().await, "");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_connection_is_ended_and_not_reset() {
    let (mut client, server, _) = connected(Connection::new(&CONFIG)).await;
    client.up_to_data().await;
    let mut sent = b"one\ntwo\r\n.\r\n".to_vec();
    sent.resize(100_000, b'x');
    client.send(sent).await;
    client.hear("550 5.6.0").await;
    // A reset would fail these, and on some systems it takes with it what has not been read.
    for _ in 0..3 {
        client.send("and more\r\n").await;
        sleep(Duration::from_millis(50)).await;
    }
    let mut rest = Vec::new();
    client.into_stream().read_to_end(&mut rest).await.expect("no reset");
    assert!(rest.is_empty());
    server.await.unwrap().unwrap();
}

/// A stream that nobody drops is ended by the server, unless it was told that dropping it is enough.
#[tokio::test]
async fn after_quit_a_stream_is_ended_or_left_to_be_dropped() {
    struct Nobody;
    impl Handler for Nobody {}

    for ends_with_drop in [false, true] {
        let (client, mut stream) = tokio::io::duplex(4096);
        let (mut client, mut nobody) = (Client::new(client), Nobody);
        let connection = Connection::new(&CONFIG).ends_with_drop(ends_with_drop);
        let (served, ()) = tokio::join!(connection.serve(&mut stream, &mut nobody), async {
            client.hear("220").await;
            client.expect("QUIT", "221").await;
        });
        served.unwrap();
        let is_ended = tokio::select! {
            biased;
            _ = client.rest() => true,
            () = std::future::ready(()) => false,
        };
        assert_eq!(is_ended, !ends_with_drop);
    }
}
