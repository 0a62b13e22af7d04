//! The configuration: its schema and defaults.
//!
//! A [`Config`] is read from one TOML file ([`Config::load`]), or is the embedded default ([`Config::embedded`]).
//! Relative paths in the file are relative to the directory of the file. Whatever is wrong is told with file, line,
//! column and key ([`Problem`]); an unknown key is an error.

mod access;
mod address;
mod content;
mod delivery;
mod directory;
mod dns;
mod error;
mod metrics;
mod next_hop;
mod read;
mod recipients;
mod relay;
mod state;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub mod units;
pub(crate) mod values;

pub use access::{Access, HelloCheck, ReverseDns, Rule, Stage};
pub use address::{Address, Source};
pub use content::{Conformance, ContentConfig, Unscanned};
pub use delivery::DeliveryConfig;
pub use directory::{Accounts, Database, DatabaseUrl};
pub use dns::DnsConfig;
pub use ehlo::Mechanism;
pub(crate) use error::Report;
pub use error::{Problem, Problems};
pub use metrics::MetricsConfig;
pub use next_hop::{HopAddress, HopPlace, HopTls, NextHop};
pub use recipients::Recipients;
pub use relay::Relay;
pub use state::{Audit, Flow, Greylist, RedisUrl, StateConfig, StatePlace};
pub use units::{Network, Rate};

use crate::mailbox::{Mailbox, is_domain};
use crate::pattern::Pattern;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything the configuration says, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The server's own name: a domain in ASCII.
    pub hostname: String,
    /// Where help is found, for the 214 reply.
    pub help_url: Option<String>,
    /// Where the server listens; at least one.
    pub listeners: Vec<Listener>,
    /// The certificate, where there is one.
    pub tls: Option<Tls>,
    /// Limits on what clients may use up.
    pub limits: Limits,
    /// How long the server waits.
    pub timeouts: Timeouts,
    /// How strictly the protocol is taken, and what is offered of it.
    pub protocol: Protocol,
    /// How clients may authenticate.
    pub auth: Auth,
    /// Where the accounts are.
    pub accounts: Accounts,
    /// The domains the server takes mail for; none makes it refuse every client.
    pub domains: Vec<Domain>,
    /// Which clients may connect.
    pub access: Access,
    /// Who may be the sender of a message.
    pub senders: Senders,
    /// Who may not be a recipient.
    pub recipients: Recipients,
    /// Who may have mail passed on to recipients elsewhere.
    pub relay: Relay,
    /// Whether and how mail from strangers is put off.
    pub greylist: Option<Greylist>,
    /// How many messages are taken.
    pub flow: Flow,
    /// What a message may not be, or hold.
    pub content: ContentConfig,
    /// Whom to ask for names.
    pub dns: DnsConfig,
    /// Where clients and senders are remembered.
    pub state: StateConfig,
    /// Where accepted mail goes.
    pub delivery: DeliveryConfig,
    /// What is said of the next hops that [`relay`](Self::relay) and [`delivery`](Self::delivery) name.
    pub next_hops: Vec<NextHop>,
    /// Where the server tells of itself.
    pub metrics: MetricsConfig,
    /// What is logged, and how.
    pub log: Log,
    /// What is allowed, but is likely not what the administrator wants.
    pub warnings: Vec<Problem>,
}

/// One address the server listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens, or who opens it.
    pub address: Source,
    /// Whom the listener serves.
    pub kind: Kind,
    /// How TLS is offered; anything but [`TlsMode::None`] only with [`Config::tls`] set.
    pub tls: TlsMode,
    /// Whether MAIL is refused before authentication.
    pub require_auth: bool,
    /// Whether every connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Whether XCLIENT and XFORWARD are offered to those that are trusted.
    pub xclient: bool,
    /// Who is trusted to say whom it speaks for.
    pub trusted_proxies: Vec<Network>,
}

impl Listener {
    /// A listener for other servers, that trusts nobody.
    #[must_use]
    pub fn new(address: Source, tls: TlsMode) -> Self {
        Self {
            address,
            kind: Kind::Mx,
            tls,
            require_auth: false,
            proxy_protocol: false,
            xclient: false,
            trusted_proxies: Vec::new(),
        }
    }

    /// Whether what an address says of others is believed here. Who comes by a Unix socket has no address, and is trusted: the socket's
    /// permissions say who that can be.
    #[must_use]
    pub fn trusts(&self, address: Option<IpAddr>) -> bool {
        address.is_none_or(|address| self.trusted_proxies.iter().any(|network| network.contains(address)))
    }
}

/// Whom a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Other servers, with mail for the hosted domains.
    Mx,
    /// The server's own users (RFC 6409).
    Submission,
    /// Another server of the same site, with mail that it has accepted (RFC 2033).
    Lmtp,
}

impl Kind {
    /// The word for it in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
            Self::Lmtp => "lmtp",
        }
    }
}

/// How a listener offers TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Not at all.
    None,
    /// By the STARTTLS command (RFC 3207).
    StartTls,
    /// From the first octet (RFC 8314).
    Implicit,
}

/// The server's certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain, in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
    /// Who signs certificates of clients, in PEM: with it they are asked for, for AUTH EXTERNAL.
    pub client_ca: Option<PathBuf>,
}

/// Limits on what clients may use up. None is zero, but for the reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One message, in octets.
    pub message_size: u64,
    /// What one transaction may store, in octets.
    pub transaction_storage: u64,
    /// Recipients in one transaction.
    pub recipients: u32,
    /// Transactions in one connection.
    pub transactions: u32,
    /// Errors in one connection.
    pub errors: u32,
    /// Failed AUTHs in one connection.
    pub auth_failures: u32,
    /// Received fields in one message.
    pub hops: u32,
    /// Connections in all.
    pub connections: u32,
    /// Connections from one IPv4 address or IPv6 /64.
    pub connections_per_client: u32,
    /// Message data in memory over all connections, in octets.
    pub memory: u64,
    /// Free disk space below which no mail is taken, in octets; zero for no such bound.
    pub storage_reserve: u64,
    /// How long a message may be held back at its sender's wish (RFC 4865); to 49 days.
    pub hold: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 25 << 20,
            transaction_storage: 64 << 20,
            recipients: 100,
            transactions: 100,
            errors: 10,
            auth_failures: 3,
            hops: 100,
            connections: 1000,
            connections_per_client: 50,
            memory: 256 << 20,
            storage_reserve: 64 << 20,
            hold: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

/// How long the server waits; each from 1 ms to 49 days (`u32` milliseconds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a command line.
    pub command: Duration,
    /// For a block of mail data.
    pub data: Duration,
    /// For the client to take what is written.
    pub write: Duration,
    /// For the whole connection.
    pub session: Duration,
    /// For the TLS handshake.
    pub tls_handshake: Duration,
    /// For connections to end by themselves at shutdown.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            command: Duration::from_secs(5 * 60),
            data: Duration::from_secs(3 * 60),
            write: Duration::from_secs(5 * 60),
            session: Duration::from_secs(60 * 60),
            tls_handshake: Duration::from_secs(30),
            shutdown: Duration::from_secs(30),
        }
    }
}

/// How strictly the protocol is taken, and what is offered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// What a bare LF in mail data means.
    pub line_endings: LineEndings,
    /// Networks for which line endings are lenient all the same.
    pub lenient_clients: Vec<Network>,
    /// Whether a client that speaks before the greeting is refused.
    pub early_talk: Tolerance,
    /// How long the greeting is held back; zero to 49 days.
    pub early_talk_delay: Duration,
    /// Whether input where no pipelining is allowed is refused.
    pub unauthorised_pipelining: Tolerance,
    /// The extensions offered, each once.
    pub extensions: Vec<Extension>,
    /// What VRFY answers.
    pub vrfy: Vrfy,
    /// What EXPN answers.
    pub expn: Expn,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            line_endings: LineEndings::Strict,
            lenient_clients: Vec::new(),
            early_talk: Tolerance::Refuse,
            early_talk_delay: Duration::ZERO,
            unauthorised_pipelining: Tolerance::Refuse,
            extensions: Extension::DEFAULT.to_vec(),
            vrfy: Vrfy::Ambiguous,
            expn: Expn::Off,
        }
    }
}

/// What a bare LF in mail data means. It never ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEndings {
    /// The message is refused.
    Strict,
    /// It becomes CRLF.
    Lenient,
}

/// What happens to a client that speaks out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// It is refused.
    Refuse,
    /// It is served.
    Allow,
}

/// An SMTP extension that can be switched. STARTTLS and AUTH follow from the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// RFC 2920.
    Pipelining,
    /// RFC 1870.
    Size,
    /// RFC 6152.
    EightBitMime,
    /// RFC 6531.
    SmtpUtf8,
    /// RFC 2034.
    EnhancedStatusCodes,
    /// RFC 3030: BDAT.
    Chunking,
    /// RFC 3030: bodies of any octets.
    BinaryMime,
    /// RFC 3461.
    Dsn,
    /// RFC 9422.
    Limits,
    /// RFC 2852.
    DeliverBy,
    /// RFC 8689.
    RequireTls,
    /// RFC 6710.
    MtPriority,
    /// RFC 3865.
    NoSoliciting,
    /// RFC 1985.
    Etrn,
    /// RFC 4865, for submission alone.
    FutureRelease,
}

impl Extension {
    /// Those that are offered by default.
    pub const DEFAULT: [Self; 9] = [
        Self::Pipelining,
        Self::Size,
        Self::EightBitMime,
        Self::SmtpUtf8,
        Self::EnhancedStatusCodes,
        Self::Chunking,
        Self::BinaryMime,
        Self::Dsn,
        Self::Limits,
    ];
}

/// What VRFY answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vrfy {
    /// 252 for everyone.
    Ambiguous,
    /// The truth.
    Answer,
    /// 502.
    Off,
}

/// What EXPN answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expn {
    /// The truth.
    Answer,
    /// 502.
    Off,
}

/// How clients may authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The SASL mechanisms, each once, in the order they are offered.
    pub mechanisms: Vec<Mechanism>,
    /// Whether a password or a token may cross the network without TLS.
    pub plaintext_without_tls: bool,
    /// The weakest mechanism that is taken.
    pub minimum: Option<Mechanism>,
    /// The file of bearer tokens, where there is one.
    pub bearer_tokens: Option<PathBuf>,
}

impl Auth {
    /// Whether nobody can authenticate without TLS.
    pub(crate) fn needs_tls(&self) -> bool {
        let under_tls = |mechanism: &Mechanism| {
            mechanism.binds_channel()
                || *mechanism == Mechanism::External
                || (mechanism.shows_password() && !self.plaintext_without_tls)
        };
        self.mechanisms.iter().all(under_tls)
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            plaintext_without_tls: false,
            minimum: None,
            bearer_tokens: None,
        }
    }
}

/// A domain the server takes mail for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain, in ASCII lower case.
    pub name: String,
    /// Where mail goes for local parts that no account has.
    pub catch_all: CatchAll,
}

/// Where mail goes for local parts that no account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatchAll {
    /// It is refused.
    None,
    /// Each local part has a mailbox of its own.
    Each,
    /// Into one mailbox, of a hosted domain.
    To(Mailbox),
}

/// Who may be the sender of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Senders {
    /// Addresses that are refused.
    pub deny: Vec<Pattern>,
    /// Whether a sender's domain has to be one that takes mail; a sender that is refused for it is where clients are
    /// ([`Access::refuse_at`]), and not before MAIL.
    pub domain_exists: bool,
    /// Whether the users of the accounts here have to log in, on a listener for mail from elsewhere too.
    pub local_needs_auth: bool,
    /// Whether a user submits messages as itself alone, and as whom its account may send.
    pub match_identity: bool,
    /// What becomes of what a sender's domain says of its clients (RFC 7208).
    pub spf: SpfCheck,
}

/// What becomes of what a sender's domain says of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpfCheck {
    /// It is not asked.
    Off,
    /// It is written at the head of the message.
    Mark,
    /// That too; a client that may not send for the domain is refused, where clients are ([`Access::refuse_at`]) and not before MAIL.
    Refuse,
}

impl Default for Senders {
    fn default() -> Self {
        Self {
            deny: Vec::new(),
            domain_exists: false,
            local_needs_auth: true,
            match_identity: true,
            spf: SpfCheck::Off,
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// The least severe events that are logged.
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: a JSON object a line.
    Json,
}

/// The least severe events that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// What the command line sets over the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Overrides {
    /// Listen here instead of where the configuration says: for other servers, with STARTTLS if there is a certificate
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<SocketAddr>,
    /// The server's own name
    #[arg(long, value_name = "NAME", value_parser = hostname_argument)]
    pub hostname: Option<String>,
    /// Deliver into Maildirs in this directory
    #[arg(long, value_name = "DIR")]
    pub mail: Option<PathBuf>,
}

fn hostname_argument(text: &str) -> Result<String, String> {
    let fits = is_domain(text) && text.is_ascii();
    fits.then(|| text.to_owned()).ok_or_else(|| "not a host name".to_owned())
}

impl Config {
    /// Reads and checks a configuration file, and sets over it what the command line says.
    ///
    /// The certificate and its key are read to see that they fit; the accounts are left to
    /// [`Directory::open`](crate::directory::Directory::open), but for the question whether the file can be opened.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Problems::unreadable(&file, &error))?;
        let base = path.parent().unwrap_or(Path::new(""));
        read::config(Report::new(&file, &text), base, overrides)
    }

    /// The configuration of a server that was given none: it takes mail for anyone at `localhost`, from this machine
    /// only, into Maildirs under `mail` in the current directory.
    #[must_use]
    pub fn embedded(overrides: &Overrides) -> Self {
        let mut config = Self {
            hostname: machine_name(),
            help_url: None,
            listeners: vec![Listener::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 2525)).into(), TlsMode::None)],
            tls: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            protocol: Protocol::default(),
            auth: Auth::default(),
            accounts: Accounts::None,
            domains: vec![Domain { name: "localhost".to_owned(), catch_all: CatchAll::Each }],
            access: Access::default(),
            senders: Senders::default(),
            recipients: Recipients::default(),
            relay: Relay::default(),
            greylist: None,
            content: ContentConfig::default(),
            dns: DnsConfig::default(),
            flow: Flow::default(),
            state: StateConfig { place: StatePlace::Embedded(PathBuf::from("state")), defer: false },
            delivery: DeliveryConfig::Maildir { path: PathBuf::from("mail"), sync: true },
            next_hops: Vec::new(),
            metrics: MetricsConfig::default(),
            log: Log::default(),
            warnings: Vec::new(),
        };
        config.set_over(overrides);
        config
    }

    /// How a next hop is reached.
    #[must_use]
    pub fn next_hop(&self, address: &HopAddress) -> NextHop {
        let said = self.next_hops.iter().find(|hop| hop.address == *address);
        said.cloned().unwrap_or_else(|| NextHop::new(address.clone()))
    }

    fn set_over(&mut self, overrides: &Overrides) {
        if !overrides.listen.is_empty() {
            let tls = if self.tls.is_some() { TlsMode::StartTls } else { TlsMode::None };
            self.listeners = overrides.listen.iter().map(|&address| Listener::new(address.into(), tls)).collect();
        }
        if let Some(hostname) = &overrides.hostname {
            self.hostname.clone_from(hostname);
        }
        if let Some(mail) = &overrides.mail {
            let sync = !matches!(self.delivery, DeliveryConfig::Maildir { sync: false, .. });
            self.delivery = DeliveryConfig::Maildir { path: mail.clone(), sync };
        }
    }
}

/// The machine's name, or `localhost` where that is no domain.
fn machine_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_str().unwrap_or_default();
    let fits = is_domain(name) && name.is_ascii();
    if fits { name.to_owned() } else { "localhost".to_owned() }
}
