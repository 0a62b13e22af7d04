//! Sizes, times and networks, as the configuration writes them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// Reads a size in octets: `"25 MiB"`, `"1KiB"`, `"512"`.
///
/// The units are B, KiB, MiB, GiB and TiB.
///
/// # Errors
///
/// What is wrong, in words: no number, an unknown unit, or more than a `u64` holds.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split_number(text.trim());
    let scale = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1_u64 << 40,
        _ => return Err(not_a_size(text)),
    };
    let number: u64 = match number.parse() {
        Ok(number) => number,
        Err(_) if number.is_empty() => return Err(not_a_size(text)),
        Err(_) => return Err(format!("{text:?} is too large")),
    };
    number.checked_mul(scale).ok_or_else(|| format!("{text:?} is too large"))
}

fn not_a_size(text: &str) -> String {
    format!("{text:?} is not a size (for instance \"25 MiB\", \"64 KiB\", or a number of octets)")
}

/// Reads a time: `"5m"`, `"1h 30m"`, `"250ms"`.
///
/// The units are ms, s, m, h and d; the parts are added up.
///
/// # Errors
///
/// What is wrong, in words: no number, no unit or an unknown one, or more than `u64` milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a time (for instance \"30s\", \"5m\" or \"1h 30m\")");
    let mut rest = text.trim();
    let mut total = Some(0_u64);
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, after) = split_number(rest);
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let scale = match unit {
            _ if number.is_empty() => return Err(wrong()),
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
        total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
        rest = next.trim_start();
    }
    total.map(Duration::from_millis).ok_or_else(|| format!("{text:?} is too long"))
}

/// Cuts a text behind its leading digits.
fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// So much in so much time: `"60/1m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much; above zero.
    pub count: u32,
    /// In what time; above zero.
    pub window: Duration,
}

impl FromStr for Rate {
    type Err = String;

    /// Reads a number, a slash and a time.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a rate (for instance \"60/1m\")");
        let (count, window) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().map_err(|_| wrong())?;
        let window = parse_duration(window)?;
        if count == 0 || window.is_zero() { Err(wrong()) } else { Ok(Self { count, window }) }
    }
}

/// A network in CIDR notation; a bare address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether an address is in the network. An IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differing = ours.to_bits() ^ theirs.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differing = ours.to_bits() ^ theirs.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = String;

    /// Reads `"192.0.2.0/24"`, `"2001:db8::/32"` or a bare address.
    ///
    /// # Errors
    ///
    /// What is wrong, in words: no address, a prefix longer than the address, or address bits behind the prefix.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network (for instance \"192.0.2.0/24\" or \"2001:db8::/32\")");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(wrong)?,
        };
        let network = Self { address: first_of(address, prefix), prefix };
        if network.address != address {
            return Err(format!("{text:?} has address bits behind its prefix (\"{network}\" is the network)"));
        }
        Ok(network)
    }
}

/// The address with every bit behind the prefix cleared.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & !mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & !mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, octets) in [
            ("0", 0),
            ("512", 512),
            ("512 B", 512),
            ("1 KiB", 1024),
            ("25MiB", 25 << 20),
            (" 3 GiB ", 3 << 30),
            ("2 TiB", 2 << 40),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_size(text), Ok(octets), "{text}");
        }
        for text in ["", "MiB", "25 MB", "-1", "1.5 MiB", "25 MiB x", "18446744073709551616", "16777216 TiB", "٣"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, millis) in [
            ("0s", 0),
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            (" 36d ", 3_110_400_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "m", "5 m", "-5m", "5x", "1h,30m", "99999999999999999999s", "300000000000d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn networks() {
        let inside = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(inside("192.0.2.0/24", "192.0.2.255"));
        assert!(!inside("192.0.2.0/24", "192.0.3.0"));
        assert!(inside("192.0.2.0/24", "::ffff:192.0.2.1"));
        assert!(inside("192.0.2.7", "192.0.2.7"));
        assert!(!inside("192.0.2.7", "192.0.2.6"));
        assert!(inside("0.0.0.0/0", "203.0.113.1"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!inside("2001:db8::/32", "2001:db9::1"));
        assert!(inside("::/0", "2001:db8::1"));
        for text in ["", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2", "::/129", "example.com"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert_eq!(
            "10.1.2.3/8".parse::<Network>(),
            Err("\"10.1.2.3/8\" has address bits behind its prefix (\"10.0.0.0/8\" is the network)".to_owned())
        );
    }
}
