//! One connection: the loop of the core, on tokio.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};
use std::time::Duration;

use ehlo::{Config, Instant, Peer, Phase, Request, Session, Step, Tls};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::alarm::Alarm;
use crate::clock::Clock;
use crate::handler::{AuthStep, Handler, Proxied, Queue, Receipt, Recipient, Verified};
use crate::inbox;
use crate::secrets;
use crate::stream::Stream;

/// The longest command line, what RFC 4954 allows in a SASL exchange, and room for replies, twice the longest.
const ROOMY: (usize, usize) = (12_288, 4096);
/// The same for a [compact](Connection::compact) session.
const COMPACT: (usize, usize) = (2048, 1024);
/// How long, and for how many octets, a closed connection is still read, so that its last reply is not lost to a reset.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 256 * 1024);

/// How to serve a connection. Make one, set what differs, and [`serve`](Self::serve).
///
/// ```
/// # use ehlo_tokio::{Connection, Handler, ehlo::Config};
/// # async fn example(stream: tokio::net::TcpStream, mut handler: impl Handler) -> std::io::Result<()> {
/// let config = Config::new("mx.example.net");
/// Connection::new(&config).serve(stream, &mut handler).await
/// # }
/// ```
#[derive(Clone)]
pub struct Connection<'c> {
    config: &'c Config<'c>,
    tls: Option<TlsAcceptor>,
    implicit: bool,
    lenient: bool,
    trusted: bool,
    compact: bool,
    ends_with_drop: bool,
    write_timeout: Duration,
    handshake_timeout: Duration,
    shutdown: CancellationToken,
}

impl<'c> Connection<'c> {
    /// A plain connection, without TLS, that takes 5 minutes to write and 30 seconds for a handshake at most.
    pub fn new(config: &'c Config<'c>) -> Self {
        Self {
            config,
            tls: None,
            implicit: false,
            lenient: false,
            trusted: false,
            compact: false,
            ends_with_drop: false,
            write_timeout: Duration::from_secs(300),
            handshake_timeout: Duration::from_secs(30),
            shutdown: CancellationToken::new(),
        }
    }

    /// Can do TLS. It is offered by STARTTLS where the configuration says so ([`Config::starttls`]), which is refused without it.
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self
    }

    /// Begins with a TLS handshake (RFC 8314), which is refused without [`tls`](Self::tls).
    #[must_use]
    pub const fn implicit_tls(mut self) -> Self {
        self.implicit = true;
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

    /// Takes a fifth of the memory: some 3 KiB for a session, of which 2,048 octets are for a line, in a SASL exchange too, and 512
    /// for the longest reply. That is too little for tokens of OAuth and for long answers to EXPN and HELP; what does not fit is refused.
    #[must_use]
    pub const fn compact(mut self, compact: bool) -> Self {
        self.compact = compact;
        self
    }

    /// Says that a stream is ended by being dropped, as a socket is that nobody else holds. After QUIT it is then not ended beforehand,
    /// which spares a system call a connection.
    #[must_use]
    pub const fn ends_with_drop(mut self, ends: bool) -> Self {
        self.ends_with_drop = ends;
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

    /// Ends the session with `421` at the next command boundary once the token is cancelled.
    #[must_use]
    pub fn shutdown(mut self, token: CancellationToken) -> Self {
        self.shutdown = token;
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
    /// `InvalidInput`, before a word is said, where TLS is to be done without [`tls`](Self::tls).
    pub async fn serve<T, H>(&self, stream: T, handler: &mut H) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        H: Handler,
    {
        if self.tls.is_none() && (self.implicit || self.config.offers_starttls()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no TLS configuration"));
        }
        let mut stream = Stream::Plain(stream);
        let mut peer = Peer::PLAIN;
        if self.implicit {
            let (secured, tls) = Box::pin(self.secure(stream, handler)).await?;
            (stream, peer) = (secured, Peer::tls(tls));
        }
        if self.lenient {
            peer = peer.lenient();
        }
        if self.trusted {
            peer = peer.trusted();
        }
        if let Some(random) = self.config.wants_nonce().then(secrets::nonce).flatten() {
            peer = peer.nonce(random);
        }
        if self.compact {
            let session = Box::new(Session::<{ COMPACT.0 }, { COMPACT.1 }>::new(self.config, peer));
            self.converse(session, stream, handler).await
        } else {
            let session = Box::new(Session::<{ ROOMY.0 }, { ROOMY.1 }>::new(self.config, peer));
            self.converse(session, stream, handler).await
        }
    }

    async fn converse<T, H, const LINE: usize, const OUT: usize>(
        &self,
        mut session: Box<Session<'_, LINE, OUT>>,
        stream: Stream<T>,
        handler: &mut H,
    ) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        H: Handler,
    {
        let served = self.run(&mut session, stream, handler).await;
        if served.is_err() {
            break_off(&mut session, handler).await;
        }
        served
    }

    async fn run<T, H, const LINE: usize, const OUT: usize>(
        &self,
        session: &mut Session<'_, LINE, OUT>,
        mut stream: Stream<T>,
        handler: &mut H,
    ) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        H: Handler,
    {
        let mut clock = Clock::start();
        let mut buffer = Vec::new();
        let mut input: &[u8] = &[];
        let (mut told, mut good_bye) = (false, false);
        let mut shutdown = pin!(self.shutdown.cancelled());
        let mut alarm = Alarm::default();
        // Whom these two wake, once both are waited for. They are not asked again with every command, which took a fortieth of it.
        let mut woken: Option<Waker> = None;
        loop {
            match session.advance(clock.now(), &mut input) {
                Step::Recv { deadline } => {
                    let deadline = clock.at(deadline);
                    // All of it is through.
                    input = &[];
                    inbox::give_back(std::mem::take(&mut buffer));
                    // Where there is something to read, nothing else is looked at; a client that has always more to say is made to pause
                    // by the runtime.
                    let heard = poll_fn(|cx| {
                        if let Poll::Ready(octets) = inbox::poll_read(&mut stream, cx) {
                            return Poll::Ready(Heard::Octets(octets));
                        }
                        let is_on = told || !self.shutdown.is_cancelled();
                        let is_known = woken.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
                        if is_on && is_known && alarm.is_set(deadline) {
                            return Poll::Pending;
                        }
                        woken = Some(cx.waker().clone());
                        if !told && shutdown.as_mut().poll(cx).is_ready() {
                            return Poll::Ready(Heard::Shutdown);
                        }
                        alarm.poll(cx, clock.last(), deadline).map(|()| Heard::Nothing)
                    });
                    let heard = heard.await;
                    clock.read();
                    match heard {
                        Heard::Octets(octets) => buffer = octets,
                        Heard::Nothing => continue,
                        Heard::Shutdown => {
                            told = true;
                            session.shutdown();
                            continue;
                        }
                    }
                    input = &buffer;
                    if input.is_empty() {
                        session.eof();
                    }
                }
                Step::Send => {
                    handler.replies(session.output());
                    good_bye = session.phase() == Phase::Closed && says_good_bye(session.output());
                    timed(pin!(self.write(&mut stream, session.output())), || clock.read()).await?;
                    session.consume_output(usize::MAX);
                }
                Step::Request => {
                    timed(pin!(decide(session, handler)), || clock.read()).await;
                }
                Step::Content(octets) => {
                    // In a box, as what is decided. What the handler takes over content is not the client's time.
                    timed(Box::pin(handler.content(octets)).as_mut(), || clock.skip()).await;
                }
                Step::Aborted(abort) => handler.aborted(abort).await,
                Step::StartTls => {
                    // Errors of these two calls are misuse, and the step says that they are due.
                    let secured = Box::pin(self.secure(stream, handler)).await;
                    let _ = match &secured {
                        Ok((_, tls)) => session.tls_started(*tls),
                        Err(_) => session.tls_failed(),
                    };
                    (stream, _) = secured?;
                }
                Step::Closed => {
                    let waits = !good_bye || stream.is_secured() || is_unread(&mut stream).await;
                    if waits || !(self.ends_with_drop || is_shut(&mut stream).await) {
                        linger(&mut stream).await;
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Writes all of it in time.
    async fn write<T>(&self, stream: &mut Stream<T>, octets: &[u8]) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut octets = octets;
        // The system takes it at once, but of a peer that does not read.
        if let Some(written) = poll_fn(|cx| match Pin::new(&mut *stream).poll_write(cx, octets) {
            Poll::Ready(written) => Poll::Ready(Some(written)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
        {
            octets = octets.get(written?..).unwrap_or_default();
            if octets.is_empty() && !stream.is_secured() {
                return Ok(());
            }
        }
        let written = async {
            stream.write_all(octets).await?;
            stream.flush().await
        };
        time::timeout(self.write_timeout, written).await?
    }

    /// Does the handshake in time, tells the handler, and says what the session has to know.
    async fn secure<T, H>(&self, stream: Stream<T>, handler: &mut H) -> io::Result<(Stream<T>, Tls)>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        H: Handler,
    {
        let acceptor = self.tls.as_ref().ok_or_else(|| io::Error::other("no TLS configuration"))?;
        let stream = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Err(io::ErrorKind::ConnectionAborted.into()),
            done = time::timeout(self.handshake_timeout, stream.secure(acceptor)) => done??,
        };
        let mut known = Tls::default();
        if let Some(tls) = stream.tls() {
            // What binds to a channel wants a nonce too.
            known = secrets::of_channel(tls, self.config.wants_nonce());
            handler.secured(tls);
        }
        Ok((stream, known))
    }
}

/// What came of waiting for the peer.
enum Heard {
    /// Octets; none at the end of the stream.
    Octets(Vec<u8>),
    /// Nothing before the deadline.
    Nothing,
    /// The server is to end.
    Shutdown,
}

/// Awaits it, and then looks at the clock where that took a while: most is ready at once, and the clock is as it was.
async fn timed<F: Future>(mut future: Pin<&mut F>, look: impl FnOnce()) -> F::Output {
    if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        return output;
    }
    let output = future.await;
    look();
    output
}

/// After an error: tells the handler of the transaction that is open, unless it has been told.
async fn break_off<H: Handler, const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    handler: &mut H,
) {
    session.consume_output(usize::MAX);
    session.eof();
    // Time means nothing to a session that has neither input nor output any more.
    if let Step::Aborted(abort) = session.advance(Instant::from_millis(u64::MAX), &mut &[][..]) {
        handler.aborted(abort).await;
    }
}

/// Puts the pending request to the handler, and gives its answer.
async fn decide<H: Handler, const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    handler: &mut H,
) {
    /// Accepts or refuses. In a box, each of its own size: what a handler does may need much room, and a connection that waits is not to have it.
    macro_rules! settle {
        ($request:ident, $decision:expr, $ok:pat => $accept:expr) => {
            match Box::pin($decision).await {
                Ok($ok) => $accept,
                Err(reply) => $request.answer.refuse(&reply),
            }
        };
    }
    match session.request() {
        Some(Request::Connect(ask)) => settle!(ask, handler.connect(), () => ask.answer.accept()),
        Some(Request::Hello(ask)) => settle!(ask, handler.hello(ask.command), () => ask.answer.accept()),
        Some(Request::Auth(ask)) => settle!(ask, handler.auth(ask.credentials), step => match step {
            AuthStep::Authenticated => ask.answer.accept(),
            AuthStep::Salt { salt, iterations } => ask.answer.salt(salt, iterations),
            AuthStep::Signature(signature) => ask.answer.signature(&signature),
        }),
        Some(Request::Mail(ask)) => settle!(ask, handler.mail(ask.command), () => ask.answer.accept()),
        Some(Request::Rcpt(ask)) => settle!(ask, handler.rcpt(ask.command), recipient => match recipient {
            Recipient::Here => ask.answer.accept(),
            Recipient::Forwarded(path) => ask.answer.will_forward(path),
            Recipient::Duplicate => ask.answer.duplicate(),
        }),
        Some(Request::Data(ask)) => settle!(ask, handler.data(), () => ask.answer.accept()),
        Some(Request::Message(ask)) => {
            settle!(ask, handler.message(ask.size, ask.recipient), receipt => match receipt {
                Receipt::Ok => ask.answer.accept(),
                Receipt::As(text) => ask.answer.accept_as(text),
            })
        }
        Some(Request::Verify(ask)) => settle!(ask, handler.verify(ask.command), verified => match verified {
            Verified::Mailbox(mailbox) => ask.answer.accept(mailbox),
            Verified::Forwarded(path) => ask.answer.will_forward(path),
            Verified::Ambiguous => ask.answer.ambiguous(),
        }),
        Some(Request::Expand(ask)) => {
            settle!(ask, handler.expand(ask.command), members => ask.answer.accept(members.iter().map(String::as_str)));
        }
        Some(Request::Help(ask)) => settle!(ask, handler.help(ask.topic), text => match text {
            Some(text) => ask.answer.accept_with(text),
            None => ask.answer.accept(),
        }),
        Some(Request::Etrn(ask)) => settle!(ask, handler.etrn(ask.command), queue => match queue {
            Queue::Started => ask.answer.accept(),
            Queue::Empty => ask.answer.nothing_waiting(),
        }),
        Some(Request::Xclient(ask)) => settle!(ask, handler.xclient(ask.command), known => match known {
            Proxied::Client => ask.answer.accept(),
            Proxied::User => ask.answer.accept_authenticated(),
        }),
        Some(Request::Xforward(ask)) => settle!(ask, handler.xforward(ask.command), () => ask.answer.accept()),
        // One that this version does not know is refused by being dropped.
        Some(_) | None => {}
    }
}

/// Whether the last of some replies is the one to QUIT, behind which a client sends nothing.
fn says_good_bye(replies: &[u8]) -> bool {
    let lines = replies.strip_suffix(b"\r\n").unwrap_or_default();
    lines.rsplit(|octet| *octet == b'\n').next().is_some_and(|last| last.starts_with(b"221 "))
}

/// Whether something is there that has not been read.
async fn is_unread<T: AsyncRead + Unpin>(stream: &mut T) -> bool {
    poll_fn(|cx| Poll::Ready(matches!(inbox::poll_read(stream, cx), Poll::Ready(octets) if !octets.is_empty()))).await
}

/// Whether the write side could be ended at once: not every stream ends with being dropped.
async fn is_shut<T: AsyncWrite + Unpin>(stream: &mut T) -> bool {
    poll_fn(|cx| Poll::Ready(matches!(Pin::new(&mut *stream).poll_shutdown(cx), Poll::Ready(Ok(()))))).await
}

/// Ends the write side, and reads on for a moment: a connection closed while input waits is reset, and the peer may then never see
/// the last reply.
async fn linger<T>(stream: &mut Stream<T>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (patience, mut octets) = LINGER;
    let drained = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        loop {
            let waste = poll_fn(|cx| inbox::poll_read(stream, cx)).await;
            octets = octets.saturating_sub(waste.len());
            if waste.is_empty() || octets == 0 {
                return;
            }
        }
    };
    let _ = time::timeout(patience, drained).await;
}
