//! Which connections are open, and how many may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::socket::{Handle, Socket};

/// Limits on connections, and so on threads. They can be changed while the server runs.
///
/// ```
/// use ehlo_std::{Limits, Server};
///
/// let server = Server::new("mx.example.net").limits(Limits { connections: 20, per_client: 5 });
/// let control = server.control();
/// // While it runs, from any thread:
/// control.set_limits(Limits { per_client: 50, ..Limits::default() });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one client: an IPv4 address, or an IPv6 /64.
    pub per_client: usize,
}

impl Default for Limits {
    /// 250 in all, 50 for one client.
    fn default() -> Self {
        Self { connections: 250, per_client: 50 }
    }
}

/// Knows the open connections.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    open: HashMap<u64, Open>,
    next: u64,
}

#[derive(Debug)]
struct Open {
    client: Option<IpAddr>,
    handle: Handle,
}

/// An open connection; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    number: u64,
}

impl Gate {
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.state().limits = limits;
    }

    /// Lets a connection in, if there is room for it among all and among its client's. One without an address counts among all only.
    pub(crate) fn enter(self: &Arc<Self>, address: Option<IpAddr>, socket: &Socket) -> Option<Permit> {
        let client = address.map(client);
        let mut state = self.state();
        let full = state.open.len() >= state.limits.connections
            || client.is_some_and(|_| {
                state.open.values().filter(|open| open.client == client).count() >= state.limits.per_client
            });
        if full {
            return None;
        }
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.open.insert(number, Open { client, handle: socket.handle() });
        Some(Permit { gate: Arc::clone(self), number })
    }

    /// Waits until all have left; whether they did in that time.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let waited = self.left.wait_timeout_while(self.state(), patience, |state| !state.open.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.open.is_empty()
    }

    /// Cuts off those that are left.
    pub(crate) fn cut_off(&self) {
        self.state().open.values().for_each(|open| open.handle.cut_off());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // It is whole at every point where a panic could strike.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.open.remove(&self.number);
        if state.open.is_empty() {
            self.gate.left.notify_all();
        }
    }
}

/// Who an address belongs to: itself, or its /64, which one customer commonly holds whole.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn both_limits_hold_and_room_comes_back() {
        let gate = Arc::new(Gate::default());
        gate.set_limits(Limits { connections: 3, per_client: 2 });
        let socket = Socket::from(UnixStream::pair().unwrap().0);
        let enter = |address: &str| gate.enter(Some(address.parse().unwrap()), &socket);
        let one = enter("192.0.2.1").unwrap();
        let two = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none(), "a mapped address is the same client");
        let three = enter("2001:db8::1").unwrap();
        assert!(enter("192.0.2.3").is_none());
        drop(two);
        let four = enter("2001:db8::2").unwrap();
        drop(one);
        assert!(enter("2001:db8::3").is_none(), "a /64 is one client");
        assert!(enter("2001:db8:0:1::3").is_some());
        assert!(!gate.wait(Duration::from_millis(1)));
        drop((three, four));
        assert!(gate.wait(Duration::ZERO));
    }
}
