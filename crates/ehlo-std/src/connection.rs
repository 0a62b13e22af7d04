//! One connection: the loop of the core, on blocking streams.

use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use ehlo::{Config, Peer, Session, Step, Tls};

use crate::handler::{Handler, decide};
use crate::nonce::nonce;
use crate::shutdown::Shutdown;
use crate::stream::Stream;
use crate::tls::Acceptor;
use crate::wire::Wire;

/// The longest command line: what RFC 4954 allows in a SASL exchange.
const LINE: usize = 12_288;
/// Room for replies, twice the longest.
const OUT: usize = 4096;
/// Octets read at once.
const BUFFER: usize = 16 * 1024;
/// How long, and for how many octets, a closed connection is still read, so that its last reply is not lost to a reset.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 256 * 1024);
/// How long a read goes on without a look at whether the server is shutting down.
const NAP: Duration = Duration::from_millis(500);

/// How to serve a connection. Make one, set what differs, and [`serve`](Self::serve).
///
/// ```
/// # use ehlo_std::{Connection, Handler, ehlo::Config};
/// # fn example(stream: std::net::TcpStream, mut handler: impl Handler) -> std::io::Result<()> {
/// let config = Config::new("mx.example.net");
/// Connection::new(&config).serve(stream, &mut handler)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Connection<'c> {
    config: &'c Config<'c>,
    tls: Option<Acceptor>,
    implicit: bool,
    lenient: bool,
    trusted: bool,
    write_timeout: Duration,
    handshake_timeout: Duration,
    shutdown: Option<Shutdown>,
}

impl<'c> Connection<'c> {
    /// A plain connection, without TLS, that takes 5 minutes to write and 30 seconds for a handshake at most.
    pub const fn new(config: &'c Config<'c>) -> Self {
        Self {
            config,
            tls: None,
            implicit: false,
            lenient: false,
            trusted: false,
            write_timeout: Duration::from_secs(300),
            handshake_timeout: Duration::from_secs(30),
            shutdown: None,
        }
    }

    /// Can do TLS. It is offered by STARTTLS where the configuration says so ([`Config::starttls`]), which is refused without it.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Begins with a TLS handshake (RFC 8314), which is refused without [`tls`](Self::tls).
    #[cfg(feature = "rustls")]
    #[must_use]
    pub const fn implicit_tls(mut self, implicit: bool) -> Self {
        self.implicit = implicit;
        self
    }

    /// Lets this peer send bare LF in mail data: see [`Peer::lenient`].
    #[must_use]
    pub const fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Trusts this peer with XCLIENT and XFORWARD: see [`Peer::trusted`].
    #[must_use]
    pub const fn trusted(mut self, trusted: bool) -> Self {
        self.trusted = trusted;
        self
    }

    /// How long the peer may take to read what was written to it.
    #[must_use]
    pub const fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long a TLS handshake may take.
    #[must_use]
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Ends the session with `421` at the next command boundary once this has begun. A message that is coming in is finished first.
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = Some(shutdown);
        self
    }

    /// Serves one connection to its end.
    ///
    /// # Errors
    ///
    /// What the stream gave as it was written to, or a failed handshake, or a peer that did not read in time (`TimedOut`), or one that
    /// was in the middle of a handshake when the server was shut down (`ConnectionAborted`). The handler has been told of a transaction
    /// that was open by then. A stream that cannot be read any more has ended, and that is no error.
    ///
    /// `InvalidInput`, before a word is said, where TLS is to be done and cannot be.
    pub fn serve<S: Stream, H: Handler>(&self, stream: S, handler: &mut H) -> io::Result<()> {
        if self.tls.is_none() && (self.implicit || self.config.offers_starttls()) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no TLS configuration"));
        }
        let mut wire = Wire::new(stream);
        let mut peer = Peer::PLAIN;
        if self.implicit {
            let (secured, tls) = self.secure(wire, handler)?;
            (wire, peer) = (secured, Peer::tls(tls));
        }
        if self.lenient {
            peer = peer.lenient();
        }
        if self.trusted {
            peer = peer.trusted();
        }
        if let Some(random) = self.config.wants_nonce().then(nonce).flatten() {
            peer = peer.nonce(random);
        }
        let mut session = Box::new(Session::<LINE, OUT>::new(self.config, peer));
        let mut buffer = vec![0; BUFFER];
        let served = self.run(&mut session, wire, &mut buffer, handler);
        wipe(&mut buffer);
        if served.is_err() {
            break_off(&mut session, handler);
        }
        served
    }

    fn run<S: Stream, H: Handler>(
        &self,
        session: &mut Session<'_, LINE, OUT>,
        mut wire: Wire<S>,
        buffer: &mut [u8],
        handler: &mut H,
    ) -> io::Result<()> {
        let mut clock = Clock(Instant::now());
        let (mut input, mut filled): (&[u8], usize) = (&[], 0);
        let mut told = false;
        loop {
            let now = clock.now();
            match session.advance(now, &mut input) {
                Step::Recv { .. } if !told && self.is_shutting_down() => {
                    told = true;
                    session.shutdown();
                }
                Step::Recv { deadline } => {
                    let left = Duration::from_millis(deadline.millis_from(now));
                    let limit = if self.shutdown.is_some() { left.min(NAP) } else { left };
                    // What was taken may have been a password.
                    wipe(buffer.get_mut(..filled).unwrap_or_default());
                    // An error of the stream ends it as well.
                    let read = wire.read(buffer, limit).unwrap_or(Some(0));
                    filled = read.unwrap_or(0);
                    input = buffer.get(..filled).unwrap_or_default();
                    if read == Some(0) {
                        session.eof();
                    }
                }
                Step::Send => {
                    clock.without(|| handler.replies(session.output()));
                    wire.write(session.output(), self.write_timeout)?;
                    session.consume_output(usize::MAX);
                }
                Step::Request => clock.without(|| decide(session, handler)),
                Step::Content(octets) => clock.without(|| handler.content(octets)),
                Step::Aborted(abort) => clock.without(|| handler.aborted(abort)),
                Step::StartTls => {
                    // Errors of these two calls are misuse, and the step says that they are due.
                    let secured = self.secure(wire, handler);
                    let _ = match &secured {
                        Ok((_, tls)) => session.tls_started(*tls),
                        Err(_) => session.tls_failed(),
                    };
                    (wire, _) = secured?;
                }
                Step::Closed => {
                    linger(&mut wire, buffer);
                    return Ok(());
                }
            }
        }
    }

    fn is_shutting_down(&self) -> bool {
        self.shutdown.as_ref().is_some_and(Shutdown::has_begun)
    }

    /// Does the handshake in time, tells the handler, and says what the session has to know.
    fn secure<S: Stream, H: Handler>(&self, wire: Wire<S>, handler: &mut H) -> io::Result<(Wire<S>, Tls)> {
        let acceptor = self.tls.as_ref().ok_or_else(|| io::Error::other("no TLS configuration"))?;
        let begin = Instant::now();
        let wire = wire.secure(acceptor, || {
            let left = self.handshake_timeout.saturating_sub(begin.elapsed());
            match left {
                _ if self.is_shutting_down() => Err(ErrorKind::ConnectionAborted.into()),
                Duration::ZERO => Err(ErrorKind::TimedOut.into()),
                _ => Ok(left.min(NAP)),
            }
        })?;
        let mut facts = Tls::default();
        if let Some(tls) = wire.tls() {
            facts = tls.facts();
            tls.show(handler);
        }
        Ok((wire, facts))
    }
}

/// The client's time: it stands still while the handler works.
struct Clock(Instant);

impl Clock {
    fn now(&self) -> ehlo::Instant {
        ehlo::Instant::from_millis(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn without<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        self.0 += begin.elapsed();
        done
    }
}

/// Overwrites octets that nobody will read, which the compiler must not leave out.
fn wipe(octets: &mut [u8]) {
    octets.fill(0);
    black_box(octets);
}

/// After an error: tells the handler of the transaction that is open, unless it has been told.
fn break_off<H: Handler>(session: &mut Session<'_, LINE, OUT>, handler: &mut H) {
    session.consume_output(usize::MAX);
    session.eof();
    // Time means nothing to a session that has neither input nor output any more.
    if let Step::Aborted(abort) = session.advance(ehlo::Instant::from_millis(u64::MAX), &mut &[][..]) {
        handler.aborted(abort);
    }
}

/// Ends the write side, and reads on for a moment: a connection closed while input waits is reset, and the peer may then never see
/// the last reply.
fn linger<S: Stream>(wire: &mut Wire<S>, waste: &mut [u8]) {
    let begin = Instant::now();
    let (patience, mut octets) = LINGER;
    if wire.end(patience).is_err() {
        return;
    }
    loop {
        let left = patience.saturating_sub(begin.elapsed());
        if left.is_zero() || octets == 0 {
            return;
        }
        match wire.read(waste, left) {
            Ok(Some(read @ 1..)) => octets = octets.saturating_sub(read),
            Ok(None) => {}
            Ok(Some(0)) | Err(_) => return,
        }
    }
}
