//! What the server runs by: the configuration, and what was opened for it. A reload makes a new one; sessions keep theirs.

use crate::config::{
    Config, DeliveryConfig, Expn, Extension, HelloCheck, Kind, LineEndings, Listener, Overrides, Problems, ReverseDns,
    Source, SpfCheck, TlsMode, Tolerance, Vrfy,
};
use crate::content::Checks;
use crate::date;
use crate::delivery::{Delivery, Hop};
use crate::directory::Directory;
use crate::dns::Dns;
use crate::memory::Budget;
use crate::passed::Passed;
use crate::state::{self, Store};
use crate::tls;
use ehlo::{EarlyTalk, Extensions, Mechanism, Millis, Mode};
use ehlo_tokio::TlsAcceptor;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, Semaphore};

/// How many passwords are checked at once. Each check keeps a processor busy and takes 19 MiB.
const PASSWORD_CHECKS: usize = 4;

/// A configuration in use.
#[derive(Debug)]
pub struct Site {
    /// What it was made of.
    pub config: Config,
    /// Whether there is one at all: nobody is served by a [stand-in](Self::stand_in).
    pub usable: bool,
    /// Who has a mailbox here.
    pub directory: Directory,
    /// Names, where the configuration asks for any.
    pub dns: Option<Dns>,
    /// What is remembered of clients and senders, where the configuration needs that.
    pub state: Option<Store>,
    /// Where mail goes.
    pub delivery: Delivery,
    /// Where mail for recipients elsewhere goes, if anywhere.
    pub relay: Option<Arc<Hop>>,
    /// What is looked for in messages.
    pub checks: Arc<Checks>,
    /// Told when a message has been put on hold. A reload hands it on.
    pub held: Arc<Notify>,
    /// Memory for message data.
    pub memory: Budget,
    /// Turns at checking a password.
    pub password_checks: Arc<Semaphore>,
    /// The settings of the core, by kind of listener.
    protocols: [ehlo::Config<'static>; 3],
    tls: Option<TlsAcceptorDebug>,
    /// The hash of the certificate, for channel binding.
    end_point: Option<Vec<u8>>,
}

/// `TlsAcceptor` has no `Debug`.
struct TlsAcceptorDebug(TlsAcceptor);

impl fmt::Debug for TlsAcceptorDebug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsAcceptor")
    }
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum SiteError {
    /// The configuration or the accounts file is wrong.
    Problems(Problems),
    /// Something that it names cannot be opened.
    Unusable(String),
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => problems.fmt(f),
            Self::Unusable(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for SiteError {}

impl Site {
    /// Opens what a configuration names: accounts, the mail directory, the certificate. Blocks.
    ///
    /// # Errors
    ///
    /// What is wrong with any of them.
    pub fn open(config: Config) -> Result<Self, SiteError> {
        let directory = Directory::open(&config).map_err(SiteError::Problems)?;
        let delivery = Delivery::open(&config).map_err(SiteError::Unusable)?;
        let relay = config.relay.next_hop.as_ref().map(|address| match delivery.next_hop() {
            // The same next hop is one, with the same connections.
            Some(hop) if hop.address() == address => Ok(Arc::clone(hop)),
            _ => Hop::open(config.next_hop(address), &config.hostname),
        });
        let relay = relay.transpose().map_err(SiteError::Unusable)?;
        let (tls, end_point) = match &config.tls {
            Some(files) => {
                let opened = tls::open(files).map_err(|error| SiteError::Unusable(error.to_string()))?;
                (Some(TlsAcceptorDebug(opened.config.into())), opened.end_point)
            }
            None => (None, None),
        };
        let state = state::open(&config).map_err(|error| SiteError::Unusable(error.to_string()))?;
        let Config { access, senders, .. } = &config;
        let asks = !access.dnsbl.is_empty()
            || access.reverse_dns != ReverseDns::Off
            || access.hello != HelloCheck::Off
            || senders.domain_exists
            || senders.spf != SpfCheck::Off;
        let dns = asks.then(|| Dns::open(&config.dns)).transpose().map_err(SiteError::Unusable)?;
        let checks = Checks::new(&config.content).map(Arc::new).map_err(SiteError::Unusable)?;
        let memory = Budget::new(config.limits.memory);
        let password_checks = Arc::new(Semaphore::new(PASSWORD_CHECKS));
        let may_hold = delivery.next_hop().is_none();
        let protocols = [Kind::Mx, Kind::Submission, Kind::Lmtp].map(|kind| protocol(&config, kind, may_hold));
        Ok(Self {
            config,
            usable: true,
            directory,
            dns,
            state,
            delivery,
            relay,
            checks,
            held: Arc::default(),
            memory,
            password_checks,
            protocols,
            tls,
            end_point,
        })
    }

    /// What listens where no configuration could be used yet, and tells every client so: on the sockets passed, if there are any.
    ///
    /// # Errors
    ///
    /// None is known.
    pub fn stand_in(overrides: &Overrides, passed: &Passed) -> Result<Self, SiteError> {
        let mut config = Config { delivery: DeliveryConfig::Discard, ..Config::embedded(overrides) };
        let listeners =
            passed.names().into_iter().map(|name| Listener::new(Source::Passed(name.to_owned()), TlsMode::None));
        let listeners: Vec<_> = listeners.collect();
        if !listeners.is_empty() && overrides.listen.is_empty() {
            config.listeners = listeners;
        }
        Ok(Self { usable: false, ..Self::open(config)? })
    }

    /// The TLS acceptor, where there is a certificate.
    pub fn tls(&self) -> Option<&TlsAcceptor> {
        self.tls.as_ref().map(|tls| &tls.0)
    }

    /// Whether this client may send bare LF in mail data.
    pub fn is_lenient(&self, client: IpAddr) -> bool {
        self.config.protocol.lenient_clients.iter().any(|network| network.contains(client))
    }

    /// Whether no line and no reply of a session can be long: tokens are, and lists. Then a session takes little memory.
    pub fn has_short_lines(&self) -> bool {
        let Config { protocol, auth, help_url, .. } = &self.config;
        let has_tokens = auth.mechanisms.iter().any(|one| matches!(one, Mechanism::Xoauth2 | Mechanism::OauthBearer));
        let has_long_help = help_url.as_ref().is_some_and(|url| url.len() > 255);
        !has_tokens && !has_long_help && protocol.expn == Expn::Off
    }

    /// The latest time until which a message that comes in now is held back, as FUTURERELEASE says it; nothing where that is not offered.
    pub fn latest_hold(&self) -> String {
        if !self.config.protocol.extensions.contains(&Extension::FutureRelease) {
            return String::new();
        }
        let latest = SystemTime::now().checked_add(self.config.limits.hold);
        date::rfc3339(latest.unwrap_or(SystemTime::UNIX_EPOCH))
    }

    /// The settings of the core for a listener. `latest_hold` is what [`latest_hold`](Self::latest_hold) gave.
    pub fn protocol<'s>(&'s self, listener: &Listener, latest_hold: &'s str) -> ehlo::Config<'s> {
        let [mx, submission, lmtp] = &self.protocols;
        let of_kind: ehlo::Config<'s> = match listener.kind {
            Kind::Mx => *mx,
            Kind::Submission => *submission,
            Kind::Lmtp => *lmtp,
        };
        let mut config = of_kind
            .hostname(&self.config.hostname)
            .latest_hold(latest_hold)
            .mechanisms(&self.config.auth.mechanisms)
            // A listener that a reload has taken out goes on, and may have lost its certificate.
            .starttls(listener.tls == TlsMode::StartTls && self.tls.is_some())
            .require_auth(listener.require_auth);
        if let Some(hash) = &self.end_point {
            config = config.tls_server_end_point(hash);
        }
        match &self.config.help_url {
            Some(url) => config.help_url(url),
            None => config,
        }
    }
}

/// What the settings of the core are for all listeners of a kind, but for what they borrow. They are made beforehand: with every connection
/// that took a tenth of its instructions.
fn protocol(config: &Config, kind: Kind, may_hold: bool) -> ehlo::Config<'static> {
    let Config { limits, timeouts, protocol, auth, .. } = config;
    let offered = protocol.extensions.iter().map(extension).fold(Extensions::NONE, Extensions::with);
    // RFC 4865 is for submission; LMTP has no ETRN (RFC 2033 4.1).
    let elsewhere = match kind {
        Kind::Submission => Extensions::NONE,
        Kind::Mx => Extensions::FUTURERELEASE,
        Kind::Lmtp => Extensions::FUTURERELEASE.with(Extensions::ETRN),
    };
    // Nothing waits here where all mail goes on at once.
    let not_held = if may_hold { Extensions::NONE } else { Extensions::FUTURERELEASE };
    let refuse = |tolerance| match tolerance {
        Tolerance::Refuse => ehlo::Tolerance::Refuse,
        Tolerance::Allow => ehlo::Tolerance::Allow,
    };
    let made = ehlo::Config::new("")
        .mode(match kind {
            Kind::Mx | Kind::Submission => Mode::Smtp,
            Kind::Lmtp => Mode::Lmtp,
        })
        .extensions(offered.without(elsewhere).without(not_held))
        .longest_hold(u32::try_from(limits.hold.as_secs()).unwrap_or(u32::MAX))
        .plaintext_auth(auth.plaintext_without_tls)
        .line_endings(match protocol.line_endings {
            LineEndings::Strict => ehlo::LineEndings::Strict,
            LineEndings::Lenient => ehlo::LineEndings::Lenient,
        })
        .early_talk(match protocol.early_talk {
            Tolerance::Refuse => EarlyTalk::Refuse(millis(protocol.early_talk_delay)),
            Tolerance::Allow => EarlyTalk::Allow,
        })
        .early_pipelining(refuse(protocol.unauthorised_pipelining))
        .vrfy(match protocol.vrfy {
            Vrfy::Off => ehlo::Vrfy::Off,
            Vrfy::Ambiguous => ehlo::Vrfy::Ambiguous,
            Vrfy::Answer => ehlo::Vrfy::Answer,
        })
        .expn(protocol.expn == Expn::Answer)
        .message_size(limits.message_size)
        .recipients(count(limits.recipients))
        .transactions(count(limits.transactions))
        .errors(count(limits.errors))
        .auth_failures(count(limits.auth_failures))
        .hops(count(limits.hops))
        .command_timeout(millis(timeouts.command))
        .data_timeout(millis(timeouts.data))
        .session_timeout(millis(timeouts.session));
    match auth.minimum {
        Some(minimum) => made.auth_minimum(minimum),
        None => made,
    }
}

/// The core counts to 65,535, which for these limits is as good as no limit.
fn count(limit: u32) -> u16 {
    u16::try_from(limit).unwrap_or(u16::MAX)
}

fn millis(time: Duration) -> Millis {
    Millis::from_millis(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
}

fn extension(extension: &Extension) -> Extensions {
    match extension {
        Extension::Pipelining => Extensions::PIPELINING,
        Extension::Size => Extensions::SIZE,
        Extension::EightBitMime => Extensions::EIGHTBITMIME,
        Extension::SmtpUtf8 => Extensions::SMTPUTF8,
        Extension::EnhancedStatusCodes => Extensions::ENHANCEDSTATUSCODES,
        Extension::Chunking => Extensions::CHUNKING,
        Extension::BinaryMime => Extensions::BINARYMIME,
        Extension::Dsn => Extensions::DSN,
        Extension::Limits => Extensions::LIMITS,
        Extension::DeliverBy => Extensions::DELIVERBY,
        Extension::RequireTls => Extensions::REQUIRETLS,
        Extension::MtPriority => Extensions::MT_PRIORITY,
        Extension::NoSoliciting => Extensions::NO_SOLICITING,
        Extension::Etrn => Extensions::ETRN,
        Extension::FutureRelease => Extensions::FUTURERELEASE,
    }
}
