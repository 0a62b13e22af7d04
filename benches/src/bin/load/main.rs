//! A load of mail for any SMTP server, and what it costs the server.
//!
//! `load ADDRESS` sends messages by any number of clients, one a connection or many, by DATA or BDAT, a command at a time or pipelined, in
//! plaintext or under TLS, and prints messages a second, latency, and the server's processor time and memory, which it reads from `/proc`.
//! With `--idle` or `--half` it opens connections and leaves them there, and prints what each takes of the server's memory.

mod client;
mod figures;
mod message;
mod process;
mod stand;
mod tls;
mod triples;
mod wire;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use figures::Figures;
use message::Message;
use process::Process;

/// Sends mail to an SMTP server, and measures.
#[derive(Debug, Parser)]
struct Args {
    /// Where the server listens.
    address: SocketAddr,
    /// How many clients send at the same time.
    #[arg(long, short, default_value_t = 1)]
    clients: usize,
    /// For how long, in seconds.
    #[arg(long, short, default_value_t = 5.0)]
    seconds: f64,
    /// So many messages in all at the most.
    #[arg(long, short, default_value_t = u64::MAX)]
    messages: u64,
    /// Octets of each message.
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// Messages on each connection.
    #[arg(long, default_value_t = 1)]
    per_connection: u64,
    /// Recipients of each message.
    #[arg(long, default_value_t = 1)]
    recipients: usize,
    /// Where TLS begins.
    #[arg(long, value_enum, default_value_t = Security::None)]
    tls: Security,
    /// Send commands without waiting for the replies to those before them (RFC 2920).
    #[arg(long)]
    pipeline: bool,
    /// Send content by BDAT, not by DATA.
    #[arg(long)]
    bdat: bool,
    /// The reverse-path.
    #[arg(long, default_value = "alice@example.com")]
    from: String,
    /// The forward-path. `%` in it becomes a number: of the client, and of the recipient where there are several.
    #[arg(long, default_value = "bob@localhost")]
    to: String,
    /// The server's process; what it started counts too.
    #[arg(long)]
    pid: Option<u32>,
    /// Open so many connections that say EHLO and then nothing, look at the server's memory, and close them.
    #[arg(long)]
    idle: Option<usize>,
    /// The same with connections that stay within a message, after so many octets of it as `--size` says.
    #[arg(long)]
    half: Option<usize>,
    /// Name so many recipients, each another, of a server that puts them off and remembers them, and then the last of them again.
    #[arg(long)]
    triples: Option<u64>,
    /// The first of their numbers: those before are there from an earlier run.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Security {
    /// There is none.
    None,
    /// After STARTTLS.
    Starttls,
    /// With the first octet.
    Implicit,
}

/// What all clients go by.
struct Plan {
    args: Args,
    message: Message,
    tls: tokio_rustls::TlsConnector,
    /// Messages that were begun.
    begun: AtomicU64,
    end: Instant,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let server = args.pid.map(Process);
    let outcome = match (args.triples, args.idle, args.half) {
        (Some(triples), ..) => triples::run(args, triples).await,
        (None, None, None) => run(args, server).await,
        (None, idle, half) => stand::run(args, idle.unwrap_or(0), half.unwrap_or(0), server).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan(args: Args) -> Arc<Plan> {
    let message = Message::new(args.size);
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    Arc::new(Plan { args, message, tls: tls::connector(), begun: AtomicU64::new(0), end })
}

/// Runs all clients to their end, and prints what came of it.
async fn run(args: Args, server: Option<Process>) -> Result<(), String> {
    let before = server.map(Process::usage).transpose()?;
    let (plan, began) = (plan(args), Instant::now());
    let clients: Vec<_> =
        (0..plan.args.clients).map(|number| tokio::spawn(client::run(Arc::clone(&plan), number))).collect();
    let mut figures = Figures::default();
    for client in clients {
        figures.add(client.await.map_err(|error| error.to_string())?);
    }
    figures.seconds = began.elapsed().as_secs_f64();
    if let Some((server, before)) = server.zip(before) {
        figures.server = Some(server.usage()?.since(&before));
    }
    figures.print(plan.args.json);
    match figures.error {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
