//! The loop of the core on a TCP socket of [smoltcp](https://docs.rs/smoltcp).
//!
//! ```
//! use ehlo_embedded::ehlo::{Config, Instant, Peer};
//! use ehlo_embedded::smoltcp::{Connection, State};
//! use ehlo_embedded::Handler;
//! use smoltcp::iface::{Interface, SocketHandle, SocketSet};
//! use smoltcp::phy::Device;
//! use smoltcp::socket::tcp;
//!
//! fn serve(interface: &mut Interface, device: &mut impl Device, sockets: &mut SocketSet, smtp: SocketHandle,
//!          handler: &mut impl Handler, clock: fn() -> Instant) -> ! {
//!     let config = Config::new("board.example.net");
//!     let mut connection = Connection::<512, 1024>::new(&config, Peer::PLAIN);
//!     loop {
//!         let now = smoltcp::time::Instant::from_millis(clock().as_millis() as i64);
//!         // One frame at a time, so that a socket listens again before the next client comes.
//!         interface.poll_ingress_single(now, device, sockets);
//!         interface.poll_egress(now, device, sockets);
//!         let socket = sockets.get_mut::<tcp::Socket>(smtp);
//!         if connection.poll(clock, socket, handler) == State::Over {
//!             connection = Connection::new(&config, Peer::PLAIN);
//!             socket.abort();
//!             let _ = socket.listen(25); // it is closed, and the port is not 0
//!         }
//!         interface.poll_egress(now, device, sockets);
//!         // Here a real program sleeps until a frame comes, or what `poll` and `Interface::poll_at` gave is due.
//!     }
//! }
//! ```
//!
//! A socket whose connection is over may still be in TIME-WAIT, where it is of no use; [`abort`](tcp::Socket::abort) takes it out of that.
//! Its last acknowledgement has gone out by then if [`poll_egress`](smoltcp::iface::Interface::poll_egress) was called before
//! [`Connection::poll`], and the socket's [`ack_delay`](tcp::Socket::set_ack_delay) is `None`.

use ehlo::{Config, Instant, Millis, Peer, Phase, Session, Step};
use smoltcp::socket::tcp;

use crate::handler::{Handler, decide};

/// How long a closed connection may take to be done on both sides.
const LINGER: Millis = Millis::from_secs(5);

/// One connection: a session, and what there is to know of its socket.
///
/// `LINE` is the longest command line that is taken and `OUT` the room for replies, as in [`Session`].
#[derive(Debug)]
pub struct Connection<'c, const LINE: usize = 512, const OUT: usize = 1024> {
    session: Session<'c, LINE, OUT>,
    write_timeout: Millis,
    /// Milliseconds that the handler has taken: the time-outs are the client's.
    taken: u64,
    /// Since when the handler has put an answer off.
    deferred: Option<Instant>,
    /// Since when there is something to send, in the client's time.
    sending: Option<Instant>,
    /// Until when the socket may take to close, once the session is over.
    closing: Option<Instant>,
}

/// When a connection is to be polled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// When a client has connected: there is none yet.
    Idle,
    /// When the socket has changed, or at this moment, whichever is first.
    Waiting {
        /// When somebody's time is up.
        until: Instant,
    },
    /// When the handler may have the answer that it put off.
    Deferred,
    /// Not at all: the socket is closed or in TIME-WAIT. To serve another client, make a new connection, and let the socket listen.
    Over,
}

impl<'c, const LINE: usize, const OUT: usize> Connection<'c, LINE, OUT> {
    /// A connection for the next client of a socket, which may take 5 minutes to read what is sent to it.
    ///
    /// There is no TLS here: a client that says STARTTLS, where the configuration offers it, is closed.
    pub const fn new(config: &'c Config<'c>, peer: Peer) -> Self {
        Self {
            session: Session::new(config, peer),
            write_timeout: Millis::from_mins(5),
            taken: 0,
            deferred: None,
            sending: None,
            closing: None,
        }
    }

    /// How long the peer may take to read what was sent to it.
    #[must_use]
    pub const fn write_timeout(mut self, timeout: Millis) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Ends the session with `421` at the next command boundary. See [`Session::shutdown`].
    pub fn shutdown(&mut self) {
        self.session.shutdown();
    }

    /// Where the session stands.
    pub const fn phase(&self) -> Phase {
        self.session.phase()
    }

    /// Does all that can be done now: takes what was received, puts questions to the handler, sends replies, closes.
    ///
    /// `clock` tells the time, from any epoch; it must not run backwards. What the handler takes of it, in a call or until it gives an
    /// answer that it has put off, is not held against the client.
    pub fn poll<H: Handler>(
        &mut self,
        clock: impl Fn() -> Instant,
        socket: &mut tcp::Socket<'_>,
        handler: &mut H,
    ) -> State {
        if matches!(socket.state(), tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived) {
            return State::Idle;
        }
        if let Some(since) = self.deferred.take() {
            self.excuse(since, &clock);
        }
        while self.closing.is_none() {
            let now = self.client_time(&clock);
            if !socket.may_recv() {
                self.session.eof();
            }
            let mut step = Due::Nothing;
            // Fails where nothing can come any more, which the session knows by now.
            let fed = socket.recv(|ring| {
                let mut input = &*ring;
                step = self.advance(&clock, &mut input, handler);
                (ring.len().saturating_sub(input.len()), ())
            });
            if fed.is_err() {
                step = self.advance(&clock, &mut &[][..], handler);
            }
            match step {
                Due::Nothing => {}
                Due::Recv(_) if socket.can_recv() => {}
                Due::Recv(deadline) => return State::Waiting { until: self.own_time(deadline) },
                Due::Send if !socket.may_send() => self.session.consume_output(usize::MAX),
                Due::Send => {
                    let sent = socket.send_slice(self.session.output()).unwrap_or(0);
                    if let Some(sent) = self.session.output().get(..sent).filter(|sent| !sent.is_empty()) {
                        let since = clock();
                        handler.replies(sent);
                        self.excuse(since, &clock);
                    }
                    self.session.consume_output(sent);
                    if self.session.output().is_empty() {
                        self.sending = None;
                        continue;
                    }
                    let deadline = self.sending.get_or_insert(now).after(self.write_timeout);
                    if now < deadline {
                        return State::Waiting { until: self.own_time(deadline) };
                    }
                    self.abort(socket, handler);
                }
                Due::Answer => return State::Deferred,
                Due::Close => {
                    socket.close();
                    self.closing = Some(clock().after(LINGER));
                }
            }
        }
        self.close(clock(), socket)
    }

    /// Ends the connection at once, by a reset, and tells the handler of a transaction that is open.
    pub fn abort<H: Handler>(&mut self, socket: &mut tcp::Socket<'_>, handler: &mut H) {
        socket.abort();
        self.session.consume_output(usize::MAX);
        self.session.eof();
        // Time means nothing to a session that has neither input nor output any more.
        let end = Instant::from_millis(u64::MAX);
        if let Step::Aborted(abort) = self.session.advance(end, &mut &[][..]) {
            handler.aborted(abort);
        }
        self.closing = Some(end);
    }

    /// Moves the session on by input, until something is due that takes more than the handler.
    fn advance<H: Handler>(&mut self, clock: &impl Fn() -> Instant, input: &mut &[u8], handler: &mut H) -> Due {
        loop {
            let step = self.session.advance(self.client_time(clock), input);
            let since = clock();
            match step {
                Step::Recv { deadline } => return Due::Recv(deadline),
                Step::Send => return Due::Send,
                Step::Closed => return Due::Close,
                Step::Request if decide(&mut self.session, handler) => {}
                Step::Request => {
                    self.deferred = Some(since);
                    return Due::Answer;
                }
                Step::Content(octets) => handler.content(octets),
                Step::Aborted(abort) => handler.aborted(abort),
                // An error of this call is misuse, and the step says that it is due.
                Step::StartTls => drop(self.session.tls_failed()),
            }
            self.excuse(since, clock);
        }
    }

    /// After the last reply: reads on, for a peer that is still sending may never see that reply otherwise, until both sides are done.
    fn close(&mut self, now: Instant, socket: &mut tcp::Socket<'_>) -> State {
        while socket.recv(|ring| (ring.len(), ring.len())).is_ok_and(|waste| waste > 0) {}
        let until = self.closing.unwrap_or(now);
        if matches!(socket.state(), tcp::State::Closed | tcp::State::TimeWait) {
            return State::Over;
        }
        if now < until {
            return State::Waiting { until };
        }
        socket.abort();
        State::Over
    }

    /// The time without what the handler took of it.
    fn client_time(&self, clock: &impl Fn() -> Instant) -> Instant {
        Instant::from_millis(clock().as_millis().saturating_sub(self.taken))
    }

    /// What the clock shows at a moment of the client's time.
    fn own_time(&self, moment: Instant) -> Instant {
        Instant::from_millis(moment.as_millis().saturating_add(self.taken))
    }

    /// Takes the time since then from the client's.
    fn excuse(&mut self, since: Instant, clock: &impl Fn() -> Instant) {
        self.taken = self.taken.saturating_add(clock().millis_from(since));
    }
}

/// What a session wants that is not the handler's.
enum Due {
    /// It has not been asked.
    Nothing,
    Recv(Instant),
    Send,
    Answer,
    Close,
}
