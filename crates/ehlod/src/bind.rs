//! Opening listeners.

use crate::config::Address;
use ehlo_tokio::Listener;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use tokio::net::{TcpListener, UnixListener};

/// Listens on an address, and says which it became.
///
/// # Errors
///
/// Where it cannot be had.
pub async fn bind(address: &Address) -> io::Result<(Listener, Address)> {
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
