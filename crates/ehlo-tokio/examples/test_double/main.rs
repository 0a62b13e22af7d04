//! A test double for applications that send mail: `cargo test --example test_double`.
//!
//! `server.rs` is the double; copy it into your tests. Here are an application that sends mail, and its tests: the mails that it sends are
//! real ones, over SMTP, by the client that it has anyway.

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::SocketAddr;
use tokio_stream::StreamExt as _;

mod server;

use server::TestServer;

/// The application: it welcomes users, and tells the operator whom it could not reach.
struct Welcome {
    mailer: AsyncSmtpTransport<Tokio1Executor>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Welcome {
    fn by(server: SocketAddr) -> Self {
        let mailer = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.ip().to_string());
        Self { mailer: mailer.port(server.port()).build() }
    }

    async fn send(&self, name: &str, address: &str) -> Result<(), Error> {
        let user = Mailbox::new(Some(name.to_owned()), address.parse()?);
        let welcome = Message::builder()
            .from("Shop <shop@example.com>".parse()?)
            .to(user)
            .subject(format!("Welcome, {name}!"))
            .body("Your account is ready.".to_owned())?;
        let Err(error) = self.mailer.send(welcome).await else { return Ok(()) };
        if !error.is_permanent() {
            return Err(error.into());
        }
        let report = Message::builder()
            .from("Shop <shop@example.com>".parse()?)
            .to("operator@example.com".parse()?)
            .subject(format!("{address} cannot be reached"))
            .body(error.to_string())?;
        self.mailer.send(report).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut server = TestServer::start().await;
    let shop = Welcome::by(server.address());
    shop.send("Zoë", "zoe@example.net").await?;
    let mail = server.next().await;
    println!("{} to {}: {}: {}", mail.sender, mail.recipients.join(", "), mail.subject(), mail.text());
    server.assert_no_more();
    shop.send("Ann", "ann@example.net").await?;
    shop.send("Bob", "bob@example.net").await?;
    drop(shop);
    let mut mails = server.finish();
    while let Some(mail) = mails.next().await {
        println!("{} to {}: {}", mail.sender, mail.recipients.join(", "), mail.subject());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_user_is_welcomed() {
        let mut server = TestServer::start().await;
        Welcome::by(server.address()).send("Zoë", "zoe@example.net").await.unwrap();
        let mail = server.next().await;
        assert_eq!(
            (mail.sender.as_str(), &mail.recipients[..]),
            ("shop@example.com", &["zoe@example.net".to_owned()][..])
        );
        assert_eq!((mail.subject().as_str(), mail.text().trim_end()), ("Welcome, Zoë!", "Your account is ready."));
        server.assert_no_more();
    }

    #[tokio::test]
    async fn the_operator_hears_of_a_user_that_does_not_exist() {
        let mut server = TestServer::start_refusing([("zoe@example.net", 550, "No such user")]).await;
        Welcome::by(server.address()).send("Zoë", "zoe@example.net").await.unwrap();
        let mail = server.next().await;
        assert_eq!(mail.subject(), "zoe@example.net cannot be reached");
        assert!(mail.text().contains("550"), "{}", mail.text());
    }

    #[tokio::test]
    async fn nobody_hears_of_a_server_that_is_busy() {
        let mut server = TestServer::start_refusing([("zoe@example.net", 450, "Come later")]).await;
        Welcome::by(server.address()).send("Zoë", "zoe@example.net").await.unwrap_err();
        server.assert_no_more();
    }

    #[tokio::test]
    async fn mails_are_a_stream() {
        let server = TestServer::start().await;
        let shop = Welcome::by(server.address());
        for (name, address) in [("Ann", "ann@example.net"), ("Bob", "bob@example.net")] {
            shop.send(name, address).await.unwrap();
        }
        drop(shop);
        let recipients: Vec<String> = server.finish().map(|mail| mail.recipients.concat()).collect().await;
        assert_eq!(recipients, ["ann@example.net", "bob@example.net"]);
    }
}
