//! A program that decides for itself: `replies [ADDRESS [CERTIFICATE.pem KEY.pem]]`.
//!
//! It knows two users, takes AUTH PLAIN after STARTTLS, refuses the others with replies of the catalogue and with one of its own, and
//! ends when its input does (ctrl-d) once the messages in flight are in. Without a certificate it makes one for itself.

use std::error::Error;
use std::sync::Arc;

use ehlo_std::ehlo::{Abort, Config, Credentials, Hello, Mail, Mechanism, Rcpt, Reply};
use ehlo_std::rustls::pki_types::pem::PemObject;
use ehlo_std::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ehlo_std::rustls::{ServerConfig, ServerConnection};
use ehlo_std::{AuthStep, Connection, Handler, Receipt, Recipient, Server};

static CONFIG: Config<'static> = Config::new("mx.example.net")
    .starttls(true)
    .mechanisms(&[Mechanism::Plain])
    .message_size(10 << 20)
    .help_url("https://mx.example.net/help");

/// Users, and their passwords. A real server keeps no passwords, but their hashes.
const USERS: [(&str, &str); 2] = [("alice@example.net", "wonderland"), ("bob@example.net", "builder")];

/// One client.
#[derive(Default)]
struct Session {
    user: Option<&'static str>,
    recipients: Vec<String>,
    message: Vec<u8>,
    /// What the last message is called.
    name: String,
}

impl Handler for Session {
    fn secured(&mut self, tls: &ServerConnection) {
        println!("TLS: {:?}", tls.protocol_version());
        *self = Self::default();
    }

    fn hello(&mut self, hello: Hello<'_>) -> Result<(), Reply<'_>> {
        self.forget();
        if hello.name.eq_ignore_ascii_case("mx.example.net") { Err(Reply::helo_invalid()) } else { Ok(()) }
    }

    fn auth(&mut self, credentials: Credentials<'_>) -> Result<AuthStep<'_>, Reply<'_>> {
        let Credentials::Password { authorization, user, password, .. } = credentials else {
            return Err(Reply::auth_type_unrecognized());
        };
        let known = USERS.iter().find(|(name, known)| *name == user && same(known.as_bytes(), password.expose()));
        self.user = known.map(|(name, _)| *name).filter(|name| authorization.is_empty() || authorization == *name);
        if self.user.is_some() { Ok(AuthStep::Authenticated) } else { Err(Reply::auth_failed()) }
    }

    fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        let sender = mail.reverse_path.as_str();
        match self.user {
            Some(user) if user != sender => Err(Reply::sender_inconsistent()),
            None if is_user(sender) => Err(Reply::auth_required()),
            None if sender.ends_with(".invalid") => {
                Err(Reply::new(550, "We could never answer a sender in .invalid").enhanced(1, 8))
            }
            _ => Ok(()),
        }
    }

    // The reply may repeat the recipient, so the lifetimes are written out.
    fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        let recipient = rcpt.forward_path.as_str();
        if self.recipients.iter().any(|known| known == recipient) {
            return Ok(Recipient::Duplicate);
        }
        // A user may send to anyone, others to users.
        if self.user.is_none() && !is_user(recipient) {
            let ours = recipient.ends_with("@example.net");
            return Err(if ours { Reply::invalid_user(recipient) } else { Reply::relay_denied_to(recipient) });
        }
        self.recipients.push(recipient.to_owned());
        Ok(Recipient::Here)
    }

    fn content(&mut self, octets: &[u8]) {
        self.message.extend_from_slice(octets);
    }

    fn message(&mut self, size: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let message = std::mem::take(&mut self.message);
        println!("{size} octets for {}", self.recipients.join(", "));
        self.forget();
        if message.windows(11).any(|window| window.eq_ignore_ascii_case(b"free money!")) {
            return Err(Reply::filter_key("free money!"));
        }
        // A real server has the message on stable storage by now.
        self.name = format!("Ok, these were {} lines", message.iter().filter(|octet| **octet == b'\n').count());
        Ok(Receipt::As(&self.name))
    }

    fn aborted(&mut self, abort: Abort) {
        println!("given up: {abort:?}");
        self.forget();
    }

    fn replies(&mut self, octets: &[u8]) {
        print!("{}", String::from_utf8_lossy(octets));
    }
}

impl Session {
    /// Drops the transaction.
    fn forget(&mut self) {
        self.recipients.clear();
        self.message.clear();
    }
}

fn is_user(address: &str) -> bool {
    USERS.iter().any(|(name, _)| *name == address)
}

/// Compares in a time that tells nothing but the length.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The certificate of these files, or a new one.
fn certificate(files: &[String]) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let (chain, key) = if let [chain, key, ..] = files {
        (CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?, PrivateKeyDer::from_pem_file(key)?)
    } else {
        let own = rcgen::generate_simple_self_signed(["mx.example.net".to_owned(), "localhost".to_owned()])?;
        (vec![own.cert.der().clone()], PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into()))
    };
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = arguments.first().map_or("127.0.0.1:2525", String::as_str);
    let tls = certificate(arguments.get(1..).unwrap_or_default())?;

    let mut server = Server::new("mx.example.net");
    println!("listening on {}", server.bind(address)?);
    let control = server.control();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        control.shut_down();
    });
    server.run(move |accepted| {
        let connection = Connection::new(&CONFIG).tls(Arc::clone(&tls)).shutdown(accepted.shutdown);
        if let Err(error) = connection.serve(accepted.socket, &mut Session::default()) {
            eprintln!("{:?}: {error}", accepted.arrival.peer);
        }
    })?;
    println!("ended");
    Ok(())
}
