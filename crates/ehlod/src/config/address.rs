//! Where a listener listens, and where it comes from.

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

impl Address {}

/// Where a listener comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The server opens it.
    Own(Address),
    /// `fd:NAME`: the service manager has opened it, and passes it under this name (`FileDescriptorName=`).
    Passed(String),
}

impl Source {
    /// Whether two listeners cannot both have it.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        self == other && !matches!(self, Self::Own(Address::Tcp(address)) if address.port() == 0)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<Address> for Source {
    fn from(address: Address) -> Self {
        Self::Own(address)
    }
}

impl From<SocketAddr> for Source {
    fn from(address: SocketAddr) -> Self {
        Self::Own(address.into())
    }
}

impl FromStr for Source {
    type Err = String;

    /// Reads an address, or `fd:smtp`.
    ///
    /// # Errors
    ///
    /// That it is neither, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(name) = text.strip_prefix("fd:") else { return text.parse().map(Self::Own) };
        // What systemd allows in a name.
        let fits = !name.is_empty()
            && name.len() <= 255
            && name.bytes().all(|octet| matches!(octet, b' '..=b'~' if octet != b':'));
        let wrong = || format!("{text:?} names no socket (for instance \"fd:smtp\", as FileDescriptorName= calls it)");
        fits.then(|| Self::Passed(name.to_owned())).ok_or_else(wrong)
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

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(address) => address.fmt(f),
            Self::Passed(name) => write!(f, "fd:{name}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        for text in ["127.0.0.1:25", "[::]:0", "unix:/run/a.sock", "fd:smtp", "fd:ehlod.socket", "fd:a b"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        for text in ["fd:", "fd:a:b", "fd:é", "fd:\n", "fd", &format!("fd:{}", "a".repeat(256))] {
            assert!(text.parse::<Source>().is_err(), "{text:?}");
        }
        let excludes = |text: &str| text.parse::<Source>().unwrap().excludes(&text.parse().unwrap());
        assert!(excludes("fd:smtp") && excludes("unix:a") && !excludes("127.0.0.1:0"));
    }
}
