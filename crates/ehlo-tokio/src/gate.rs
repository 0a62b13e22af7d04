//! How many connections may be open, in all and for one client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Limits on connections. They can be changed while the server runs.
///
/// ```
/// use ehlo_tokio::{Limits, Server};
///
/// let server = Server::new("mx.example.net").limits(Limits { connections: 200, per_client: 5 });
/// let control = server.control();
/// // While it runs:
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
    /// 1000 in all, 50 for one client.
    fn default() -> Self {
        Self { connections: 1000, per_client: 50 }
    }
}

/// Counts the open connections.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    limits: Limits,
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// An open connection; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    client: Option<IpAddr>,
}

impl Gate {
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.counts().limits = limits;
    }

    /// Lets a connection in, if there is room for it among all. Whose it is may become known later.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Permit> {
        let mut counts = self.counts();
        if counts.all >= counts.limits.connections {
            return None;
        }
        counts.all += 1;
        Some(Permit { gate: Arc::clone(self), client: None })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are whole at every point where a panic could strike.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Says whose the connection is, if the client may have one more. One without an address counts among all only.
    pub(crate) fn of(mut self, address: Option<IpAddr>) -> Option<Self> {
        let Some(client) = address.map(client) else { return Some(self) };
        let mut counts = self.gate.counts();
        let limit = counts.limits.per_client;
        let own = counts.by_client.get(&client).copied().unwrap_or(0);
        let fits = own < limit;
        if fits {
            counts.by_client.insert(client, own + 1);
            drop(counts);
            self.client = Some(client);
        } else {
            drop(counts);
        }
        fits.then_some(self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.all -= 1;
        let Some(client) = self.client else { return };
        if let Some(own) = counts.by_client.get_mut(&client) {
            *own -= 1;
            if *own == 0 {
                counts.by_client.remove(&client);
            }
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

    fn enter(gate: &Arc<Gate>, address: &str) -> Option<Permit> {
        gate.enter()?.of(Some(address.parse().unwrap()))
    }

    #[test]
    fn both_limits_hold_and_room_comes_back() {
        let gate = Arc::new(Gate::default());
        gate.set_limits(Limits { connections: 3, per_client: 2 });
        let one = enter(&gate, "192.0.2.1").unwrap();
        let two = enter(&gate, "::ffff:192.0.2.1").unwrap();
        assert!(enter(&gate, "192.0.2.1").is_none(), "a mapped address is the same client");
        let three = enter(&gate, "2001:db8::1").unwrap();
        assert!(enter(&gate, "192.0.2.3").is_none());
        drop(two);
        let four = enter(&gate, "2001:db8::2").unwrap();
        drop(one);
        assert!(enter(&gate, "2001:db8::3").is_none(), "a /64 is one client");
        assert!(enter(&gate, "2001:db8:0:1::3").is_some());
        drop((three, four));
        assert!(gate.counts().by_client.is_empty());
    }
}
