//! The reference server's program; all of it is in the library.

use clap::Parser as _;
use ehlod::cli::{self, Cli};
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(&Cli::parse())
}
