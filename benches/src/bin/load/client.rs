//! One client: a connection after the other, a message after the other.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::Plan;
use crate::figures::Figures;
use crate::wire::Wire;

/// Sends until the time is up or all messages are sent.
pub(crate) async fn run(plan: Arc<Plan>, number: usize) -> Figures {
    let mut figures = Figures::default();
    let client = Client::new(&plan, number);
    // What goes wrong ends this client; the figures tell of it.
    figures.error = client.work(&plan, &mut figures).await.err().map(|error| error.to_string());
    figures
}

/// What one client says again and again.
struct Client {
    /// MAIL and all RCPT.
    envelope: Vec<Vec<u8>>,
    /// The command that announces the content.
    announce: Vec<u8>,
}

impl Client {
    fn new(plan: &Plan, number: usize) -> Self {
        let mut envelope = vec![format!("MAIL FROM:<{}>\r\n", plan.args.from).into_bytes()];
        for recipient in 0..plan.args.recipients {
            let mut line = String::new();
            let to = plan.args.to.replace('%', &(number + recipient).to_string());
            let _ = write!(line, "RCPT TO:<{to}>\r\n"); // writing to a string does not fail
            envelope.push(line.into_bytes());
        }
        let announce = match plan.args.bdat {
            true => format!("BDAT {} LAST\r\n", plan.message.octets.len()),
            false => "DATA\r\n".to_owned(),
        };
        Self { envelope, announce: announce.into_bytes() }
    }

    async fn work(&self, plan: &Plan, figures: &mut Figures) -> io::Result<()> {
        let mut next = plan.next();
        while next {
            let begin = Instant::now();
            let mut wire = Wire::open(plan).await?;
            figures.connections += 1;
            let mut sent = 0;
            // A message's time is that of its connection too, where it has one of its own.
            let mut begin = if plan.args.per_connection == 1 { begin } else { Instant::now() };
            while next && sent < plan.args.per_connection {
                self.message(&mut wire, plan).await?;
                figures.took(begin.elapsed());
                begin = Instant::now();
                sent += 1;
                next = plan.next();
            }
            wire.quit().await?;
        }
        Ok(())
    }

    /// One message, to the reply that it was taken.
    async fn message(&self, wire: &mut Wire, plan: &Plan) -> io::Result<()> {
        let content = if plan.args.bdat { &plan.message.octets } else { &plan.message.stuffed };
        match (plan.args.pipeline, plan.args.bdat) {
            (false, bdat) => {
                for line in &self.envelope {
                    wire.send(line).await?;
                    wire.replies(1, b'2').await?;
                }
                if bdat {
                    wire.send(&[&self.announce, &content[..]].concat()).await?;
                } else {
                    wire.send(&self.announce).await?;
                    wire.replies(1, b'3').await?;
                    wire.send(content).await?;
                }
            }
            (true, true) => {
                wire.send(&[&self.envelope.concat(), &self.announce, &content[..]].concat()).await?;
                wire.replies(self.envelope.len(), b'2').await?;
            }
            (true, false) => {
                wire.send(&[self.envelope.concat(), self.announce.clone()].concat()).await?;
                wire.replies(self.envelope.len(), b'2').await?;
                wire.replies(1, b'3').await?;
                wire.send(content).await?;
            }
        }
        wire.replies(1, b'2').await
    }
}

impl Plan {
    /// Whether one more message is to be sent.
    fn next(&self) -> bool {
        Instant::now() < self.end && self.begun.fetch_add(1, Ordering::Relaxed) < self.args.messages
    }
}
