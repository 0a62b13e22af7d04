//! `[metrics]`: where the server tells of itself.

use super::table::{Found, Table};
use super::values::{self, boolean};
use std::net::{Ipv4Addr, SocketAddr};
use toml::de::DeValue;

/// Where the page is, where nothing else is said.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9925);

/// Where the server tells of itself, by HTTP, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Where it listens for that; nowhere where there is none.
    pub address: Option<SocketAddr>,
    /// Whether there is a page to look at, beside the metrics and the health.
    pub page: bool,
}

/// Reads the section. A page that nothing is said of the place of is on this machine alone.
pub(super) fn read(document: &mut Table<'_, '_>) -> MetricsConfig {
    let mut table = document.table_or_empty("metrics");
    let address = table.value("address", address_or_none);
    let page = table.value("page", boolean);
    let (at, is_page) = page.map_or((table.at(), false), |Found { at, value }| (at, value));
    let address = address.and_then(|found| found.value).or(is_page.then_some(ADDRESS));
    if is_page && address.is_some_and(|address| !address.ip().is_loopback()) {
        table.warning(at, "page", "shows clients, senders and recipients to whoever reaches metrics.address");
    }
    table.finish();
    MetricsConfig { address, page: is_page }
}

fn address_or_none(value: &DeValue<'_>) -> Result<Option<SocketAddr>, String> {
    if values::empty_text(value)? {
        return Ok(None);
    }
    let text = values::text(value)?;
    let parsed = text.parse().map(Some);
    parsed.map_err(|_| format!("{text:?} is not an address and a port (for instance \"127.0.0.1:9925\")"))
}
