//! A bridge from mail to a webhook: `webhook URL [ADDRESS]`.
//!
//! Each message, for whomever it is, becomes one POST of JSON. The client hears `250` once the webhook has taken it; where that is out of
//! reach, `451`, so that the client keeps its message and tries again.

use ehlo_tokio::ehlo::{Abort, Config, Mail, Rcpt, Reply};
use ehlo_tokio::{Accepted, Connection, Handler, Receipt, Recipient, Server};
use mail_parser::MessageParser;
use reqwest::{Client, StatusCode};
use serde_json::json;

#[cfg(test)]
mod tests;

static CONFIG: Config<'static> = Config::new("webhook.localdomain").message_size(1 << 20);

/// Where messages go.
#[derive(Clone)]
struct Webhook {
    client: Client,
    url: String,
}

impl Webhook {
    fn new(url: String) -> reqwest::Result<Self> {
        Ok(Self { client: Client::builder().timeout(std::time::Duration::from_secs(30)).build()?, url })
    }

    /// Serves one client.
    async fn serve(self, accepted: Accepted) {
        let mut bridge = Bridge { webhook: self, sender: String::new(), recipients: Vec::new(), message: Vec::new() };
        let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
        if let Err(error) = connection.serve(accepted.stream, &mut bridge).await {
            eprintln!("{:?}: {error}", accepted.client);
        }
    }
}

/// One client's transaction.
struct Bridge {
    webhook: Webhook,
    sender: String,
    recipients: Vec<String>,
    message: Vec<u8>,
}

impl Handler for Bridge {
    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        mail.reverse_path.as_str().clone_into(&mut self.sender);
        Ok(())
    }

    async fn rcpt(&mut self, rcpt: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        self.recipients.push(rcpt.forward_path.as_str().to_owned());
        Ok(Recipient::Here)
    }

    async fn content(&mut self, octets: &[u8]) {
        self.message.extend_from_slice(octets);
    }

    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        let (recipients, octets) = (std::mem::take(&mut self.recipients), std::mem::take(&mut self.message));
        let message = MessageParser::new().parse(&octets).unwrap_or_default();
        let event = json!({
            "sender": self.sender,
            "recipients": recipients,
            "subject": message.subject(),
            "text": message.body_text(0),
        });
        match self.webhook.client.post(&self.webhook.url).json(&event).send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Ok(Receipt::Ok),
            // What it will never take is not tried again.
            Ok(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE) => {
                Err(Reply::new(554, "The webhook refuses the message").enhanced(6, 0))
            }
            _ => Err(Reply::new(451, "The webhook cannot take the message now").enhanced(3, 0)),
        }
    }

    async fn aborted(&mut self, _: Abort) {
        self.recipients.clear();
        self.message.clear();
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Which arithmetic TLS is done with, towards the webhook.
    let _ = ehlo_tokio::rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let webhook = Webhook::new(arguments.next().ok_or("usage: webhook URL [ADDRESS]")?)?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let mut server = Server::new("webhook.localdomain");
    println!("listening on {}", server.bind(address).await?);
    server.run(move |accepted| webhook.clone().serve(accepted)).await;
    Ok(())
}
