//! A whole server: listeners, limits, and a graceful end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Limits, Permit};
use crate::socket::{Listener, Socket};

/// How long to rest when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// Accepts connections on any number of listeners, within limits, until it is told to stop.
///
/// What a connection then is, the caller says: commonly a [`Connection`](crate::Connection) with a handler of its own.
///
/// ```no_run
/// use ehlo_tokio::{Connection, Handler, Server, ehlo::Config};
///
/// static CONFIG: Config<'static> = Config::new("mx.example.net");
/// # #[derive(Default)] struct Sink; impl Handler for Sink {}
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let mut server = Server::new("mx.example.net");
///     server.bind("127.0.0.1:2525").await?;
///     let control = server.control();
///     tokio::spawn(async move {
///         let _ = tokio::signal::ctrl_c().await;
///         control.shut_down();
///     });
///     server.run(|accepted| async move {
///         let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
///         let _ = connection.serve(accepted.stream, &mut Sink).await;
///     }).await;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    grace: Duration,
    control: Control,
}

/// A hold on a running server.
#[derive(Debug, Clone)]
pub struct Control {
    gate: Arc<Gate>,
    hostname: Arc<Mutex<String>>,
    shutdown: CancellationToken,
}

impl Control {
    /// Stops accepting, and has every session end with `421` at its next command boundary.
    pub fn shut_down(&self) {
        self.shutdown.cancel();
    }

    /// Changes the limits, for connections from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.gate.set_limits(limits);
    }

    /// Changes the name by which connections past the limits are refused.
    pub fn set_hostname(&self, hostname: &str) {
        hostname.clone_into(&mut self.hostname.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// The connection itself.
    pub stream: Socket,
    /// Where it comes from; `None` for a Unix socket, which does not say.
    pub client: Option<SocketAddr>,
    /// Which listener took it: their order of [`Server::bind`] and [`Server::add`], from 0.
    pub listener: usize,
    /// Cancelled when the server shuts down; for [`Connection::shutdown`](crate::Connection::shutdown).
    pub shutdown: CancellationToken,
}

impl Server {
    /// A server without a listener yet, that gives its sessions 30 seconds to end. `hostname` is how it calls itself to those who
    /// are over its limits.
    pub fn new(hostname: &str) -> Self {
        let control = Control {
            gate: Arc::default(),
            hostname: Arc::new(Mutex::new(hostname.to_owned())),
            shutdown: CancellationToken::new(),
        };
        Self { listeners: Vec::new(), grace: Duration::from_secs(30), control }
    }

    /// Limits on connections; what goes past them is told `421 4.3.2`, and closed.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.control.set_limits(limits);
        self
    }

    /// How long sessions may go on after [`Control::shut_down`]; those that remain are cut off.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Listens on an address, and says which it became: port 0 asks for a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had.
    pub async fn bind(&mut self, address: impl tokio::net::ToSocketAddrs) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        self.add(listener);
        Ok(address)
    }

    /// Adds a listener that is there already, of TCP or of a Unix socket.
    pub fn add(&mut self, listener: impl Into<Listener>) {
        self.listeners.push(listener.into());
    }

    /// A hold on the server, to stop it by and to change its limits.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Accepts, and runs `serve` for each connection in a task of its own, until [`Control::shut_down`]; then waits for the tasks.
    /// A task that panics ends alone.
    pub async fn run<F, S>(self, serve: F)
    where
        F: Fn(Accepted) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let Self { listeners, grace, control } = self;
        let serve = Arc::new(serve);
        let mut accepting = JoinSet::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            accepting.spawn(accept(index, listener, control.clone(), Arc::clone(&serve)));
        }
        let mut serving = JoinSet::new();
        while let Some(tasks) = accepting.join_next().await {
            if let Ok(mut tasks) = tasks {
                // What one listener left is waited for together with what the others did.
                serving.spawn(async move { while tasks.join_next().await.is_some() {} });
            }
        }
        let ended = async { while serving.join_next().await.is_some() {} };
        // Dropping the set at the end of its time drops the sets within, and so aborts their tasks.
        let _ = time::timeout(grace, ended).await;
    }
}

/// Accepts on one listener until shutdown; the tasks that are still running then.
async fn accept<F, S>(index: usize, listener: Listener, control: Control, serve: Arc<F>) -> JoinSet<()>
where
    F: Fn(Accepted) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = control.shutdown.cancelled() => return tasks,
            // Ended tasks are taken out, or the set would grow.
            Some(_) = tasks.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => match control.gate.enter(client.map(|client| client.ip())) {
                Some(permit) => {
                    let accepted = Accepted { stream, client, listener: index, shutdown: control.shutdown.clone() };
                    tasks.spawn(guarded(permit, Arc::clone(&serve), accepted));
                }
                None => refuse(stream, &control.hostname),
            },
            // A client that is gone already, or no descriptor to be had: neither ends the server.
            Err(_) => time::sleep(REST).await,
        }
    }
}

/// Holds the permit for as long as the session runs. The session is made here too, so that a panic in its making ends nothing else.
async fn guarded<F, S>(permit: Permit, serve: Arc<F>, accepted: Accepted)
where
    F: Fn(Accepted) -> S,
    S: Future<Output = ()>,
{
    serve(accepted).await;
    drop(permit);
}

/// Tells a client that there is no room, without waiting for it.
fn refuse(stream: Socket, hostname: &Mutex<String>) {
    let hostname = hostname.lock().unwrap_or_else(PoisonError::into_inner);
    stream.write_at_once(format!("421 4.3.2 {hostname} Service not available\r\n").as_bytes());
}
