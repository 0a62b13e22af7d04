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

/// Listens on an address, and says which it became.
async fn bind(address: &Address) -> io::Result<(Listener, Address)> {
    match address {
        Address::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            let bound = listener.local_addr()?;
            Ok((listener.into(), bound.into()))
        }
        Address::Unix(path) => {
            remove_stale(path)?;
            Ok((UnixListener::bind(path)?.into(), address.clone()))
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
