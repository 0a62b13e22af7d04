//! Sockets that the service manager has opened and passes on, by the convention of systemd: `LISTEN_FDS` and `LISTEN_FDNAMES`.

use crate::config::Address;
use ehlo_tokio::Listener;
use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use std::env;
use std::io;
use std::os::fd::AsFd;
use tokio::net::{TcpListener, UnixListener};

/// What a socket is called that was passed without a name (`sd_listen_fds_with_names`).
const UNNAMED: &str = "unknown";

/// The sockets passed, each until it is taken.
pub struct Passed {
    sockets: ListenFd,
    /// Their names, in their order; `None` once taken.
    names: Vec<Option<String>>,
}

impl Passed {
    /// What was passed to this process. Only the first call gets it, and it has to come before there is a second thread: what children
    /// of the server are not to have is taken out of the environment.
    #[must_use]
    pub fn take() -> Self {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').filter(|name| !name.is_empty());
        let sockets = ListenFd::from_env();
        let names = (0..sockets.len()).map(|_| Some(names.next().unwrap_or(UNNAMED).to_owned())).collect();
        Self { sockets, names }
    }

    /// The names of those that nobody has taken, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.names.iter().flatten() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Takes the sockets of a name, with the addresses that they listen on. There can be several: a socket unit names all its sockets alike.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of them does not listen.
    pub fn listeners(&mut self, name: &str) -> io::Result<Vec<(Listener, Address)>> {
        let mut listeners = Vec::new();
        for (index, place) in self.names.iter_mut().enumerate() {
            if place.as_deref() == Some(name) {
                *place = None;
                listeners.push(listener(&mut self.sockets, index)?);
            }
        }
        match listeners.is_empty() {
            true => {
                Err(io::Error::new(io::ErrorKind::NotFound, "the service manager has passed no socket of that name"))
            }
            false => Ok(listeners),
        }
    }
}

/// A socket as a listener.
fn listener(sockets: &mut ListenFd, index: usize) -> io::Result<(Listener, Address)> {
    if let Ok(Some(tcp)) = sockets.take_tcp_listener(index) {
        demand_listening(&tcp)?;
        tcp.set_nonblocking(true)?;
        let address = tcp.local_addr()?;
        return Ok((TcpListener::from_std(tcp)?.into(), address.into()));
    }
    match sockets.take_unix_listener(index)? {
        Some(unix) => {
            demand_listening(&unix)?;
            unix.set_nonblocking(true)?;
            let path = unix.local_addr()?.as_pathname().unwrap_or("(unnamed)".as_ref()).to_owned();
            Ok((UnixListener::from_std(unix)?.into(), Address::Unix(path)))
        }
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// With `Accept=yes` systemd passes connections, one a process.
fn demand_listening(socket: &impl AsFd) -> io::Result<()> {
    match socket_acceptconn(socket)? {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen (Accept=no is wanted)")),
    }
}
