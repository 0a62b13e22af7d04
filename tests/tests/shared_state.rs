//! Two servers that remember together, in a real Redis on loopback; one trial has a balancer before them, HAProxy, as the handbook has it.
//!
//! Without Redis or HAProxy the trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set, they fail.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::Server;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;
use tempfile::TempDir;

/// One program serves as all of Redis's servers and checkers; which it is its name says. Debian's `redis-tools` has it by this one.
const PROGRAMS: [&str; 2] = ["/usr/bin/redis-server", "/usr/bin/redis-check-rdb"];

/// The balancer: Debian's, installed or unpacked.
const HAPROXY: [&str; 2] =
    ["/usr/sbin/haproxy", concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients/haproxy/usr/sbin/haproxy")];

type Check = fn() -> Result<()>;

const TRIALS: [(&str, Check); 4] = [
    ("the greylist is shared", greylist),
    ("rates are shared", rates),
    ("the audit list is shared", audit),
    ("without Redis mail is let pass or put off, until it is back", outage),
];

fn main() -> ! {
    let found = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    if found.is_none() && !required {
        eprintln!("!!!! REDIS IS NOT INSTALLED: nobody has tried whether two servers remember together");
    }
    let ignored = found.is_none() && !required;
    let alone = TRIALS.into_iter().map(|(name, check)| trial(name, check).with_ignored_flag(ignored));
    let unbalanced = haproxy().is_none() && !required;
    if unbalanced {
        eprintln!("!!!! HAPROXY IS NOT INSTALLED: nobody has tried two servers behind it");
    }
    let balanced = trial("behind a balancer they are one", balancer).with_ignored_flag(ignored || unbalanced);
    run(alone.chain([balanced]).collect())
}

fn haproxy() -> Option<&'static str> {
    HAPROXY.into_iter().find(|program| Path::new(program).exists())
}

/// A Redis of the test's own. Dropped, it is stopped.
struct Redis {
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    fn start() -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let program = PROGRAMS.into_iter().find(|program| Path::new(program).exists()).ok_or("no redis-server")?;
        symlink(program, dir.path().join("redis-server")).map_err(|error| error.to_string())?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let mut redis = Self { dir, port: free.map_err(|error| error.to_string())?.port(), child: None };
        redis.resume()?;
        Ok(redis)
    }

    /// Starts it, and waits until it answers.
    fn resume(&mut self) -> Result<()> {
        let mut program = Command::new(self.dir.path().join("redis-server"));
        program.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        program.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(self.port.to_string());
        self.child = Some(program.spawn().map_err(|error| format!("redis-server: {error}"))?);
        let port = self.port;
        eventually(|| TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|error| error.to_string()))
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// A server that remembers here.
    fn server(&self, settings: &[(&'static str, &str)]) -> Result<Server> {
        let mut world = World::plain()
            .for_everyone()
            .with("state", "kind = \"redis\"")
            .with("state", format!("url = \"redis://127.0.0.1:{}/\"", self.port));
        for (table, line) in settings {
            world = world.with(table, *line);
        }
        Server::start(world.home())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A balancer before two servers, by the configuration in the handbook. Dropped, it is stopped.
struct Balancer {
    address: SocketAddr,
    child: Child,
    _dir: TempDir,
}

impl Balancer {
    fn start(servers: [SocketAddr; 2]) -> Result<Self> {
        let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ehlod/book/src/several-machines.md");
        let chapter = fs::read_to_string(chapter).map_err(|error| error.to_string())?;
        let mut blocks = chapter.split("```text\n").filter_map(|rest| rest.split("```").next());
        let config = blocks.find(|block| block.starts_with("frontend mx")).ok_or("no HAProxy in the chapter")?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.map_err(|error| error.to_string())?;
        let config = config
            .replace("bind :25", &format!("bind {address}"))
            .replace("10.0.0.11:25", &servers[0].to_string())
            .replace("10.0.0.12:25", &servers[1].to_string());
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        fs::write(dir.path().join("haproxy.cfg"), config).map_err(|error| error.to_string())?;
        let mut program = Command::new(haproxy().ok_or("no haproxy")?);
        program.args(["-db", "-f", "haproxy.cfg"]).current_dir(dir.path());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = program.spawn().map_err(|error| format!("haproxy: {error}"))?;
        eventually(|| TcpStream::connect(address).map(drop).map_err(|error| error.to_string()))?;
        Ok(Self { address, child, _dir: dir })
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The code that a recipient gets.
fn recipient(server: &Server, sender: &str) -> Result<u16> {
    let client = server.connect()?;
    recipient_of(client, sender)
}

fn recipient_of(mut client: Client, sender: &str) -> Result<u16> {
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
    let (one, other) = (redis.server(&settings)?, redis.server(&settings)?);
    is("the first sight", recipient(&one, "a@example.org")?, 450)?;
    is("at once, elsewhere", recipient(&other, "a@example.org")?, 450)?;
    eventually(|| is("seconds later, elsewhere", recipient(&other, "a@example.org")?, 250))?;
    is("known everywhere", recipient(&one, "a@example.org")?, 250)?;
    is("somebody else", recipient(&one, "b@example.org")?, 450)
}

fn rates() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [("flow", "per_recipient = \"4/1h\"")];
    let servers = [redis.server(&settings)?, redis.server(&settings)?];
    for (n, server) in servers.iter().cycle().take(4).enumerate() {
        is(&format!("message {n}"), recipient(server, "a@example.org")?, 250)?;
    }
    servers.iter().try_for_each(|server| is("one too many", recipient(server, "a@example.org")?, 450))?;
    // It leaks away as time goes by.
    let fast = redis.server(&[("flow", "per_recipient = \"4/2s\"")])?;
    eventually(|| is("after a while", recipient(&fast, "a@example.org")?, 250))
}

fn audit() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [("access.audit", "client_failures = \"2/1h\""), ("access.audit", "lasts = \"4s\"")];
    let (one, other) = (redis.server(&settings)?, redis.server(&settings)?);
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

fn outage() -> Result<()> {
    let mut redis = Redis::start()?;
    let settings = [("greylist", "enabled = true"), ("access.audit", "enabled = true")];
    let (passes, defers) =
        (redis.server(&settings)?, redis.server(&[&settings[..], &[("state", "failure = \"defer\"")]].concat())?);
    is("with Redis", recipient(&passes, "a@example.org")?, 450)?;
    is("with Redis", recipient(&defers, "b@example.org")?, 450)?;
    redis.stop();
    is("let pass", recipient(&passes, "c@example.org")?, 250)?;
    is("put off", greeting(&defers)?, 451)?;
    redis.resume()?;
    eventually(|| is("once more", recipient(&passes, "d@example.org")?, 450))?;
    eventually(|| is("once more", greeting(&defers)?, 220))
}

fn balancer() -> Result<()> {
    let redis = Redis::start()?;
    let settings = [
        ("", "trusted_proxies = [\"127.0.0.1\"]"),
        ("listener", "proxy_protocol = true"),
        ("greylist", "enabled = true"),
        ("greylist", "delay = \"3s\""),
    ];
    let (one, other) = (redis.server(&settings)?, redis.server(&settings)?);
    let balancer = Balancer::start([one.address(), other.address()])?;
    let from = "127.0.0.9".parse().map_err(|_| "an address")?;
    let asked = || recipient_of(Client::connect_from(from, balancer.address)?, "a@example.org");
    is("the first sight", asked()?, 450)?;
    is("at once, on the other", asked()?, 450)?;
    eventually(|| is("seconds later", asked()?, 250))?;
    is("known on both", asked()?, 250)?;
    // Each has had its clients, and knows who they are behind the balancer.
    for server in [&one, &other] {
        eventually(|| match server.home().log() {
            log if log.contains("client=\"127.0.0.9\"") => Ok(()),
            log => Err(format!("the client is not in the log:\n{log}")),
        })?;
    }
    // One is taken away.
    one.stop()?;
    for _ in 0..4 {
        eventually(|| is("on the one that is left", asked()?, 250))?;
    }
    Ok(())
}
