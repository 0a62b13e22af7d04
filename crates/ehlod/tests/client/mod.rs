//! A running server, and a client that says lines to it.

use base64ct::{Base64, Encoding as _};
use hmac::digest::Digest;
use hmac::digest::core_api::BlockSizeUser;
use hmac::{Mac as _, SimpleHmac};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sha1::Sha1;
use sha2::Sha256;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// `ehlod serve` in a directory of its own; it ends with this.
pub(crate) struct Server {
    child: Child,
    port: u16,
    _place: TempDir,
    certificate: CertificateDer<'static>,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Server {
    pub(crate) fn start(auth: &str, tls: &str, accounts: &str, tokens: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let config = format!(
            "hostname = \"mx.example.com\"\n[[listener]]\naddress = \"127.0.0.1:0\"\ntls = \"{tls}\"\n\
             [tls]\ncertificate = \"s.pem\"\nkey = \"s.key\"\nclient_ca = \"ca.pem\"\n\
             [directory]\naccounts = \"accounts.toml\"\n[[domain]]\nname = \"localhost\"\n[delivery]\nkind = \"discard\"\n\
             [log]\nlevel = \"error\"\n[auth]\n{auth}"
        );
        for (name, text) in [
            ("ehlod.toml", config.as_str()),
            ("accounts.toml", accounts),
            ("tokens.toml", tokens),
            ("s.pem", &own.cert.pem()),
            ("s.key", &own.signing_key.serialize_pem()),
            ("ca.pem", &authority.pem()),
        ] {
            std::fs::write(place.path().join(name), text).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_ehlod"))
            .args(["serve", "--config"])
            .arg(place.path().join("ehlod.toml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.split([':', ' ']).find_map(|word| word.parse().ok()).unwrap();
        Self { child, port, _place: place, certificate: own.cert.der().clone(), authority }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// SHA-256 of the certificate, as its signature has it.
    pub(crate) fn end_point(&self) -> Vec<u8> {
        Sha256::digest(&self.certificate).to_vec()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::new(Stream::Plain(TcpStream::connect(("127.0.0.1", self.port)).unwrap()))
    }

    /// With a certificate for an address, or without one.
    pub(crate) fn connect_tls(&self, address: Option<&str>) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match address {
            None => builder.with_no_client_auth(),
            Some(address) => {
                let mut params = CertificateParams::new(Vec::new()).unwrap();
                params.subject_alt_names.push(SanType::Rfc822Name(address.try_into().unwrap()));
                let key = KeyPair::generate().unwrap();
                let certificate = params.signed_by(&key, &self.authority).unwrap();
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        };
        let tls = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        Client::new(Stream::Tls(Box::new(StreamOwned::new(tls, stream))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

pub(crate) struct Client(Stream);

impl Client {
    fn new(stream: Stream) -> Self {
        let mut client = Self(stream);
        assert!(client.reply().starts_with("220"));
        client
    }

    /// Says a line; the reply to it.
    pub(crate) fn say(&mut self, line: &str) -> String {
        let line = format!("{line}\r\n");
        match &mut self.0 {
            Stream::Plain(stream) => stream.write_all(line.as_bytes()).unwrap(),
            Stream::Tls(stream) => stream.write_all(line.as_bytes()).unwrap(),
        }
        self.reply()
    }

    fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut octet = [0];
            match &mut self.0 {
                Stream::Plain(stream) => stream.read_exact(&mut octet).unwrap(),
                Stream::Tls(stream) => stream.read_exact(&mut octet).unwrap(),
            }
            reply.push(char::from(octet[0]));
            let last = reply.lines().next_back().unwrap_or_default();
            if reply.ends_with("\r\n") && last.as_bytes().get(3) == Some(&b' ') {
                return reply;
            }
        }
    }

    /// `tls-exporter` (RFC 9266).
    pub(crate) fn exporter(&self) -> Vec<u8> {
        let Stream::Tls(stream) = &self.0 else { return Vec::new() };
        stream.conn.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(&[])).unwrap()
    }

    /// Answers a CRAM-MD5 challenge.
    pub(crate) fn cram_md5(&mut self, said: &str, user: &str, password: &str) -> String {
        let digest = hmac::<md5::Md5>(password.as_bytes(), challenge(said).as_bytes());
        let digits: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        self.say(&base64(&format!("{user} {digits}")))
    }
}

pub(crate) fn base64(text: &str) -> String {
    Base64::encode_string(text.as_bytes())
}

/// The text of a challenge.
pub(crate) fn challenge(said: &str) -> String {
    String::from_utf8(Base64::decode_vec(said.strip_prefix("334 ").unwrap().trim_end()).unwrap()).unwrap()
}

/// A whole SCRAM exchange (RFC 5802); the last reply. The server's signature is checked.
pub(crate) fn scram(
    client: &mut Client,
    mechanism: &str,
    user: &str,
    password: &str,
    header: &str,
    bound_to: &[u8],
) -> String {
    if mechanism.contains("256") {
        scram_by::<Sha256>(client, mechanism, user, password, header, bound_to)
    } else {
        scram_by::<Sha1>(client, mechanism, user, password, header, bound_to)
    }
}

fn scram_by<D: Digest + BlockSizeUser>(
    client: &mut Client,
    mechanism: &str,
    user: &str,
    password: &str,
    header: &str,
    bound_to: &[u8],
) -> String {
    let bare = format!("n={user},r=rOprNGfwEbeRWgbNEkqO");
    let said = client.say(&format!("AUTH {mechanism} {}", base64(&format!("{header}{bare}"))));
    if !said.starts_with("334") {
        return said;
    }
    let first = challenge(&said);
    let (nonce, rest) = first.split_once(",s=").unwrap();
    let (salt, iterations) = rest.split_once(",i=").unwrap();
    let salted = {
        let mut u = hmac::<D>(password.as_bytes(), &[Base64::decode_vec(salt).unwrap(), vec![0, 0, 0, 1]].concat());
        let mut salted = u.clone();
        for _ in 1..iterations.parse().unwrap() {
            u = hmac::<D>(password.as_bytes(), &u);
            salted.iter_mut().zip(&u).for_each(|(to, from)| *to ^= from);
        }
        salted
    };
    let binding = Base64::encode_string(&[header.as_bytes(), bound_to].concat());
    let message = format!("{bare},{first},c={binding},{nonce}");
    let mut proof = hmac::<D>(&salted, b"Client Key");
    let signature = hmac::<D>(&D::digest(&proof), message.as_bytes());
    proof.iter_mut().zip(&signature).for_each(|(to, from)| *to ^= from);
    let said = client.say(&base64(&format!("c={binding},{nonce},p={}", Base64::encode_string(&proof))));
    if !said.starts_with("334") {
        return said;
    }
    let expected = hmac::<D>(&hmac::<D>(&salted, b"Server Key"), message.as_bytes());
    assert_eq!(challenge(&said), format!("v={}", Base64::encode_string(&expected)));
    client.say("")
}

fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <SimpleHmac<D> as hmac::Mac>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
