//! A real Prometheus asks the server, and the dashboard's questions are put to it.
//!
//! Without Prometheus (Debian's package, which `tests/run` unpacks) the trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set,
//! they fail.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ehlo_tests::Result;
use ehlo_tests::http::get;
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::server::Server;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;
use serde_json::Value;
use tempfile::TempDir;

const BOOK: &str = include_str!("../../crates/ehlod/book/src/metrics.md");
const DASHBOARD: &str = include_str!("../../crates/ehlod/grafana/ehlod.json");

fn main() -> ! {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/prometheus/usr/bin");
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let ignored = !programs.exists() && !required;
    if ignored {
        eprintln!("!!!! PROMETHEUS IS NOT THERE: nobody has asked for the metrics as it does");
    }
    let (own, again) = (programs.clone(), programs.clone());
    run(vec![
        trial("promtool finds nothing to complain of", move || lint(&own)).with_ignored_flag(ignored),
        trial("promtool takes the alerts of the handbook", move || alerts(&again)).with_ignored_flag(ignored),
        trial("Prometheus answers the dashboard", move || dashboard(&programs)).with_ignored_flag(ignored),
    ])
}

/// A server that has done something.
fn server() -> Result<(Server, SocketAddr)> {
    let world = World::plain().with("metrics", "address = \"127.0.0.1:0\"");
    let (server, at) = Server::start_told(world.home())?;
    happen(&server)?;
    Ok((server, at))
}

fn happen(server: &Server) -> Result<()> {
    let mut client = server.connect()?;
    client.greet()?;
    client.deliver("a@example.org", &["bob@example.net"], b"Subject: x\r\n\r\nhello\r\n")?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    client.expect(550, "RCPT TO:<nobody@example.net>")?;
    client.expect(221, "QUIT").map(drop)
}

fn lint(programs: &Path) -> Result<()> {
    let (_server, at) = server()?;
    let text = get(at, "/metrics")?.body;
    let mut child = Command::new(programs.join("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("promtool: {error}"))?;
    child.stdin.take().ok_or("no stdin")?.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() && output.stderr.is_empty() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
    }
}

fn alerts(programs: &Path) -> Result<()> {
    let rules = BOOK.split("```yaml,prometheus\n").nth(1).and_then(|rest| rest.split("```").next());
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = dir.path().join("rules.yml");
    std::fs::write(&file, rules.ok_or("no alerts in the handbook")?).map_err(|error| error.to_string())?;
    let checked = Command::new(programs.join("promtool")).args(["check", "rules"]).arg(&file).output();
    let output = checked.map_err(|error| format!("promtool: {error}"))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() && said.contains("3 rules found") { Ok(()) } else { Err(said) }
}

/// A Prometheus of the test's own, that asks the server every second. Dropped, it is stopped.
struct Prometheus {
    _dir: TempDir,
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    fn start(program: &Path, server: SocketAddr) -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let config: PathBuf = dir.path().join("prometheus.yml");
        let text = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: ehlod\n    static_configs:\n      - targets: [\"{server}\"]\n"
        );
        std::fs::write(&config, text).map_err(|error| error.to_string())?;
        let address = port::free();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(Self { _dir: dir, child, address })
    }

    /// What an expression comes to: each of its values.
    fn ask(&self, expression: &str) -> Result<Vec<f64>> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let body = get(self.address, &path)?.body;
        let answer: Value = serde_json::from_str(&unchunked(&body)).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] != "success" {
            return Err(format!("{expression}: {answer}"));
        }
        let results = answer["data"]["result"].as_array().ok_or_else(|| format!("{expression}: {answer}"))?;
        Ok(results.iter().filter_map(|result| result["value"][1].as_str()?.parse().ok()).collect())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An expression as a part of a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

/// A body without the lines that tell the lengths of its chunks (RFC 9112 7.1), where it is JSON in one line.
fn unchunked(body: &str) -> String {
    body.split("\r\n").find(|line| line.starts_with('{')).unwrap_or(body).to_owned()
}

fn dashboard(programs: &Path) -> Result<()> {
    let (server, at) = server()?;
    let prometheus = Prometheus::start(&programs.join("prometheus"), at)?;
    // A rate needs two looks, with something between them. On a busy machine Prometheus takes its time to be there at all.
    let looked = || match prometheus.ask("count_over_time(ehlod_build_info[1m])")?[..] {
        [looks] if looks >= 2.0 => Ok(()),
        _ => Err("Prometheus has not asked yet".to_owned()),
    };
    (0..6).map(|_| eventually(looked)).find(Result::is_ok).unwrap_or_else(|| eventually(looked))?;
    happen(&server)?;
    eventually(|| match prometheus.ask("ehlod_sessions_total{listener=\"mx\"}")?[..] {
        [2.0] => Ok(()),
        ref seen => Err(format!("Prometheus has seen {seen:?} sessions, and not 2")),
    })?;
    let dashboard: Value = serde_json::from_str(DASHBOARD).map_err(|error| error.to_string())?;
    let panels = dashboard["panels"].as_array().ok_or("no panels")?;
    let mut asked = 0;
    for target in panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten() {
        let expression = target["expr"].as_str().ok_or("no expression")?;
        // As Grafana puts in its variables.
        let expression = expression.replace("$instance", ".*").replace("$__rate_interval", "1m");
        if prometheus.ask(&expression)?.is_empty() {
            return Err(format!("no answer to {expression}"));
        }
        asked += 1;
    }
    if asked < 30 { Err(format!("only {asked} questions")) } else { Ok(()) }
}
