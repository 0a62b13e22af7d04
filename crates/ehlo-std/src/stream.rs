//! What a session speaks over: a blocking stream that can be told how long to wait.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

/// A blocking stream whose reads and writes end in time.
///
/// TCP and Unix sockets are such streams; [`Untimed`] makes one of anything else. What has deadlines of its own says how they are set:
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::time::Duration;
/// # struct Port;
/// # impl Port { fn set_timeout(&mut self, _: Duration) -> io::Result<()> { Ok(()) } }
/// # impl Read for Port { fn read(&mut self, _: &mut [u8]) -> io::Result<usize> { Ok(0) } }
/// # impl Write for Port {
/// #     fn write(&mut self, octets: &[u8]) -> io::Result<usize> { Ok(octets.len()) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
///
/// /// A serial line.
/// struct Line(Port);
///
/// impl Read for Line {
///     fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> { self.0.read(octets) }
/// }
/// impl Write for Line {
///     fn write(&mut self, octets: &[u8]) -> io::Result<usize> { self.0.write(octets) }
///     fn flush(&mut self) -> io::Result<()> { self.0.flush() }
/// }
/// impl ehlo_std::Stream for Line {
///     fn limit_read(&mut self, limit: Duration) -> io::Result<()> { self.0.set_timeout(limit) }
///     fn limit_write(&mut self, limit: Duration) -> io::Result<()> { self.0.set_timeout(limit) }
///     fn end(&mut self) -> io::Result<()> { Ok(()) } // it cannot be half closed
/// }
/// ```
///
/// A call that has waited for as long as it may fails with [`WouldBlock`](io::ErrorKind::WouldBlock) or
/// [`TimedOut`](io::ErrorKind::TimedOut), and has then read or written nothing. To fail so earlier is no mistake: the call is made again.
pub trait Stream: Read + Write {
    /// How long a read may wait from now on. Never zero.
    ///
    /// # Errors
    ///
    /// What the system says. The stream counts as ended then.
    fn limit_read(&mut self, limit: Duration) -> io::Result<()>;

    /// How long a write or flush may wait from now on. Never zero.
    ///
    /// # Errors
    ///
    /// What the system says. The stream counts as broken then.
    fn limit_write(&mut self, limit: Duration) -> io::Result<()>;

    /// Says that nothing more will be written, while what the peer still sends can be read.
    ///
    /// # Errors
    ///
    /// What the system says. The stream is dropped then.
    fn end(&mut self) -> io::Result<()>;
}

/// Both kinds of sockets have the same methods for it.
macro_rules! sockets {
    ($($(#[$cfg:meta])* $socket:ty;)*) => {
        $($(#[$cfg])*
        impl Stream for $socket {
            fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
                self.set_read_timeout(Some(limit))
            }
            fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
                self.set_write_timeout(Some(limit))
            }
            fn end(&mut self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        })*
    };
}

sockets! {
    TcpStream;
    #[cfg(unix)]
    UnixStream;
}

/// What points to a stream is one.
macro_rules! pointers {
    ($($pointer:ty,)*) => {
        $(impl<S: Stream + ?Sized> Stream for $pointer {
            fn limit_read(&mut self, limit: Duration) -> io::Result<()> {
                (**self).limit_read(limit)
            }
            fn limit_write(&mut self, limit: Duration) -> io::Result<()> {
                (**self).limit_write(limit)
            }
            fn end(&mut self) -> io::Result<()> {
                (**self).end()
            }
        })*
    };
}

pointers! {
    &mut S,
    Box<S>,
}

/// How long to rest where a stream says that it would block, and has not waited itself.
const REST: Duration = Duration::from_millis(2);

/// Any `Read + Write`, as a [`Stream`].
///
/// It waits for as long as it will: a peer that is silent is noticed when a call comes back, and not before. One that does not block, but
/// says [`WouldBlock`](io::ErrorKind::WouldBlock), is asked again every few milliseconds, and its peer has no more time than it should.
///
/// ```
/// use ehlo_std::{Connection, Handler, Untimed, ehlo::Config};
/// use std::io::{Read, Write};
///
/// fn over_a_serial_line(port: impl Read + Write, handler: &mut impl Handler) -> std::io::Result<()> {
///     Connection::new(&Config::new("board.example.net")).serve(Untimed(port), handler)
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Untimed<S>(pub S);

/// Rests where nothing could be done.
fn rested<T>(done: io::Result<T>) -> io::Result<T> {
    if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
        thread::sleep(REST);
    }
    done
}

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        rested(self.0.read(buffer))
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        rested(self.0.write(octets))
    }
    fn flush(&mut self) -> io::Result<()> {
        rested(self.0.flush())
    }
}

impl<S: Read + Write> Stream for Untimed<S> {
    fn limit_read(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
    fn limit_write(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
    /// There is no such thing here: an error, so that nobody waits for an answer to it.
    fn end(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
