//! A connection before and under TLS, and the time that its peer has.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::stream::Stream;
use crate::tls::{Acceptor, Tls};

/// The shortest time to wait: streams take no zero.
const LEAST: Duration = Duration::from_millis(1);

/// A stream that can begin TLS on its way. What is read and written has its time; a stream is told of it only where it changes.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    channel: Channel<S>,
    read_limit: Duration,
    write_limit: Duration,
}

#[derive(Debug)]
enum Channel<S> {
    Plain(S),
    Tls(Box<Tls<S>>),
}

/// Does the same to the stream of either kind.
macro_rules! either {
    ($channel:expr, $stream:ident => $do:expr) => {
        match $channel {
            Channel::Plain($stream) => $do,
            Channel::Tls($stream) => $do,
        }
    };
}

impl<S: Stream> Wire<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { channel: Channel::Plain(stream), read_limit: Duration::ZERO, write_limit: Duration::ZERO }
    }

    /// Reads once. `None` where nothing came in that time, or a little before.
    pub(crate) fn read(&mut self, buffer: &mut [u8], limit: Duration) -> io::Result<Option<usize>> {
        self.limit_read(limit)?;
        in_time(either!(&mut self.channel, stream => stream.read(buffer)))
    }

    /// Writes all of it in that time.
    pub(crate) fn write(&mut self, mut octets: &[u8], limit: Duration) -> io::Result<()> {
        let begin = Instant::now();
        let mut left = limit;
        loop {
            self.limit_write(left)?;
            if octets.is_empty() {
                if in_time(either!(&mut self.channel, stream => stream.flush()))?.is_some() {
                    return Ok(());
                }
            } else {
                match in_time(either!(&mut self.channel, stream => stream.write(octets)))? {
                    Some(0) => return Err(ErrorKind::WriteZero.into()),
                    // Most of the time this is all of it, and the stream need not hear of a new limit.
                    Some(written) if written >= octets.len() => {
                        octets = &[];
                        continue;
                    }
                    Some(written) => octets = octets.get(written..).unwrap_or_default(),
                    None => {}
                }
            }
            left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }

    /// Says in that time that nothing more will be written.
    pub(crate) fn end(&mut self, limit: Duration) -> io::Result<()> {
        self.limit_write(limit)?;
        either!(&mut self.channel, stream => stream.end())
    }

    /// Does the handshake, for as long as `left` says that there is time; it is asked before every step.
    pub(crate) fn secure(
        self,
        acceptor: &Acceptor,
        mut left: impl FnMut() -> io::Result<Duration>,
    ) -> io::Result<Self> {
        let Channel::Plain(stream) = self.channel else { return Err(io::Error::other("TLS within TLS")) };
        let mut tls = Box::new(Tls::begin(acceptor, stream)?);
        while !tls.is_up() {
            let limit = left()?.max(LEAST);
            tls.limit_read(limit)?;
            tls.limit_write(limit)?;
            in_time(tls.go_on())?;
        }
        Ok(Self { channel: Channel::Tls(tls), read_limit: Duration::ZERO, write_limit: Duration::ZERO })
    }

    /// TLS, where it is up.
    pub(crate) fn tls(&self) -> Option<&Tls<S>> {
        match &self.channel {
            Channel::Plain(_) => None,
            Channel::Tls(tls) => Some(tls),
        }
    }

    fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
        let limit = limit.max(LEAST);
        if limit != self.read_limit {
            either!(&mut self.channel, stream => stream.limit_read(limit))?;
            self.read_limit = limit;
        }
        Ok(())
    }

    fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
        let limit = limit.max(LEAST);
        if limit != self.write_limit {
            either!(&mut self.channel, stream => stream.limit_write(limit))?;
            self.write_limit = limit;
        }
        Ok(())
    }
}

/// `None` where the call only came to its end in time.
fn in_time<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}
