//! The PROXY protocol, versions 1 and 2: the header by which a proxy tells whom a connection comes from.
//!
//! [`receive`] takes the header off a stream. A [`Server`](crate::Server) does so by itself, for the listeners and the proxies that
//! [`Server::opening`](crate::Server::opening) names. Believe a header of a proxy only, never of a client: anyone can write one.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::prefixed::Prefixed;

/// The longest header of version 1, its CRLF counted.
const LONGEST_V1: usize = 107;
/// The longest header of version 2 that is taken: the protocol allows 64 KiB of further facts, and none of them is needed here.
const LONGEST_V2: usize = 4096;
/// What a header of version 1 begins with.
const START_V1: &[u8] = b"PROXY ";
/// What a header of version 2 begins with.
const START_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Behind that: version and command, family and protocol, and the length of the rest in two octets.
const FIXED_V2: usize = START_V2.len() + 4;

/// Whom a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A client on the other side of the proxy.
    Client(SocketAddr),
    /// Nobody but the proxy itself, which looks whether the server is there (version 2: LOCAL); or someone whose address is not of
    /// TCP over IP, or not known (version 1: UNKNOWN).
    Proxy,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// It is none, or one that says what no proxy says.
    Malformed,
    /// It is longer than 107 octets (version 1), or than 4 KiB (version 2).
    TooLong,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a PROXY header",
            Self::TooLong => "a PROXY header that is too long",
        })
    }
}

impl std::error::Error for HeaderError {}

/// Reads the header that `input` begins with: whom it names, and its length in octets. `None` where more is needed to tell.
///
/// What is found wrong stays wrong, and what was found stays found, whatever comes behind `input`.
///
/// ```
/// use ehlo_tokio::proxy::{HeaderError, Origin, parse};
///
/// let client = "192.0.2.7:4711".parse().unwrap();
/// assert_eq!(parse(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\nEHLO client"), Ok(Some((Origin::Client(client), 40))));
/// assert_eq!(parse(b"PROXY TC"), Ok(None));
/// assert_eq!(parse(b"EHLO client\r\n"), Err(HeaderError::Malformed));
/// ```
///
/// # Errors
///
/// There is no header, or it is too long.
pub fn parse(input: &[u8]) -> Result<Option<(Origin, usize)>, HeaderError> {
    let Some(length) = length(input)? else { return Ok(None) };
    let Some(header) = input.get(..length) else { return Ok(None) };
    // LOCAL: whatever else the header says is to be passed over.
    if header.starts_with(START_V2) && header.get(START_V2.len()) == Some(&0x20) {
        return Ok(Some((Origin::Proxy, length)));
    }
    let config = ParseConfig { include_tlvs: false, allow_v1: true, allow_v2: true };
    match ProxyHeader::parse(header, config) {
        Ok((found, taken)) if taken == length => match found.proxied_address() {
            Some(address) if address.protocol == Protocol::Stream => Ok(Some((Origin::Client(address.source), length))),
            Some(_) => Err(HeaderError::Malformed),
            None => Ok(Some((Origin::Proxy, length))),
        },
        _ => Err(HeaderError::Malformed),
    }
}

/// How long the header is, once that can be told.
fn length(input: &[u8]) -> Result<Option<usize>, HeaderError> {
    let begins = |start: &[u8]| input.iter().zip(start).all(|(one, other)| one == other);
    if begins(START_V1) {
        match input.iter().take(LONGEST_V1).position(|octet| *octet == b'\n') {
            Some(end) => Ok(Some(end + 1)),
            None if input.len() >= LONGEST_V1 => Err(HeaderError::TooLong),
            None => Ok(None),
        }
    } else if begins(START_V2) {
        let Some([_, _, high, low]) = input.get(START_V2.len()..FIXED_V2) else { return Ok(None) };
        let length = FIXED_V2 + usize::from(u16::from_be_bytes([*high, *low]));
        if length > LONGEST_V2 { Err(HeaderError::TooLong) } else { Ok(Some(length)) }
    } else {
        Err(HeaderError::Malformed)
    }
}

/// Takes the header off a stream. What had been read behind it comes first when the stream that is returned is read. It waits for as
/// long as the proxy lets it: see that there is a deadline.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use ehlo_tokio::proxy::{Origin, receive};
/// use tokio::io::AsyncReadExt as _;
///
/// let (origin, mut stream) = receive(&b"PROXY UNKNOWN\r\nNOOP\r\n"[..]).await?;
/// assert_eq!(origin, Origin::Proxy);
/// let mut rest = String::new();
/// stream.read_to_string(&mut rest).await?;
/// assert_eq!(rest, "NOOP\r\n");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// What the stream gave; `UnexpectedEof` where it ended within the header; `InvalidData` with a [`HeaderError`].
pub async fn receive<T: AsyncRead + Unpin>(mut stream: T) -> io::Result<(Origin, Prefixed<T>)> {
    let mut octets = Vec::with_capacity(256);
    loop {
        if stream.read_buf(&mut octets).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let found = parse(&octets).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if let Some((origin, length)) = found {
            octets.drain(..length);
            return Ok((origin, Prefixed::new(octets, stream)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [START_V2, &[command, family], &length, rest].concat()
    }

    const ADDRESSES: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 4, 0, 25];

    /// What comes of the input, however it is cut: before the last octet of the header nothing is known, and behind it nothing changes.
    fn read(input: &[u8]) -> Result<Option<(Origin, usize)>, HeaderError> {
        let whole = parse(input);
        for end in 0..input.len() {
            let part = parse(&input[..end]);
            match whole {
                Ok(Some((_, length))) => assert_eq!(part, if end < length { Ok(None) } else { whole }, "{end}"),
                Ok(None) => assert_eq!(part, Ok(None), "{end}"),
                Err(_) => assert!(part == Ok(None) || part == whole, "{end}"),
            }
        }
        whole
    }

    #[test]
    fn whom_it_names() {
        let client = |text: &str| Origin::Client(text.parse().unwrap());
        let v6 = [[0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]; 2].concat();
        let v6 = [&v6[..], &[0xdc, 4, 0, 25]].concat();
        for (header, origin) in [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n".to_vec(), client("192.0.2.1:56324")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 25\r\n".to_vec(), client("[2001:db8::1]:56324")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Origin::Proxy),
            (b"PROXY UNKNOWN whatever 1 2 3 4 5 6\r\n".to_vec(), Origin::Proxy),
            (v2(0x21, 0x11, &ADDRESSES), client("192.0.2.1:56324")),
            (v2(0x21, 0x11, &[&ADDRESSES[..], &[4, 0, 1, 0]].concat()), client("192.0.2.1:56324")),
            (v2(0x21, 0x21, &v6), client("[2001:db8::1]:56324")),
            (v2(0x20, 0x00, &[]), Origin::Proxy),
            (v2(0x20, 0x11, &[]), Origin::Proxy),
            (v2(0x20, 0xff, &[1, 2, 3]), Origin::Proxy),
            (v2(0x21, 0x00, &[1, 2, 3]), Origin::Proxy),
            (v2(0x21, 0x31, &[0; 216]), Origin::Proxy),
            (v2(0x21, 0x11, &[&ADDRESSES[..], &[0; LONGEST_V2 - 28]].concat()), client("192.0.2.1:56324")),
        ] {
            let found = Ok(Some((origin, header.len())));
            assert_eq!(read(&header), found, "{}", header.escape_ascii());
            assert_eq!(read(&[&header[..], b"EHLO x\r\n"].concat()), found, "{}", header.escape_ascii());
        }
    }

    #[test]
    fn what_is_none() {
        for wrong in [
            &b"EHLO client.example\r\n"[..],
            b"\r\nEHLO client.example\r\n",
            b"PROXYTCP4 1\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 25\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
            b"PROXY TCP4 192.0.2.256 198.51.100.1 1 25\r\n",
            b"PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n",
            b"PROXY TCP4  192.0.2.1 198.51.100.1 1 25\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 25 \r\n",
            b"PROXY TCP5 192.0.2.1 198.51.100.1 1 25\r\n",
            b"PROXY UNKNOWN\rx\n",
            b"PROXY \r\n",
            &v2(0x11, 0x11, &ADDRESSES),
            &v2(0x22, 0x11, &ADDRESSES),
            &v2(0x21, 0x12, &ADDRESSES),
            &v2(0x21, 0x41, &ADDRESSES),
            &v2(0x21, 0x11, &ADDRESSES[..11]),
            &v2(0x21, 0x21, &ADDRESSES),
            &v2(0x21, 0x31, &[0; 215]),
        ] {
            assert_eq!(read(wrong), Err(HeaderError::Malformed), "{}", wrong.escape_ascii());
        }
        let endless = [START_V1, b"UNKNOWN ", &[b'x'; 200]].concat();
        assert_eq!(read(&endless), Err(HeaderError::TooLong));
        assert_eq!(read(&endless[..LONGEST_V1 - 1]), Ok(None));
        let longest = [&endless[..LONGEST_V1 - 2], b"\r\n"].concat();
        assert_eq!(read(&longest), Ok(Some((Origin::Proxy, LONGEST_V1))));
        assert_eq!(read(&[&endless[..LONGEST_V1 - 1], b"\r\n"].concat()), Err(HeaderError::TooLong));
        assert_eq!(read(&v2(0x21, 0x11, &[0; LONGEST_V2 - 15])), Err(HeaderError::TooLong));
    }
}
