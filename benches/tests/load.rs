//! Every way of `load` to send: messages come through whole, as many as were asked for.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use ehlo_tokio::ehlo::{Abort, Config, Rcpt, Reply};
use ehlo_tokio::rustls::ServerConfig;
use ehlo_tokio::rustls::pki_types::PrivatePkcs8KeyDer;
use ehlo_tokio::{Connection, Handler, Receipt, Recipient, Server, TlsAcceptor};

/// Who is put off makes no errors here: a greylist does so all the time.
static CONFIG: Config<'static> =
    Config::new("mx.example.net").starttls(true).idle_commands(u16::MAX).recipients(u16::MAX);

/// What came in.
#[derive(Debug, Default)]
struct Mail {
    /// Each message, and how many recipients it had.
    messages: Vec<(usize, Vec<u8>)>,
    /// Who was put off, as often as named.
    put_off: Vec<String>,
}

/// A session that keeps what comes in, and puts off who is at `later.example.net`.
struct Sink {
    mail: Arc<Mutex<Mail>>,
    recipients: usize,
    content: Vec<u8>,
}

impl Handler for Sink {
    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        let path = rcpt.forward_path.as_str();
        if path.ends_with("@later.example.net") {
            self.mail.lock().unwrap().put_off.push(path.to_owned());
            return Err(Reply::processing_error());
        }
        self.recipients += 1;
        Ok(Recipient::Here)
    }

    async fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
    }

    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let message = (std::mem::take(&mut self.recipients), std::mem::take(&mut self.content));
        self.mail.lock().unwrap().messages.push(message);
        Ok(Receipt::Ok)
    }

    async fn aborted(&mut self, _: Abort) {
        self.recipients = 0;
        self.content.clear();
    }
}

/// Serves for as long as the test's process lasts; says where, and where the mail goes.
fn server() -> (SocketAddr, Arc<Mutex<Mail>>) {
    let mail = Arc::<Mutex<Mail>>::default();
    let (kept, (told, address)) = (Arc::clone(&mail), mpsc::channel());
    let serve = async move {
        let own = rcgen::generate_simple_self_signed(["mx.example.net".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into();
        let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key);
        let tls: TlsAcceptor = Arc::new(tls.unwrap()).into();
        let mut server = Server::new("mx.example.net");
        told.send(server.bind("127.0.0.1:0").await.unwrap()).unwrap();
        let serve = move |accepted: ehlo_tokio::Accepted| {
            let (tls, mail) = (tls.clone(), Arc::clone(&kept));
            async move {
                let mut sink = Sink { mail, recipients: 0, content: Vec::new() };
                let _ = Connection::new(&CONFIG).tls(tls).serve(accepted.stream, &mut sink).await;
            }
        };
        server.run(serve).await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    thread::spawn(move || runtime.block_on(serve));
    (address.recv().unwrap(), mail)
}

/// Runs `load` to its end, and gives what it prints.
fn load(address: SocketAddr, ways: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_load")).arg(address.to_string()).args(ways).output().unwrap();
    assert!(output.status.success(), "{ways:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_way_brings_all_messages_whole() {
    const COMMON: [&str; 8] = ["--clients", "3", "--messages", "20", "--per-connection", "4", "--seconds", "3600"];
    let (address, mail) = server();
    let mut contents = BTreeSet::new();
    for size in ["1024", "100000"] {
        for ways in [&[][..], &["--pipeline"], &["--bdat"], &["--pipeline", "--bdat"]] {
            for tls in ["none", "starttls"] {
                for recipients in ["1", "40"] {
                    let more = [
                        "--json",
                        "--tls",
                        tls,
                        "--size",
                        size,
                        "--recipients",
                        recipients,
                        "--to",
                        "bob%@example.net",
                    ];
                    let ways = [&COMMON[..], &more, ways].concat();
                    let figures: serde_json::Value = serde_json::from_str(&load(address, &ways)).unwrap();
                    assert_eq!(figures["messages"], 20, "{ways:?}: {figures}");
                    let messages = std::mem::take(&mut mail.lock().unwrap().messages);
                    assert_eq!(messages.len(), 20, "{ways:?}");
                    for (count, content) in messages {
                        assert_eq!(
                            (count.to_string(), content.len().to_string()),
                            (recipients.into(), size.into()),
                            "{ways:?}"
                        );
                        contents.insert(content);
                    }
                }
            }
        }
    }
    assert_eq!(contents.len(), 2, "what comes through depends on nothing but the size");
}

#[test]
fn every_triple_is_another_and_the_last_come_again() {
    let (address, mail) = server();
    let printed =
        load(address, &["--clients", "3", "--triples", "1234", "--first", "1000", "--to", "bob@later.example.net"]);
    assert!(
        printed.starts_with("1234 new recipients in ") && printed.contains("\n1234 known recipients in "),
        "{printed}"
    );
    let put_off = std::mem::take(&mut mail.lock().unwrap().put_off);
    let first: BTreeSet<_> = put_off.iter().take(1234).collect();
    assert_eq!((put_off.len(), first.len()), (2 * 1234, 1234));
    assert_eq!(put_off.iter().skip(1234).collect::<BTreeSet<_>>(), first);
}
