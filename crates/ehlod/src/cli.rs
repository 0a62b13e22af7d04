//! The command line.

use crate::config::{Config, Overrides, Problem, Problems};
use crate::directory::Directory;
use crate::explain::ExplainArgs;
use crate::{explain, passwd, replies, serve};
use clap::{Args, Parser, Subcommand};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// An SMTP server: one binary, one TOML file
#[derive(Debug, Parser)]
#[command(name = "ehlod", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take in mail; without a configuration for anyone at localhost, on 127.0.0.1:2525, into ./mail
    Serve(ServeArgs),
    /// Say whether a configuration is right
    Check {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say what a reply or a bounce means, who has to act, and what to do
    Explain(ExplainArgs),
    /// Print every reply the server can give
    Replies {
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Read a password from standard input, and print what the accounts file wants of it
    Passwd {
        /// Keep the password itself too, which CRAM-MD5 needs: whoever reads the accounts file then knows it
        #[arg(long)]
        cram_md5: bool,
    },
}

/// What `ehlod serve` is given.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// The configuration file; without one the embedded default
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the configuration cannot be used, listen all the same, and tell every client so until a reload (SIGHUP) finds one
    #[arg(long)]
    pub stand_by: bool,
    /// What is set over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

impl ServeArgs {
    /// The configuration to serve by. Each call reads the file anew, so it does for a reload too.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the configuration file.
    pub fn load(&self) -> Result<Config, Problems> {
        match &self.config {
            Some(path) => Config::load(path, &self.overrides),
            None => Ok(Config::embedded(&self.overrides)),
        }
    }
}

/// Does what the command line says.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    match &cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Check { config } => check(config),
        Command::Explain(args) => explain::run(args),
        Command::Replies { json } => replies::run(*json),
        Command::Passwd { cram_md5 } => passwd::run(*cram_md5),
    }
}

fn check(path: &Path) -> ExitCode {
    // What asks a database is made within a runtime.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod check: {error}");
            return ExitCode::FAILURE;
        }
    };
    let _within = runtime.enter();
    let checked = Config::load(path, &Overrides::default())
        .and_then(|config| Directory::open(&config).map(|directory| (config, directory)));
    match checked {
        Ok((config, directory)) => {
            warn(config.warnings.iter().chain(directory.warnings()));
            match writeln!(io::stdout(), "{}: ok", path.display()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(problems) => {
            let _ = writeln!(io::stderr(), "{problems}");
            ExitCode::FAILURE
        }
    }
}

/// Prints warnings on standard error, one a line.
fn warn<'p>(warnings: impl Iterator<Item = &'p Problem>) {
    for warning in warnings {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn arguments() {
        Cli::command().debug_assert();
        let serve = |words: &[&str]| match Cli::try_parse_from([&["ehlod", "serve"], words].concat()).unwrap().command {
            Command::Serve(args) => args,
            other => panic!("{other:?}"),
        };
        assert_eq!(serve(&[]).config, None);
        let args =
            serve(&["--listen", "[::1]:0", "--listen", "127.0.0.1:25", "--hostname", "mx.example", "--mail", "m"]);
        assert_eq!(args.overrides.listen, ["[::1]:0".parse().unwrap(), "127.0.0.1:25".parse().unwrap()]);
        let config = args.load().unwrap();
        assert_eq!((config.hostname.as_str(), config.listeners.len()), ("mx.example", 2));
        for wrong in [
            &["ehlod"][..],
            &["ehlod", "check"],
            &["ehlod", "serve", "--listen", "localhost"],
            &["ehlod", "serve", "--hostname", "a b"],
        ] {
            assert!(Cli::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
