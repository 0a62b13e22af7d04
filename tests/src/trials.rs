//! Trials that are named by data: the little that the test programs without the usual harness share.

use libtest_mimic::{Arguments, Failed, Trial};

use crate::Result;

/// Runs trials as `cargo test` runs tests, and ends the program.
pub fn run(trials: Vec<Trial>) -> ! {
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}

/// A trial that fails with the sentence its check gives.
pub fn trial(name: impl Into<String>, check: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || check().map_err(Failed::from))
}
