//! How a server behaves: settings that a session borrows.

use crate::announced::Announced;
use crate::sasl::Mechanism;
use crate::time::Millis;

/// The settings of a server, shared by all its sessions. It can be a `static`:
///
/// ```
/// use ehlo::{Config, Extensions, Mechanism, Millis};
///
/// static CONFIG: Config<'static> = Config::new("mx.example.com")
///     .message_size(25 << 20)
///     .mechanisms(&[Mechanism::Plain, Mechanism::Login])
///     .command_timeout(Millis::from_mins(5))
///     .extensions(Extensions::TRANSPORT.without(Extensions::SMTPUTF8));
/// ```
///
/// Defaults are what RFC 5321 recommends, and strict where it leaves a choice. Make it once, and not for each session: most of the answer to
/// EHLO is made with it.
#[derive(Debug, Clone, Copy)]
pub struct Config<'c> {
    pub(crate) hostname: &'c str,
    /// Whether the hostname is printable, and no longer than a name may be.
    pub(crate) named: bool,
    pub(crate) announced: Announced,
    #[cfg(feature = "extensions")]
    pub(crate) help_url: Option<&'c str>,
    pub(crate) mode: Mode,
    pub(crate) extensions: Extensions,
    pub(crate) mechanisms: &'c [Mechanism],
    pub(crate) starttls: bool,
    pub(crate) require_auth: bool,
    pub(crate) plaintext_auth: bool,
    pub(crate) auth_minimum: Option<Mechanism>,
    pub(crate) tls_server_end_point: Option<&'c [u8]>,
    pub(crate) line_endings: LineEndings,
    pub(crate) early_talk: EarlyTalk,
    pub(crate) early_pipelining: Tolerance,
    pub(crate) vrfy: Vrfy,
    #[cfg(feature = "extensions")]
    pub(crate) expn: bool,
    pub(crate) message_size: u64,
    pub(crate) recipients: u16,
    pub(crate) transactions: u16,
    pub(crate) errors: u16,
    pub(crate) idle_commands: u16,
    pub(crate) auth_failures: u16,
    pub(crate) hops: u16,
    pub(crate) command_timeout: Millis,
    pub(crate) data_timeout: Millis,
    pub(crate) session_timeout: Millis,
    #[cfg(feature = "extensions")]
    pub(crate) shortest_deliver_by: u32,
    #[cfg(feature = "extensions")]
    pub(crate) longest_hold: u32,
    #[cfg(feature = "extensions")]
    pub(crate) latest_hold: &'c str,
    #[cfg(feature = "extensions")]
    pub(crate) priority_profile: &'c str,
    #[cfg(feature = "extensions")]
    pub(crate) solicitations: &'c str,
}

/// Defines chained setters: one line of documentation, a field, its type.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)*) => {
        $($(#[$doc])* #[must_use] pub const fn $field(mut self, $field: $type) -> Self { self.$field = $field; self })*
    };
}

impl<'c> Config<'c> {
    /// The defaults, for a server that calls itself `hostname` (a domain name or an address literal, at most 255 octets) in its
    /// greeting, in its answer to EHLO, and when it says good-bye.
    pub const fn new(hostname: &'c str) -> Self {
        Self {
            hostname,
            named: is_name(hostname.as_bytes()),
            announced: Announced::new(Extensions::TRANSPORT, 25 << 20, 100, 100),
            #[cfg(feature = "extensions")]
            help_url: None,
            mode: Mode::Smtp,
            extensions: Extensions::TRANSPORT,
            mechanisms: &[],
            starttls: false,
            require_auth: false,
            plaintext_auth: false,
            auth_minimum: None,
            tls_server_end_point: None,
            line_endings: LineEndings::Strict,
            early_talk: EarlyTalk::Refuse(Millis::ZERO),
            early_pipelining: Tolerance::Refuse,
            vrfy: Vrfy::Ambiguous,
            #[cfg(feature = "extensions")]
            expn: false,
            message_size: 25 << 20,
            recipients: 100,
            transactions: 100,
            errors: 10,
            idle_commands: 100,
            auth_failures: 3,
            hops: 100,
            command_timeout: Millis::from_mins(5),
            data_timeout: Millis::from_mins(3),
            session_timeout: Millis::from_mins(60),
            #[cfg(feature = "extensions")]
            shortest_deliver_by: 0,
            #[cfg(feature = "extensions")]
            longest_hold: 0,
            #[cfg(feature = "extensions")]
            latest_hold: "",
            #[cfg(feature = "extensions")]
            priority_profile: "",
            #[cfg(feature = "extensions")]
            solicitations: "",
        }
    }

    setters! {
        /// Which protocol is spoken.
        mode: Mode;
        /// SASL mechanisms, in the order in which EHLO names them, which it does where they can be used: those that show a password
        /// under TLS (see [`plaintext_auth`](Self::plaintext_auth)), EXTERNAL with a client's certificate, `-PLUS` with a channel
        /// binding (both see [`Tls`]), and what needs a nonce with one ([`Peer::nonce`]). None: AUTH is not offered (RFC 4954).
        mechanisms: &'c [Mechanism];
        /// Offer STARTTLS (RFC 3207) where TLS is not on yet. The caller must be able to do the handshake.
        starttls: bool;
        /// Take MAIL only after AUTH: `530` otherwise (RFC 6409 4.3, submission).
        require_auth: bool;
        /// Offer and take mechanisms that show the password or a token, such as PLAIN, outside TLS too.
        plaintext_auth: bool;
        /// What to do with a bare LF in mail data.
        line_endings: LineEndings;
        /// What to do with a client that speaks before the greeting.
        early_talk: EarlyTalk;
        /// What to do with input behind EHLO, HELO, DATA or AUTH that came before their reply went out, which RFC 2920 3.1
        /// and RFC 4954 4 do not allow: refuse (503, and close) or allow (take it in order). Behind STARTTLS it is always thrown away.
        early_pipelining: Tolerance;
        /// How VRFY is answered.
        vrfy: Vrfy;
        /// Offer EXPN; otherwise it is 502.
        #[cfg(feature = "extensions")]
        expn: bool;
        /// Protocol errors in one connection; the next one is answered `421` and the connection closed.
        errors: u16;
        /// Commands that move nothing between two messages: NOOP, RSET, HELP, VRFY, EXPN, ETRN, EHLO, an empty chunk, and a MAIL,
        /// RCPT or DATA that is refused, or an AUTH for the moment. Those past it count as errors. (Not so a RCPT past the limit of
        /// recipients: who has many may send them all before reading the first reply. Time bounds those.)
        idle_commands: u16;
        /// Failed authentications in one connection; the next one is answered `554` and the connection closed.
        auth_failures: u16;
        /// `Received` fields in a message. RFC 5321 6.3 wants at least 100.
        hops: u16;
        /// Time for a command line, from its first octet; and for that octet to come (RFC 5321 4.5.3.2.7: at least 5 minutes).
        command_timeout: Millis;
        /// Time for a block (1 KiB) of mail data (RFC 5321 4.5.3.2.5: at least 3 minutes).
        data_timeout: Millis;
        /// Time for the whole connection.
        session_timeout: Millis;
        /// DELIVERBY: the shortest time in seconds that can be kept (RFC 2852 2); 0 for any.
        #[cfg(feature = "extensions")]
        shortest_deliver_by: u32;
        /// FUTURERELEASE: the longest time in seconds that a message is held (RFC 4865 3).
        #[cfg(feature = "extensions")]
        longest_hold: u32;
        /// FUTURERELEASE: the latest date and time (RFC 3339, UTC) until which a message is held (RFC 4865 3).
        #[cfg(feature = "extensions")]
        latest_hold: &'c str;
        /// MT-PRIORITY: the name of the priority assignment policy (RFC 6710 4.1); empty for none.
        #[cfg(feature = "extensions")]
        priority_profile: &'c str;
        /// NO-SOLICITING: the keywords of what is not wanted (RFC 3865 2), parted by commas; empty for none.
        #[cfg(feature = "extensions")]
        solicitations: &'c str;
    }

    /// What is advertised by EHLO, and so may be used. STARTTLS and AUTH have settings of their own.
    #[must_use]
    pub const fn extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self.announced()
    }

    /// The largest message, in octets as RFC 1870 counts them; 0 for no limit.
    #[must_use]
    pub const fn message_size(mut self, message_size: u64) -> Self {
        self.message_size = message_size;
        self.announced()
    }

    /// Recipients in one transaction. RFC 5321 4.5.3.1.8 wants at least 100.
    #[must_use]
    pub const fn recipients(mut self, recipients: u16) -> Self {
        self.recipients = recipients;
        self.announced()
    }

    /// Transactions in one connection.
    #[must_use]
    pub const fn transactions(mut self, transactions: u16) -> Self {
        self.transactions = transactions;
        self.announced()
    }

    /// Another name for the server than that of [`new`](Self::new).
    #[must_use]
    pub const fn hostname(mut self, hostname: &'c str) -> Self {
        self.hostname = hostname;
        self.named = is_name(hostname.as_bytes());
        self
    }

    /// The weakest mechanism that is taken; weaker ones get `534`. See [`Mechanism::is_weaker_than`].
    #[must_use]
    pub const fn auth_minimum(mut self, mechanism: Mechanism) -> Self {
        self.auth_minimum = Some(mechanism);
        self
    }

    /// The hash of the server's certificate to which SCRAM binds by `tls-server-end-point` (RFC 5929 4): by the hash function of the
    /// certificate's signature, SHA-256 in place of MD5 and SHA-1.
    #[must_use]
    pub const fn tls_server_end_point(mut self, hash: &'c [u8]) -> Self {
        self.tls_server_end_point = Some(hash);
        self
    }

    /// With the answer to EHLO as it is configured now.
    const fn announced(mut self) -> Self {
        self.announced = Announced::new(self.extensions, self.message_size, self.recipients, self.transactions);
        self
    }

    /// Whether STARTTLS is offered: an adapter that cannot do TLS has to refuse such a configuration.
    pub const fn offers_starttls(&self) -> bool {
        self.starttls
    }

    /// Whether a mechanism is offered for which a session wants [`Peer::nonce`].
    pub fn wants_nonce(&self) -> bool {
        self.mechanisms.iter().any(|mechanism| mechanism.needs_nonce())
    }

    /// The address that the answer to HELP names. None: HELP is 502.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn help_url(mut self, url: &'c str) -> Self {
        self.help_url = Some(url);
        self
    }
}

/// The longest name of a server, in octets (RFC 5321 4.5.3.1.2).
pub(crate) const NAME: usize = 255;

/// Whether a name can be written as it stands.
const fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [b' '..=b'~', others @ ..] = rest {
        rest = others;
    }
    rest.is_empty() && name.len() <= NAME
}

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Mode {
    /// SMTP (RFC 5321), as a relay, or for submission (RFC 6409) with [`Config::require_auth`].
    Smtp,
    /// LMTP (RFC 2033): LHLO, and an answer for each recipient after the data.
    #[cfg(feature = "extensions")]
    Lmtp,
}

/// What to do with a bare LF in mail data. Neither choice lets it end the data; a bare CR is refused in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LineEndings {
    /// Refuse the message with 550, and close: nothing that follows can be told from smuggled commands.
    Strict,
    /// Make it a CRLF in the content, for old devices. A dot behind it means nothing.
    Lenient,
}

/// What to do with a client that speaks before the greeting (RFC 5321 3.1 wants it to wait).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EarlyTalk {
    /// Listen for so long before the greeting, and answer a client that speaks with 503 and close.
    Refuse(Millis),
    /// Greet at once, and take what came.
    Allow,
}

/// Whether something that the protocol does not allow is let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Tolerance {
    /// It is answered with an error.
    Refuse,
    /// It is let pass.
    Allow,
}

/// How VRFY is answered (RFC 5321 3.5.3, 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Vrfy {
    /// 502.
    Off,
    /// 252 whatever was asked, so that nobody harvests addresses.
    Ambiguous,
    /// By a [`Request::Verify`](crate::Request::Verify).
    #[cfg(feature = "extensions")]
    Answer,
}

/// A set of SMTP extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Extensions(u16);

impl Extensions {
    /// No extension.
    pub const NONE: Self = Self(0);
    /// Commands in groups (RFC 2920).
    pub const PIPELINING: Self = Self(1);
    /// Message size declaration (RFC 1870).
    pub const SIZE: Self = Self(1 << 1);
    /// 8-bit MIME transport (RFC 6152).
    pub const EIGHTBITMIME: Self = Self(1 << 2);
    /// Internationalised addresses (RFC 6531).
    pub const SMTPUTF8: Self = Self(1 << 3);
    /// Enhanced status codes (RFC 2034).
    pub const ENHANCEDSTATUSCODES: Self = Self(1 << 4);
    /// BDAT (RFC 3030).
    #[cfg(feature = "chunking")]
    pub const CHUNKING: Self = Self(1 << 5);
    /// Bodies of any octets (RFC 3030). Wants CHUNKING too.
    #[cfg(feature = "chunking")]
    pub const BINARYMIME: Self = Self(1 << 6);
    /// The limits that are enforced, told beforehand (RFC 9422).
    #[cfg(feature = "extensions")]
    pub const LIMITS: Self = Self(1 << 7);
    /// Delivery status notifications as the sender asks for them (RFC 3461). Whoever offers it passes the wishes on, or fulfils them.
    #[cfg(feature = "extensions")]
    pub const DSN: Self = Self(1 << 8);
    /// Delivery in time (RFC 2852). Whoever offers it keeps the times.
    #[cfg(feature = "extensions")]
    pub const DELIVERBY: Self = Self(1 << 9);
    /// TLS on all of the way (RFC 8689); offered under TLS only. Whoever offers it demands it of the next hop.
    #[cfg(feature = "extensions")]
    pub const REQUIRETLS: Self = Self(1 << 10);
    /// Priorities (RFC 6710).
    #[cfg(feature = "extensions")]
    pub const MT_PRIORITY: Self = Self(1 << 11);
    /// Delivery not before a time (RFC 4865). Whoever offers it holds messages back.
    #[cfg(feature = "extensions")]
    pub const FUTURERELEASE: Self = Self(1 << 12);
    /// Declared solicitations (RFC 3865).
    #[cfg(feature = "extensions")]
    pub const NO_SOLICITING: Self = Self(1 << 13);
    /// ETRN, to have a queue started (RFC 1985).
    #[cfg(feature = "extensions")]
    pub const ETRN: Self = Self(1 << 14);
    /// Every extension that this crate speaks with its features.
    pub const ALL: Self = {
        let mut all = Self::TRANSPORT;
        if cfg!(feature = "extensions") {
            all = all.with(Self(0b111_1111 << 8));
        }
        all
    };
    /// Those that ask nothing of whoever takes the messages, but to take them as they are: the default.
    pub const TRANSPORT: Self = {
        let mut transport = Self(0b1_1111);
        if cfg!(feature = "chunking") {
            transport = transport.with(Self(0b11 << 5));
        }
        if cfg!(feature = "extensions") {
            transport = transport.with(Self(1 << 7));
        }
        transport
    };

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What there is to know of a TLS connection for authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tls {
    /// The client gave a certificate, and it was found right: EXTERNAL can be offered.
    pub client_certificate: bool,
    /// 32 octets exported for the label `EXPORTER-Channel-Binding` with an empty context (RFC 9266): under TLS 1.3, or under 1.2
    /// with an extended master secret. With them SCRAM can bind to the channel by `tls-exporter`.
    pub exporter: Option<[u8; 32]>,
}

/// What is known of the peer before the session starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Peer {
    pub(crate) tls: bool,
    pub(crate) lenient: bool,
    #[cfg(feature = "extensions")]
    pub(crate) trusted: bool,
    pub(crate) nonce: Option<[u8; 18]>,
    pub(crate) channel: Tls,
}

impl Peer {
    /// A peer on a plain connection.
    pub const PLAIN: Self = Self {
        tls: false,
        lenient: false,
        #[cfg(feature = "extensions")]
        trusted: false,
        nonce: None,
        channel: Tls { client_certificate: false, exporter: None },
    };
    /// A peer on a connection that began with a TLS handshake (RFC 8314, implicit TLS).
    pub const TLS: Self = Self { tls: true, ..Self::PLAIN };

    /// A peer on a connection that began with a TLS handshake, and what there is to know of it.
    #[must_use]
    pub const fn tls(tls: Tls) -> Self {
        Self { channel: tls, ..Self::TLS }
    }

    /// Treat this peer by [`LineEndings::Lenient`], whatever the configuration says for all: an old device.
    #[must_use]
    pub const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Trust what this peer says of others: offer it XCLIENT and XFORWARD, by which a proxy or filter tells whom it speaks for.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn trusted(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// Random octets for this session alone, from a source that cannot be foreseen. CRAM-MD5 and SCRAM make their nonces of them;
    /// without them they are not offered.
    #[must_use]
    pub const fn nonce(mut self, random: [u8; 18]) -> Self {
        self.nonce = Some(random);
        self
    }
}
