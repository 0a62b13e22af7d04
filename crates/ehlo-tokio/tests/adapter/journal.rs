//! A handler that takes everything, and writes down what it is told.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use ehlo_tokio::ehlo::{Abort, Config, Credentials, Hello, Mail, Rcpt, Reply};
use ehlo_tokio::rustls::ServerConnection;
use ehlo_tokio::{AuthStep, Connection, Handler, Receipt, Recipient};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Join, ReadHalf, SimplexStream, WriteHalf};
use tokio::task::JoinHandle;

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

    pub(crate) fn note(&self, event: String) {
        self.notes().events.push(event);
    }

    /// What happened from one prefix on.
    pub(crate) fn events(&self, start: &str) -> Vec<String> {
        self.notes().events.iter().filter(|event| event.starts_with(start)).cloned().collect()
    }
}

impl Handler for Journal {
    async fn connect(&mut self) -> Result<(), Reply<'_>> {
        self.note("connect".to_owned());
        Ok(())
    }

    fn secured(&mut self, tls: &ServerConnection) {
        self.note(format!("secured {:?}", tls.protocol_version().expect("the handshake is done")));
    }

    async fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Result<(), Reply<'a>> {
        self.note(format!("hello {}", hello.name));
        Ok(())
    }

    async fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Result<AuthStep<'a>, Reply<'a>> {
        match credentials {
            Credentials::Password { user, password, .. } if password.expose() == b"secret" => {
                self.note(format!("auth {user}"));
                Ok(AuthStep::Authenticated)
            }
            _ => Err(Reply::auth_failed()),
        }
    }

    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        self.note(format!("mail {}", mail.reverse_path.as_str()));
        Ok(())
    }

    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        self.note(format!("rcpt {}", rcpt.forward_path.as_str()));
        Ok(Recipient::Here)
    }

    async fn data(&mut self) -> Result<(), Reply<'_>> {
        self.note("data".to_owned());
        Ok(())
    }

    async fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    async fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        self.note(format!("message {size}"));
        let message = std::mem::take(&mut self.content);
        self.notes().messages.push(message);
        Ok(Receipt::Ok)
    }

    async fn aborted(&mut self, abort: Abort) {
        self.note(format!("aborted {abort:?}"));
        self.content.clear();
    }

    fn replies(&mut self, octets: &[u8]) {
        self.notes().replies.extend_from_slice(octets);
    }
}

/// A connection in memory that is being served.
pub(crate) struct Served<T = DuplexStream> {
    pub(crate) client: Client<T>,
    pub(crate) journal: Journal,
    pub(crate) server: JoinHandle<io::Result<()>>,
}

/// Serves a connection in memory, by pipes of so many octets.
pub(crate) fn serve(connection: Connection<'static>, pipe: usize) -> Served {
    let (near, far) = tokio::io::duplex(pipe);
    serve_over(connection, near, far)
}

/// One end of two pipes, each for one direction.
pub(crate) type End = Join<ReadHalf<SimplexStream>, WriteHalf<SimplexStream>>;

/// The same by pipes of different widths: one for the commands, one for the replies. (Where both are narrow, a client that writes a
/// group of commands before it reads waits for a server that waits for it.)
pub(crate) fn serve_by(connection: Connection<'static>, (commands, replies): (usize, usize)) -> Served<End> {
    let (command_reader, command_writer) = tokio::io::simplex(commands);
    let (reply_reader, reply_writer) = tokio::io::simplex(replies);
    let near = tokio::io::join(reply_reader, command_writer);
    serve_over(connection, near, tokio::io::join(command_reader, reply_writer))
}

fn serve_over<T>(connection: Connection<'static>, near: T, far: T) -> Served<T>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let journal = Journal::default();
    let server = spawn(connection, far, journal.clone());
    Served { client: Client::new(near), journal, server }
}

pub(crate) fn spawn<T, H>(connection: Connection<'static>, stream: T, mut handler: H) -> JoinHandle<io::Result<()>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler + 'static,
{
    tokio::spawn(async move { connection.serve(stream, &mut handler).await })
}
