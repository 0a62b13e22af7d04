//! What a session does, told as dialogues.

#[path = "../common/mod.rs"]
mod common;

mod aborts;
mod auth;
mod decisions;
mod greeting;
mod limits;
mod lines;
mod output;
mod time;
mod tls;

use ehlo::{Config, EarlyTalk, Mechanism, Tolerance, Vrfy};

static CONFIG: Config<'static> = Config::new("mx.example.net");
/// A configuration that offers all there is.
static FULL: Config<'static> = Config::new("mx.example.net")
    .starttls(true)
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .vrfy(Vrfy::Answer)
    .expn(true)
    .help_url("https://example.net/help");
/// The same, for a client that pipelines where it may not.
static PATIENT: Config<'static> = FULL.early_pipelining(Tolerance::Allow).early_talk(EarlyTalk::Allow);
