//! A database that cannot be reached, and one that can be again.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::patience::eventually;
use ehlo_tests::postgres::Postgres;
use ehlo_tests::server::Server;

use crate::accounts::Accounts;
use crate::row::home;

type Check = fn(&Accounts, Option<PathBuf>) -> Result<()>;

/// Their names, and whether they need PostgreSQL.
pub(crate) const TRIALS: &[(&str, bool, Check)] = &[
    ("PostgreSQL stops and comes back", true, postgres_stops),
    ("SQLite's file is not there yet", false, sqlite_comes_later),
    ("a database that says nothing", false, silence),
    ("a database with something wrong in it", false, something_wrong),
    ("lists that contain one another", false, rings),
    ("an answer is remembered, and a reload forgets it", false, remembered),
];

const INACCESSIBLE: &str = "451 4.3.0 Temporary internal failure - database inaccessible";
/// `user` and its password.
const LOGIN: &str = "AUTH PLAIN AHVzZXIAcGFzcw==";

fn postgres_stops(accounts: &Accounts, programs: Option<PathBuf>) -> Result<()> {
    let mut postgres = Postgres::start(programs.ok_or("PostgreSQL is not installed")?)?;
    accounts.fill_postgres(&postgres.url("postgres"))?;
    let url = postgres.url("postgres");
    let directory = format!("kind = \"sql\"\nurl = \"{url}\"\ntimeout = \"500ms\"\ncache = \"0s\"");
    let server = Server::start(home(&directory, "mx", "[limits]\nerrors = 1000\n[senders]\nlocal_needs_auth = false"))?;
    let mut client = server.connect()?;
    client.greet()?;
    in_reach(&mut client)?;

    postgres.stop();
    out_of_reach(&mut client)?;
    // Mail for others than accounts needs no database, and the session goes on.
    client.expect(554, "RCPT TO:<a@elsewhere.example>").or_else(|_| {
        client.expect(250, "MAIL FROM:<a@example.org>")?;
        client.expect(554, "RCPT TO:<a@elsewhere.example>")
    })?;
    client.expect(250, "RSET")?;

    postgres.resume()?;
    eventually(|| in_reach(&mut client))?;
    server.stop().map(drop)
}

fn in_reach(client: &mut Client) -> Result<()> {
    let heard = [
        ("MAIL FROM:<alice@example.net>", 250),
        ("RCPT TO:<a.liddell@example.net>", 250),
        ("RCPT TO:<nobody@example.net>", 550),
    ]
    .map(|(line, code)| client.expect(code, line).map(drop));
    client.expect(250, "RSET")?;
    heard.into_iter().collect::<Result<()>>()
}

fn out_of_reach(client: &mut Client) -> Result<()> {
    says(client, "MAIL FROM:<alice@example.net>", INACCESSIBLE)?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    let asked = Instant::now();
    says(client, "RCPT TO:<alice@example.net>", INACCESSIBLE)?;
    if asked.elapsed() > Duration::from_secs(3) {
        return Err(format!("the answer took {:?}", asked.elapsed()));
    }
    client.expect(250, "RSET")?;
    says(client, LOGIN, "454 4.7.0 Temporary authentication failure")
}

fn says(client: &mut Client, line: &str, expected: &str) -> Result<()> {
    match client.command(line)?.to_string() {
        got if got == expected => Ok(()),
        got => Err(format!("{line}: expected {expected:?}, got {got:?}")),
    }
}

fn sqlite_comes_later(accounts: &Accounts, _: Option<PathBuf>) -> Result<()> {
    let home = home(
        "kind = \"sql\"\nurl = \"sqlite:accounts.db\"",
        "mx",
        "[limits]\nerrors = 1000\n[senders]\nlocal_needs_auth = false",
    );
    let checked = home.ehlod(&["check", "--config", "ehlod.toml"], "");
    if !checked.status.success()
        || !String::from_utf8_lossy(&checked.stderr).contains("directory.url: the database cannot be read now")
    {
        return Err(format!("check: {checked:?}"));
    }
    let server = Server::start(home)?;
    let mut client = server.connect()?;
    client.greet()?;
    out_of_reach(&mut client)?;
    accounts.fill_sqlite(&server.home().path().join("accounts.db"))?;
    eventually(|| in_reach(&mut client))?;
    client.expect(235, LOGIN)?;
    server.stop().map(drop)
}

/// Whoever asks gets an answer after the time limit, and those that ask next at once.
fn silence(_: &Accounts, _: Option<PathBuf>) -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = silent.local_addr().map_err(|error| error.to_string())?;
    let directory = format!("kind = \"sql\"\nurl = \"postgres://ehlod@{address}/x\"\ntimeout = \"300ms\"");
    let server = Server::start(home(&directory, "mx", ""))?;
    let mut client = server.connect()?;
    client.greet()?;
    out_of_reach(&mut client)?;
    server.stop().map(drop)
}

/// What is wrong with one account is no matter for others.
fn something_wrong(accounts: &Accounts, _: Option<PathBuf>) -> Result<()> {
    let query = "account_query = \"SELECT CASE $1 WHEN 'soft@example.net' THEN 'no address' ELSE address END AS address FROM accounts WHERE address = $1\"";
    let home = home(&format!("kind = \"sql\"\nurl = \"sqlite:accounts.db\"\n{query}"), "mx", "");
    accounts.fill_sqlite(&home.path().join("accounts.db"))?;
    let server = Server::start(home)?;
    let mut client = server.connect()?;
    client.greet()?;
    client.expect(250, "MAIL FROM:<a@example.org>")?;
    says(&mut client, "RCPT TO:<soft@example.net>", INACCESSIBLE)?;
    client.expect(250, "RCPT TO:<hard@example.net>")?;
    // The query gives no column but the address, and knows no aliases.
    client.expect(250, "RCPT TO:<gone@example.net>")?;
    client.expect(550, "RCPT TO:<a.liddell@example.net>")?;
    let log = server.stop()?.log();
    match log.contains("the database of accounts is wrong: address: ") {
        true => Ok(()),
        false => Err(log),
    }
}

/// In a file they are a mistake; a database may hold them, and their mail goes to everybody in them once.
fn rings(accounts: &Accounts, _: Option<PathBuf>) -> Result<()> {
    let query = "list_query = \"SELECT 'staff@example.net' AS member WHERE $1 = 'ring@example.net' UNION SELECT 'ring@example.net' WHERE $1 = 'staff@example.net' UNION SELECT 'alice@example.net' WHERE $1 = 'staff@example.net'\"";
    let home = home(&format!("kind = \"sql\"\nurl = \"sqlite:accounts.db\"\n{query}"), "mx", "");
    accounts.fill_sqlite(&home.path().join("accounts.db"))?;
    let server = Server::start(home)?;
    let mut client = server.connect()?;
    client.greet()?;
    client.deliver("a@example.org", &["ring@example.net"], b"\r\n")?;
    let mailboxes = server.stop()?.mailboxes();
    let copies: Vec<_> = mailboxes.iter().map(|(name, messages)| (name.as_str(), messages.len())).collect();
    if copies == [("alice", 1)] { Ok(()) } else { Err(format!("{copies:?}")) }
}

fn remembered(accounts: &Accounts, _: Option<PathBuf>) -> Result<()> {
    let home = home("kind = \"sql\"\nurl = \"sqlite:accounts.db\"\ncache = \"1h\"", "mx", "");
    let path = home.path().join("accounts.db");
    accounts.fill_sqlite(&path)?;
    let server = Server::start(home)?;
    let ask = || -> Result<[u16; 2]> {
        let mut client = server.connect()?;
        client.greet()?;
        client.expect(250, "MAIL FROM:<a@example.org>")?;
        Ok([client.command("RCPT TO:<alice@example.net>")?.code, client.command("RCPT TO:<nobody@example.net>")?.code])
    };
    let first = ask()?;
    std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    let emptied = toml::Table::new();
    Accounts::new(&emptied).fill_sqlite(&path)?;
    let again = ask()?;
    server.signal(ehlo_tests::server::Signal::HUP);
    if (first, again) != ([250, 550], [250, 550]) {
        return Err(format!("{first:?} {again:?}"));
    }
    eventually(|| match ask()? {
        [550, 550] => Ok(()),
        other => Err(format!("after the reload {other:?}")),
    })?;
    server.stop().map(drop)
}
