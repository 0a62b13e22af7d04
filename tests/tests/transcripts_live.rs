//! Every transcript, a trial of its own, against a live `ehlod`.

use ehlo_tests::live;
use ehlo_tests::transcript;
use ehlo_tests::trials::{run, trial};

fn main() {
    let trials =
        transcript::files().into_iter().map(|file| trial(file.name.clone(), move || live::play(&file.transcript()?)));
    run(trials.collect())
}
