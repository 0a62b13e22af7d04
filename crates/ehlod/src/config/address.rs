//! Where a listener listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address and port, or the path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Over TCP; port 0 asks for a free one.
    Tcp(SocketAddr),
    /// `unix:PATH`.
    Unix(PathBuf),
}

impl Address {
    /// Whether two listeners cannot both have it.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        self == other && !matches!(self, Self::Tcp(address) if address.port() == 0)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl FromStr for Address {
    type Err = String;

    /// Reads `127.0.0.1:2525`, `[::]:25` or `unix:/run/ehlod.sock`.
    ///
    /// # Errors
    ///
    /// That it is none of these, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err(format!("{text:?} names no path (for instance \"unix:/run/ehlod.sock\")")),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                format!("{text:?} is not an address and a port (for instance \"127.0.0.1:2525\" or \"[::]:25\")")
            }),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
