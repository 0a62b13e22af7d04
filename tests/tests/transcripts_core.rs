//! Every transcript, a trial of its own, against the core in memory: whole, octet by octet, and cut everywhere.

use ehlo_tests::memory;
use ehlo_tests::transcript;
use ehlo_tests::trials::{run, trial};

fn main() {
    let trials = transcript::files()
        .into_iter()
        .map(|file| trial(file.name.clone(), move || memory::play_in_every_cut(&file.transcript()?)));
    run(trials.collect())
}
