//! One message on its way to a next hop.

use super::Hop;
use super::answer::{Answer, HopError};
use super::dots::Dots;
use super::envelope::{Envelope, Onward};
use super::link::Link;
use smtp_proto::EXT_8BIT_MIME;
use std::mem;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// How much of a message is gathered before it is sent, in octets.
const PIECE: usize = 32 * 1024;

/// A message that is passed on while it comes in. Dropped before its end, it goes nowhere.
#[derive(Debug)]
pub struct Passing {
    hop: Arc<Hop>,
    envelope: Envelope,
    /// Those that the next hop has taken.
    recipients: Vec<Onward>,
    link: Option<Link>,
    data: Data,
    _turn: OwnedSemaphorePermit,
}

/// How far the message is.
#[derive(Debug)]
enum Data {
    /// Not begun.
    None,
    /// By DATA.
    Lines(Dots, Vec<u8>),
    /// By BDAT (RFC 3030).
    Chunks(Vec<u8>),
    /// It cannot go on.
    Failed(HopError),
}

impl Passing {
    /// A message to a next hop; it has to be connected to when a recipient is named.
    ///
    /// # Errors
    ///
    /// There are too many connections to it.
    pub async fn new(hop: &Arc<Hop>, envelope: Envelope) -> Result<Self, HopError> {
        let turn = hop.turn().await?;
        let hop = Arc::clone(hop);
        Ok(Self { hop, envelope, recipients: Vec::new(), link: None, data: Data::None, _turn: turn })
    }

    /// The next hop.
    #[must_use]
    pub fn hop(&self) -> &Arc<Hop> {
        &self.hop
    }

    /// How many recipients the next hop has taken.
    #[must_use]
    pub fn recipients(&self) -> usize {
        self.recipients.len()
    }

    /// Where among those a recipient of the same forward-path stands.
    #[must_use]
    pub fn position(&self, onward: &Onward) -> Option<usize> {
        self.recipients.iter().position(|known| known.forward_path() == onward.forward_path())
    }

    /// Puts a recipient to the next hop.
    ///
    /// # Errors
    ///
    /// It does not take the recipient, or not the message.
    pub async fn recipient(&mut self, onward: Onward) -> Result<(), HopError> {
        let link = self.open().await?;
        match link.demand(&onward.rcpt(link.offers)).await {
            Ok(()) => {
                self.recipients.push(onward);
                Ok(())
            }
            Err(error) => {
                // It may be gone: whoever comes next finds out.
                if matches!(error, HopError::Broken(_)) {
                    self.link = None;
                }
                Err(error)
            }
        }
    }

    /// Takes back the recipients after the first so many. The next hop is told by starting over.
    pub fn take_back(&mut self, first: usize) {
        if self.recipients.len() > first {
            self.recipients.truncate(first);
            self.let_go();
        }
    }

    /// Begins the message with what stands at its head.
    ///
    /// # Errors
    ///
    /// The next hop wants no message.
    pub async fn begin(&mut self, head: &[u8]) -> Result<(), HopError> {
        let is_binary = self.envelope.is_binary();
        let link = self.open().await?;
        if !is_binary {
            let response = link.command("DATA\r\n").await?;
            if response.code != 354 {
                return Err(response.into());
            }
        }
        let buffer = Vec::with_capacity(PIECE);
        self.data = if is_binary { Data::Chunks(buffer) } else { Data::Lines(Dots::new(), buffer) };
        self.write(head).await;
        Ok(())
    }

    /// Passes on a piece of the content. What fails is told at the end.
    pub async fn write(&mut self, octets: &[u8]) {
        let Some(link) = &mut self.link else { return };
        // RFC 6152 3: 8-bit data does not go to whoever has not offered to take it.
        if matches!(self.data, Data::Lines(..)) && !octets.is_ascii() && !link.offers.has(EXT_8BIT_MIME) {
            self.fail(Answer::unable(554, (6, 3), "The next hop takes no 8-bit mail"));
            return;
        }
        for piece in octets.chunks(PIECE) {
            let sent = match &mut self.data {
                Data::Lines(dots, buffer) => {
                    dots.encode(piece, buffer);
                    if buffer.len() < PIECE { Ok(()) } else { send(link, buffer, false).await }
                }
                Data::Chunks(buffer) => {
                    buffer.extend_from_slice(piece);
                    if buffer.len() < PIECE { Ok(()) } else { send(link, buffer, true).await }
                }
                Data::None | Data::Failed(_) => return,
            };
            if let Err(error) = sent {
                self.fail(error);
                return;
            }
        }
    }

    /// Octets of the message that are gathered at the moment: twice 32 KiB at the most, since all of a piece may be dots.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.data {
            Data::Lines(_, buffer) | Data::Chunks(buffer) => buffer.capacity(),
            Data::None | Data::Failed(_) => 0,
        }
    }

    /// Why the message cannot go on, where that is known already.
    #[must_use]
    pub fn failure(&self) -> Option<&HopError> {
        match &self.data {
            Data::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Ends the message, and says what became of it for each recipient: over LMTP one answer each, over SMTP the same for all.
    pub async fn end(mut self) -> Vec<Result<(), HopError>> {
        let count = self.recipients.len();
        let verdicts = self.verdicts().await;
        match verdicts {
            Ok(verdicts) => verdicts,
            Err(error) => {
                // What was said last is not known: it cannot be used any more.
                self.link = None;
                vec![Err(error); count]
            }
        }
    }

    async fn verdicts(&mut self) -> Result<Vec<Result<(), HopError>>, HopError> {
        let count = self.recipients.len();
        let expected = if self.hop.is_lmtp() { count } else { 1 };
        let gone = || HopError::Broken("the connection to it was lost".to_owned());
        let data = mem::replace(&mut self.data, Data::None);
        let link = self.link.as_mut().ok_or_else(gone)?;
        match data {
            Data::Lines(dots, mut buffer) => {
                buffer.extend_from_slice(dots.end());
                send(link, &mut buffer, false).await?;
            }
            Data::Chunks(buffer) => {
                link.send(format!("BDAT {} LAST\r\n", buffer.len()).as_bytes()).await?;
                link.send(&buffer).await?;
            }
            Data::Failed(error) => return Err(error),
            Data::None => return Err(gone()),
        }
        let responses = link.verdicts(expected).await?;
        let is_over = responses.iter().any(|response| response.code == 421);
        let mut verdicts: Vec<_> = responses
            .into_iter()
            .map(|response| if (200..300).contains(&response.code) { Ok(()) } else { Err(response.into()) })
            .collect();
        if is_over {
            self.link = None;
        }
        if let Some(link) = self.link.take() {
            self.hop.keep(link);
        }
        if let (false, Some(verdict)) = (self.hop.is_lmtp(), verdicts.first().cloned()) {
            verdicts.resize(count, verdict);
        }
        Ok(verdicts)
    }

    /// The connection, on which the next hop knows of the message and of the recipients so far.
    async fn open(&mut self) -> Result<&mut Link, HopError> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.announced().await?,
        };
        Ok(self.link.insert(link))
    }

    async fn announced(&self) -> Result<Link, HopError> {
        let mut link = self.hop.link().await?;
        match self.announce(&mut link).await {
            // A connection that was kept may have been closed, or is being closed, by the other side.
            Err(Unannounced { is_closing: true, .. }) if link.was_used => {
                link = self.hop.new_link().await?;
                self.announce(&mut link).await.map_err(|failed| failed.error)?;
            }
            Err(failed) => {
                if !failed.is_closing && link.demand("RSET\r\n").await.is_ok() {
                    self.hop.keep(link);
                }
                return Err(failed.error);
            }
            Ok(()) => {}
        }
        Ok(link)
    }

    /// Says MAIL, and RCPT for each recipient so far.
    async fn announce(&self, link: &mut Link) -> Result<(), Unannounced> {
        let unable = |error| Unannounced { error, is_closing: false };
        let mail = self.envelope.mail(link.offers).map_err(unable)?;
        let recipients = self.recipients.iter().map(|onward| onward.rcpt(link.offers));
        let commands: Vec<_> = std::iter::once(mail).chain(recipients).collect();
        for command in commands {
            let response = link.command(&command).await;
            let response = response.map_err(|error| Unannounced { error, is_closing: true })?;
            if !(200..300).contains(&response.code) {
                let is_closing = response.code == 421;
                return Err(Unannounced { error: response.into(), is_closing });
            }
        }
        Ok(())
    }

    fn fail(&mut self, error: HopError) {
        self.data = Data::Failed(error);
        // In the midst of data there is no way back to commands: closing it is what ends it, and nothing is delivered.
        self.link = None;
    }

    /// Gives the connection back, where it waits for a command.
    fn let_go(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        if !matches!(self.data, Data::None) {
            return;
        }
        let hop = Arc::clone(&self.hop);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if link.demand("RSET\r\n").await.is_ok() {
                    hop.keep(link);
                }
            });
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Why MAIL or RCPT was not taken.
struct Unannounced {
    error: HopError,
    /// Whether another connection may do better.
    is_closing: bool,
}

/// Sends what was gathered; as a chunk, where the data goes so.
async fn send(link: &mut Link, buffer: &mut Vec<u8>, as_chunk: bool) -> Result<(), HopError> {
    if as_chunk {
        link.send(format!("BDAT {}\r\n", buffer.len()).as_bytes()).await?;
    }
    link.send(buffer).await?;
    buffer.clear();
    if as_chunk {
        for response in link.verdicts(1).await? {
            if !(200..300).contains(&response.code) {
                return Err(response.into());
            }
        }
    }
    Ok(())
}
