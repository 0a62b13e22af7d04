//! mail-send.

use std::time::Duration;

use ehlo_tests::{Result, tls};
use mail_send::smtp::message::{Address, Message, Parameters};
use mail_send::{Credentials, Error, SmtpClient, SmtpClientBuilder};
use smtp_proto::{AUTH_CRAM_MD5, AUTH_LOGIN, AUTH_OAUTHBEARER, AUTH_PLAIN, AUTH_XOAUTH2};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::scene::{Scene, lengthened};

/// Plays a scenario.
pub(crate) fn run(scenario: &str, scene: &Scene) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(play(scenario, scene)).map_err(|error| error.to_string())
}

async fn play(scenario: &str, scene: &Scene) -> mail_send::Result<()> {
    let message = scene.message();
    let (kind, mechanism) = scenario.split_once('-').unwrap_or((scenario, ""));
    match (scenario, kind) {
        ("plain", _) => {
            let mut client = plain(scene).await?;
            client.send(Message::new("alice@example.com", ["bob@example.net"], &message[..])).await?;
            client.quit().await?;
            scene.expect("bob", &lengthened(&message));
        }
        ("several-recipients", _) => {
            let to = ["bob@example.net", "carol@example.net"];
            plain(scene).await?.send(Message::new("alice@example.com", to, &message[..])).await?;
            scene.expect("bob", &lengthened(&message));
            scene.expect("carol", &lengthened(&message));
        }
        ("bdat", _) => {
            // One chunk, which is all the message; nothing is added to it.
            let mut client = plain(scene).await?;
            client.mail_from("alice@example.com", &Parameters::new()).await?;
            client.rcpt_to("bob@example.net", &Parameters::new()).await?;
            client.bdat(&message).await?;
            client.quit().await?;
            scene.expect("bob", &message);
            seen(scene.sent(&[&format!("BDAT {} LAST", message.len())]))?;
        }
        ("dsn", _) => {
            let (mut mail, mut rcpt) = (Parameters::new(), Parameters::new());
            mail.add(("RET", "FULL")).add(("ENVID", "id+2B1"));
            rcpt.add(("NOTIFY", "SUCCESS,FAILURE")).add(("ORCPT", "rfc822;robert@example.org"));
            let message = Message::empty()
                .from(Address::new("alice@example.com", mail))
                .to(Address::new("bob@example.net", rcpt))
                .body(&message[..]);
            plain(scene).await?.send(message).await?;
            scene.expect("bob", &lengthened(&scene.message()));
            seen(scene.sent(&["MAIL FROM:<alice@example.com>", " RET=FULL", " ENVID=id+2B1"]))?;
            seen(scene.sent(&["RCPT TO:<bob@example.net>", " NOTIFY=SUCCESS,FAILURE", " ORCPT=rfc822;robert@"]))?;
        }
        (_, "starttls" | "tls") => {
            let mut client = secured(scene, kind == "tls").await?;
            login(&mut client, mechanism, "pass").await?;
            client.send(Message::new("user@example.net", ["bob@example.net"], &message[..])).await?;
            client.quit().await?;
            scene.expect("bob", &lengthened(&message));
        }
        (_, "wrong") => {
            let mut client = secured(scene, true).await?;
            match login(&mut client, mechanism, "wrong").await {
                Err(Error::AuthenticationFailed(reply)) if reply.code() == 535 => {}
                other => return seen(Err(format!("expected 535, got {other:?}"))),
            }
        }
        _ => return seen(Err(format!("no such scenario: {scenario}"))),
    }
    Ok(())
}

fn builder(port: u16) -> SmtpClientBuilder<&'static str> {
    SmtpClientBuilder::new_with_tls_connector("127.0.0.1", port, TlsConnector::from(tls::config()))
        .helo_host("client.example")
        .timeout(Duration::from_secs(60))
}

async fn plain(scene: &Scene) -> mail_send::Result<SmtpClient<TcpStream>> {
    builder(scene.port).connect_plain().await
}

async fn secured(scene: &Scene, implicit: bool) -> mail_send::Result<SmtpClient<TlsStream<TcpStream>>> {
    builder(if implicit { scene.tls_port } else { scene.port }).implicit_tls(implicit).connect().await
}

/// By one mechanism, as if the server offered no other.
async fn login(
    client: &mut SmtpClient<TlsStream<TcpStream>>,
    mechanism: &str,
    password: &str,
) -> mail_send::Result<()> {
    let mut capabilities = client.capabilities("client.example", false).await?;
    let (mechanism, credentials) = match mechanism {
        "plain" => (AUTH_PLAIN, Credentials::new("user", password)),
        "login" => (AUTH_LOGIN, Credentials::new("user", password)),
        "cram-md5" => (AUTH_CRAM_MD5, Credentials::new("user", password)),
        "xoauth2" => (AUTH_XOAUTH2, Credentials::new_xoauth2("user@example.net", "test")),
        "oauthbearer" => {
            (AUTH_OAUTHBEARER, Credentials::new_oauth("n,a=user@example.net,\u{1}auth=Bearer test\u{1}\u{1}"))
        }
        other => return seen(Err(format!("mail-send has no {other}"))),
    };
    capabilities.auth_mechanisms &= mechanism;
    client.authenticate(&credentials, &capabilities).await.map(drop)
}

/// A sentence as an error of mail-send's.
fn seen(checked: Result<()>) -> mail_send::Result<()> {
    checked.map_err(|why| Error::Io(std::io::Error::other(why)))
}
