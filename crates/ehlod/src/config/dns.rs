//! `[dns]`: whom to ask for names.

use super::read::elements;
use super::table::Table;
use super::values::{self, timeout};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use toml::de::DeValue;

/// The port of name servers (RFC 1035 4.2).
const PORT: u16 = 53;

/// Whom to ask for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsConfig {
    /// Name servers that ask on; none of them for those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long an answer is waited for, over all servers and attempts.
    pub timeout: Duration,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self { servers: Vec::new(), timeout: Duration::from_secs(5) }
    }
}

/// Reads the section.
pub(super) fn read(document: &mut Table<'_, '_>) -> DnsConfig {
    let mut table = document.table_or_empty("dns");
    let dns = DnsConfig {
        servers: elements(table.list("servers", server), Vec::new()),
        timeout: table.or("timeout", DnsConfig::default().timeout, timeout),
    };
    table.finish();
    dns
}

/// An address, with or without a port.
fn server(value: &DeValue<'_>) -> Result<SocketAddr, String> {
    let text = values::text(value)?;
    let bare = || text.parse().map(|address: IpAddr| SocketAddr::new(address, PORT));
    text.parse().or_else(|_| bare()).map_err(|_| {
        format!("{text:?} is not the address of a name server (for instance \"127.0.0.1:5300\" or \"192.0.2.53\")")
    })
}
