//! Where mail is passed on to: what `relay.next_hop` and `delivery.next_hop` name, and `[[next_hop]]`, which says how it is reached.

use super::table::{Found, Table, expected};
use super::values::{self, choice, count, timeout};
use crate::mailbox::is_domain;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use toml::de::DeValue;

/// A server that takes mail over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Where it is.
    pub address: HopAddress,
    /// What TLS is demanded.
    pub tls: HopTls,
    /// The file of the certificate authorities that are trusted in place of the system's.
    pub authorities: Option<PathBuf>,
    /// As whom to log in: the user, and the file whose first line is the password.
    pub login: Option<(String, PathBuf)>,
    /// How long each of its replies may take.
    pub timeout: Duration,
    /// How many connections are open at once, at the most.
    pub connections: u32,
    /// How long a connection is kept open for the next message.
    pub idle: Duration,
}

/// What TLS a connection has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HopTls {
    /// None.
    Off,
    /// STARTTLS where it is offered, by whomever (RFC 7435).
    Opportunistic,
    /// STARTTLS, with a certificate that is checked.
    Required,
    /// From the first octet on, with a certificate that is checked (RFC 8314).
    Implicit,
}

/// The protocol and the place of a next hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopAddress {
    /// LMTP (RFC 2033) in place of SMTP.
    pub lmtp: bool,
    /// Where.
    pub place: HopPlace,
}

/// Where a next hop listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopPlace {
    /// A host, by its name or address, and a port.
    Tcp(String, u16),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl HopAddress {
    /// Whether what is said there can be overheard: not on a Unix socket, nor on this machine.
    fn is_exposed(&self) -> bool {
        match &self.place {
            HopPlace::Unix(_) => false,
            HopPlace::Tcp(host, _) => !(host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())),
        }
    }
}

impl FromStr for HopAddress {
    type Err = String;

    /// Reads `smtp:HOST:PORT`, `lmtp:HOST:PORT`, `smtp:unix:PATH` or `lmtp:unix:PATH`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    ///
    /// That it is none of these, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let examples = "for instance \"smtp:relay.example.net:25\" or \"lmtp:unix:/run/lmtp.sock\"";
        let wrong = || format!("{text:?} is not a next hop ({examples})");
        let (lmtp, place) = match text.split_once(':') {
            Some(("smtp", place)) => (false, place),
            Some(("lmtp", place)) => (true, place),
            _ => return Err(wrong()),
        };
        let place = match place.strip_prefix("unix:") {
            Some("") => return Err(wrong()),
            Some(path) => HopPlace::Unix(path.into()),
            None => {
                let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                let is_host = match bare {
                    Some(bare) => bare.parse().is_ok_and(|ip: IpAddr| ip.is_ipv6()),
                    None => host.is_ascii() && is_domain(host),
                };
                let port = port.parse().ok().filter(|port| is_host && *port != 0).ok_or_else(wrong)?;
                HopPlace::Tcp(bare.unwrap_or(host).to_ascii_lowercase(), port)
            }
        };
        Ok(Self { lmtp, place })
    }
}

impl fmt::Display for HopAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.lmtp { "lmtp:" } else { "smtp:" })?;
        match &self.place {
            HopPlace::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            HopPlace::Tcp(host, port) => write!(f, "{host}:{port}"),
            HopPlace::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl NextHop {
    /// A next hop of which nothing else is said.
    #[must_use]
    pub fn new(address: HopAddress) -> Self {
        Self {
            address,
            tls: HopTls::Opportunistic,
            authorities: None,
            login: None,
            timeout: Duration::from_secs(120),
            connections: 100,
            idle: Duration::from_secs(30),
        }
    }
}

/// The address of a next hop; none where the text is empty.
pub(super) fn address(value: &DeValue<'_>) -> Result<Option<HopAddress>, String> {
    match value.as_str().ok_or_else(|| expected("a string", value))? {
        "" => Ok(None),
        text => text.parse().map(Some),
    }
}

/// What `[[next_hop]]` says of the next hops that other sections name. Each is named by one of them at least.
pub(super) fn read(document: &mut Table<'_, '_>, base: &Path, named: &[&HopAddress]) -> Vec<NextHop> {
    let mut hops: Vec<NextHop> = Vec::new();
    for mut table in document.tables("next_hop").into_iter().flatten() {
        let address = table.required("address", "\"smtp:relay.example.net:25\"", |value| {
            address(value)?.ok_or_else(|| "must not be empty".to_owned())
        });
        let Some(Found { at, value: address }) = address else { continue };
        if hops.iter().any(|earlier| earlier.address == address) {
            table.error(at, "address", format!("\"{address}\" is there already"));
        } else if !named.contains(&&address) {
            table.error(at, "address", format!("neither relay.next_hop nor delivery.next_hop is \"{address}\""));
        }
        let hop = NextHop::new(address);
        let tls = choice(&[
            ("off", HopTls::Off),
            ("opportunistic", HopTls::Opportunistic),
            ("required", HopTls::Required),
            ("implicit", HopTls::Implicit),
        ]);
        let file = |found: Option<Found<String>>| found.map(|found| base.join(found.value));
        let tls = table.value("tls", tls);
        if let Some(Found { at, value: HopTls::Required | HopTls::Implicit }) = tls
            && matches!(hop.address.place, HopPlace::Unix(_))
        {
            table.error(at, "tls", "has no name to check on a Unix socket (leave it out)");
        }
        let tls = tls.map_or(hop.tls, |found| found.value);
        let authorities = file(table.value("authorities", values::name));
        let user = table.value("user", values::name);
        let password = file(table.value("password_file", values::name));
        let login = match (user, password) {
            (Some(Found { at, .. }), _)
                if hop.address.is_exposed() && matches!(tls, HopTls::Off | HopTls::Opportunistic) =>
            {
                table.error(at, "user", "would show the password to anybody (set tls to \"required\" or \"implicit\")");
                None
            }
            (Some(user), Some(password)) => Some((user.value, password)),
            (Some(Found { at, .. }), None) => {
                table.error(at, "user", "needs a password (set password_file)");
                None
            }
            (None, Some(_)) => {
                table.error(table.at(), "password_file", "needs a user (set user)");
                None
            }
            (None, None) => None,
        };
        hops.push(NextHop {
            tls,
            authorities,
            login,
            timeout: table.or("timeout", hop.timeout, timeout),
            connections: table.or("connections", hop.connections, count),
            idle: table.or("idle", hop.idle, values::delay),
            ..hop
        });
        table.finish();
    }
    hops
}
