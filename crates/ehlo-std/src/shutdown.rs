//! The wish that sessions end.

use std::io::{PipeWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells sessions to end: clones tell, and are told, the same.
///
/// Who reads from a socket cannot be woken without losing what is on its way, so sessions look at this twice a second.
///
/// A [`Server`](crate::Server) has one for its sessions; this is for a connection that is served by itself.
///
/// ```no_run
/// use ehlo_std::{Connection, Handler, Shutdown, ehlo::Config};
/// # struct Sink; impl Handler for Sink {}
///
/// static CONFIG: Config<'static> = Config::new("mx.example.net");
///
/// let shutdown = Shutdown::new();
/// let (stream, _) = std::net::TcpListener::bind("127.0.0.1:2525")?.accept()?;
/// let connection = Connection::new(&CONFIG).shutdown(shutdown.clone());
/// let serving = std::thread::spawn(move || connection.serve(stream, &mut Sink));
/// shutdown.begin(); // the client hears 421 at its next command boundary
/// # let _ = serving.join();
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    begun: AtomicBool,
    /// What wakes the server, which waits for descriptors only.
    bell: Mutex<Option<PipeWriter>>,
}

impl Shutdown {
    /// Not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins it. There is no way back.
    pub fn begin(&self) {
        self.0.begun.store(true, Ordering::Release);
        if let Some(bell) = self.0.bell.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // Nobody listens any more where this fails.
            let _ = bell.write(&[0]);
        }
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.begun.load(Ordering::Acquire)
    }

    /// Has this pipe written to when it begins; ask [`has_begun`](Self::has_begun) afterwards.
    #[cfg(unix)]
    pub(crate) fn ring(&self, bell: PipeWriter) {
        *self.0.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(bell);
    }
}
