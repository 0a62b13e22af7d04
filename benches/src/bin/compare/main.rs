//! Runs `ehlod` and its peers under the same load, one after the other on the same machine, and writes tables and plots.
//!
//! What it needs from outside, `benches/peers/install` installs; a peer that is not there is left out, and named.

mod cell;
mod peers;
mod report;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cell::{Cell, Measured};
use clap::Parser;
use peers::Peer;

/// Measures ehlod beside other servers.
#[derive(Debug, Parser)]
struct Args {
    /// Seconds of load in each cell.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Only these servers, by name.
    #[arg(long)]
    only: Vec<String>,
    /// Only these cells: a word of `1KB 10KB 1MB one many c1 c20 c100 plain tls`, or several.
    #[arg(long)]
    cells: Vec<String>,
    /// Where the mail directories and the queue lie: the disk that is measured.
    #[arg(long)]
    disk: Option<PathBuf>,
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
    let results = here.join("results/server");
    fs::create_dir_all(&results).map_err(|error| error.to_string())?;
    let file = results.join("figures.json");
    if !args.last {
        let measured = measure(args, here)?;
        let text = serde_json::to_string_pretty(&measured).map_err(|error| error.to_string())?;
        fs::write(&file, text).map_err(|error| error.to_string())?;
    }
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    report::write(&results, &serde_json::from_str(&text).map_err(|error| error.to_string())?)
}

/// All figures, in the order in which they were measured.
fn measure(args: &Args, here: &Path) -> Result<cell::Run, String> {
    let wanted = |cell: &Cell| args.cells.iter().all(|word| cell.words().contains(word));
    let cells: Vec<Cell> = Cell::all().into_iter().filter(wanted).collect();
    let peers = Peer::all();
    let peers: Vec<_> =
        peers.iter().filter(|peer| args.only.is_empty() || args.only.iter().any(|name| name == peer.name)).collect();
    let mut run = cell::Run { machine: report::machine(here), ..cell::Run::default() };
    for peer in peers {
        let place =
            tempfile::Builder::new().prefix("compare-").tempdir_in(args.disk.clone().unwrap_or_else(env::temp_dir));
        let place = place.map_err(|error| error.to_string())?;
        let started = match peer.start(place.path()) {
            Ok(started) => started,
            Err(why) => {
                eprintln!("!!!! {} IS LEFT OUT: {why}", peer.name);
                run.left_out.push(format!("{}: {why}", peer.name));
                continue;
            }
        };
        for cell in cells.iter().filter(|cell| peer.can(cell)) {
            let figures = cell.measure(&started, args.seconds)?;
            let is_judged = report::JUDGED.contains(&peer.name) && !cell.tls;
            let judged = is_judged.then(|| cell.judge(&started, &figures, args.seconds)).flatten();
            println!("{:24} {:28} {figures}", peer.name, cell.words().join(" "));
            run.measured.push(Measured { peer: peer.name.to_owned(), cell: *cell, figures, judged });
            started.tidy();
        }
    }
    Ok(run)
}
