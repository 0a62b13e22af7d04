//! A whole server: listeners, limits, and a graceful end.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Limits, Permit};
use crate::opening::{Arrival, Opening, TurnedAway};
use crate::prefixed::Prefixed;
use crate::socket::{Listener, Socket};

/// How long to rest when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// Asks what stands before a session.
type Ask = dyn Fn(&Arrival) -> Opening + Send + Sync;
/// Tells why a session did not begin.
type Tell = dyn Fn(&Arrival, &TurnedAway) + Send + Sync;

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
pub struct Server {
    listeners: Vec<Listener>,
    grace: Duration,
    control: Control,
    opening: Box<Ask>,
    turned_away: Box<Tell>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listeners, grace, control, .. } = self;
        let mut shown = f.debug_struct("Server");
        shown.field("listeners", listeners).field("grace", grace).field("control", control).finish_non_exhaustive()
    }
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
    pub stream: Prefixed<Socket>,
    /// Where it comes from, as its proxy says where there is one; `None` for a Unix socket, which does not say.
    pub client: Option<SocketAddr>,
    /// Who connected: the proxy, where there is one.
    pub peer: Option<SocketAddr>,
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
        Self {
            listeners: Vec::new(),
            grace: Duration::from_secs(30),
            control,
            opening: Box::new(|_| Opening::new()),
            turned_away: Box::new(|_, _| {}),
        }
    }

    /// Asks `opening` of every connection what stands before its session: a header of the PROXY protocol, TLS. Where it is not asked,
    /// nothing does.
    #[must_use]
    pub fn opening(mut self, opening: impl Fn(&Arrival) -> Opening + Send + Sync + 'static) -> Self {
        self.opening = Box::new(opening);
        self
    }

    /// Tells `turned_away` of every connection that did not come to its session. For logs.
    #[must_use]
    pub fn turned_away(mut self, turned_away: impl Fn(&Arrival, &TurnedAway) + Send + Sync + 'static) -> Self {
        self.turned_away = Box::new(turned_away);
        self
    }

    /// Limits on connections; what goes past them is told `421 4.3.2`, and closed. Connections count by the client that their proxy
    /// names, where there is one.
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
        let Self { listeners, grace, control, opening, turned_away } = self;
        let door = Arc::new(Door { control, opening, turned_away, serve });
        let mut accepting = JoinSet::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            accepting.spawn(accept(index, listener, Arc::clone(&door)));
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

/// What every connection passes.
struct Door<F> {
    control: Control,
    opening: Box<Ask>,
    turned_away: Box<Tell>,
    serve: F,
}

/// Accepts on one listener until shutdown; the tasks that are still running then.
async fn accept<F, S>(index: usize, listener: Listener, door: Arc<Door<F>>) -> JoinSet<()>
where
    F: Fn(Accepted) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(door.control.shutdown.cancelled());
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.as_mut() => return tasks,
            accepted = listener.accept() => accepted,
        };
        // Ended tasks are taken out, or the set would grow. To wait for them too would wake this task whenever a connection ends.
        while tasks.try_join_next().is_some() {}
        match accepted {
            // All that is asked of the caller is asked in the task, so that a panic there ends nothing else.
            Ok((socket, peer)) => {
                let permit = door.control.gate.enter();
                tasks.spawn(Arc::clone(&door).pass(permit, socket, Arrival { listener: index, peer }));
            }
            // A client that is gone already, or no descriptor to be had: neither ends the server.
            Err(_) => time::sleep(REST).await,
        }
    }
}

impl<F, S> Door<F>
where
    F: Fn(Accepted) -> S,
    S: Future<Output = ()>,
{
    /// Serves a connection, if it has a permit and its opening is as it should be.
    async fn pass(self: Arc<Self>, permit: Option<Permit>, socket: Socket, arrival: Arrival) {
        let Arrival { listener, peer } = arrival;
        let opening = (self.opening)(&arrival);
        let Some(permit) = permit else {
            return self.full(&opening, &arrival, None, socket);
        };
        let shutdown = &self.control.shutdown;
        let taken = tokio::select! {
            biased;
            taken = opening.take(socket, peer) => taken,
            () = shutdown.cancelled() => return,
        };
        let (stream, client) = match taken {
            Ok(taken) => taken,
            Err(why) => return (self.turned_away)(&arrival, &why),
        };
        let Some(permit) = permit.of(client.map(|client| client.ip())) else {
            return self.full(&opening, &arrival, client, stream.into_parts().1);
        };
        let accepted = Accepted { stream, client, peer, listener, shutdown: shutdown.clone() };
        // In a box: a task's own future is copied nine times from start to end, which took a fortieth of a connection's instructions.
        Box::pin((self.serve)(accepted)).await;
        drop(permit);
    }

    /// Tells a client that there is no room, without waiting for it. It holds none itself by now.
    fn full(&self, opening: &Opening, arrival: &Arrival, client: Option<SocketAddr>, socket: Socket) {
        if opening.speaks_smtp() {
            let hostname = self.control.hostname.lock().unwrap_or_else(PoisonError::into_inner);
            socket.write_at_once(format!("421 4.3.2 {hostname} Service not available\r\n").as_bytes());
        }
        (self.turned_away)(arrival, &TurnedAway::Full { client });
    }
}
