//! The test double: an SMTP server that takes everything, or refuses what it is told to, and hands over the mails as a stream.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ehlo_tokio::ehlo::{Abort, Config, Mail as MailCommand, Rcpt, Reply};
use ehlo_tokio::{Connection, Control, Handler, Receipt, Recipient, Server};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;

static CONFIG: Config<'static> = Config::new("double.localdomain");

/// A mail that has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The sender of the envelope; empty for the null reverse-path.
    pub(crate) sender: String,
    /// The recipients of the envelope, in their order.
    pub(crate) recipients: Vec<String>,
    /// The message, as it was sent.
    pub(crate) octets: Vec<u8>,
}

impl Mail {
    /// Its subject, decoded.
    pub(crate) fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// Its text, decoded.
    pub(crate) fn text(&self) -> String {
        self.parsed().body_text(0).unwrap_or_default().into_owned()
    }

    fn parsed(&self) -> mail_parser::Message<'_> {
        mail_parser::MessageParser::new().parse(&self.octets).unwrap_or_default()
    }
}

/// What becomes of recipients that are not simply taken: the code and the text of the reply.
type Refusals = HashMap<String, (u16, String)>;

/// A server of the test's own, on a free port. It ends when it is dropped.
pub(crate) struct TestServer {
    address: SocketAddr,
    control: Control,
    mails: UnboundedReceiver<Mail>,
}

impl TestServer {
    /// Starts one that takes everything.
    pub(crate) async fn start() -> Self {
        Self::start_refusing([]).await
    }

    /// Starts one that refuses some recipients: each with a code and a text.
    pub(crate) async fn start_refusing<const N: usize>(refused: [(&str, u16, &str); N]) -> Self {
        let refused = refused.map(|(recipient, code, text)| (recipient.to_owned(), (code, text.to_owned())));
        let refused = Arc::new(Refusals::from(refused));
        let mut server = Server::new("double.localdomain");
        let address = server.bind("127.0.0.1:0").await.expect("a free port");
        let control = server.control();
        let (sender, mails) = unbounded_channel();
        tokio::spawn(server.run(move |accepted| {
            let mut session = Session { mails: sender.clone(), refused: refused.clone(), mail: Mail::default() };
            async move {
                let connection = Connection::new(&CONFIG).shutdown(accepted.shutdown);
                // A client that breaks off has not sent a mail, and the test sees that.
                let _ = connection.serve(accepted.stream, &mut session).await;
            }
        }));
        Self { address, control, mails }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next mail, waited for.
    pub(crate) async fn next(&mut self) -> Mail {
        self.mails.recv().await.expect("the server runs")
    }

    /// Demands that no mail has come which nobody has looked at.
    pub(crate) fn assert_no_more(&mut self) {
        let more = self.mails.try_recv();
        assert!(more.is_err(), "a mail that was not expected: {more:?}");
    }

    /// Ends the server: all mails that have come and will not have been looked at, as a stream with an end.
    pub(crate) fn finish(mut self) -> UnboundedReceiverStream<Mail> {
        self.control.shut_down();
        let (_, none) = unbounded_channel();
        UnboundedReceiverStream::new(std::mem::replace(&mut self.mails, none))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.control.shut_down();
    }
}

struct Session {
    mails: UnboundedSender<Mail>,
    refused: Arc<Refusals>,
    mail: Mail,
}

impl Handler for Session {
    async fn mail<'a>(&'a mut self, mail: MailCommand<'a>) -> Result<(), Reply<'a>> {
        self.mail = Mail { sender: mail.reverse_path.as_str().to_owned(), ..Mail::default() };
        Ok(())
    }

    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        let recipient = rcpt.forward_path.as_str();
        if let Some((code, text)) = self.refused.get(recipient) {
            return Err(Reply::new(*code, text));
        }
        self.mail.recipients.push(recipient.to_owned());
        Ok(Recipient::Here)
    }

    async fn content(&mut self, octets: &[u8]) {
        self.mail.octets.extend_from_slice(octets);
    }

    async fn message(&mut self, _: u64, _: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        // A test that does not listen any more does not mind.
        let _ = self.mails.send(std::mem::take(&mut self.mail));
        Ok(Receipt::Ok)
    }

    async fn aborted(&mut self, _: Abort) {
        self.mail = Mail::default();
    }
}
