//! What is too slow is cut off, and nobody waits for it.

use std::io;
use std::net::Ipv4Addr;

use ehlo_tokio::ehlo::{Config, EarlyTalk, Millis, Rcpt, Reply};
use ehlo_tokio::{Connection, Handler, Receipt, Recipient};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::client::Client;
use crate::journal::{CONFIG, Journal, Served, serve, spawn};

/// NOOP as often as one likes.
static BUSY: Config<'static> = Config::new("mx.example.net").idle_commands(u16::MAX);

#[tokio::test(start_paused = true)]
async fn who_pipelines_without_reading_is_cut_off_and_stalls_nobody() {
    let patience = Duration::from_secs(60);
    let Served { mut client, server, .. } = serve(Connection::new(&BUSY).write_timeout(patience), 1024);
    client.up_to_hello().await;
    let begin = Instant::now();
    let flood = tokio::spawn(async move {
        let mut stream = client.into_stream();
        while stream.write_all(b"NOOP\r\n").await.is_ok() {}
        stream
    });
    // The clock stands still as long as anything can go on: no one has waited for the first.
    let mut other = serve(Connection::new(&CONFIG), 1024);
    other.client.up_to_data().await;
    other.client.expect(".", "250").await;
    other.client.expect("QUIT", "221").await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(!server.is_finished());

    assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(begin.elapsed().as_secs(), 60);
    flood.await.unwrap();
}

#[tokio::test]
async fn over_tcp_too() {
    // Small buffers of the system, so that they are full soon.
    let (listening, connecting) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap());
    listening.set_send_buffer_size(4096).unwrap();
    connecting.set_recv_buffer_size(4096).unwrap();
    listening.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = listening.listen(1).unwrap();
    let near = connecting.connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    let connection = Connection::new(&BUSY).write_timeout(Duration::from_millis(200));
    let server = spawn(connection, far, Journal::default());
    let mut client = Client::new(near);
    client.up_to_hello().await;
    let mut stream = client.into_stream();
    let flood = tokio::spawn(async move { while stream.write_all(&b"NOOP\r\n".repeat(1000)).await.is_ok() {} });
    let ended = timeout(Duration::from_secs(60), server).await.expect("it is cut off").unwrap();
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_but_steadily_is_not_cut_off() {
    let Served { mut client, server, .. } = serve(Connection::new(&BUSY).write_timeout(Duration::from_secs(10)), 4096);
    client.up_to_hello().await;
    client.send("NOOP\r\n".repeat(600)).await;
    for _ in 0..600 {
        sleep(Duration::from_millis(20)).await;
        client.hear("250").await;
    }
    client.expect("QUIT", "221").await;
    drop(client);
    server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_has_its_time_and_a_slow_drip_gains_nothing() {
    for drip in [false, true] {
        let Served { mut client, server, .. } = serve(Connection::new(&CONFIG), 1024);
        client.up_to_hello().await;
        let begin = Instant::now();
        if drip {
            for _ in 0..9 {
                client.send("N").await;
                sleep(Duration::from_secs(30)).await;
            }
        }
        client.hear("451 4.4.2 Timeout").await;
        assert_eq!(begin.elapsed().as_secs(), 300, "the default is what RFC 5321 wants at least");
        assert_eq!(client.rest().await, "");
        drop(client);
        server.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_a_line_begins_with_the_line() {
    let begin = Instant::now();
    let Served { mut client, .. } = serve(Connection::new(&CONFIG), 1024);
    client.up_to_hello().await;
    for _ in 0..5 {
        sleep(Duration::from_secs(290)).await;
        client.send("NO").await;
        sleep(Duration::from_secs(290)).await;
        client.expect("OP", "250").await;
    }
    // An hour is the time for all of it.
    for _ in 0..2 {
        sleep(Duration::from_secs(290)).await;
        client.expect("NOOP", "250").await;
    }
    client.hear("451 4.4.2").await;
    assert_eq!(begin.elapsed().as_secs(), 3600);
}

#[tokio::test(start_paused = true)]
async fn the_greeting_waits_as_long_as_it_should() {
    static PAUSING: Config<'static> = Config::new("mx.example.net").early_talk(EarlyTalk::Refuse(Millis::from_secs(5)));
    let begin = Instant::now();
    let Served { mut client, .. } = serve(Connection::new(&PAUSING), 1024);
    client.up_to_hello().await;
    assert_eq!(begin.elapsed().as_secs(), 5);

    let Served { mut client, server, .. } = serve(Connection::new(&PAUSING), 1024);
    sleep(Duration::from_secs(4)).await;
    client.expect("EHLO a.b", "503").await;
    assert_eq!(client.rest().await, "");
    drop(client);
    server.await.unwrap().unwrap();
}

/// Takes its time over every piece of a message.
struct Slow;

impl Handler for Slow {
    async fn rcpt<'a>(&'a mut self, _: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        Ok(Recipient::Here)
    }
    async fn content(&mut self, _: &[u8]) {
        sleep(Duration::from_secs(400)).await;
    }
    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        Ok(Receipt::Ok)
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_mail_data_is_the_clients_and_not_the_handlers() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let server = spawn(Connection::new(&CONFIG), far, Slow);
    let mut client = Client::new(near);
    client.up_to_data().await;
    for _ in 0..3 {
        client.send("a short piece\r\n").await;
        sleep(Duration::from_secs(100)).await;
    }
    client.expect(".", "250 2.6.0").await;
    // And the client still has no more than its own.
    client.expect("MAIL FROM:<alice@example.com>", "250").await;
    client.expect("RCPT TO:<bob@example.net>", "250").await;
    client.expect("DATA", "354").await;
    let begin = Instant::now();
    client.hear("451 4.4.2").await;
    assert_eq!(begin.elapsed().as_secs(), 180);
    drop(client);
    server.await.unwrap().unwrap();
}
