//! A server of threads in this process: `ehlo-std` in the worlds of `transcripts/README.md`.

use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::{io, mem};

use ehlo::{Abort, Config, Credentials, Extensions, Hello, Mechanism, Mode, Rcpt, Reply};
use ehlo_std::{AuthStep, Connection, Control, Handler, Receipt, Recipient, Server, rustls};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Result;
use crate::cases::{HOPS, MESSAGE_SIZE};
use crate::mailbox::Mailboxes;
use crate::transcript::Scene;
use crate::world::{PASSWORD, USERS, certificate};

/// How the server is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// What it offers.
    pub config: Config<'static>,
    /// Whether every local part has a mailbox; otherwise only [`USERS`] have.
    pub catch_all: bool,
}

impl Setup {
    /// The world of a transcript.
    pub fn of(scene: Scene) -> Self {
        let config = Config::new("mx.example.net")
            .extensions(Extensions::TRANSPORT.with(Extensions::DSN))
            .mechanisms(&[Mechanism::Plain, Mechanism::Login])
            .plaintext_auth(scene == Scene::Auth)
            .starttls(scene == Scene::Tls);
        Self { config, catch_all: false }
    }

    /// The world of a conformance case, with the limits that its placeholders go by.
    pub fn of_cases(with_tls: bool) -> Self {
        let world = Self::of(if with_tls { Scene::Tls } else { Scene::Auth });
        let hops = u16::try_from(HOPS).expect("not so many");
        Self { config: world.config.message_size(MESSAGE_SIZE as u64).hops(hops), catch_all: true }
    }

    /// The world of real clients: STARTTLS, AUTH in plaintext too, and mailboxes for everyone.
    pub fn of_clients() -> Self {
        Self { config: Self::of(Scene::Tls).config.plaintext_auth(true), catch_all: true }
    }
}

/// The running server.
pub struct Blocking {
    /// Where it listens, with STARTTLS where that is offered.
    pub address: SocketAddr,
    /// Where it listens for TLS from the first octet.
    pub tls_address: SocketAddr,
    control: Control,
    thread: JoinHandle<io::Result<()>>,
    mail: Mail,
}

type Mail = Arc<Mutex<Mailboxes>>;

impl Blocking {
    /// Starts it, with LMTP on a Unix socket where one is named.
    pub fn start(setup: Setup, lmtp: Option<&Path>) -> Result<Self> {
        Self::try_start(setup, lmtp).map_err(|error| error.to_string())
    }

    fn try_start(setup: Setup, lmtp: Option<&Path>) -> io::Result<Self> {
        let mut server = Server::new("mx.example.net");
        let (address, tls_address) = (server.bind("127.0.0.1:0")?, server.bind_tls("127.0.0.1:0")?);
        if let Some(path) = lmtp {
            server.add(UnixListener::bind(path)?);
        }
        let (control, mail, tls) = (server.control(), Mail::default(), tls());
        let delivered = Arc::clone(&mail);
        let serve = move |accepted: ehlo_std::Accepted| {
            let mode = if accepted.arrival.peer.is_some() { Mode::Smtp } else { Mode::Lmtp };
            let config = setup.config.mode(mode);
            let connection = Connection::new(&config).tls(Arc::clone(&tls)).shutdown(accepted.shutdown);
            let connection = connection.implicit_tls(accepted.arrival.implicit_tls);
            let mut handler =
                Session { mail: Arc::clone(&delivered), catch_all: setup.catch_all, ..Session::default() };
            // What is wrong with the connection the client sees, too.
            let _ = connection.serve(accepted.socket, &mut handler);
        };
        let thread = std::thread::spawn(move || server.run(serve));
        Ok(Self { address, tls_address, control, thread, mail })
    }

    /// What has been delivered.
    pub fn mailboxes(&self) -> Mailboxes {
        let mut mailboxes = lock(&self.mail).clone();
        mailboxes.values_mut().for_each(|messages| messages.sort());
        mailboxes
    }

    /// Shuts it down, and gives what was delivered.
    pub fn stop(self) -> Result<Mailboxes> {
        self.control.shut_down();
        let ended = self.thread.join().map_err(|_| "the server panicked".to_owned())?;
        ended.map_err(|error| error.to_string())?;
        let mailboxes = lock(&self.mail).clone();
        Ok(mailboxes
            .into_iter()
            .map(|(name, mut messages)| {
                (name, {
                    messages.sort();
                    messages
                })
            })
            .collect())
    }
}

fn lock(mail: &Mail) -> MutexGuard<'_, Mailboxes> {
    mail.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tls() -> Arc<ServerConfig> {
    let (chain, key) = certificate();
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<std::result::Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("a certificate"), key);
    Arc::new(config.expect("they fit each other"))
}

/// One client's session.
#[derive(Default)]
struct Session {
    mail: Mail,
    catch_all: bool,
    recipients: Vec<String>,
    content: Vec<u8>,
}

impl Session {
    fn forget(&mut self) {
        self.recipients.clear();
        self.content.clear();
    }

    fn deliver(&self, recipient: &str) {
        lock(&self.mail).entry(recipient.to_owned()).or_default().push(self.content.clone());
    }
}

impl Handler for Session {
    fn hello(&mut self, _: Hello<'_>) -> std::result::Result<(), Reply<'_>> {
        self.forget();
        Ok(())
    }

    fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> std::result::Result<AuthStep<'a>, Reply<'a>> {
        match credentials {
            Credentials::Password { authorization: "" | "user", user: "user", password, .. }
                if password.expose() == PASSWORD.as_bytes() =>
            {
                Ok(AuthStep::Authenticated)
            }
            _ => Err(Reply::auth_failed()),
        }
    }

    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> std::result::Result<Recipient<'a>, Reply<'a>> {
        let path = rcpt.forward_path.as_str();
        let (local, domain) = path.rsplit_once('@').unwrap_or((path, "example.net"));
        let local = local.to_lowercase().replace('"', "");
        if !domain.eq_ignore_ascii_case("example.net") {
            return Err(Reply::relay_denied_to(path));
        }
        if !self.catch_all && !USERS.contains(&&*local) {
            return Err(Reply::invalid_user(path));
        }
        if self.recipients.contains(&local) {
            return Ok(Recipient::Duplicate);
        }
        self.recipients.push(local);
        Ok(Recipient::Here)
    }

    fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    fn message(&mut self, _: u64, recipient: Option<u16>) -> std::result::Result<Receipt<'_>, Reply<'_>> {
        match recipient {
            // No duplicates here: smtplib names each once.
            Some(index) => {
                self.recipients.get(usize::from(index)).into_iter().for_each(|recipient| self.deliver(recipient));
                if usize::from(index) + 1 == self.recipients.len() {
                    self.forget();
                }
            }
            None => {
                let recipients = mem::take(&mut self.recipients);
                recipients.iter().for_each(|recipient| self.deliver(recipient));
                self.forget();
            }
        }
        Ok(Receipt::As("Ok queued as 1"))
    }

    fn aborted(&mut self, _: Abort) {
        self.forget();
    }
}
