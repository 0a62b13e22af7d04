//! Runs `ehlod` and its peers under the same load, in turns on the same machine, and writes tables and plots.
//!
//! What else a machine does changes from minute to minute, so that what is to be compared is measured close together: of each way of sending,
//! or cell, several rounds, in each of which one server after the other is sent to while the others wait. The middle of the rounds counts.
//!
//! What it needs from outside, `benches/peers/install` installs; a peer that is not there is left out, and named.

mod cell;
mod peers;
mod report;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cell::{Cell, Figures, Judged, Measured, Run};
use clap::Parser;
use peers::{Peer, Started};
use tempfile::TempDir;

/// Measures ehlod beside other servers.
#[derive(Debug, Parser)]
struct Args {
    /// Seconds of load for a server in each cell, all rounds together.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often each cell is measured; the middle counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only these servers, by name.
    #[arg(long)]
    only: Vec<String>,
    /// Only these cells: a word of `1KB 10KB 1MB one many c1 c20 c100 plain tls`, or several.
    #[arg(long)]
    cells: Vec<String>,
    /// Where the mail directories and the queue lie: the disk that is measured.
    #[arg(long)]
    disk: Option<PathBuf>,
    /// Where the results go. Those of other servers and cells stay as they are there.
    #[arg(long)]
    results: Option<PathBuf>,
    /// Do not measure: write the tables and plots anew from the last figures.
    #[arg(long)]
    last: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = args.results.clone().unwrap_or_else(|| here.join("results/server"));
    fs::create_dir_all(&results).map_err(|error| error.to_string())?;
    let file = results.join("figures.json");
    let known = match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !args.last => Run::default(),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    if args.last {
        return report::write(&results, &known);
    }
    let run = measure(args, here)?.over(known);
    let text = serde_json::to_string_pretty(&run).map_err(|error| error.to_string())?;
    fs::write(&file, text).map_err(|error| error.to_string())?;
    report::write(&results, &run)
}

/// All figures.
fn measure(args: &Args, here: &Path) -> Result<Run, String> {
    let wanted = |cell: &Cell| args.cells.iter().all(|word| cell.words().contains(word));
    let cells: Vec<Cell> = Cell::all().into_iter().filter(wanted).collect();
    let mut run = Run { machine: report::machine(here), ..Run::default() };
    let wanted = |peer: &Peer| args.only.is_empty() || args.only.iter().any(|name| name == peer.name);
    let (apart, together) = Peer::all().into_iter().filter(wanted).partition::<Vec<_>, _>(|peer| peer.apart);
    for peers in std::iter::once(together).chain(apart.into_iter().map(|peer| vec![peer])) {
        let mut running = Vec::new();
        for peer in peers {
            match Running::start(peer, args) {
                Ok(server) => running.push(server),
                Err(why) => {
                    eprintln!("!!!! {why}");
                    run.left_out.push(why);
                }
            }
        }
        for cell in &cells {
            run.measured.append(&mut turns(args, *cell, &running)?);
        }
    }
    Ok(run)
}

/// A server that waits for its turn.
struct Running {
    peer: Peer,
    started: Started,
    /// What it keeps there goes when it has ended.
    _place: TempDir,
}

impl Running {
    fn start(peer: Peer, args: &Args) -> Result<Self, String> {
        let left_out = |why: String| format!("{}: {why}", peer.name);
        let disk = args.disk.clone().unwrap_or_else(env::temp_dir);
        let place = tempfile::Builder::new().prefix("compare-").tempdir_in(disk);
        let place = place.map_err(|error| left_out(error.to_string()))?;
        let started = peer.start(place.path()).map_err(left_out)?;
        Ok(Self { peer, started, _place: place })
    }
}

/// Measures a cell, all servers in every round.
fn turns(args: &Args, cell: Cell, running: &[Running]) -> Result<Vec<Measured>, String> {
    let running: Vec<_> = running.iter().filter(|server| server.peer.can(&cell)).collect();
    let seconds = args.seconds / f64::from(args.rounds);
    let mut rounds = vec![(Vec::new(), Vec::new()); running.len()];
    for _ in 0..args.rounds {
        for (server, (figures, judged)) in running.iter().zip(&mut rounds) {
            let round = cell.measure(&server.started, seconds)?;
            if report::JUDGED.contains(&server.peer.name) && !cell.tls {
                judged.extend(cell.judge(&server.started, &round, seconds));
            }
            figures.push(round);
            server.started.tidy();
        }
    }
    let mut measured = Vec::new();
    for (server, (figures, judged)) in running.iter().zip(rounds) {
        let Some(figures) = Figures::of(&figures) else { continue };
        println!("{:24} {:28} {figures}", server.peer.name, cell.words().join(" "));
        measured.push(Measured { peer: server.peer.name.to_owned(), cell, figures, judged: Judged::of(&judged) });
    }
    Ok(measured)
}
