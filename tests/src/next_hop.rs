//! A server that mail is passed on to, which says what a test wants it to say, and remembers what it heard.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What it says to a line; `None` for what any server would say, and an empty text to hang up. The number counts the connections from 0, and
/// is 0 for the first. At the end of a message the line is `.`, and in LMTP `. ` and a forward-path, once a recipient.
pub type Answers = fn(usize, &str) -> Option<String>;

/// A running next hop. It ends with the test.
#[derive(Debug, Clone)]
pub struct NextHop {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<(usize, String)>>>,
}

impl NextHop {
    /// One that says yes to everything.
    pub fn willing() -> Self {
        Self::start(|_, _| None)
    }

    /// One with answers of its own.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let hop = Self { address, heard: Arc::default() };
        let own = hop.clone();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (Ok(stream), own) = (stream, own.clone()) else { return };
                // A peer that hangs up ends it, as it should.
                thread::spawn(move || drop(own.serve(number, &stream, answers)));
            }
        });
        hop
    }

    /// As a configuration names it, with `smtp` or `lmtp`.
    pub fn named(&self, protocol: &str) -> String {
        format!("{protocol}:{}", self.address)
    }

    /// What it heard so far: lines, and each message as one text, with the number of the connection.
    pub fn heard(&self) -> Vec<(usize, String)> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines without the numbers.
    pub fn lines(&self) -> Vec<String> {
        self.heard().into_iter().map(|(_, line)| line).collect()
    }

    fn note(&self, number: usize, what: &str) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push((number, what.to_owned()));
    }

    fn serve(&self, number: usize, mut stream: &TcpStream, answers: Answers) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut recipients: Vec<String> = Vec::new();
        let mut lmtp = false;
        let mut say = |line: &str, usual: &str| match answers(number, line).unwrap_or_else(|| usual.to_owned()) {
            answer if answer.is_empty() => Err(std::io::ErrorKind::ConnectionAborted.into()),
            answer => stream.write_all(format!("{answer}\r\n").as_bytes()).map(|()| answer),
        };
        say("", "220 hop.example ESMTP")?;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            let said = line.trim_end().to_owned();
            line.clear();
            self.note(number, &said);
            let verb = said.split(' ').next().unwrap_or_default();
            match verb {
                "EHLO" | "LHLO" => {
                    lmtp = verb == "LHLO";
                    say(&said, "250-hop.example\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 SMTPUTF8")?;
                }
                "MAIL" | "RSET" => {
                    recipients.clear();
                    say(&said, "250 2.1.0 Ok")?;
                }
                "RCPT" => {
                    if say(&said, "250 2.1.5 Ok")?.starts_with('2') {
                        let path = said.split(['<', '>']).nth(1).unwrap_or_default();
                        recipients.push(path.to_owned());
                    }
                }
                "DATA" => {
                    if !say(&said, "354 Go on")?.starts_with('3') {
                        continue;
                    }
                    let mut message = Vec::new();
                    while !(message.ends_with(b"\r\n.\r\n") || message == b".\r\n") {
                        if reader.read_until(b'\n', &mut message)? == 0 {
                            self.note(number, "(broken off)");
                            return Ok(());
                        }
                    }
                    self.note(number, &String::from_utf8_lossy(&message));
                    if lmtp {
                        for path in recipients.drain(..) {
                            say(&format!(". {path}"), "250 2.0.0 Taken")?;
                        }
                    } else {
                        say(".", "250 2.0.0 Taken")?;
                    }
                }
                "BDAT" => {
                    let size = said.split(' ').nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
                    let mut chunk = vec![0; size];
                    std::io::Read::read_exact(&mut reader, &mut chunk)?;
                    self.note(number, &String::from_utf8_lossy(&chunk));
                    say(if said.ends_with(" LAST") { "." } else { &said }, "250 2.0.0 Taken")?;
                }
                "QUIT" => {
                    say(&said, "221 2.0.0 Bye")?;
                    return Ok(());
                }
                _ => drop(say(&said, "250 2.0.0 Ok")?),
            }
        }
        Ok(())
    }
}
