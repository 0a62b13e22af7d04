//! A tap on the line between a client and a server: it passes everything on, and writes down what the client sends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A running tap. Dropped, it takes no further connections.
pub struct Tap {
    /// Where clients connect.
    pub address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Tap {
    /// Taps the line to `server`. What clients send stands in `record` before the server sees it.
    ///
    /// # Errors
    ///
    /// No port could be had, or the record not be written.
    pub fn new(server: SocketAddr, record: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let record = Arc::new(File::options().create(true).append(true).open(record)?);
        let closed = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&closed);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                // A client whose connection fails sees it closed, as it would without the tap.
                drop(join(client, server, Arc::clone(&record)));
            }
        });
        Ok(Self { address, closed })
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // This wakes the thread that waits for the next client.
        drop(TcpStream::connect(self.address));
    }
}

/// Joins a client to the server, until both have closed.
fn join(client: TcpStream, server: SocketAddr, mut record: Arc<File>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (heard, answers) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || pass(client, server, |octets| record.write_all(octets)));
    thread::spawn(move || pass(heard, answers, |_| Ok(())));
    Ok(())
}

/// Passes octets on until there are no more, and then says so. A failure on one side closes the other too.
fn pass(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8]) -> io::Result<()>) {
    let mut piece = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if note(&piece[..count]).and_then(|()| to.write_all(&piece[..count])).is_err() {
            drop(from.shutdown(Shutdown::Both));
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_both_ways_and_notes_one() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let record = tempfile::NamedTempFile::new().unwrap();
        let tap = Tap::new(server.local_addr().unwrap(), record.path()).unwrap();
        let mut client = TcpStream::connect(tap.address).unwrap();
        let (mut at_server, _) = server.accept().unwrap();
        client.write_all(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        at_server.read_to_string(&mut heard).unwrap();
        at_server.write_all(b"answer").unwrap();
        drop(at_server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!((heard.as_str(), answer.as_str()), ("question", "answer"));
        assert_eq!(std::fs::read_to_string(record.path()).unwrap(), "question");
    }
}
