//! `ehlo-embedded`'s async adapter on two stacks, in this process: edge-nal on the host's own sockets, and embassy-net on an Ethernet of two
//! stacks back to back, which the host's clients reach over a bridge. Transcripts, clients that others wrote, and abuse.
//!
//! Without its client program a trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails.

mod abuse;
mod edge;
mod embassy;
mod site;

use std::sync::{Arc, LazyLock};

use ehlo_tests::client::Client;
use ehlo_tests::transcript::{self, Scene, Transcript};
use ehlo_tests::trials::{run, trial};
use ehlo_tests::{Result, live, memory, scripts};
use site::Site;

/// The scenarios of the clients' scripts that need no TLS.
const CLIENTS: [(&str, &str, &[&str]); 2] = [
    (
        "swaks",
        "swaks.sh",
        &["plain", "several-recipients", "pipelining", "auth-plain", "auth-login", "plaintext-wrong-login"],
    ),
    (
        "python3",
        "smtplib_client.py",
        &["plain", "several-recipients", "eight-bit", "dots", "several-messages", "pipelining"],
    ),
];

fn main() {
    let mut trials = Vec::new();
    for (name, stack) in [("edge-nal", edge::STACK), ("embassy-net", embassy::STACK)] {
        // One server in each of the transcripts' worlds, from the first trial on that wants it.
        let start = move |scene| Arc::new(LazyLock::new(move || Site::start(&stack, memory::config(scene))));
        let (plain, auth) = (start(Scene::Plain), start(Scene::Auth));
        for file in transcript::files() {
            let Ok(transcript) = file.transcript() else { panic!("{} cannot be read", file.name) };
            let site = match transcript.world {
                Scene::Tls => continue,
                Scene::Plain => Arc::clone(&plain),
                Scene::Auth => Arc::clone(&auth),
            };
            trials.push(trial(format!("{name}::transcript::{}", file.name), move || play(&site, &transcript)));
        }
        for (program, script, scenarios) in CLIENTS {
            for scenario in scenarios {
                let site = Arc::clone(&auth);
                let missing = (!installed(program)).then(|| format!("{program} is not installed"));
                let failing = missing.clone();
                let trial = trial(format!("{name}::{program}::{scenario}"), move || match failing {
                    Some(why) => Err(why),
                    None => interop(&site, script, scenario),
                });
                let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
                trials.push(match missing {
                    Some(why) => trial.with_kind(why).with_ignored_flag(!required),
                    None => trial,
                });
            }
        }
        trials.extend(abuse::trials(name, stack));
    }
    run(trials)
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn play(site: &Site, transcript: &Transcript) -> Result<()> {
    let mut site = site.turn();
    let address = site.address;
    live::play_on(transcript, Client::connect(address)?, &mut |message| site.delivered(&[message]))
}

/// Runs a scenario of a script, and holds what it says it sent against what has arrived.
fn interop(site: &Site, script: &str, scenario: &str) -> Result<()> {
    let mut site = site.turn();
    // A message for several recipients lies in each mailbox there, and arrives once here.
    let mut expected = scripts::run(script, scenario, site.address)?;
    expected.sort();
    expected.dedup();
    site.delivered(&expected.iter().map(Vec::as_slice).collect::<Vec<_>>())
}
