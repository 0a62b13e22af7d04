//! The methods of a handler, written in each way that reads well. That it compiles is the test.

use ehlo_tokio::ehlo::{Credentials, Hello, Mail, Query, Rcpt, Reply};
use ehlo_tokio::{AuthStep, Connection, Handler, Receipt, Recipient, Verified};

use crate::client::Client;
use crate::journal::{CONFIG, spawn};

/// Lifetimes elided: what is given back may borrow from the handler only.
struct Elided(String);

impl Handler for Elided {
    async fn hello(&mut self, _: Hello<'_>) -> Result<(), Reply<'_>> {
        Ok(())
    }
    async fn auth(&mut self, _: Credentials<'_>) -> Result<AuthStep<'_>, Reply<'_>> {
        Err(Reply::auth_failed())
    }
    async fn mail(&mut self, mail: Mail<'_>) -> Result<(), Reply<'_>> {
        self.0 = mail.reverse_path.as_str().to_owned();
        Ok(())
    }
    async fn rcpt(&mut self, rcpt: Rcpt<'_>) -> Result<Recipient<'_>, Reply<'_>> {
        if rcpt.forward_path.as_str() == self.0 {
            Ok(Recipient::Here)
        } else {
            Err(Reply::relay_denied_from_sender(&self.0))
        }
    }
    async fn data(&mut self) -> Result<(), Reply<'_>> {
        Ok(())
    }
    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        self.0.insert_str(0, "Taken for ");
        Ok(Receipt::As(&self.0))
    }
    async fn verify(&mut self, _: Query<'_>) -> Result<Verified<'_>, Reply<'_>> {
        Ok(Verified::Mailbox(&self.0))
    }
    async fn expand(&mut self, _: Query<'_>) -> Result<Vec<String>, Reply<'_>> {
        Ok(vec![self.0.clone()])
    }
    async fn help(&mut self, _: &str) -> Result<Option<&str>, Reply<'_>> {
        Ok(Some(&self.0))
    }
}

/// One lifetime for all: what is given back may borrow from the question too.
struct Named;

impl Handler for Named {
    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        Err(Reply::invalid_user(rcpt.forward_path.as_str()))
    }
}

async fn answer(handler: impl Handler + 'static) -> String {
    let (near, far) = tokio::io::duplex(1024);
    spawn(Connection::new(&CONFIG), far, handler);
    let mut client = Client::new(near);
    client.up_to_hello().await;
    client.expect("MAIL FROM:<alice@example.com>", "250").await;
    client.ask("RCPT TO:<bob@example.net>").await
}

#[tokio::test]
async fn what_is_given_back_may_borrow_from_the_handler_or_from_the_question() {
    assert_eq!(answer(Elided(String::new())).await, "554 5.7.1 Relay from your addr alice@example.com is denied");
    assert_eq!(answer(Named).await, "550 5.1.1 invalid user - bob@example.net");
}
