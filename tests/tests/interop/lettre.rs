//! lettre.

use std::fs;
use std::time::Duration;

use ehlo_tests::Result;
use lettre::address::Envelope;
use lettre::message::{MultiPart, header};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, SmtpTransport, SmtpTransportBuilder};
use lettre::{Message, Transport};

use crate::scene::{Scene, lengthened};

/// Plays a scenario.
pub(crate) fn run(scenario: &str, scene: &Scene) -> Result<()> {
    let message = scene.message();
    let (kind, mechanism) = scenario.split_once('-').unwrap_or((scenario, ""));
    match (scenario, kind) {
        ("plain", _) => send(scene, "alice@example.com", &["bob"], &message),
        ("several-recipients", _) => send(scene, "alice@example.com", &["bob", "carol"], &message),
        ("big", _) => {
            let line = ".leading dots make a message longer on the wire than it is 0123456789\r\n";
            let big = format!("Subject: big\r\n\r\n{}", line.repeat(20_000_000 / line.len()));
            send(scene, "alice@example.com", &["bob"], big.as_bytes())
        }
        ("smtputf8", _) => {
            scene.sender("müller@bücher.example");
            let message = "Subject: Grüße\r\n\r\n你好\r\n";
            send(scene, "müller@bücher.example", &["用户"], message.as_bytes())?;
            // lettre writes the domain as DNS has it only where it is told to.
            scene.sent(&["MAIL FROM:<müller@bücher.example>", "SMTPUTF8"])
        }
        ("one-refused", _) => {
            // lettre gives up at the first recipient who is refused.
            let envelope = envelope("alice@example.com", &["bob@example.net", "eve@example.org"])?;
            refused(plain(scene).build().send_raw(&envelope, &message).map(drop), 554)
        }
        ("composed", _) => composed(scene),
        (_, "starttls" | "tls") => {
            let transport = secured(scene, kind == "tls", mechanism, "pass", "test")?;
            let sent = transport.send_raw(&envelope("user@example.net", &["bob@example.net"])?, &message);
            scene.expect("bob", &lengthened(&message));
            sent.map(drop).map_err(|error| error.to_string())
        }
        (_, "wrong") => {
            let transport = secured(scene, false, mechanism, "wrong", "tset")?;
            let sent = transport.send_raw(&envelope("user@example.net", &["bob@example.net"])?, &message);
            match sent {
                // A wrong token is told by a challenge (which lettre does not take for an answer), not by a code.
                Err(error) if mechanism == "xoauth2" && error.is_client() => Ok(()),
                sent => refused(sent.map(drop), 535),
            }
        }
        _ => Err(format!("no such scenario: {scenario}")),
    }
}

fn plain(scene: &Scene) -> SmtpTransportBuilder {
    SmtpTransport::builder_dangerous("127.0.0.1")
        .port(scene.port)
        .hello_name(ClientId::Domain("client.example".to_owned()))
        .timeout(Some(Duration::from_secs(60)))
}

/// With TLS, checked against the server's certificate, and a login.
fn secured(scene: &Scene, implicit: bool, mechanism: &str, password: &str, token: &str) -> Result<SmtpTransport> {
    let certificate = fs::read(scene.here.join("server.pem")).map_err(|error| error.to_string())?;
    let certificate = Certificate::from_pem(&certificate).map_err(|error| error.to_string())?;
    let parameters = TlsParameters::builder("mx.example.net".to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(certificate)
        .build();
    let parameters = parameters.map_err(|error| error.to_string())?;
    let (port, tls) = match implicit {
        true => (scene.tls_port, Tls::Wrapper(parameters)),
        false => (scene.port, Tls::Required(parameters)),
    };
    let (mechanism, user, secret) = match mechanism {
        "plain" => (Mechanism::Plain, "user", password),
        "login" => (Mechanism::Login, "user", password),
        "xoauth2" => (Mechanism::Xoauth2, "user@example.net", token),
        other => return Err(format!("lettre has no {other}")),
    };
    let credentials = Credentials::new(user.to_owned(), secret.to_owned());
    Ok(plain(scene).port(port).tls(tls).credentials(credentials).authentication(vec![mechanism]).build())
}

fn envelope(from: &str, to: &[&str]) -> Result<Envelope> {
    let address = |address: &str| address.parse().map_err(|error| format!("{address}: {error}"));
    let to = to.iter().map(|to| address(to)).collect::<Result<Vec<_>>>()?;
    Envelope::new(Some(address(from)?), to).map_err(|error| error.to_string())
}

/// Sends octets in plaintext to mailboxes at example.net.
fn send(scene: &Scene, from: &str, mailboxes: &[&str], message: &[u8]) -> Result<()> {
    let to: Vec<_> = mailboxes.iter().map(|mailbox| format!("{mailbox}@example.net")).collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    plain(scene).build().send_raw(&envelope(from, &to)?, message).map_err(|error| error.to_string())?;
    mailboxes.iter().for_each(|mailbox| scene.expect(mailbox, &lengthened(message)));
    Ok(())
}

/// What lettre writes by itself.
fn composed(scene: &Scene) -> Result<()> {
    let message = Message::builder()
        .from("User <user@example.net>".parse().map_err(|error| format!("{error}"))?)
        .to("Bob <bob@example.net>".parse().map_err(|error| format!("{error}"))?)
        .subject("Grüße")
        .header(header::MIME_VERSION_1_0)
        .multipart(MultiPart::alternative_plain_html("Grüße\r\n.\r\n..\r\n".to_owned(), "<p>Grüße</p>".to_owned()))
        .map_err(|error| error.to_string())?;
    let transport = secured(scene, true, "plain", "pass", "test")?;
    transport.send(&message).map_err(|error| error.to_string())?;
    scene.expect("bob", &lengthened(&message.formatted()));
    Ok(())
}

/// Demands that the server has refused with this code.
fn refused(sent: std::result::Result<(), Error>, code: u16) -> Result<()> {
    match sent {
        Err(error) if error.status().is_some_and(|status| status.to_string() == code.to_string()) => Ok(()),
        other => Err(format!("expected {code}, got {other:?}")),
    }
}
