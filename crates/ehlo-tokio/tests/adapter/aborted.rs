//! Each open transaction that ends without an answer is told to the handler, once.

use std::io;

use ehlo_tokio::Connection;
use ehlo_tokio::ehlo::{Config, Millis, Tolerance};
use tokio::time::Duration;

use crate::journal::{CONFIG, Served, serve};

/// What stands in a session before the client goes, each with the transactions that are open then.
const STATIONS: [(&str, usize); 5] = [
    ("", 0),
    ("MAIL FROM:<alice@example.com>\r\n", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\n", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\nhalf a mess", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n\r\n.\r\n", 0),
];

/// Takes what comes at once.
static HASTY: Config<'static> = Config::new("mx.example.net").early_pipelining(Tolerance::Allow).message_size(100);

/// A session that has been handed so much, and has not seen it yet.
async fn at_station(sent: &str) -> Served {
    let mut served = serve(Connection::new(&HASTY), 64 * 1024);
    served.client.hear("220").await;
    served.client.send(format!("EHLO a.b\r\n{sent}")).await;
    served
}

#[tokio::test]
async fn the_client_closes() {
    for (sent, open) in STATIONS {
        let Served { mut client, journal, server } = at_station(sent).await;
        client.end().await;
        server.await.unwrap().unwrap();
        assert_eq!(journal.events("aborted"), vec!["aborted Eof"; open], "{sent:?}");
    }
}

#[tokio::test]
async fn the_connection_breaks_before_a_reply_is_out() {
    for (sent, open) in STATIONS {
        let Served { client, journal, server } = at_station(sent).await;
        // Whatever the server writes, there is nobody.
        drop(client);
        let ended = server.await.unwrap();
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe, "{sent:?}");
        assert_eq!(journal.events("aborted"), vec!["aborted Eof"; open], "{sent:?}");
    }
}

#[tokio::test]
async fn the_connection_breaks_after_the_message_has_been_given_up() {
    let mail = STATIONS[3].0;
    for (rest, why) in [("x".repeat(200), "aborted TooBig"), ("a\nb\r\n".to_owned(), "aborted LineEnding")] {
        for end in ["", "\r\n.\r\n"] {
            let Served { client, journal, server } = at_station(&format!("{mail}{rest}{end}")).await;
            drop(client);
            assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(journal.events("aborted"), [why], "{rest:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn the_client_gives_it_up() {
    for (last, why) in [("RSET", "Reset"), ("EHLO c.d", "Reset"), ("QUIT", "Closed")] {
        let Served { mut client, journal, server } = serve(Connection::new(&CONFIG), 1024);
        client.up_to_rcpt().await;
        client.ask(last).await;
        client.end().await;
        server.await.unwrap().unwrap();
        assert_eq!(journal.events("aborted"), [format!("aborted {why}")], "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_is_up() {
    static BRIEF: Config<'static> =
        Config::new("mx.example.net").command_timeout(Millis::from_secs(10)).data_timeout(Millis::from_secs(20));
    for in_data in [false, true] {
        let Served { mut client, journal, server } = serve(Connection::new(&BRIEF), 1024);
        if in_data {
            client.up_to_data().await;
        } else {
            client.up_to_rcpt().await;
        }
        let begin = tokio::time::Instant::now();
        client.hear("451 4.4.2").await;
        assert_eq!(begin.elapsed().as_secs(), if in_data { 20 } else { 10 });
        assert_eq!(client.rest().await, "");
        drop(client);
        server.await.unwrap().unwrap();
        assert_eq!(journal.events("aborted"), ["aborted Timeout"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_does_not_read() {
    let patience = Duration::from_secs(5);
    let Served { mut client, journal, server } = serve(Connection::new(&CONFIG).write_timeout(patience), 256);
    client.up_to_rcpt().await;
    for _ in 0..40 {
        client.send("NOOP\r\n").await;
    }
    assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(journal.events("aborted"), ["aborted Eof"]);
}
