//! What the directory knows of an address: an account, or a list.

use crate::mailbox::Mailbox;
use crate::passwd::Stored;
use crate::pattern::Pattern;
use ehlo::Mechanism;

/// One account.
#[derive(Debug)]
pub struct Account {
    /// Its address, which is also where its mail goes.
    pub address: Mailbox,
    /// Without one the account takes mail, but nobody can log in to it.
    pub(super) password: Option<Stored>,
    /// The mechanisms by which it may be logged in to; none of them for all.
    pub(super) mechanisms: Vec<Mechanism>,
    /// The senders it may use besides its own addresses.
    pub(super) may_send_as: Vec<Pattern>,
    /// Whether it is out of use.
    pub suspended: bool,
    /// Whether it takes no mail at all.
    pub refuses_mail: bool,
    /// The only senders that it takes mail from; none of them for all.
    pub accepts_from: Vec<Pattern>,
    /// Senders that it takes no mail from.
    pub blocked_senders: Vec<Pattern>,
    /// Where its mail goes instead.
    pub forward: Option<Forward>,
    /// How much mail may lie in its mailbox, in octets, until it has been told to tidy up.
    pub quota: Option<u64>,
    /// How much mail may lie in its mailbox at the very most, in octets.
    pub hard_quota: Option<u64>,
}

impl Account {
    /// An account that has an address, and nothing else.
    pub(super) fn new(address: Mailbox) -> Self {
        Self {
            address,
            password: None,
            mechanisms: Vec::new(),
            may_send_as: Vec::new(),
            suspended: false,
            refuses_mail: false,
            accepts_from: Vec::new(),
            blocked_senders: Vec::new(),
            forward: None,
            quota: None,
            hard_quota: None,
        }
    }

    /// Where its mail is passed on to, by a server that passes mail on.
    pub(crate) fn forwards_to(&self) -> Option<&Mailbox> {
        let forward = self.forward.as_ref().filter(|forward| forward.mode == ForwardMode::Forward);
        forward.filter(|_| !self.suspended && !self.refuses_mail).map(|forward| &forward.to)
    }

    /// Whether mail can lie in its mailbox.
    pub(super) const fn keeps_mail(&self) -> bool {
        !self.suspended && !self.refuses_mail && self.forward.is_none()
    }
}

/// The user is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where.
    pub to: Mailbox,
    /// What is done about it.
    pub mode: ForwardMode,
}

/// What is done about mail for a user that is elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardMode {
    /// The server passes it on (251).
    Forward,
    /// The client is told (551).
    Tell,
}

/// An address that stands for several.
#[derive(Debug)]
pub struct List {
    /// The address.
    pub address: Mailbox,
    /// What it stands for: accounts, their aliases, other lists.
    pub members: Vec<Mailbox>,
    /// The only senders that it takes mail from; none of them for all.
    pub accepts_from: Vec<Pattern>,
}
