//! A whole server: listeners, a thread a connection, limits, and a clean end.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::gate::{Gate, Limits};
use crate::shutdown::Shutdown;
use crate::socket::{Listener, Socket};

/// How long to rest when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);
/// How long those that were cut off have to notice.
const LAST: Duration = Duration::from_secs(2);

/// Tells of a connection that was turned away.
type Tell = dyn Fn(Arrival) + Send + Sync;

/// Accepts connections on any number of listeners, within limits, until it is told to stop. For Unix systems.
///
/// What a connection then is, the caller says: commonly a [`Connection`](crate::Connection) with a handler of its own.
///
/// ```no_run
/// use ehlo_std::{Connection, Handler, Server, ehlo::Config};
///
/// static CONFIG: Config<'static> = Config::new("mx.example.net");
/// # #[derive(Default)] struct Sink; impl Handler for Sink {}
///
/// fn main() -> std::io::Result<()> {
///     let mut server = Server::new("mx.example.net");
///     server.bind("127.0.0.1:2525")?;
///     let control = server.control();
///     std::thread::spawn(move || {
///         // Until somebody presses Enter.
///         let _ = std::io::stdin().read_line(&mut String::new());
///         control.shut_down();
///     });
///     server.run(|accepted| {
///         let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
///         let _ = connection.serve(accepted.socket, &mut Sink);
///     })
/// }
/// ```
pub struct Server {
    hostname: String,
    listeners: Vec<(Listener, bool)>,
    grace: Duration,
    control: Control,
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
    shutdown: Shutdown,
}

impl Control {
    /// Stops accepting, and has every session end with `421` at its next command boundary.
    pub fn shut_down(&self) {
        self.shutdown.begin();
    }

    /// Changes the limits, for connections from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.gate.set_limits(limits);
    }
}

/// Where a connection came to, and from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which listener it came to: their order of [`Server::bind`] and its like, from 0.
    pub listener: usize,
    /// Who connected; `None` for a Unix socket, which does not say.
    pub peer: Option<SocketAddr>,
    /// Whether it is to begin with a TLS handshake, for [`Connection::implicit_tls`](crate::Connection).
    pub implicit_tls: bool,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Accepted {
    /// The connection itself.
    pub socket: Socket,
    /// Where it came to, and from whom.
    pub arrival: Arrival,
    /// Begins when the server shuts down; for [`Connection::shutdown`](crate::Connection::shutdown).
    pub shutdown: Shutdown,
}

impl Server {
    /// A server without a listener yet, that gives its sessions 30 seconds to end. `hostname` is how it calls itself to those who
    /// are over its limits.
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            listeners: Vec::new(),
            grace: Duration::from_secs(30),
            control: Control { gate: Arc::default(), shutdown: Shutdown::new() },
            turned_away: Box::new(|_| {}),
        }
    }

    /// Limits on connections, each of which is a thread; what goes past them is told `421 4.3.2`, and closed.
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

    /// Tells `turned_away` of every connection that there was no room for. For logs; it should not take long.
    #[must_use]
    pub fn turned_away(mut self, turned_away: impl Fn(Arrival) + Send + Sync + 'static) -> Self {
        self.turned_away = Box::new(turned_away);
        self
    }

    /// Listens on an address, and says which it became: port 0 asks for a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had.
    pub fn bind(&mut self, address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
        self.listen(address, false)
    }

    /// The same for clients that begin with a TLS handshake (RFC 8314). Those that there is no room for are not told so, since they
    /// would not understand.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had.
    pub fn bind_tls(&mut self, address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
        self.listen(address, true)
    }

    fn listen(&mut self, address: impl ToSocketAddrs, implicit_tls: bool) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        self.listeners.push((listener.into(), implicit_tls));
        Ok(address)
    }

    /// Adds a listener that is there already, of TCP or of a Unix socket.
    pub fn add(&mut self, listener: impl Into<Listener>) {
        self.listeners.push((listener.into(), false));
    }

    /// A hold on the server, to stop it by and to change its limits.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Accepts, and runs `serve` for each connection in a thread of its own, until [`Control::shut_down`]; then waits for the threads.
    /// One that panics ends alone.
    ///
    /// When the time of [`grace`](Self::grace) is over the connections that are left are cut off, which ends their reads and writes. A
    /// handler that does not come back even then keeps its thread, and is not waited for.
    ///
    /// # Errors
    ///
    /// Where the system cannot wait for the listeners. Nothing that a client does leads to one.
    pub fn run<F>(self, serve: F) -> io::Result<()>
    where
        F: Fn(Accepted) + Send + Sync + 'static,
    {
        let accepted = self.accept(&Arc::new(serve));
        // After an error, too, nothing is left behind.
        let Self { listeners, grace, control, .. } = self;
        control.shut_down();
        drop(listeners);
        if !control.gate.wait(grace) {
            control.gate.cut_off();
            control.gate.wait(LAST);
        }
        accepted
    }

    /// Accepts on all listeners until shutdown.
    fn accept<F>(&self, serve: &Arc<F>) -> io::Result<()>
    where
        F: Fn(Accepted) + Send + Sync + 'static,
    {
        let (awake, bell) = io::pipe()?;
        self.control.shutdown.ring(bell);
        let mut waiting = Vec::with_capacity(self.listeners.len() + 1);
        for (listener, _) in &self.listeners {
            listener.make_ready()?;
            waiting.push(PollFd::new(listener, PollFlags::IN));
        }
        waiting.push(PollFd::new(&awake, PollFlags::IN));
        while !self.control.shutdown.has_begun() {
            match poll(&mut waiting, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            for (index, ((listener, implicit_tls), polled)) in self.listeners.iter().zip(&waiting).enumerate() {
                if polled.revents().is_empty() {
                    continue;
                }
                match listener.accept() {
                    Ok((socket, peer)) => {
                        self.admit(socket, Arrival { listener: index, peer, implicit_tls: *implicit_tls }, serve);
                    }
                    Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                    // A client that is gone already, or no descriptor to be had: neither ends the server.
                    Err(_) => thread::sleep(REST),
                }
            }
        }
        Ok(())
    }

    /// Serves a connection in a thread of its own, if there is room for it.
    fn admit<F>(&self, socket: Socket, arrival: Arrival, serve: &Arc<F>)
    where
        F: Fn(Accepted) + Send + Sync + 'static,
    {
        let Some(permit) = self.control.gate.enter(arrival.peer.map(|peer| peer.ip()), &socket) else {
            return self.turn_away(&socket, arrival);
        };
        let same = socket.again();
        let (serve, shutdown) = (Arc::clone(serve), self.control.shutdown.clone());
        let thread = move || {
            serve(Accepted { socket, arrival, shutdown });
            // Dropped in a panic too.
            drop(permit);
        };
        if thread::Builder::new().name("ehlo".to_owned()).spawn(thread).is_err() {
            self.turn_away(&same, arrival);
        }
    }

    /// Tells a client that there is no room, without waiting for it.
    fn turn_away(&self, socket: &Socket, arrival: Arrival) {
        if !arrival.implicit_tls {
            socket.write_at_once(format!("421 4.3.2 {} Service not available\r\n", self.hostname).as_bytes());
        }
        // What the caller does wrong there ends nothing else.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.turned_away)(arrival)));
    }
}
