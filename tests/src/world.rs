//! The small worlds that tests happen in, as configurations of `ehlod`.
//!
//! Every world is the server `mx.example.net`, which hosts `example.net`.

use std::sync::OnceLock;

use crate::server::Home;

/// How a test's server is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The listeners' `tls`, one listener each.
    pub listeners: Vec<Tls>,
    /// The listeners' `kind`.
    pub kind: &'static str,
    /// Whether passwords may be sent in plaintext.
    pub plaintext_auth: bool,
    /// Whether every local part has a mailbox; otherwise only [`USERS`] have.
    pub catch_all: bool,
    /// Further lines, by table: `("limits", "hops = 3")`. The table "" stands before all tables; "listener" is each of the listeners.
    pub settings: Vec<(&'static str, String)>,
}

/// What a listener does about TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Nothing.
    None,
    /// STARTTLS.
    StartTls,
    /// TLS from the first octet.
    Implicit,
}

/// Who has a mailbox; `user` is also the one who logs in, as `user` with the password `pass`.
pub const USERS: [&str; 5] = ["alice", "bob", "carol", "postmaster", "user"];

/// The password of every account.
pub const PASSWORD: &str = "pass";

impl World {
    /// Plaintext, no AUTH.
    pub fn plain() -> Self {
        Self { listeners: vec![Tls::None], kind: "mx", plaintext_auth: false, catch_all: false, settings: Vec::new() }
    }

    /// STARTTLS is offered; AUTH under TLS only.
    pub fn tls() -> Self {
        Self { listeners: vec![Tls::StartTls], ..Self::plain() }
    }

    /// AUTH in plaintext.
    pub fn auth() -> Self {
        Self { plaintext_auth: true, ..Self::plain() }
    }

    /// The same world with mailboxes for everyone.
    pub fn for_everyone(self) -> Self {
        Self { catch_all: true, ..self }
    }

    /// The same world with one more setting.
    pub fn with(mut self, table: &'static str, line: impl Into<String>) -> Self {
        assert!(HELD.contains(&table) || TABLES.contains(&table), "no table [{table}] in this world");
        self.settings.push((table, line.into()));
        self
    }

    /// A directory with everything that a server in this world needs.
    pub fn home(&self) -> Home {
        let home = Home::new();
        self.write_into(&home);
        home
    }

    /// Writes (again) everything that a server in this world needs.
    pub fn write_into(&self, home: &Home) {
        home.write(crate::server::CONFIG, &self.config());
        home.write("accounts.toml", &accounts());
        if self.listeners.iter().any(|tls| *tls != Tls::None) {
            let (certificate, key) = certificate();
            home.write("server.pem", certificate);
            home.write("server.key", key);
        }
    }

    /// The configuration file.
    fn config(&self) -> String {
        let mut config = String::new();
        let renamed = self.settings.iter().any(|(table, line)| table.is_empty() && line.starts_with("hostname"));
        self.put(&mut config, "", if renamed { "" } else { "hostname = \"mx.example.net\"\n" });
        for tls in &self.listeners {
            let tls = match tls {
                Tls::None => "none",
                Tls::StartTls => "starttls",
                Tls::Implicit => "implicit",
            };
            let kind = self.kind;
            config.push_str(&format!("[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"{kind}\"\ntls = \"{tls}\"\n"));
            config.push_str(&self.lines("listener"));
        }
        let with_tls = self.listeners.iter().any(|tls| *tls != Tls::None);
        let files = "certificate = \"server.pem\"\nkey = \"server.key\"\n";
        self.put(&mut config, "tls", if with_tls { files } else { "" });
        self.put(&mut config, "auth", &format!("plaintext_without_tls = {}\n", self.plaintext_auth));
        self.put(&mut config, "directory", "kind = \"file\"\naccounts = \"accounts.toml\"\n");
        let catch_all = if self.catch_all { "*" } else { "" };
        config.push_str(&format!("[[domain]]\nname = \"example.net\"\ncatch_all = \"{catch_all}\"\n"));
        self.put(&mut config, "delivery", "kind = \"maildir\"\npath = \"mail\"\n");
        for table in TABLES {
            self.put(&mut config, table, "");
        }
        config
    }

    /// One table: what it always holds, and the settings for it.
    fn put(&self, config: &mut String, table: &str, always: &str) {
        let lines = always.to_owned() + &self.lines(table);
        if !table.is_empty() && !lines.is_empty() {
            config.push_str(&format!("[{table}]\n"));
        }
        config.push_str(&lines);
    }

    /// The settings for a table.
    fn lines(&self, table: &str) -> String {
        self.settings.iter().filter(|(name, _)| *name == table).map(|(_, line)| format!("{line}\n")).collect()
    }
}

/// Tables that always hold something; the first is the root.
const HELD: [&str; 6] = ["", "listener", "tls", "auth", "directory", "delivery"];

/// Tables that hold nothing but settings.
const TABLES: [&str; 13] = [
    "limits",
    "timeouts",
    "protocol",
    "access",
    "access.audit",
    "senders",
    "recipients",
    "relay",
    "greylist",
    "flow",
    "state",
    "dns",
    "metrics",
];

/// The accounts file: all of [`USERS`].
fn accounts() -> String {
    let account =
        |user: &&str| format!("[[account]]\naddress = \"{user}@example.net\"\npassword = '{}'\n", password_line());
    USERS.iter().map(account).collect()
}

/// [`PASSWORD`] as `ehlod passwd` wants it written, for every mechanism.
fn password_line() -> &'static str {
    static LINE: OnceLock<String> = OnceLock::new();
    LINE.get_or_init(|| {
        let output = Home::new().ehlod(&["passwd", "--cram-md5"], &format!("{PASSWORD}\n"));
        assert!(output.status.success(), "ehlod passwd: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("ehlod passwd prints text").trim().to_owned()
    })
}

/// A certificate for `mx.example.net` that it signed itself, and its key, both PEM.
pub fn certificate() -> (&'static str, &'static str) {
    static PAIR: OnceLock<(String, String)> = OnceLock::new();
    let (certificate, key) = PAIR.get_or_init(|| {
        let names = vec!["mx.example.net".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        (made.cert.pem(), made.signing_key.serialize_pem())
    });
    (certificate, key)
}
