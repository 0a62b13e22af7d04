//! Settings of a server in plain values, from which both the core's `Config` and the model are made.

use ehlo::{Config, EarlyTalk, Extensions, LineEndings, Mechanism, Millis, Mode, Peer, Tolerance, Vrfy};
use proptest::prelude::*;

pub const HOSTNAME: &str = "mx.example.net";
pub const HELP_URL: &str = "https://example.net/help";

/// Every extension, one by one.
pub const EXTENSIONS: [Extensions; 15] = [
    Extensions::PIPELINING,
    Extensions::SIZE,
    Extensions::EIGHTBITMIME,
    Extensions::SMTPUTF8,
    Extensions::ENHANCEDSTATUSCODES,
    Extensions::CHUNKING,
    Extensions::BINARYMIME,
    Extensions::LIMITS,
    Extensions::DSN,
    Extensions::DELIVERBY,
    Extensions::REQUIRETLS,
    Extensions::MT_PRIORITY,
    Extensions::FUTURERELEASE,
    Extensions::NO_SOLICITING,
    Extensions::ETRN,
];

/// Sets of mechanisms. The session is given no nonce, so that the one which needs it cannot be used.
#[cfg(feature = "mechanisms")]
const MECHANISMS: &[&[Mechanism]] = &[
    &[],
    &[Mechanism::Plain],
    &[Mechanism::Login, Mechanism::Plain],
    &[Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256, Mechanism::Anonymous],
];
#[cfg(not(feature = "mechanisms"))]
const MECHANISMS: &[&[Mechanism]] = &[&[], &[Mechanism::Plain], &[Mechanism::Login, Mechanism::Plain]];

#[cfg(feature = "mechanisms")]
const MINIMA: &[Mechanism] = &[Mechanism::Login, Mechanism::ScramSha1];
#[cfg(not(feature = "mechanisms"))]
const MINIMA: &[Mechanism] = &[Mechanism::Login];

#[derive(Debug, Clone)]
pub struct Settings {
    pub lmtp: bool,
    pub extensions: Extensions,
    pub starttls: bool,
    pub mechanisms: &'static [Mechanism],
    pub minimum: Option<Mechanism>,
    pub plaintext_auth: bool,
    pub require_auth: bool,
    pub lenient: bool,
    /// How long to listen before the greeting; `None`: what comes early is taken.
    pub pause: Option<u32>,
    pub early_pipelining: bool,
    pub vrfy: Vrfy,
    pub expn: bool,
    pub help: bool,
    pub message_size: u64,
    pub recipients: u16,
    pub transactions: u16,
    pub errors: u16,
    pub idle_commands: u16,
    pub auth_failures: u16,
    pub hops: u16,
    pub command_timeout: u32,
    pub data_timeout: u32,
    pub session_timeout: u32,
    pub shortest_by: u32,
    pub longest_hold: u32,
    pub priority_profile: &'static str,
    pub solicitations: &'static str,
    /// Of the peer: its connection began with a handshake, it is an old device, it may say XCLIENT.
    pub tls: bool,
    pub old_device: bool,
    pub trusted: bool,
    /// Octets of the session's line buffer.
    pub line: usize,
}

impl Settings {
    pub fn config(&self) -> Config<'static> {
        let config = Config::new(HOSTNAME)
            .mode(if self.lmtp { Mode::Lmtp } else { Mode::Smtp })
            .extensions(self.extensions)
            .starttls(self.starttls)
            .mechanisms(self.mechanisms)
            .plaintext_auth(self.plaintext_auth)
            .require_auth(self.require_auth)
            .line_endings(if self.lenient { LineEndings::Lenient } else { LineEndings::Strict })
            .early_talk(self.pause.map_or(EarlyTalk::Allow, |pause| EarlyTalk::Refuse(Millis::from_millis(pause))))
            .early_pipelining(if self.early_pipelining { Tolerance::Allow } else { Tolerance::Refuse })
            .vrfy(self.vrfy)
            .expn(self.expn)
            .message_size(self.message_size)
            .recipients(self.recipients)
            .transactions(self.transactions)
            .errors(self.errors)
            .idle_commands(self.idle_commands)
            .auth_failures(self.auth_failures)
            .hops(self.hops)
            .command_timeout(Millis::from_millis(self.command_timeout))
            .data_timeout(Millis::from_millis(self.data_timeout))
            .session_timeout(Millis::from_millis(self.session_timeout))
            .shortest_deliver_by(self.shortest_by)
            .longest_hold(self.longest_hold)
            .priority_profile(self.priority_profile)
            .solicitations(self.solicitations);
        let config = self.minimum.map_or(config, |minimum| config.auth_minimum(minimum));
        if self.help { config.help_url(HELP_URL) } else { config }
    }

    pub fn peer(&self) -> Peer {
        let peer = if self.tls { Peer::TLS } else { Peer::PLAIN };
        let peer = if self.old_device { peer.lenient() } else { peer };
        if self.trusted { peer.trusted() } else { peer }
    }
}

/// A limit: generous as a rule, now and then tight.
fn limit(tight: std::ops::Range<u16>) -> impl Strategy<Value = u16> {
    prop_oneof![5 => Just(1000_u16), 1 => tight]
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let extensions = prop_oneof![
        4 => Just(Extensions::ALL),
        1 => Just(Extensions::TRANSPORT),
        3 => prop::sample::subsequence(&EXTENSIONS[..], 0..=15)
            .prop_map(|some| some.into_iter().fold(Extensions::NONE, Extensions::with)),
    ];
    let mechanisms = prop::sample::select(MECHANISMS);
    let minimum = prop_oneof![8 => Just(None), 2 => prop::sample::select(MINIMA).prop_map(Some)];
    let offers = (prop::bool::weighted(0.2), extensions, any::<bool>(), mechanisms, minimum, prop::bool::weighted(0.7));
    let conduct = (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.3),
        prop_oneof![2 => Just(None), 2 => Just(Some(0)), 1 => Just(Some(5_000))],
        prop::bool::weighted(0.9),
        prop::sample::select(vec![Vrfy::Off, Vrfy::Ambiguous, Vrfy::Answer]),
        any::<bool>(),
        any::<bool>(),
    );
    let limits = (
        prop_oneof![2 => Just(0_u64), 3 => Just(100_000), 1 => 10..80_u64],
        limit(1..4),
        limit(0..4),
        limit(0..4),
        limit(0..4),
        prop_oneof![Just(1000_u16), 0..3_u16],
        limit(0..3),
    );
    let times = (
        prop::sample::select(vec![300_000_u32, 60_000]),
        prop::sample::select(vec![180_000_u32, 30_000]),
        prop::sample::select(vec![3_600_000_u32, 3_600_000, 200_000]),
        prop::sample::select(vec![0_u32, 60]),
        prop::sample::select(vec![0_u32, 100]),
        prop::sample::select(vec!["", "MIXER"]),
        prop::sample::select(vec!["", "net.example:ADV"]),
    );
    let peer = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        prop::sample::select(vec![512_usize, 1024, 16_384]),
    );
    (offers, conduct, limits, times, peer).prop_map(|(offers, conduct, limits, times, peer)| Settings {
        lmtp: offers.0,
        extensions: offers.1,
        starttls: offers.2,
        mechanisms: offers.3,
        minimum: offers.4,
        plaintext_auth: offers.5,
        require_auth: conduct.0,
        lenient: conduct.1,
        pause: conduct.2,
        early_pipelining: conduct.3,
        vrfy: conduct.4,
        expn: conduct.5,
        help: conduct.6,
        message_size: limits.0,
        recipients: limits.1,
        transactions: limits.2,
        errors: limits.3,
        idle_commands: limits.4,
        auth_failures: limits.5,
        hops: limits.6,
        command_timeout: times.0,
        data_timeout: times.1,
        session_timeout: times.2,
        shortest_by: times.3,
        longest_hold: times.4,
        priority_profile: times.5,
        solicitations: times.6,
        tls: peer.0,
        old_device: peer.1,
        trusted: peer.2,
        line: peer.3,
    })
}
