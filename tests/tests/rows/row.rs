//! One row: what a client says, and what it is told.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use ehlo_tests::Result;
use ehlo_tests::client::{Client, stuff};
use ehlo_tests::names::Names;
use ehlo_tests::next_hop::NextHop;
use ehlo_tests::patience::eventually;
use ehlo_tests::reply::Reply;
use ehlo_tests::server::{CONFIG, Home, Server};
use toml::{Table, Value};

use crate::document::Document;

/// Where the accounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// There are none.
    None,
    File,
    Sqlite,
    Postgres,
}

impl Backend {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::File => "file",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A row of a document.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) stage: String,
    say: Vec<String>,
    /// What is sent after the last line.
    content: Option<String>,
    reply: String,
    closes: bool,
    rule: Option<String>,
    head: String,
    config: String,
    bare: bool,
    kind: String,
    listener: String,
    greet: bool,
    login: bool,
    from: Option<IpAddr>,
    proxy: Option<String>,
    before: Vec<String>,
    anyhow: Vec<String>,
    wait: Duration,
    names: bool,
    /// Whether there is a next hop for addresses elsewhere.
    next_hop: bool,
    files: Vec<(String, String)>,
    mail: Vec<(String, usize)>,
    delivered: Vec<String>,
}

const KEYS: [&str; 25] = [
    "id",
    "stage",
    "say",
    "content",
    "each",
    "reply",
    "closes",
    "rule",
    "head",
    "anyhow",
    "config",
    "bare",
    "kind",
    "listener",
    "greet",
    "login",
    "from",
    "proxy",
    "before",
    "wait",
    "files",
    "names",
    "next_hop",
    "mail",
    "delivered",
];

impl Row {
    /// Reads a row, or one for each of its stages.
    pub(crate) fn all(value: &Value) -> Vec<Self> {
        let table = value.as_table().expect("a row is a table");
        for key in table.keys() {
            assert!(KEYS.contains(&key.as_str()), "a row has no {key:?}");
        }
        let row = Self::new(table);
        match table.get("each") {
            None => vec![row],
            Some(each) => {
                let each = each.as_table().expect("stages and what is said at them");
                each.iter()
                    .map(|(stage, last)| {
                        let mut say = row.say.clone();
                        say.extend(strings(last));
                        Self { stage: stage.clone(), say, ..row.clone() }
                    })
                    .collect()
            }
        }
    }

    fn new(table: &Table) -> Self {
        let text = |key: &str| table.get(key).map(|value| value.as_str().expect("a string").to_owned());
        let texts = |key: &str| table.get(key).map_or_else(Vec::new, strings);
        let is = |key: &str| table.get(key).map(|value| value.as_bool().expect("a boolean"));
        let none = Table::new();
        let entries = |key: &str| table.get(key).map_or(&none, |value| value.as_table().expect("a table"));
        let size = |value: &Value| usize::try_from(value.as_integer().expect("a size")).expect("a size");
        let seconds = |value: &Value| Duration::from_secs_f64(value.as_float().expect("seconds, as 1.5"));
        Self {
            id: text("id").expect("a row has an id"),
            stage: text("stage").unwrap_or_default(),
            say: texts("say"),
            content: table.get("content").map(|value| stretched(&strings(value).concat())),
            reply: text("reply").expect("a row has a reply"),
            closes: is("closes").unwrap_or_default(),
            rule: text("rule"),
            head: text("head").unwrap_or_default(),
            config: text("config").unwrap_or_default(),
            bare: is("bare").unwrap_or_default(),
            kind: text("kind").unwrap_or_else(|| "mx".into()),
            listener: text("listener").unwrap_or_default(),
            greet: is("greet").unwrap_or(true),
            login: is("login").unwrap_or_default(),
            from: text("from").map(|from| from.parse().expect("an address")),
            proxy: text("proxy"),
            before: texts("before"),
            anyhow: texts("anyhow"),
            wait: table.get("wait").map_or(Duration::ZERO, seconds),
            names: is("names").unwrap_or_default(),
            next_hop: is("next_hop").unwrap_or_default(),
            files: entries("files").iter().map(|(path, value)| (path.clone(), strings(value).concat())).collect(),
            mail: entries("mail").iter().map(|(path, value)| (path.clone(), size(value))).collect(),
            delivered: texts("delivered"),
        }
    }

    /// Plays it against a server with its accounts in one of these places.
    pub(crate) fn play(&self, backend: Backend, document: &Document, postgres: &Result<String>) -> Result<()> {
        let directory = match backend {
            Backend::None => String::new(),
            Backend::File => "accounts = \"accounts.toml\"".to_owned(),
            Backend::Sqlite => "kind = \"sql\"\nurl = \"sqlite:accounts.db\"".to_owned(),
            Backend::Postgres => format!("kind = \"sql\"\nurl = \"{}\"", postgres.clone()?),
        };
        let names = self.names.then(|| Names::start(include_str!("../../rows/names.zone")));
        let dns = names.as_ref().map_or_else(String::new, |names| {
            format!("\n[dns]\nservers = [\"{}\"]\ntimeout = \"1s\"", names.address())
        });
        let relay = match self.next_hop {
            true => format!("\n[relay]\nnext_hop = \"{}\"", NextHop::willing().named("smtp")),
            false => String::new(),
        };
        let config = self.config.clone() + &dns + &relay;
        let home = match self.bare {
            true => bare(&self.kind, &config),
            false => home(&directory, &self.kind, &config),
        };
        let config = fs::read_to_string(home.path().join(CONFIG)).map_err(|error| error.to_string())?;
        let listener = if self.proxy.is_some() { PROXIED } else { &self.listener };
        let config = config.replacen("tls = \"none\"\n", &format!("tls = \"none\"\n{listener}\n"), 1);
        home.write(CONFIG, &format!("{}\n{config}", self.head));
        match (backend, &document.accounts) {
            (Backend::File, Some(accounts)) => home.write("accounts.toml", &accounts.file(self.next_hop)),
            (Backend::Sqlite, Some(accounts)) => accounts.fill_sqlite(&home.path().join("accounts.db"))?,
            _ => {}
        }
        for (path, text) in &self.files {
            home.write(path, text);
        }
        for (path, size) in &self.mail {
            let path = home.mail().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a directory")).map_err(|error| error.to_string())?;
            fs::write(path, vec![b'x'; *size]).map_err(|error| error.to_string())?;
        }
        let server = Server::start(home)?;
        let played = self.talk(&server);
        let log = || server.home().log();
        played.map_err(|why| format!("{why}\nlog:\n{}", log()))?;
        if let Some(rule) = &self.rule {
            let (rule, code) =
                (format!("rule=\"{rule}\""), format!("reply={}", self.reply.get(..3).unwrap_or_default()));
            let is_it = |line: &str| line.contains(&rule) && line.contains(&code);
            eventually(|| {
                if log().lines().any(is_it) { Ok(()) } else { Err(format!("no {rule} {code} in:\n{}", log())) }
            })?;
        }
        let home = server.stop()?;
        let lie_in: Vec<_> = match self.mail.is_empty() {
            true => home.mailboxes().into_keys().collect(),
            false => Vec::new(),
        };
        match self.delivered.iter().eq(&lie_in) {
            true => Ok(()),
            false => Err(format!("expected mail in {:?}, found it in {lie_in:?}", self.delivered)),
        }
    }

    fn connect(&self, server: &Server) -> Result<Client> {
        let mut client = match self.from {
            Some(from) => Client::connect_from(from, server.address())?,
            None => server.connect()?,
        };
        if let Some(proxy) = &self.proxy {
            client.send(format!("PROXY TCP4 {proxy} 192.0.2.1 4711 25\r\n").as_bytes());
        }
        Ok(client)
    }

    fn talk(&self, server: &Server) -> Result<()> {
        if !self.before.is_empty() {
            let mut client = self.connect(server)?;
            client.greet()?;
            for line in &self.before {
                client.command(line)?;
            }
        }
        std::thread::sleep(self.wait);
        let mut client = self.connect(server)?;
        let Some((last, first)) = self.say.split_last() else {
            let greeting = client.reply()?;
            return self.is_reply("the connection", &greeting).and_then(|()| self.end(client));
        };
        if self.greet {
            client.greet()?;
        } else {
            client.reply()?;
        }
        if self.login {
            client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==")?;
        }
        for line in &self.anyhow {
            say(&mut client, line)?;
        }
        for line in first {
            let reply = say(&mut client, line)?;
            if reply.code >= 400 {
                return Err(format!("{line}: {reply}"));
            }
        }
        let mut reply = say(&mut client, last)?;
        if let Some(content) = &self.content {
            if reply.code != 354 {
                return Err(format!("{last}: {reply}"));
            }
            client.send(&stuff(content.as_bytes()));
            reply = client.reply()?;
        }
        self.is_reply(last, &reply)?;
        if !self.delivered.is_empty() && self.content.is_none() {
            client.expect(354, "DATA")?;
            client.send(&stuff(b"Subject: x\r\n\r\nx\r\n"));
            let reply = client.reply()?;
            if reply.code != 250 {
                return Err(format!("the message: {reply}"));
            }
        }
        self.end(client)
    }

    fn is_reply(&self, to: &str, reply: &Reply) -> Result<()> {
        let got = format!("{} {}", reply.code, reply.lines.join("|").replace("|2.1.5 ", "|"));
        // What follows a star is anything.
        let is_it = self.reply.strip_suffix('*').map_or(got == self.reply, |start| got.starts_with(start));
        match is_it {
            true => Ok(()),
            false => Err(format!("{to}: expected {:?}, got {got:?}", self.reply)),
        }
    }

    /// Where the reply closes the connection it is closed, and where it does not the session goes on.
    fn end(&self, mut client: Client) -> Result<()> {
        match self.closes {
            true => client.expect_close(),
            false if self.say.is_empty() => client.expect(221, "QUIT").map(drop),
            false => client.hear(Duration::from_millis(1)).map(drop),
        }
    }
}

/// Says a line, or nothing where it is empty, and gives the reply.
fn say(client: &mut Client, line: &str) -> Result<Reply> {
    if line.is_empty() { client.reply() } else { client.command(&stretched(line)) }
}

/// The text, with so many `x` where it says so, as in `{x600}`.
fn stretched(text: &str) -> String {
    let parts = text.split_once("{x").and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    match parts {
        Some((head, (count, tail))) => {
            format!("{head}{}{}", "x".repeat(count.parse().expect("a number of x")), stretched(tail))
        }
        None => text.to_owned(),
    }
}

/// What a listener has besides that believes a proxy.
const PROXIED: &str = "proxy_protocol = true\ntrusted_proxies = [\"127.0.0.0/8\"]";

/// A string, or several.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().expect("a string").to_owned()).collect(),
        one => vec![one.as_str().expect("a string").to_owned()],
    }
}

/// A directory with a configuration that says only where the server listens, and this.
fn bare(kind: &str, config: &str) -> Home {
    let home = Home::new();
    home.write(
        CONFIG,
        &format!("hostname = \"mx.example.net\"\n[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"{kind}\"\ntls = \"none\"\n{config}\n"),
    );
    home
}

/// A directory with a configuration. `example.net` has the accounts, `each.example` a mailbox for everyone, and `one.example` is Alice's.
pub(crate) fn home(directory: &str, kind: &str, more: &str) -> Home {
    let home = Home::new();
    home.write(
        CONFIG,
        &format!(
            "hostname = \"mx.example.net\"\n\
             [[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"{kind}\"\ntls = \"none\"\n\
             [auth]\nmechanisms = [\"PLAIN\", \"LOGIN\", \"SCRAM-SHA-256\"]\nplaintext_without_tls = true\n\
             [directory]\n{directory}\n\
             [[domain]]\nname = \"example.net\"\n\
             [[domain]]\nname = \"each.example\"\ncatch_all = \"*\"\n\
             [[domain]]\nname = \"one.example\"\ncatch_all = \"a.liddell@example.net\"\n\
             {more}\n"
        ),
    );
    home
}
