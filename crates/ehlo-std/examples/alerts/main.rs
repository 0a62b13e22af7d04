//! An alert sink: devices that can do nothing but send mail tell it what is wrong with them, and it prints a line for each alert:
//! `alerts [ADDRESS]`.
//!
//! ```text
//! CRITICAL  ups-1@example.net         On battery
//! warning   nas@example.net           Volume 1 is nearly full
//! ```
//!
//! What a device says again within ten minutes is not printed again. Devices that end their lines with a bare LF are understood.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ehlo_std::ehlo::{Abort, Config, Mail, Rcpt, Reply};
use ehlo_std::{Accepted, Connection, Handler, Receipt, Recipient, Server};
use mail_parser::{Message, MessageParser};

#[cfg(test)]
mod tests;

static CONFIG: Config<'static> = Config::new("alerts.localdomain").message_size(1 << 20);

/// How long an alert is not worth a second line.
const QUIET: Duration = Duration::from_secs(600);

/// Where alerts are printed, and which were of late.
struct Alerts<W>(Mutex<(W, HashMap<String, Instant>)>);

impl<W: Write> Alerts<W> {
    fn new(out: W) -> Self {
        Self(Mutex::new((out, HashMap::new())))
    }

    /// Serves one device.
    fn serve(&self, accepted: Accepted) {
        let mut device = Device { alerts: self, sender: String::new(), message: Vec::new() };
        let connection = Connection::new(&CONFIG).lenient(true).shutdown(accepted.shutdown);
        if let Err(error) = connection.serve(accepted.socket, &mut device) {
            eprintln!("{:?}: {error}", accepted.arrival.peer);
        }
    }

    /// Prints an alert, unless it was printed of late.
    fn raise(&self, sender: &str, message: &Message<'_>) -> std::io::Result<()> {
        let subject = message.subject().unwrap_or("(no subject)").replace(char::is_control, " ");
        let subject: String = subject.chars().take(120).collect();
        let line = format!("{:9} {sender:25} {subject}", severity(message, &subject));
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (out, of_late) = &mut *guard;
        of_late.retain(|_, printed| printed.elapsed() < QUIET);
        // Whoever floods it with ever new alerts gets its lines, but no memory.
        if of_late.len() >= 1000 {
            of_late.clear();
        }
        if of_late.contains_key(&line) {
            return Ok(());
        }
        writeln!(out, "{line}")?;
        out.flush()?;
        of_late.insert(line, Instant::now());
        Ok(())
    }
}

/// How bad it is: as the sender's program says, or as the words sound.
fn severity(message: &Message<'_>, subject: &str) -> &'static str {
    let urgent = ["X-Priority", "Importance", "Priority"].into_iter().any(|name| {
        let value = message.header_raw(name).unwrap_or_default().trim().to_ascii_lowercase();
        value.starts_with(['1', '2']) || value == "high" || value == "urgent"
    });
    let subject = subject.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    match () {
        () if urgent || says(&["critical", "emergency", "fail", "down", "on battery"]) => "CRITICAL",
        () if says(&["warn", "nearly", "degraded"]) => "warning",
        () => "info",
    }
}

/// One device's transaction.
struct Device<'a, W> {
    alerts: &'a Alerts<W>,
    sender: String,
    message: Vec<u8>,
}

impl<W: Write> Handler for Device<'_, W> {
    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        mail.reverse_path.as_str().clone_into(&mut self.sender);
        Ok(())
    }

    fn rcpt(&mut self, _: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        Ok(Recipient::Here)
    }

    fn content(&mut self, octets: &[u8]) {
        self.message.extend_from_slice(octets);
    }

    fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let octets = std::mem::take(&mut self.message);
        let message = MessageParser::new().parse(&octets).unwrap_or_default();
        // An alert that could not be printed is not taken: the device keeps it.
        let raised = self.alerts.raise(&self.sender, &message);
        raised.map(|()| Receipt::Ok).map_err(|_| Reply::new(451, "The alert cannot be printed now").enhanced(3, 0))
    }

    fn aborted(&mut self, _: Abort) {
        self.message.clear();
    }
}

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let mut server = Server::new("alerts.localdomain");
    eprintln!("listening on {}", server.bind(address)?);
    let alerts = Alerts::new(std::io::stdout());
    server.run(move |accepted| alerts.serve(accepted))
}
