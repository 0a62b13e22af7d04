//! Two servers that remember together, in a real Redis on loopback.
//!
//! Without Redis the trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set, they fail.

use ehlo_tests::Result;
use ehlo_tests::patience::eventually;
use ehlo_tests::redis::Redis;
use ehlo_tests::server::{CONFIG, Server};
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;

type Check = fn() -> Result<()>;

const TRIALS: [(&str, Check); 5] = [
    ("the greylist is shared", greylist),
    ("rates are shared", rates),
    ("the audit list is shared", audit),
    ("what is remembered is shown and forgotten", shown_and_forgotten),
    ("without Redis mail is let pass or put off, until it is back", outage),
];

fn main() -> ! {
    let found = Redis::program();
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    if found.is_none() && !required {
        eprintln!("!!!! REDIS IS NOT INSTALLED: nobody has tried whether two servers remember together");
    }
    let ignored = found.is_none() && !required;
    run(TRIALS.into_iter().map(|(name, check)| trial(name, check).with_ignored_flag(ignored)).collect())
}

/// A server that remembers in Redis.
fn server(redis: &Redis, settings: &[(&'static str, &str)]) -> Result<Server> {
    let url = format!("url = \"{}\"", redis.url());
    let mut world = World::plain().for_everyone().with("state", "kind = \"redis\"").with("state", url);
    for (table, line) in settings {
        world = world.with(table, *line);
    }
    Server::start(world.home())
}

/// The code that a recipient gets.
fn recipient(server: &Server, sender: &str) -> Result<u16> {
    let mut client = server.connect()?;
    client.greet()?;
    client.expect(250, &format!("MAIL FROM:<{sender}>"))?;
    client.command("RCPT TO:<bob@example.net>").map(|reply| reply.code)
}

/// The code of the greeting.
fn greeting(server: &Server) -> Result<u16> {
    server.connect()?.reply().map(|reply| reply.code)
}

fn is(what: &str, got: u16, expected: u16) -> Result<()> {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected}, got {got}")) }
}

fn greylist() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [("greylist", "enabled = true"), ("greylist", "delay = \"3s\"")];
    let (one, other) = (server(&redis, &settings)?, server(&redis, &settings)?);
    is("the first sight", recipient(&one, "a@example.org")?, 450)?;
    is("at once, elsewhere", recipient(&other, "a@example.org")?, 450)?;
    eventually(|| is("seconds later, elsewhere", recipient(&other, "a@example.org")?, 250))?;
    is("known everywhere", recipient(&one, "a@example.org")?, 250)?;
    is("somebody else", recipient(&one, "b@example.org")?, 450)
}

fn rates() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [("flow", "per_recipient = \"4/1h\"")];
    let servers = [server(&redis, &settings)?, server(&redis, &settings)?];
    for (n, server) in servers.iter().cycle().take(4).enumerate() {
        is(&format!("message {n}"), recipient(server, "a@example.org")?, 250)?;
    }
    servers.iter().try_for_each(|server| is("one too many", recipient(server, "a@example.org")?, 450))?;
    // It leaks away as time goes by.
    let fast = server(&redis, &[("flow", "per_recipient = \"4/2s\"")])?;
    eventually(|| is("after a while", recipient(&fast, "a@example.org")?, 250))
}

fn audit() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [("access.audit", "client_failures = \"2/1h\""), ("access.audit", "lasts = \"4s\"")];
    let (one, other) = (server(&redis, &settings)?, server(&redis, &settings)?);
    for server in [&one, &other, &one] {
        let mut client = server.connect()?;
        client.greet()?;
        client.expect(500, "NONSENSE")?;
        client.expect(221, "QUIT")?;
        client.expect_close()?;
    }
    // A session is counted at its end, which may come after the client saw it close.
    eventually(|| is("one too many", greeting(&other)?, 421))?;
    is("one too many, there", greeting(&one)?, 421)?;
    eventually(|| is("after a while", greeting(&other)?, 220))
}

fn shown_and_forgotten() -> Result<()> {
    let redis = Redis::start()?;
    let server = server(&redis, &[("greylist", "enabled = true"), ("flow", "per_client = \"9/1h\"")])?;
    for sender in ["a@example.org", "b@example.org", "b@example.com"] {
        is(sender, recipient(&server, sender)?, 450)?;
    }
    let state = |arguments: &[&str]| {
        let (what, rest) = arguments.split_first().unwrap_or((&"list", &[]));
        let done = server.home().ehlod(&[&["state", what, "--config", CONFIG], rest].concat(), "");
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    };
    let says = |arguments: &[&str], expected: &str| match state(arguments) {
        told if told.contains(expected) => Ok(()),
        told => Err(format!("{arguments:?}: expected {expected:?} in {told:?}")),
    };
    says(&["list"], "greylist  127.0.0.0 <a@example.org> <bob@example.net>  put off  ")?;
    says(&["list", "--json"], "\"passed\":false")?;
    is("lines", state(&["list"]).lines().count() as u16, 4)?;
    says(&["clear", "greylist", "127.0.0.0 <a@example.org> <bob@example.net>"], "1 entry forgotten")?;
    says(&["clear", "greylist", "--containing", "example.com>"], "1 entry forgotten")?;
    says(&["list"], "<b@example.org>")?;
    says(&["clear", "greylist", "--all"], "1 entry forgotten")?;
    says(&["list"], "nothing of the kind is remembered")
}

fn outage() -> Result<()> {
    let mut redis = Redis::start()?;
    let settings = [("greylist", "enabled = true"), ("access.audit", "enabled = true")];
    let (passes, defers) =
        (server(&redis, &settings)?, server(&redis, &[&settings[..], &[("state", "failure = \"defer\"")]].concat())?);
    is("with Redis", recipient(&passes, "a@example.org")?, 450)?;
    is("with Redis", recipient(&defers, "b@example.org")?, 450)?;
    redis.stop();
    is("let pass", recipient(&passes, "c@example.org")?, 250)?;
    is("put off", greeting(&defers)?, 451)?;
    redis.resume()?;
    eventually(|| is("once more", recipient(&passes, "d@example.org")?, 450))?;
    eventually(|| is("once more", greeting(&defers)?, 220))
}
