//! The command line.

use crate::config::{Config, Overrides, Problems};
use crate::explain::ExplainArgs;
use crate::remembered::StateArgs;
use crate::{check, explain, passwd, remembered, replies, serve};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
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
    #[command(after_help = "Exit status: 0 after SIGTERM or SIGINT; 1 where it cannot serve; 2 for wrong arguments.")]
    Serve(ServeArgs),
    /// Say whether a configuration is right
    ///
    /// Each mistake is one line on standard error, with file, line, column and key.
    #[command(
        after_help = "Exit status: 0 where it is right, warnings or not; 1 where it is wrong; 2 for wrong arguments."
    )]
    Check {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// As a JSON object, on standard output: file, ok, errors, warnings
        #[arg(long)]
        json: bool,
    },
    /// Say what a reply or a bounce means, who has to act, and what to do
    #[command(after_help = "Exit status: 0; 1 where nothing was recognised; 2 for wrong arguments.")]
    Explain(ExplainArgs),
    /// Print every reply the server can give
    #[command(after_help = "Exit status: 0; 1 where it could not be printed; 2 for wrong arguments.")]
    Replies {
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show what the server remembers of clients and senders, or forget it
    ///
    /// The greylist, the server's own audit lists, and what is counted. Where a server runs that has the embedded state open, it is asked by
    /// the socket state.sock beside it, which belongs to the server's user; otherwise the file is opened for as long as it takes.
    #[command(
        after_help = "Exit status: 0; 1 where the state is out of reach, or nothing was there to be forgotten; 2 for wrong arguments."
    )]
    State(StateArgs),
    /// Read a password from standard input, and print what the accounts file wants of it
    #[command(after_help = "Exit status: 0; 1 where there is no password to be used; 2 for wrong arguments.")]
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
        Command::Check { config, json } => check::run(config, *json),
        Command::Explain(args) => explain::run(args),
        Command::Replies { json } => replies::run(*json),
        Command::State(args) => remembered::run(args),
        Command::Passwd { cram_md5 } => passwd::run(*cram_md5),
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
            &["ehlod", "state"],
            &["ehlod", "state", "list", "everything"],
            &["ehlod", "state", "clear"],
            &["ehlod", "state", "clear", "audit"],
            &["ehlod", "state", "clear", "audit", "192.0.2.1", "--all"],
        ] {
            assert!(Cli::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
