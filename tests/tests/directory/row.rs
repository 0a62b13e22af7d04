//! One row: what a client says, and what it is told.

use std::fs;

use ehlo_tests::Result;
use ehlo_tests::client::stuff;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Home, Server};
use toml::{Table, Value};

use crate::accounts::Accounts;

/// Where the accounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    File,
    Sqlite,
    Postgres,
}

impl Backend {
    pub(crate) const ALL: [Self; 3] = [Self::File, Self::Sqlite, Self::Postgres];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A row of `rows/directory.toml`.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) stage: String,
    say: Vec<String>,
    reply: String,
    rule: Option<String>,
    config: String,
    kind: String,
    login: bool,
    mail: Vec<(String, usize)>,
    delivered: Vec<String>,
}

impl Row {
    /// Reads a row.
    pub(crate) fn new(value: &Value) -> Self {
        let table = value.as_table().expect("a row is a table");
        let known = ["id", "stage", "say", "reply", "rule", "config", "kind", "login", "mail", "delivered"];
        for key in table.keys() {
            assert!(known.contains(&key.as_str()), "a row has no {key:?}");
        }
        let text = |key: &str| table.get(key).map(|value| value.as_str().expect("a string").to_owned());
        let texts = |key: &str| {
            let values = table.get(key).map(|value| value.as_array().expect("an array").as_slice());
            values.unwrap_or_default().iter().map(|value| value.as_str().expect("a string").to_owned()).collect()
        };
        let none = Table::new();
        let mail = table.get("mail").map_or(&none, |value| value.as_table().expect("a table"));
        let size = |value: &Value| usize::try_from(value.as_integer().expect("a size")).expect("a size");
        Self {
            id: text("id").expect("a row has an id"),
            stage: text("stage").expect("a row has a stage"),
            say: texts("say"),
            reply: text("reply").expect("a row has a reply"),
            rule: text("rule"),
            config: text("config").unwrap_or_default(),
            kind: text("kind").unwrap_or_else(|| "mx".into()),
            login: table.get("login").is_some_and(|value| value.as_bool().expect("a boolean")),
            mail: mail.iter().map(|(path, value)| (path.clone(), size(value))).collect(),
            delivered: texts("delivered"),
        }
    }

    /// Plays it against a server with its accounts in one of the three places.
    pub(crate) fn play(&self, backend: Backend, accounts: &Accounts, postgres: &Result<String>) -> Result<()> {
        let directory = match backend {
            Backend::File => "accounts = \"accounts.toml\"".to_owned(),
            Backend::Sqlite => "kind = \"sql\"\nurl = \"sqlite:accounts.db\"".to_owned(),
            Backend::Postgres => format!("kind = \"sql\"\nurl = \"{}\"", postgres.clone()?),
        };
        let home = home(&directory, &self.kind, &self.config);
        match backend {
            Backend::File => home.write("accounts.toml", &accounts.file()),
            Backend::Sqlite => accounts.fill_sqlite(&home.path().join("accounts.db"))?,
            Backend::Postgres => {}
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

    fn talk(&self, server: &Server) -> Result<()> {
        let mut client = server.connect()?;
        client.greet()?;
        if self.login {
            client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==")?;
        }
        let (last, before) = self.say.split_last().ok_or("the row says nothing")?;
        for line in before {
            let reply = client.command(line)?;
            if reply.code >= 400 {
                return Err(format!("{line}: {reply}"));
            }
        }
        let reply = client.command(last)?;
        let got = format!("{} {}", reply.code, reply.lines.join("|").replace("|2.1.5 ", "|"));
        if got != self.reply {
            return Err(format!("{last}: expected {:?}, got {got:?}", self.reply));
        }
        if !self.delivered.is_empty() {
            client.expect(354, "DATA")?;
            client.send(&stuff(b"Subject: x\r\n\r\nx\r\n"));
            let reply = client.reply()?;
            if reply.code != 250 {
                return Err(format!("the message: {reply}"));
            }
        }
        Ok(())
    }
}

/// A directory with a configuration. `example.net` has the accounts, `each.example` a mailbox for everyone, and `one.example` is Alice's.
pub(crate) fn home(directory: &str, kind: &str, more: &str) -> Home {
    let home = Home::new();
    home.write(
        CONFIG,
        &format!(
            "hostname = \"mx.example.net\"\n\
             [[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"{kind}\"\ntls = \"none\"\n\
             [auth]\nmechanisms = [\"PLAIN\", \"SCRAM-SHA-256\"]\nplaintext_without_tls = true\n\
             [directory]\n{directory}\n\
             [[domain]]\nname = \"example.net\"\n\
             [[domain]]\nname = \"each.example\"\ncatch_all = \"*\"\n\
             [[domain]]\nname = \"one.example\"\ncatch_all = \"a.liddell@example.net\"\n\
             {more}\n"
        ),
    );
    home
}
