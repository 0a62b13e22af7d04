//! Takes every message for everyone, and prints it: `sink [ADDRESS]`.

use ehlo_std::ehlo::{Abort, Config, Rcpt, Reply};
use ehlo_std::{Connection, Handler, Receipt, Recipient, Server};

static CONFIG: Config<'static> = Config::new("localhost");

#[derive(Default)]
struct Sink(Vec<u8>);

impl Handler for Sink {
    fn rcpt(&mut self, _: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        Ok(Recipient::Here)
    }
    fn content(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }
    fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        println!("{}", String::from_utf8_lossy(&std::mem::take(&mut self.0)));
        Ok(Receipt::Ok)
    }
    fn aborted(&mut self, _: Abort) {
        self.0.clear();
    }
}

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let mut server = Server::new("localhost");
    println!("listening on {}", server.bind(address)?);
    server.run(|accepted| {
        let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
        let _ = connection.serve(accepted.socket, &mut Sink::default());
    })
}
