//! Several machines as one: a balancer (HAProxy) that speaks the PROXY protocol before two servers, which remember in one Redis, look up
//! accounts in one PostgreSQL and deliver into one mail directory. One of them is killed and comes back while mail flows: all that was
//! answered with 250 is there.
//!
//! Without HAProxy, Redis or PostgreSQL the trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::mailbox;
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::postgres::Postgres;
use ehlo_tests::redis::Redis;
use ehlo_tests::server::{CONFIG, Home, Server};
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// Clients that send at the same time.
const CLIENTS: usize = 4;
/// So many messages are to be taken in each part of the trial.
const SOME: usize = 40;

fn main() -> ! {
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let is_there = haproxy().is_some() && Redis::program().is_some() && Postgres::programs().is_some();
    if !is_there && !required {
        eprintln!(
            "!!!! HAPROXY, REDIS OR POSTGRESQL IS NOT INSTALLED: nobody has tried several servers behind a balancer"
        );
    }
    let ignored = !is_there && !required;
    run(vec![trial("a server of several dies and comes back, and no mail is lost", check).with_ignored_flag(ignored)])
}

/// HAProxy's program: of the system, or where the test command has unpacked it.
fn haproxy() -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/haproxy/usr/sbin/haproxy");
    [PathBuf::from("/usr/sbin/haproxy"), unpacked].into_iter().find(|program| program.is_file())
}

fn check() -> Result<()> {
    let redis = Redis::start()?;
    let postgres = Postgres::start(Postgres::programs().ok_or("PostgreSQL is not installed")?)?;
    fill(&postgres.url("postgres"))?;
    let mail = tempfile::tempdir().map_err(|error| error.to_string())?;
    let ports = [port::free().port(), port::free().port()];
    let homes = ports.map(|port| home(port, &redis, &postgres, mail.path()));
    let [one, other] = homes.map(Server::start);
    let (one, other) = (one?, other?);
    let balancer = Balancer::start(&ports)?;

    let flow = Flow::start(balancer.address);
    flow.await_more(SOME)?;
    for server in [&one, &other] {
        eventually(
            || if messages(&server.home().log()) > 0 { Ok(()) } else { Err("a server gets no mail".to_owned()) },
        )?;
    }
    let home = one.kill();
    let before = messages(&home.log());
    flow.await_more(SOME)?;
    let one = Server::start(home)?;
    let takes_part = || match messages(&one.home().log()) {
        now if now > before => Ok(()),
        _ => Err("the server that came back gets no mail".to_owned()),
    };
    eventually(takes_part)?;
    flow.await_more(SOME)?;
    let answered = flow.stop();

    let (one, other) = (one.stop()?, other.stop()?);
    let client = "client=\"127.0.0.1\"";
    let log = one.log() + &other.log();
    if !log.lines().any(|line| line.contains(client) && line.contains("proxy=")) {
        return Err("no session came by the balancer".to_owned());
    }
    // Who was put off by one of them is let pass by both, since they remember together: only the first sight, of each client, is put off.
    let put_off = log.matches("\"greylist\"").count().max(log.matches("rule=greylist").count());
    println!("{} messages were answered with 250, {put_off} recipients put off", answered.len());
    lost(mail.path(), &answered)
}

/// The accounts that both servers look up.
fn fill(url: &str) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let schema = include_str!("../../crates/ehlod/accounts.sql");
    let statements = format!("{schema}\nINSERT INTO accounts (address) VALUES ('bob@example.net');");
    let connect = || runtime.block_on(PgConnection::connect(url)).map_err(|error| format!("PostgreSQL: {error}"));
    let mut connection = eventually(connect)?;
    runtime.block_on(connection.execute(sqlx::raw_sql(&statements))).map_err(|error| format!("PostgreSQL: {error}"))?;
    Ok(())
}

/// A server of the two: on a port that it keeps when it starts again, for the balancer alone.
fn home(port: u16, redis: &Redis, postgres: &Postgres, mail: &Path) -> Home {
    let home = World::plain()
        .with("", "trusted_proxies = [\"127.0.0.0/8\"]")
        .with("listener", "proxy_protocol = true")
        .with("limits", "transactions = 10000")
        .with("state", "kind = \"redis\"")
        .with("state", format!("url = \"{}\"", redis.url()))
        .with("greylist", "enabled = true")
        .with("greylist", "delay = \"1s\"")
        .home();
    let config = fs::read_to_string(home.path().join(CONFIG)).expect("the home has a configuration");
    let (file, sql) = (
        "kind = \"file\"\naccounts = \"accounts.toml\"",
        format!("kind = \"sql\"\nurl = \"{}\"", postgres.url("postgres")),
    );
    let path = format!("path = \"{}\"", mail.display());
    let config = config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}")).replace(file, &sql);
    home.write(CONFIG, &config.replace("path = \"mail\"", &path));
    home
}

/// How many messages a server has taken, as its log says.
fn messages(log: &str) -> usize {
    log.lines().filter(|line| line.contains(" message id=") && line.contains("reply=250")).count()
}

/// Whoever is missing among the messages that were answered.
fn lost(mail: &Path, answered: &BTreeSet<String>) -> Result<()> {
    let mut found = BTreeSet::new();
    for file in mailbox::files(mail, "new") {
        let octets = fs::read(&file).map_err(|error| error.to_string())?;
        let content = String::from_utf8_lossy(mailbox::without_trace(&octets)).into_owned();
        let name = content.strip_prefix("Subject: ").and_then(|rest| rest.split("\r\n").next()).unwrap_or_default();
        if content != message(name) {
            return Err(format!("{}: not a whole message: {content:.80}", file.display()));
        }
        found.insert(name.to_owned());
    }
    match answered.difference(&found).next() {
        Some(name) => Err(format!("message {name} was answered with 250 and is not there")),
        None => Ok(()),
    }
}

fn message(name: &str) -> String {
    format!("Subject: {name}\r\n\r\n{}", format!("this is message {name}\r\n").repeat(50))
}

/// HAProxy before the servers. Dropped, it is stopped.
struct Balancer {
    address: SocketAddr,
    child: Child,
    _dir: TempDir,
}

impl Balancer {
    fn start(ports: &[u16]) -> Result<Self> {
        let port = port::free().port();
        // It looks every 200 ms whether a server speaks SMTP, and gives a new connection to another where one is refused.
        let servers: String = ports
            .iter()
            .map(|port| {
                format!("    server s{port} 127.0.0.1:{port} send-proxy-v2 check check-send-proxy inter 200ms fall 1 rise 1\n")
            })
            .collect();
        let config = format!(
            "global\n    maxconn 200\ndefaults\n    mode tcp\n    retries 3\n    option redispatch\n    timeout connect 2s\n    \
             timeout client 1m\n    timeout server 1m\n    timeout check 2s\nlisten smtp\n    bind 127.0.0.1:{port}\n    \
             balance roundrobin\n    option smtpchk EHLO balancer.example.net\n{servers}"
        );
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = dir.path().join("haproxy.cfg");
        fs::write(&file, config).map_err(|error| error.to_string())?;
        let log = fs::File::create(dir.path().join("log")).map_err(|error| error.to_string())?;
        let mut program = Command::new(haproxy().ok_or("HAProxy is not installed")?);
        program.arg("-db").arg("-f").arg(&file).current_dir(dir.path());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = program.spawn().map_err(|error| format!("haproxy: {error}"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let balancer = Self { address, child, _dir: dir };
        eventually(|| Client::connect(address)?.greet()).map_err(|why| {
            let said = fs::read_to_string(balancer._dir.path().join("log")).unwrap_or_default();
            format!("{why}; HAProxy says:\n{said}")
        })?;
        Ok(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Clients that send one message after the other, each until it is taken.
struct Flow {
    ended: Arc<AtomicBool>,
    answered: Arc<Mutex<BTreeSet<String>>>,
    clients: Vec<thread::JoinHandle<()>>,
}

impl Flow {
    fn start(address: SocketAddr) -> Self {
        let (ended, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
        let clients = (0..CLIENTS).map(|number| {
            let (ended, answered) = (Arc::clone(&ended), Arc::clone(&answered));
            thread::spawn(move || {
                let mut next = 0;
                while !ended.load(Ordering::Relaxed) {
                    // Whatever ends a connection, the message at hand is sent again by the next.
                    if session(address, number, &mut next, &answered).is_err() {
                        thread::sleep(std::time::Duration::from_millis(20));
                    }
                }
            })
        });
        let clients = clients.collect();
        Self { ended, answered, clients }
    }

    /// Waits until so many more are taken.
    fn await_more(&self, more: usize) -> Result<()> {
        let count = || self.answered.lock().unwrap_or_else(PoisonError::into_inner).len();
        let enough = count() + more;
        let flows = || match count() {
            now if now >= enough => Ok(()),
            now => Err(format!("mail does not flow: {now} of {enough} messages are taken")),
        };
        // On a busy machine so many may take more than one patience.
        eventually(flows).or_else(|_| eventually(flows)).or_else(|_| eventually(flows))
    }

    fn stop(self) -> BTreeSet<String> {
        self.ended.store(true, Ordering::Relaxed);
        self.clients.into_iter().for_each(|client| client.join().expect("a client does not panic"));
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A few messages on one connection.
fn session(address: SocketAddr, client: usize, next: &mut usize, answered: &Mutex<BTreeSet<String>>) -> Result<()> {
    let mut connection = Client::connect(address)?;
    connection.greet()?;
    for _ in 0..3 {
        let name = format!("{client}-{next}");
        let sender = format!("client{client}@example.com");
        let reply = connection.deliver(&sender, &["bob@example.net"], message(&name).as_bytes())?;
        if reply.code != 250 {
            return Err(reply.to_string());
        }
        answered.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        *next += 1;
    }
    connection.expect(221, "QUIT").map(drop)
}
