//! Room for what is read. A connection that waits has none: a thread lends one buffer to all connections that it serves.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Octets read at once.
const LARGE: usize = 64 * 1024;
/// What is shorter is moved to room of its own size, so that a connection that waits for an answer of its handler holds no more.
const SMALL: usize = 4 * 1024;

thread_local! {
    /// The buffer that this thread lends.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads what there is, if there is anything. Nothing read is the end of the stream, and so is an error of it.
pub(crate) fn poll_read<T: AsyncRead + Unpin>(stream: &mut T, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
    let mut buffer = SPARE.take();
    buffer.clear();
    // Of the first to come this makes the buffer; all others find it large enough.
    buffer.reserve_exact(LARGE);
    let read: Poll<io::Result<usize>> = pin!(stream.read_buf(&mut buffer)).poll(cx);
    match read {
        Poll::Pending => {
            SPARE.set(buffer);
            Poll::Pending
        }
        Poll::Ready(Ok(read)) if read > SMALL => Poll::Ready(buffer),
        Poll::Ready(Ok(_)) => {
            let octets = buffer.as_slice().to_vec();
            SPARE.set(buffer);
            Poll::Ready(octets)
        }
        Poll::Ready(Err(_)) => Poll::Ready(Vec::new()),
    }
}

/// Takes back what is through.
pub(crate) fn give_back(buffer: Vec<u8>) {
    if buffer.capacity() >= LARGE {
        SPARE.set(buffer);
    }
}
