//! `mailin-server PORT`: a server of mailin-embedded that takes mail for everyone, and drops it.

use std::env;
use std::process::ExitCode;

use mailin_embedded::{Handler, Server};

#[derive(Clone)]
struct Sink;

impl Handler for Sink {}

fn main() -> ExitCode {
    let Some(port) = env::args().nth(1).and_then(|port| port.parse::<u16>().ok()) else {
        eprintln!("usage: mailin-server PORT");
        return ExitCode::FAILURE;
    };
    let mut server = Server::new(Sink);
    server.with_name("mx.example.net").with_num_threads(128);
    let served = server.with_addr(("127.0.0.1", port)).map(|_| ()).map_err(|error| error.to_string());
    match served.and_then(|()| server.serve().map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailin-server: {error}");
            ExitCode::FAILURE
        }
    }
}
