//! The sink, told by devices what is wrong with them.

use super::{Alerts, Server};
use std::io::{self, BufRead as _, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

/// What was printed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A printer without paper.
struct Jam;

impl Write for Jam {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sink(out: impl Write + Send + 'static) -> SocketAddr {
    let alerts = Alerts::new(out);
    let mut server = Server::new("alerts.localdomain");
    let address = server.bind("127.0.0.1:0").unwrap();
    std::thread::spawn(move || server.run(move |accepted| alerts.serve(accepted)));
    address
}

/// Sends a message; the last reply. A device's own client: it reads a line a command, and its message's lines end with a bare LF.
fn tell(sink: SocketAddr, sender: &str, message: &str) -> String {
    let mut stream = TcpStream::connect(sink).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    replies.next().unwrap();
    for line in ["HELO device", &format!("MAIL FROM:<{sender}>"), "RCPT TO:<ops@example.net>", "DATA"] {
        write!(stream, "{line}\r\n").unwrap();
        replies.next().unwrap();
    }
    write!(stream, "{message}\r\n.\r\n").unwrap();
    replies.next().unwrap()
}

#[test]
fn an_alert_is_a_line() {
    let paper = Paper::default();
    let sink = sink(paper.clone());
    for (sender, message) in [
        ("ups-1@example.net", "Subject: On battery\n\nSince 04:12\n"),
        ("nas@example.net", "Subject: Volume 1 is =?utf-8?q?nearly_full_=E2=80=93?= 95 %\n\n\n"),
        ("nas@example.net", "Subject: Backup done\nX-Priority: 1 (Highest)\n\n\n"),
        ("ups-1@example.net", "Subject: On battery\n\nStill\n"),
        ("", "no header at all\n"),
    ] {
        assert!(tell(sink, sender, message).starts_with("250 "), "{message}");
    }
    let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let expected = "CRITICAL  ups-1@example.net         On battery\n\
        warning   nas@example.net           Volume 1 is nearly full – 95 %\n\
        CRITICAL  nas@example.net           Backup done\n\
        info                                (no subject)\n";
    assert_eq!(printed, expected);
}

#[test]
fn what_cannot_be_printed_is_not_taken() {
    let sink = sink(Jam);
    assert!(tell(sink, "ups-1@example.net", "Subject: On battery\n\n\n").starts_with("451 "));
}
