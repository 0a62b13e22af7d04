//! The virus scanner: clamd, by its INSTREAM command (clamd(8)).

use crate::config::Address;
use std::io::{self, Read as _, Seek as _};
use std::time::Duration;
use tempfile::SpooledTempFile;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The message goes over in pieces of so many octets.
const PIECE: usize = 64 * 1024;
/// The longest answer that is read.
const LONGEST: u64 = 4096;

/// Has a message scanned: the name of what it is infected with.
///
/// # Errors
///
/// In words: the scanner could not be reached, did not answer in time, or could not scan the message.
pub(super) async fn scan(
    address: &Address,
    time: Duration,
    message: SpooledTempFile,
) -> Result<Option<String>, String> {
    let scanned = timeout(time, async {
        match address {
            Address::Tcp(address) => ask(TcpStream::connect(address).await?, message).await,
            Address::Unix(path) => ask(UnixStream::connect(path).await?, message).await,
        }
    });
    match scanned.await {
        Ok(answer) => verdict(&answer.map_err(|error| error.to_string())?),
        Err(_) => Err(format!("no answer in {} seconds", time.as_secs())),
    }
}

/// Sends the message, and gives the answer.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut message: SpooledTempFile) -> io::Result<String> {
    message.rewind()?;
    // In one piece with what follows: the command ends with a zero, as the answer then does.
    stream.write_all(b"zINSTREAM\0").await?;
    let mut piece = vec![0; PIECE];
    let sent = loop {
        let reading = spawn_blocking(move || {
            let read = message.read(&mut piece);
            (message, piece, read)
        });
        let read;
        (message, piece, read) = reading.await?;
        let octets = piece.get(..read?).unwrap_or_default();
        let length = u32::try_from(octets.len()).unwrap_or(0).to_be_bytes();
        // Where it wants no more, it has said why.
        let sent = async {
            stream.write_all(&length).await?;
            stream.write_all(octets).await
        };
        let sent = sent.await;
        if sent.is_err() || octets.is_empty() {
            break sent;
        }
    };
    let mut answer = Vec::new();
    let read = stream.take(LONGEST).read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent.and(read)?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// What an answer says: `stream: OK`, `stream: NAME FOUND`, or an error.
fn verdict(answer: &str) -> Result<Option<String>, String> {
    let answer = answer.trim_end_matches(['\0', '\n']);
    let what = answer.strip_prefix("stream: ").unwrap_or(answer);
    match what.strip_suffix(" FOUND") {
        Some(name) => Ok(Some(name.chars().filter(|c| !c.is_control()).take(200).collect())),
        None if what == "OK" => Ok(None),
        None if what.is_empty() => Err("it broke off".to_owned()),
        None => Err(what.escape_debug().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        assert_eq!(verdict("stream: OK\0"), Ok(None));
        assert_eq!(verdict("stream: Eicar-Test-Signature FOUND\0"), Ok(Some("Eicar-Test-Signature".to_owned())));
        assert_eq!(verdict(""), Err("it broke off".to_owned()));
        assert!(verdict("INSTREAM size limit exceeded. ERROR\0").is_err_and(|why| why.ends_with(" ERROR")));
    }
}
