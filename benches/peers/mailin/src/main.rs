//! `mailin-server PORT CERTIFICATE KEY`: takes mail for everyone, and drops it.

use std::env;
use std::process::ExitCode;

use mailin_embedded::{Handler, Server, SslConfig};

#[derive(Clone)]
struct Sink;

impl Handler for Sink {}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, cert_path, key_path] = arguments.as_slice() else {
        eprintln!("usage: mailin-server PORT CERTIFICATE KEY");
        return ExitCode::FAILURE;
    };
    let tls = SslConfig::SelfSigned { cert_path: cert_path.clone(), key_path: key_path.clone() };
    let mut server = Server::new(Sink);
    server.with_name("mx.example.net").with_num_threads(128);
    let ready = server.with_ssl(tls).and_then(|server| server.with_addr(format!("127.0.0.1:{port}"))).map(|_| ());
    match ready.map_err(|error| error.to_string()).and_then(|()| server.serve().map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailin-server: {error}");
            ExitCode::FAILURE
        }
    }
}
