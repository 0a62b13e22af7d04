//! A handler that takes everything, and writes down what it is told.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use ehlo_std::ehlo::{Abort, Config, Credentials, Hello, Mail, Rcpt, Reply};
use ehlo_std::{AuthStep, Connection, Handler, Receipt, Recipient, Stream};

use crate::client::Client;

pub(crate) static CONFIG: Config<'static> = Config::new("mx.example.net");

/// What was told; clones share it. The message that comes in belongs to each alone.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    shared: Arc<Mutex<Notes>>,
    content: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Notes {
    /// What happened, a line each.
    pub(crate) events: Vec<String>,
    /// What the hook for replies saw.
    pub(crate) replies: Vec<u8>,
    /// Messages that were taken.
    pub(crate) messages: Vec<Vec<u8>>,
}

impl Journal {
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.shared.lock().expect("no test panics with it")
    }

    fn note(&self, event: String) {
        self.notes().events.push(event);
    }

    /// What happened from one prefix on.
    pub(crate) fn events(&self, start: &str) -> Vec<String> {
        self.notes().events.iter().filter(|event| event.starts_with(start)).cloned().collect()
    }
}

impl Handler for Journal {
    fn connect(&mut self) -> Result<(), Reply<'_>> {
        self.note("connect".to_owned());
        Ok(())
    }

    #[cfg(feature = "rustls")]
    fn secured(&mut self, tls: &ehlo_std::rustls::ServerConnection) {
        self.note(format!("secured {:?}", tls.protocol_version().expect("the handshake is done")));
    }

    fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Result<(), Reply<'a>> {
        self.note(format!("hello {}", hello.name));
        Ok(())
    }

    fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Result<AuthStep<'a>, Reply<'a>> {
        match credentials {
            Credentials::Password { user, password, .. } if password.expose() == b"secret" => {
                self.note(format!("auth {user}"));
                Ok(AuthStep::Authenticated)
            }
            _ => Err(Reply::auth_failed()),
        }
    }

    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        self.note(format!("mail {}", mail.reverse_path.as_str()));
        Ok(())
    }

    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        self.note(format!("rcpt {}", rcpt.forward_path.as_str()));
        Ok(Recipient::Here)
    }

    fn data(&mut self) -> Result<(), Reply<'_>> {
        self.note("data".to_owned());
        Ok(())
    }

    fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        self.note(format!("message {size}"));
        let message = std::mem::take(&mut self.content);
        self.notes().messages.push(message);
        Ok(Receipt::Ok)
    }

    fn aborted(&mut self, abort: Abort) {
        self.note(format!("aborted {abort:?}"));
        self.content.clear();
    }

    fn replies(&mut self, octets: &[u8]) {
        self.notes().replies.extend_from_slice(octets);
    }
}

/// A connection over the loopback that is being served.
pub(crate) struct Served {
    pub(crate) client: Client,
    pub(crate) journal: Journal,
    pub(crate) server: JoinHandle<io::Result<()>>,
}

pub(crate) fn serve(connection: Connection<'static>) -> Served {
    let (near, far) = pair();
    let journal = Journal::default();
    let server = spawn(connection, far, journal.clone());
    Served { client: Client::over(near), journal, server }
}

/// Both ends of a connection: the client's, and the server's.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

pub(crate) fn spawn<S, H>(connection: Connection<'static>, stream: S, mut handler: H) -> JoinHandle<io::Result<()>>
where
    S: Stream + Send + 'static,
    H: Handler + Send + 'static,
{
    thread::spawn(move || connection.serve(stream, &mut handler))
}

/// How a connection ended.
pub(crate) fn end(server: JoinHandle<io::Result<()>>) -> io::Result<()> {
    server.join().expect("no panic")
}

/// With what error it ended.
pub(crate) fn error(server: JoinHandle<io::Result<()>>) -> io::ErrorKind {
    end(server).expect_err("it ends by an error").kind()
}
