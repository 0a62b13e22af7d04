//! Each open transaction that ends without an answer is told to the handler, once.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use ehlo_std::Connection;
use ehlo_std::ehlo::{Config, EarlyTalk, Millis, Tolerance};

use crate::journal::{CONFIG, Served, end, error, serve};
use crate::streams::Script;

/// What a client sends before it goes, each with the transactions that are open then.
const STATIONS: [(&str, usize); 5] = [
    ("", 0),
    ("MAIL FROM:<alice@example.com>\r\n", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\n", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\nhalf a mess", 1),
    ("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n\r\n.\r\n", 0),
];

/// All that a client reads before it is gone.
const GREETING: &str = "220 mx.example.net Service ready\r\n";

/// Takes what comes at once.
static HASTY: Config<'static> =
    Config::new("mx.example.net").early_talk(EarlyTalk::Allow).early_pipelining(Tolerance::Allow).message_size(100);

#[test]
fn the_client_closes() {
    for (sent, open) in STATIONS {
        let Served { mut client, journal, server } = serve(Connection::new(&HASTY));
        client.hear("220");
        client.send(format!("EHLO a.b\r\n{sent}"));
        client.end();
        client.rest();
        end(server).unwrap();
        assert_eq!(journal.events("aborted"), vec!["aborted Eof"; open], "{sent:?}");
    }
}

#[test]
fn the_connection_breaks_before_a_reply_is_out() {
    for (sent, open) in STATIONS {
        let script = Script::new(&["", &format!("EHLO a.b\r\n{sent}")]).that_takes(GREETING.len());
        let (ended, journal) = script.serve(&Connection::new(&HASTY));
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::BrokenPipe, "{sent:?}");
        assert_eq!(journal.events("aborted"), vec!["aborted Eof"; open], "{sent:?}");
    }
}

#[test]
fn the_connection_breaks_after_the_message_has_been_given_up() {
    let mail = STATIONS[3].0;
    for (rest, why) in [("x".repeat(200), "aborted TooBig"), ("a\nb\r\n".to_owned(), "aborted LineEnding")] {
        for last in ["", "\r\n.\r\n"] {
            let script = Script::new(&["", &format!("EHLO a.b\r\n{mail}{rest}{last}")]).that_takes(GREETING.len());
            let (ended, journal) = script.serve(&Connection::new(&HASTY));
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(journal.events("aborted"), [why], "{rest:?} {last:?}");
        }
    }
}

#[test]
fn the_client_gives_it_up() {
    for (last, why) in [("RSET", "Reset"), ("EHLO c.d", "Reset"), ("QUIT", "Closed")] {
        let Served { mut client, journal, server } = serve(Connection::new(&CONFIG));
        client.up_to_rcpt();
        client.ask(last);
        client.end();
        end(server).unwrap();
        assert_eq!(journal.events("aborted"), [format!("aborted {why}")], "{last}");
    }
}

#[test]
fn the_time_is_up() {
    static BRIEF: Config<'static> =
        Config::new("mx.example.net").command_timeout(Millis::from_millis(700)).data_timeout(Millis::from_millis(1300));
    for in_data in [false, true] {
        let Served { mut client, journal, server } = serve(Connection::new(&BRIEF));
        if in_data {
            client.up_to_data();
        } else {
            client.up_to_rcpt();
        }
        let begin = Instant::now();
        client.hear("451 4.4.2");
        let (took, due) = (begin.elapsed(), Duration::from_millis(if in_data { 1300 } else { 700 }));
        assert!(took + Duration::from_millis(100) >= due && took < due * 3, "{took:?}");
        assert_eq!(client.rest(), "");
        drop(client);
        end(server).unwrap();
        assert_eq!(journal.events("aborted"), ["aborted Timeout"]);
    }
}

#[test]
fn the_client_does_not_read() {
    static BUSY: Config<'static> = Config::new("mx.example.net").idle_commands(u16::MAX);
    let patience = Duration::from_millis(300);
    let Served { mut client, journal, server } = serve(Connection::new(&BUSY).write_timeout(patience));
    client.up_to_rcpt();
    let mut stream = client.into_stream();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    while std::io::Write::write_all(&mut stream, &b"NOOP\r\n".repeat(10_000)).is_ok() {}
    assert_eq!(error(server), ErrorKind::TimedOut);
    assert_eq!(journal.events("aborted"), ["aborted Eof"]);
}
