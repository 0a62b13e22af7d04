//! Whom a session is with: what the connection says, and what a trusted peer says of others (XCLIENT, XFORWARD).
//!
//! The attributes are those of Postfix's XCLIENT_README and XFORWARD_README.

use ehlo::Attribute;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// A client, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Where it is; unknown on a Unix socket, or where the peer does not know it.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
    /// Its name in the DNS, where a peer told it.
    pub name: Option<String>,
    /// Which of the server's addresses it came to, where a peer told it.
    pub destination: (Option<IpAddr>, Option<u16>),
    /// The server's end of the connection; none on a Unix socket.
    pub local: Option<IpAddr>,
    /// Which of the server's addresses it came to ought to be known, and cannot be told for the moment.
    pub is_lost: bool,
    /// The address as text, for the log and for replies that name it.
    pub text: String,
}

/// What XCLIENT tells besides of the session that the client is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What the client called itself. What it says itself from now on goes over it.
    pub hello: Option<String>,
    /// Whether it said EHLO.
    pub extended: bool,
    /// As whom it has authenticated itself.
    pub login: Option<String>,
}

/// An attribute has a value that it cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Client {
    /// Whoever is at the other end of a connection.
    #[must_use]
    pub fn new(address: Option<SocketAddr>) -> Self {
        let at = address.map(|address| address.ip().to_canonical());
        Self {
            address: at,
            port: address.map(|address| address.port()),
            text: at.map_or_else(|| "local".to_owned(), |at| at.to_string()),
            ..Self::default()
        }
    }

    /// Takes over what XCLIENT says of a client; what it does not say stays, but for the name of another address. Nothing changes where some
    /// of it is malformed.
    ///
    /// # Errors
    ///
    /// A value that its attribute cannot have.
    pub fn told<'a>(&mut self, attributes: impl Iterator<Item = Attribute<'a>>) -> Result<Told, Malformed> {
        let mut told = Told::default();
        let mut client = self.clone();
        let mut is_named = false;
        for attribute in attributes {
            let value = known(&attribute);
            match attribute.name.to_ascii_uppercase().as_str() {
                "ADDR" => {
                    client.address = value.as_deref().map(address).transpose()?;
                    client.text = client.address.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
                }
                "NAME" => {
                    client.name = value.map(name).transpose()?;
                    is_named = true;
                }
                "PORT" => client.port = value.as_deref().map(port).transpose()?,
                "DESTADDR" => {
                    client.destination.0 = value.as_deref().map(address).transpose()?;
                    client.is_lost = attribute.value.encoded().eq_ignore_ascii_case("[TEMPUNAVAIL]");
                }
                "DESTPORT" => client.destination.1 = value.as_deref().map(port).transpose()?,
                "PROTO" => told.extended = value.map(protocol).transpose()?.unwrap_or(false),
                "HELO" => told.hello = value,
                "LOGIN" => told.login = value,
                // The core knows all that there are.
                _ => return Err(Malformed),
            }
        }
        // A name belongs to an address.
        if client.address != self.address && !is_named {
            client.name = None;
        }
        *self = client;
        Ok(told)
    }

    /// Which of the server's addresses the client came to.
    #[must_use]
    pub fn reached(&self) -> Option<IpAddr> {
        self.destination.0.or(self.local)
    }

    /// Where the client came to, for the log.
    #[must_use]
    pub fn destination(&self) -> Option<String> {
        match self.destination {
            (Some(address), Some(port)) => Some(SocketAddr::new(address, port).to_string()),
            (Some(address), None) => Some(address.to_string()),
            (None, Some(port)) => Some(format!(":{port}")),
            (None, None) => None,
        }
    }
}

/// The value of an attribute; `None` where the peer does not know it, for good or for the moment.
fn known(attribute: &Attribute<'_>) -> Option<String> {
    let decoded: Vec<u8> = attribute.value.decoded().collect();
    let text = String::from_utf8_lossy(&decoded);
    let unknown = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|word| text.eq_ignore_ascii_case(word));
    (!unknown).then(|| text.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
}

fn address(text: &str) -> Result<IpAddr, Malformed> {
    let parsed: IpAddr = match text.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("IPV6:") => {
            IpAddr::V6(rest.parse().map_err(|_| Malformed)?)
        }
        _ => text.parse().map_err(|_| Malformed)?,
    };
    Ok(parsed.to_canonical())
}

fn port(text: &str) -> Result<u16, Malformed> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(Malformed)
}

/// A name as the DNS has it, underscores too.
fn name(text: String) -> Result<String, Malformed> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
    if (1..=255).contains(&text.len()) && text.bytes().all(fits) { Ok(text) } else { Err(Malformed) }
}

/// Whether the protocol has EHLO, or LHLO.
fn protocol(text: String) -> Result<bool, Malformed> {
    match text.to_ascii_uppercase().as_str() {
        "SMTP" => Ok(false),
        "ESMTP" | "LMTP" => Ok(true),
        _ => Err(Malformed),
    }
}

/// What XFORWARD says of where the next message comes from. It is for the log alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded(Vec<(String, String)>);

impl Forwarded {
    /// Adds attributes; one that was told already is told anew.
    pub fn told<'a>(&mut self, attributes: impl Iterator<Item = Attribute<'a>>) {
        for attribute in attributes {
            let name = attribute.name.to_ascii_uppercase();
            self.0.retain(|(earlier, _)| *earlier != name);
            self.0.extend(known(&attribute).map(|value| (name, value)));
        }
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// As one text, `ADDR=192.0.2.1 HELO=client.example`; `None` where nothing was told.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut text = String::new();
        for (name, value) in &self.0 {
            let _ = write!(text, "{}{name}={value}", if text.is_empty() { "" } else { " " }); // writing to a string does not fail
        }
        Some(text).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ehlo::Xtext;

    fn attributes(line: &str) -> impl Iterator<Item = Attribute<'_>> {
        line.split_whitespace().map(|word| {
            let (name, value) = word.split_once('=').unwrap();
            Attribute { name, value: Xtext::parse(value).unwrap() }
        })
    }

    fn client() -> Client {
        Client::new(Some("127.0.0.1:4711".parse().unwrap()))
    }

    #[test]
    fn what_is_told_is_taken_over_and_the_rest_stays() {
        let mut known = client();
        let line = "addr=IPV6:2001:db8::1 NAME=mail_1.client.example PORT=25 DESTADDR=192.0.2.9 DESTPORT=587 \
                    PROTO=esmtp HELO=client+2Eexample LOGIN=alice@example.com";
        let told = known.told(attributes(line)).unwrap();
        assert_eq!(known.text, "2001:db8::1");
        assert_eq!((known.address, known.port), (Some("2001:db8::1".parse().unwrap()), Some(25)));
        assert_eq!(known.name.as_deref(), Some("mail_1.client.example"));
        assert_eq!(known.destination().as_deref(), Some("192.0.2.9:587"));
        let expected = Told {
            hello: Some("client.example".to_owned()),
            extended: true,
            login: Some("alice@example.com".to_owned()),
        };
        assert_eq!(told, expected);

        assert_eq!(known.told(attributes("ADDR=::ffff:192.0.2.1 NAME=[TEMPUNAVAIL]")), Ok(Told::default()));
        assert_eq!((known.text.as_str(), known.name.as_deref(), known.port), ("192.0.2.1", None, Some(25)));
        known
            .told(attributes("ADDR=[unavailable] PORT=[UNAVAILABLE] DESTPORT=[UNAVAILABLE] LOGIN=[UNAVAILABLE]"))
            .unwrap();
        assert_eq!((known.text.as_str(), known.address, known.port), ("unknown", None, None));
        assert_eq!(known.destination().as_deref(), Some("192.0.2.9"));
        known.told(attributes("DESTADDR=[UNAVAILABLE]")).unwrap();
        assert_eq!(known.destination(), None);

        known.told(attributes("NAME=one.example ADDR=192.0.2.1")).unwrap();
        known.told(attributes("PORT=26")).unwrap();
        assert_eq!(known.name.as_deref(), Some("one.example"));
        known.told(attributes("ADDR=192.0.2.2")).unwrap();
        assert_eq!(known.name, None);
    }

    #[test]
    fn what_is_malformed_changes_nothing() {
        for wrong in [
            "ADDR=192.0.2.256",
            "ADDR=[192.0.2.1]",
            "ADDR=IPV6:192.0.2.1",
            "ADDR=client.example",
            "PORT=65536",
            "PORT=+2B25",
            "PORT=",
            "NAME=",
            "NAME=a+20b",
            "NAME=<x>",
            "PROTO=HTTP",
            "DESTADDR=x",
            "DESTPORT=x",
            "COLOUR=red",
        ] {
            let mut known = client();
            assert_eq!(known.told(attributes(&format!("ADDR=192.0.2.1 {wrong}"))), Err(Malformed), "{wrong}");
            assert_eq!(known, client(), "{wrong}");
        }
    }

    #[test]
    fn what_is_forwarded_is_kept_until_it_is_forgotten() {
        let mut forwarded = Forwarded::default();
        assert_eq!(forwarded.text(), None);
        forwarded.told(attributes("ADDR=192.0.2.1 HELO=a+0D+0Ab SOURCE=REMOTE"));
        forwarded.told(attributes("addr=192.0.2.2 SOURCE=[UNAVAILABLE]"));
        assert_eq!(forwarded.text().as_deref(), Some("HELO=a??b ADDR=192.0.2.2"));
        forwarded.clear();
        assert_eq!(forwarded.text(), None);
    }
}
