//! The scripts that drive others' clients (`interop/`), against a server that is there already and does no TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// Runs a scenario of a script; gives the messages that it says it sent, one for each mailbox.
///
/// # Errors
///
/// The script could not be run, or was not content.
pub fn run(script: &str, scenario: &str, server: SocketAddr) -> Result<Vec<Vec<u8>>> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let message = "From: <alice@example.com>\r\nSubject: interoperation\r\n\r\n.\r\n..\r\n.dot\r\n\r\nend\r\n";
    fs::write(home.path().join("message.eml"), message).map_err(|error| error.to_string())?;
    let expect = home.path().join("expect");
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script))
        .arg(scenario)
        .current_dir(home.path())
        .env("EHLO_PORT", server.port().to_string())
        .env("EHLO_MESSAGE", "message.eml")
        .env("EHLO_EXPECT", &expect)
        .env("EHLO_SENDER", home.path().join("sender"))
        // What none of the scenarios here needs, and the scripts ask for all the same.
        .env("EHLO_TLS_PORT", "0")
        .env("EHLO_LMTP", "")
        .output()
        .map_err(|error| format!("running {script}: {error}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)));
    }
    let files = |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let messages = files(&expect).flat_map(|mailbox| files(&mailbox).collect::<Vec<_>>());
    messages.map(|file| fs::read(file).map_err(|error| error.to_string())).collect()
}
