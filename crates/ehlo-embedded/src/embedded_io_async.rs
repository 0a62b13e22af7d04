//! The loop of the core on any stream of [embedded-io-async](https://docs.rs/embedded-io-async): a TCP socket of embassy-net, one of
//! edge-nal, and what lies on top of them.
//!
//! ```
//! use ehlo_embedded::ehlo::{Config, Peer};
//! use ehlo_embedded::embedded_io_async::{Connection, Handler, Time, linger};
//! use embassy_net::tcp::TcpSocket;
//!
//! static CONFIG: Config = Config::new("board.example.net");
//!
//! async fn serve(socket: &mut TcpSocket<'_>, time: &mut impl Time, handler: &mut impl Handler) -> ! {
//!     let mut buffer = [0; 512];
//!     loop {
//!         if socket.accept(25).await.is_ok() {
//!             let connection = Connection::<512, 1024>::new(&CONFIG, Peer::PLAIN);
//!             if connection.serve(socket, &mut buffer, time, handler).await.is_ok() {
//!                 // A socket of edge-nal has `TcpShutdown::close(Close::Write)` for this.
//!                 socket.close();
//!                 linger(socket, &mut buffer, time).await;
//!             }
//!         }
//!         socket.abort();
//!         let _ = socket.flush().await; // the reset goes out
//!     }
//! }
//! ```
//!
//! There is no STARTTLS here: a client that says it, where the configuration offers it, is closed. A stream that does TLS from its first
//! octet is served like any other, with [`Peer::tls`].
//!
//! A read is dropped when the client's time is up, and where the core waits before its greeting ([`Config::early_talk`]) the session goes
//! on after that. So the stream's `read` should lose nothing when it is dropped, as those of embassy-net and edge-nal do not.

mod handler;
mod time;

use core::fmt;
use core::future::{Future, pending, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use ehlo::{Config, Instant, Millis, Peer, Session, Step};
use embedded_io_async::{Read, Write};

use handler::decide;

pub use handler::Handler;
#[cfg(feature = "embedded-hal-async")]
pub use time::DelayTime;
#[cfg(feature = "embassy-time")]
pub use time::EmbassyTime;
pub use time::Time;

/// How long a closed connection is still read.
const LINGER: Millis = Millis::from_secs(5);

/// How to serve a client. Make one for each, and [`serve`](Self::serve).
///
/// `LINE` is the longest command line that is taken and `OUT` the room for replies, as in [`Session`].
#[derive(Debug)]
pub struct Connection<'c, const LINE: usize = 512, const OUT: usize = 1024> {
    session: Session<'c, LINE, OUT>,
    write_timeout: Millis,
}

/// Why a client could not be served to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Error<E> {
    /// The stream failed as it was written to. (One that cannot be read any more has ended, and that is no error.)
    Stream(E),
    /// The client did not read in time, or the stream takes no more.
    Stalled,
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "writing: {error}"),
            Self::Stalled => f.write_str("the client does not read"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Error<E> {}

impl<'c, const LINE: usize, const OUT: usize> Connection<'c, LINE, OUT> {
    /// For a client that may take 5 minutes to read what is sent to it.
    pub const fn new(config: &'c Config<'c>, peer: Peer) -> Self {
        Self { session: Session::new(config, peer), write_timeout: Millis::from_mins(5) }
    }

    /// How long the peer may take to read what was sent to it.
    #[must_use]
    pub const fn write_timeout(mut self, timeout: Millis) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Serves the client until the session is over. What the handler takes of the time is not held against the client.
    ///
    /// `buffer` is what is read into, of any size but 0: with none, no client can say anything. Afterwards the stream is to be
    /// closed, by its own means; [`linger`] says how.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The handler has been told of a transaction that was open by then.
    pub async fn serve<S: Read + Write, T: Time, H: Handler>(
        self,
        stream: &mut S,
        buffer: &mut [u8],
        time: &mut T,
        handler: &mut H,
    ) -> Result<(), Error<S::Error>> {
        self.serve_until(pending(), stream, buffer, time, handler).await
    }

    /// As [`serve`](Self::serve), but once `stop` is there the session ends by `421` at the next command boundary.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn serve_until<S: Read + Write, T: Time, H: Handler>(
        mut self,
        stop: impl Future<Output = ()>,
        stream: &mut S,
        buffer: &mut [u8],
        time: &mut T,
        handler: &mut H,
    ) -> Result<(), Error<S::Error>> {
        let served = self.run(pin!(stop), stream, buffer, time, handler).await;
        if served.is_err() {
            self.session.consume_output(usize::MAX);
            self.session.eof();
            // Time means nothing to a session that has neither input nor output any more.
            if let Step::Aborted(abort) = self.session.advance(Instant::from_millis(u64::MAX), &mut &[][..]) {
                handler.aborted(abort).await;
            }
        }
        served
    }

    async fn run<S: Read + Write, T: Time, H: Handler>(
        &mut self,
        mut stop: Pin<&mut impl Future<Output = ()>>,
        stream: &mut S,
        buffer: &mut [u8],
        time: &mut T,
        handler: &mut H,
    ) -> Result<(), Error<S::Error>> {
        let session = &mut self.session;
        let mut input: &[u8] = &[];
        let mut stopped = false;
        // Milliseconds that the handler has taken: the time-outs are the client's.
        let mut taken = 0_u64;
        // Until when in its time the client has to have read, where something was written since the last flush.
        let mut sending = None;
        loop {
            let since = time.now();
            let now = Instant::from_millis(since.as_millis().saturating_sub(taken));
            let step = session.advance(now, &mut input);
            let on_the_clock = |moment: Instant| Instant::from_millis(moment.as_millis().saturating_add(taken));
            if matches!(step, Step::Recv { .. } | Step::Closed)
                && let Some(until) = sending.take()
            {
                in_time(stream.flush(), on_the_clock(until), time).await?;
            }
            match step {
                Step::Recv { deadline } => {
                    let until = on_the_clock(deadline);
                    // Once it is there it is not asked again.
                    let stop = poll_fn(|context| if stopped { Poll::Pending } else { stop.as_mut().poll(context) });
                    input = match first(stop, first(stream.read(buffer), time.wait_until(until))).await {
                        Ok(()) => {
                            stopped = true;
                            session.shutdown();
                            &[]
                        }
                        // An error of the stream ends it as well.
                        Err(Ok(read)) => {
                            buffer.get(..read.unwrap_or(0)).filter(|read| !read.is_empty()).unwrap_or_else(|| {
                                session.eof();
                                &[]
                            })
                        }
                        Err(Err(())) => &[],
                    };
                    continue;
                }
                Step::Send => {
                    let until = *sending.get_or_insert(now.after(self.write_timeout));
                    let sent = in_time(stream.write(session.output()), on_the_clock(until), time).await?;
                    let given = time.now();
                    match session.output().get(..sent) {
                        Some(octets @ [_, ..]) => handler.replies(octets),
                        _ => return Err(Error::Stalled),
                    }
                    session.consume_output(sent);
                    taken = taken.saturating_add(time.now().millis_from(given));
                    continue;
                }
                Step::Request => decide(session, handler).await,
                Step::Content(octets) => handler.content(octets).await,
                Step::Aborted(abort) => handler.aborted(abort).await,
                // An error of this call is misuse, and the step says that it is due.
                Step::StartTls => drop(session.tls_failed()),
                Step::Closed => return Ok(()),
            }
            taken = taken.saturating_add(time.now().millis_from(since));
        }
    }
}

/// Reads on for a while, at most 5 seconds, until the peer has closed too. To be called once the stream has been closed on this side:
/// a connection that is dropped while input waits is reset, and the peer may then never see the last reply.
pub async fn linger<S: Read, T: Time>(stream: &mut S, buffer: &mut [u8], time: &mut T) {
    let until = time.now().after(LINGER);
    while time.now() < until && matches!(first(stream.read(buffer), time.wait_until(until)).await, Ok(Ok(1..))) {}
}

/// Writes, in time.
async fn in_time<R, E, T: Time>(
    write: impl Future<Output = Result<R, E>>,
    until: Instant,
    time: &mut T,
) -> Result<R, Error<E>> {
    first(write, time.wait_until(until)).await.map_err(|()| Error::Stalled)?.map_err(Error::Stream)
}

/// The one that is done first, or where both are the one before: what was read is not lost.
async fn first<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> Result<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => other.as_mut().poll(context).map(Err),
    })
    .await
}
