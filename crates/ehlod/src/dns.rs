//! Questions to the DNS.
//!
//! Answers are remembered as long as their records say. A name that is not there and one that has no such record are the same here: an
//! empty answer. Each question has a time limit, over all servers and attempts.

use crate::config::DnsConfig;
use crate::metrics::{Latency, metrics};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use tokio::time::timeout;

/// So many answers are remembered.
const REMEMBERED: u64 = 10_000;

/// So many records of an answer are looked at.
const RECORDS: usize = 30;

/// The name servers cannot say for the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unresolved;

/// A resolver.
pub struct Dns {
    /// It has the resolver.
    authenticator: MessageAuthenticator,
    patience: Duration,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dns")
    }
}

impl Dns {
    /// A resolver by the configuration: its servers, or those of the system.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration of the system, in words.
    pub fn open(config: &DnsConfig) -> Result<Self, String> {
        let (servers, mut options) = match &config.servers[..] {
            [] => read_system_conf().map_err(|error| format!("the system's name servers: {error}"))?,
            servers => {
                let servers = servers.iter().map(|server| {
                    let at = |mut connection: ConnectionConfig| {
                        connection.port = server.port();
                        connection
                    };
                    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                    NameServerConfig::new(server.ip(), true, connections)
                });
                (ResolverConfig::from_parts(None, Vec::new(), servers.collect()), ResolverOpts::default())
            }
        };
        options.attempts = 2;
        options.timeout = config.timeout / 3;
        options.cache_size = REMEMBERED;
        options.use_hosts_file = ResolveHosts::Never;
        let authenticator = MessageAuthenticator::new(servers, options).map_err(|error| error.to_string())?;
        Ok(Self { authenticator, patience: config.timeout })
    }

    /// Whether a domain lets a client send for it (RFC 7208). All questions together have four times the time limit of one.
    pub async fn spf(&self, parameters: SpfParameters<'_>) -> SpfResult {
        let timer = metrics().dns("SPF").map(Latency::start);
        // In a box, as below: what waits for an answer is large, and few connections do.
        let result = match Box::pin(timeout(4 * self.patience, self.authenticator.verify_spf(parameters))).await {
            Ok(output) => output.result(),
            Err(_) => SpfResult::TempError,
        };
        if let Some(timer) = timer {
            timer.stop(result != SpfResult::TempError);
        }
        result
    }

    /// The records of a name, as far as `wanted` wants them; names that cannot be in the DNS have none.
    async fn records<T>(
        &self,
        name: &str,
        of: RecordType,
        wanted: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, Unresolved> {
        let Ok(mut name) = Name::from_utf8(name) else { return Ok(Vec::new()) };
        // No search list applies.
        name.set_fqdn(true);
        let timer = metrics().dns(of.into()).map(Latency::start);
        let answer = Box::pin(timeout(self.patience, self.authenticator.resolver().lookup(name, of))).await;
        if let Some(timer) = timer {
            timer.stop(answer.as_ref().is_ok_and(|answer| answer.as_ref().map_or_else(is_no, |_| true)));
        }
        match answer {
            Ok(Ok(found)) => {
                Ok(found.answers().iter().filter_map(|record| wanted(&record.data)).take(RECORDS).collect())
            }
            Ok(Err(error)) if is_no(&error) => Ok(Vec::new()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no answer of the DNS");
                Err(Unresolved)
            }
            Err(_) => Err(Unresolved),
        }
    }

    /// The addresses of a host. One kind that was not found out does not matter where the other has some.
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unresolved> {
        let (v4, v6) = tokio::join!(
            self.records(host, RecordType::A, |data| match data {
                RData::A(address) => Some(IpAddr::V4(address.0)),
                _ => None,
            }),
            self.records(host, RecordType::AAAA, |data| match data {
                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                _ => None,
            }),
        );
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => Ok([v4, v6].concat()),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            _ => Err(Unresolved),
        }
    }

    /// Whether a host has this address.
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn has_address(&self, host: &str, address: IpAddr) -> Result<bool, Unresolved> {
        let address = address.to_canonical();
        Ok(self.addresses(host).await?.iter().any(|one| one.to_canonical() == address))
    }

    /// The names that an address has in reverse (PTR), without the dot at their end.
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, Unresolved> {
        let (reversed, zone) = reversed(address);
        self.records(&format!("{reversed}.{zone}"), RecordType::PTR, |data| match data {
            RData::PTR(name) => Some(plain(&name.0)),
            _ => None,
        })
        .await
    }

    /// The hosts that take mail for a domain (MX); the empty name where it says that it takes none (RFC 7505).
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn mail_exchangers(&self, domain: &str) -> Result<Vec<String>, Unresolved> {
        self.records(domain, RecordType::MX, |data| match data {
            RData::MX(mx) => Some(plain(&mx.exchange)),
            _ => None,
        })
        .await
    }

    /// The texts of a name (TXT).
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Unresolved> {
        self.records(name, RecordType::TXT, |data| match data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        })
        .await
    }

    /// Whether a block list has an address (RFC 5782): it answers with an address of 127.0.0.0/8, but for 127.255.255.0/24, by which lists
    /// say that they do not answer whoever asks.
    ///
    /// # Errors
    ///
    /// Where it cannot be found out for the moment.
    pub async fn is_listed(&self, list: &str, address: IpAddr) -> Result<bool, Unresolved> {
        let (reversed, _) = reversed(address);
        let answers = self
            .records(&format!("{reversed}.{list}"), RecordType::A, |data| match data {
                RData::A(address) => Some(address.0),
                _ => None,
            })
            .await?;
        Ok(answers.iter().any(|answer| matches!(answer.octets(), [127, b, c, _] if (b, c) != (255, 255))))
    }

    /// Why a block list has an address (RFC 5782 2.1), if it says so.
    pub async fn why_listed(&self, list: &str, address: IpAddr) -> Option<String> {
        let (reversed, _) = reversed(address);
        self.texts(&format!("{reversed}.{list}")).await.ok()?.into_iter().next()
    }
}

/// Whether an error says that there is no such name or record, rather than that it is not known.
fn is_no(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

/// A name without the dot at its end.
fn plain(name: &Name) -> String {
    let mut name = name.to_ascii().to_ascii_lowercase();
    if name.ends_with('.') {
        name.pop();
    }
    name
}

/// An address as the labels of a name, the last part first, and the zone that it has its names in.
fn reversed(address: IpAddr) -> (String, &'static str) {
    match address.to_canonical() {
        IpAddr::V4(address) => (v4(address), "in-addr.arpa"),
        IpAddr::V6(address) => (v6(address), "ip6.arpa"),
    }
}

fn v4(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}")
}

fn v6(address: Ipv6Addr) -> String {
    let nibbles = address.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
    nibbles.map(|nibble| format!("{nibble:x}")).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_reversed() {
        assert_eq!(reversed("192.0.2.99".parse().unwrap()), ("99.2.0.192".to_owned(), "in-addr.arpa"));
        assert_eq!(reversed("::ffff:192.0.2.99".parse().unwrap()).0, "99.2.0.192");
        let (name, zone) = reversed("2001:db8:1:2:3:4:567:89ab".parse().unwrap());
        assert_eq!((&*name, zone), ("b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2", "ip6.arpa"));
    }
}
