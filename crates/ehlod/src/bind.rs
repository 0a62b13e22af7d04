//! Opening listeners.

use crate::config::{Address, Source};
use crate::passed::Passed;
use ehlo_tokio::Listener;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use tokio::net::{TcpListener, UnixListener};

/// Listens as a configuration says, and says where that is. There is one listener, but for sockets that were passed under one name.
///
/// # Errors
///
/// Where it cannot be had.
pub async fn open(source: &Source, passed: &mut Passed) -> io::Result<Vec<(Listener, Address)>> {
    match source {
        Source::Own(address) => Ok(vec![bind(address).await?]),
        Source::Passed(name) => passed.listeners(name),
    }
}

/// So many connections may wait to be accepted, or as many as the system allows (`net.core.somaxconn`). Past that Linux forgets clients that
/// believe to be connected, and they wait for a greeting until they give up: the 128 of the standard library are soon there where a server
/// cannot run for some milliseconds.
const BACKLOG: i32 = 4096;

/// Listens on an address, and says which it became.
async fn bind(address: &Address) -> io::Result<(Listener, Address)> {
    match address {
        Address::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            rustix::net::listen(&listener, BACKLOG)?;
            let bound = listener.local_addr()?;
            Ok((listener.into(), bound.into()))
        }
        Address::Unix(path) => {
            remove_stale(path)?;
            let listener = UnixListener::bind(path)?;
            rustix::net::listen(&listener, BACKLOG)?;
            Ok((listener.into(), address.clone()))
        }
    }
}

/// Removes the socket that a server left behind which is not there any more.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() && UnixStream::connect(path).is_err() => std::fs::remove_file(path),
        // Free, or taken by something that is not ours: binding says so.
        _ => Ok(()),
    }
}
