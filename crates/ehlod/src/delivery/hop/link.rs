//! A connection to a next hop, from the call to the point where it waits for MAIL.

use super::answer::HopError;
use super::envelope::Offers;
use super::tls::Connector;
use crate::config::{HopPlace, HopTls, NextHop};
use mail_send::{Credentials, SmtpClient};
use smtp_proto::{EXT_START_TLS, EhloResponse, Response};
use std::fmt;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time;

/// How long it may take to be connected at all.
const CALL: Duration = Duration::from_secs(30);
/// The answer to the end of the data may take so many times as long as any other (RFC 5321 4.5.3.2: 10 minutes where others have 2).
const PATIENCE: u32 = 5;

/// How long to wait for what was said before the other side hung up: it has come already, if it comes at all.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What a connection runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

type Client = SmtpClient<Box<dyn Stream>>;

/// A connection that waits for a command.
pub(super) struct Link {
    client: Client,
    pub(super) offers: Offers,
    /// Whether it has carried a message before.
    pub(super) was_used: bool,
    /// Since when it has been waiting.
    pub(super) since: Instant,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("offers", &self.offers).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects, says hello, secures the connection and logs in, as it is configured.
    pub(super) async fn open(
        hop: &NextHop,
        hostname: &str,
        connector: &Connector,
        login: Option<&Credentials<String>>,
    ) -> Result<Self, HopError> {
        let opened = Self::attempt(hop, hostname, connector, login, hop.tls).await;
        match opened {
            // TLS that was only to be had where it works does not work (RFC 7435 3).
            Err(Failed::Handshake(error)) if hop.tls == HopTls::Opportunistic => {
                tracing::warn!(next_hop = %hop.address, %error, "goes on without TLS");
                Self::attempt(hop, hostname, connector, login, HopTls::Off).await.map_err(Failed::into_error)
            }
            opened => opened.map_err(Failed::into_error),
        }
    }

    async fn attempt(
        hop: &NextHop,
        hostname: &str,
        connector: &Connector,
        login: Option<&Credentials<String>>,
        tls: HopTls,
    ) -> Result<Self, Failed> {
        let (stream, host): (Box<dyn Stream>, _) = match &hop.address.place {
            HopPlace::Tcp(host, port) => {
                let stream = limited(CALL, TcpStream::connect((host.as_str(), *port))).await?;
                stream.set_nodelay(true)?;
                (Box::new(stream), host.as_str())
            }
            HopPlace::Unix(path) => (Box::new(limited(CALL, UnixStream::connect(path)).await?), "localhost"),
        };
        let mut client = SmtpClient { stream, timeout: hop.timeout };
        if tls == HopTls::Implicit {
            client = secure(client, connector, host).await?;
        }
        let greeting = time::timeout(hop.timeout, client.read()).await.map_err(|_| mail_send::Error::Timeout)??;
        positive(greeting)?;
        let mut offered = hello(&mut client, hop, hostname).await?;
        let mut secured = tls == HopTls::Implicit;
        let offers_tls = offered.has_capability(EXT_START_TLS);
        if tls == HopTls::Required && !offers_tls {
            return Err(HopError::Broken("it offers no STARTTLS".to_owned()).into());
        }
        let by_network = matches!(hop.address.place, HopPlace::Tcp(..));
        if offers_tls && by_network && matches!(tls, HopTls::Required | HopTls::Opportunistic) {
            positive(client.cmd("STARTTLS\r\n").await?)?;
            client = secure(client, connector, host).await?;
            // What it said in plaintext counts no more (RFC 3207 4.2).
            offered = hello(&mut client, hop, hostname).await?;
            secured = true;
        }
        if let Some(login) = login {
            client.authenticate(AsIs(login), AsIs(&offered)).await?;
        }
        let offers = Offers { extensions: offered.capabilities, verified: secured && tls != HopTls::Opportunistic };
        Ok(Self { client, offers, was_used: false, since: Instant::now() })
    }

    /// Says a line, which ends in CRLF, and hears the answer.
    pub(super) async fn command(&mut self, line: &str) -> Result<Response<String>, HopError> {
        Ok(self.client.cmd(line).await?)
    }

    /// The same where only 2yz is a yes.
    pub(super) async fn demand(&mut self, line: &str) -> Result<(), HopError> {
        let response = self.command(line).await?;
        positive(response)
    }

    /// Sends octets of a message. Whoever hangs up in the midst of it may have said why.
    pub(super) async fn send(&mut self, octets: &[u8]) -> Result<(), HopError> {
        let timeout = self.client.timeout;
        let Err(error) = limited(timeout, self.client.stream.write_all(octets)).await else { return Ok(()) };
        match time::timeout(LAST_WORD, self.client.read()).await {
            Ok(Ok(response)) if response.code >= 400 => Err(response.into()),
            _ => Err(error.into()),
        }
    }

    /// Hears what became of the message: so many answers.
    pub(super) async fn verdicts(&mut self, count: usize) -> Result<Vec<Response<String>>, HopError> {
        let timeout = self.client.timeout;
        limited(timeout, self.client.stream.flush()).await?;
        let heard = time::timeout(timeout.saturating_mul(PATIENCE), self.client.read_many(count)).await;
        Ok(heard.map_err(|_| mail_send::Error::Timeout)??)
    }

    /// Ends the connection as is proper; it is closed whatever is answered.
    pub(super) async fn quit(mut self) {
        self.client.timeout = self.client.timeout.min(CALL);
        let _ = self.client.quit().await;
    }
}

/// `mail-send` asks for what can be seen as a reference to itself, which a reference is not.
struct AsIs<'a, T>(&'a T);

impl<T> AsRef<T> for AsIs<'_, T> {
    fn as_ref(&self) -> &T {
        self.0
    }
}

/// Why a connection could not be opened.
enum Failed {
    /// TLS did not come about.
    Handshake(io::Error),
    Other(HopError),
}

impl Failed {
    /// What the next hop says before MAIL is said to this server, and not to its client.
    fn into_error(self) -> HopError {
        HopError::Broken(match self {
            Self::Handshake(error) => format!("TLS: {error}"),
            Self::Other(error) => error.to_string(),
        })
    }
}

impl<E: Into<HopError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

async fn hello(client: &mut Client, hop: &NextHop, hostname: &str) -> Result<EhloResponse<String>, HopError> {
    Ok(client.capabilities(hostname, hop.address.lmtp).await?)
}

async fn secure(client: Client, connector: &Connector, host: &str) -> Result<Client, Failed> {
    let SmtpClient { stream, timeout } = client;
    let stream = limited(timeout, connector.connect(host, stream)).await.map_err(Failed::Handshake)?;
    Ok(SmtpClient { stream: Box::new(stream), timeout })
}

fn positive(response: Response<String>) -> Result<(), HopError> {
    if (200..300).contains(&response.code) { Ok(()) } else { Err(response.into()) }
}

async fn limited<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    time::timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
