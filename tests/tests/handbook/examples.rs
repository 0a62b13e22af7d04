//! The examples of each chapter, in a directory of their own, one after the other.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ehlo_tests::Result;
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::server::{Home, binary};
use ehlo_tests::world::certificate;

use crate::chapter::{Block, blocks, is_printed};
use crate::{chapters, read};

/// What a part of a configuration stands in.
const REST: &str = "\n[[domain]]\nname = \"example.com\"\n";

#[test]
fn of_every_chapter() {
    let mut names: Vec<String> = fs::read_dir(chapters())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    let found = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let with_tools = required || found("curl");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for name in names {
        let mut chapter = Chapter::new(name.clone());
        for block in blocks(&read(&name)) {
            match chapter.attempt(&block, with_tools) {
                Ok(was_tried) => tried += usize::from(was_tried),
                Err(error) => wrong.push(format!("{name}:{}: {error}", block.line)),
            }
        }
    }
    if !with_tools {
        eprintln!("!!!! CURL IS NOT INSTALLED: the handbook's commands that send mail were not run");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 20, "only {tried} examples were found");
}

/// HAProxy itself says whether it understands what a chapter has for it.
#[test]
fn for_the_balancer() {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/haproxy/usr/sbin/haproxy");
    let haproxy = if unpacked.exists() { unpacked } else { "/usr/sbin/haproxy".into() };
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    if !haproxy.exists() && !required {
        eprintln!("!!!! HAPROXY IS NOT INSTALLED: nobody has asked it for its opinion of the handbook");
        return;
    }
    let home = Home::new();
    let blocks = blocks(&read("several-machines.md"));
    let config = blocks.iter().find(|block| block.text.starts_with("frontend ")).expect("the chapter has a balancer");
    home.write("haproxy.cfg", &config.text);
    let output = Command::new(haproxy).args(["-c", "-f", "haproxy.cfg"]).current_dir(home.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A chapter's directory, what its last commands printed, and the servers that it has started.
struct Chapter {
    name: String,
    home: Home,
    printed: Option<String>,
    /// Whether a mail was not sent, for want of a program.
    skipping: bool,
    servers: Vec<Child>,
    /// The ports that stand for those in the text, so that no example meets another server.
    ports: HashMap<u16, u16>,
}

impl Chapter {
    fn new(name: String) -> Self {
        let home = Home::new();
        let (certificate, key) = certificate();
        home.write("server.pem", certificate);
        home.write("server.key", key);
        let free = |port| (port, port::free().port());
        Self { name, home, printed: None, skipping: false, servers: Vec::new(), ports: [2525].map(free).into() }
    }

    /// Tries a block; whether there was something to try.
    fn attempt(&mut self, block: &Block, with_tools: bool) -> Result<bool> {
        let text = self.with_own_ports(&block.text);
        match (block.language.as_str(), block.attribute.as_str()) {
            ("toml", "") => {
                let listens = text.contains("[[listener]]");
                let listener = if listens { "" } else { "\n[[listener]]\naddress = \"127.0.0.1:0\"\n" };
                self.home.write("part.toml", &(text + listener + REST));
                self.check("part.toml")
            }
            ("toml" | "text", file) if file.starts_with("file=") => {
                let file = &file["file=".len()..];
                self.home.write(file, &text);
                // A configuration can name a file that the chapter shows after it.
                let missing = file == "ehlod.toml" && !self.has_what_is_named(&text);
                if missing || !file.ends_with(".toml") { Ok(false) } else { self.check("ehlod.toml") }
            }
            ("sh", "serve") => self.serve(&text),
            // What comes behind a mail that was not sent would not find it.
            ("sh", "") if !with_tools && (self.skipping || text.contains("curl")) => {
                self.skipping = true;
                self.printed = None;
                Ok(false)
            }
            ("sh", "") => self.run(&text),
            ("text", "output") => match self.printed.take() {
                Some(printed) if is_printed(&block.text, &printed) => Ok(true),
                Some(printed) => Err(format!("what was printed is another:\n{printed}")),
                // What prints it could not be run.
                None => Ok(false),
            },
            // Prometheus's own tool looks at these, in the tests that have it.
            ("yaml", "prometheus") => Ok(false),
            ("sh", "norun") | ("text" | "rust", "") => Ok(false),
            (language, attribute) => Err(format!("nobody knows what to do with {language},{attribute}")),
        }
    }

    fn with_own_ports(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (port, own)| {
            text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{own}"))
        })
    }

    fn has_what_is_named(&self, config: &str) -> bool {
        let files = ["accounts.toml", "relay.password"];
        files.iter().all(|file| !config.contains(file) || self.home.path().join(file).exists())
    }

    /// Demands that a configuration is right, without a warning.
    fn check(&self, config: &str) -> Result<bool> {
        let output = self.home.ehlod(&["check", "--config", config], "");
        match output.status.code() {
            Some(0) if output.stderr.is_empty() => Ok(true),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The shell, where `ehlod` is the program under test.
    fn shell(&self, script: &str) -> Command {
        let programs = binary().parent().unwrap_or(Path::new("/"));
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-euc", script]).current_dir(self.home.path()).env("PATH", path).stdin(Stdio::null());
        shell
    }

    fn run(&mut self, script: &str) -> Result<bool> {
        let output = self.shell(script).output().map_err(|error| error.to_string())?;
        self.printed = Some(String::from_utf8_lossy(&output.stdout).into_owned());
        match output.status.success() {
            true => Ok(true),
            false => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Starts a server, in place of the one before, and waits until it listens.
    fn serve(&mut self, script: &str) -> Result<bool> {
        self.end();
        // The default listener is one of those that other servers may have.
        let script = match script.trim() {
            "ehlod serve" => format!("exec ehlod serve --listen 127.0.0.1:{}", self.ports[&2525]),
            script => format!("exec {script}"),
        };
        let out = self.home.path().join("out");
        let file = fs::File::create(&out).map_err(|error| error.to_string())?;
        let server = self.shell(&script).stdout(file).stderr(Stdio::null()).spawn();
        self.servers.push(server.map_err(|error| error.to_string())?);
        eventually(|| match fs::read_to_string(&out) {
            Ok(said) if said.starts_with("listening on ") => Ok(true),
            other => Err(format!("{}: the server does not listen: {other:?}", self.name)),
        })
    }

    fn end(&mut self) {
        for mut server in self.servers.drain(..) {
            // It may have ended by itself.
            drop(server.kill());
            drop(server.wait());
        }
    }
}

impl Drop for Chapter {
    fn drop(&mut self) {
        self.end();
    }
}
