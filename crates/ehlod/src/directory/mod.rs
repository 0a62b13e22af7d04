//! Who has a mailbox here, and who may log in.
//!
//! The domains come from the configuration, the accounts from the accounts file. A [`Directory`] never changes: a
//! reload makes a new one, and whoever still holds the old one can go on using it.

mod file;
mod login;
#[cfg(test)]
mod tests;
mod tokens;

pub use login::Refused;

use crate::config::{CatchAll, Config, Domain, Problem, Problems};
use crate::mailbox::Mailbox;
use file::{Account, Accounts};
use std::fmt;
use std::sync::Arc;
use tokens::Tokens;

/// The domains and accounts. Cloning is cheap: the clones share one directory.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    domains: Vec<Domain>,
    accounts: Accounts,
    tokens: Tokens,
    warnings: Vec<Problem>,
}

/// What became of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Its mail goes here.
    Mailbox(Mailbox),
    /// The account is suspended: `user-disabled`.
    Suspended,
    /// The account takes no mail: `mailbox-name-not-allowed`.
    RefusesMail,
    /// The domain is hosted, but has no such user: `no-such-user`.
    NoSuchUser,
    /// The domain is not hosted here.
    NotHosted,
}

/// Whoever has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The address of the account, whatever form of the user name was given.
    pub address: Mailbox,
}

/// A password could not be checked for a reason that is not the password's: a stored verifier that the machine has no
/// memory for, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError(argon2::password_hash::Error);

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the password could not be checked: {}", self.0)
    }
}

impl std::error::Error for VerifyError {}

impl Directory {
    /// Reads the accounts file the configuration names, and the file of tokens; without them there are none.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the first of the two that is wrong.
    pub fn open(config: &Config) -> Result<Self, Problems> {
        let domains = config.domains.clone();
        let (accounts, mut warnings) = match &config.accounts {
            Some(path) => file::read(path, &domains)?,
            None => Default::default(),
        };
        let tokens = match &config.auth.bearer_tokens {
            Some(path) => {
                let (tokens, more) = tokens::read(path, |user| accounts.find(user).is_some())?;
                warnings.extend(more);
                tokens
            }
            None => Tokens::default(),
        };
        Ok(Self(Arc::new(Inner { domains, accounts, tokens, warnings })))
    }

    /// What is allowed in the files, but is likely not what the administrator wants.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.0.warnings
    }

    /// Whether there is any domain to take mail for.
    #[must_use]
    pub fn hosts_any(&self) -> bool {
        !self.0.domains.is_empty()
    }

    /// Whether mail for the domain is taken here.
    #[must_use]
    pub fn hosts(&self, domain: &str) -> bool {
        self.domain(domain).is_some()
    }

    /// Where the mail of a recipient goes.
    ///
    /// The local part is given without the quotes of a quoted string. Without a domain, which SMTP allows for
    /// `<Postmaster>` only, the recipient is the postmaster of the first domain. In every domain the postmaster has a
    /// mailbox, even where no account and no catch-all gives it one (RFC 5321, section 4.5.1).
    #[must_use]
    pub fn resolve(&self, local: &str, domain: Option<&str>) -> Recipient {
        let is_postmaster = local.eq_ignore_ascii_case("postmaster");
        let hosted = match domain {
            Some(domain) => self.domain(domain),
            None if is_postmaster => self.0.domains.first(),
            None => return Recipient::NoSuchUser,
        };
        let Some(hosted) = hosted else { return Recipient::NotHosted };
        let mailbox = Mailbox::new(local, &hosted.name);
        if let Some(account) = self.0.accounts.find(&mailbox) {
            return mailbox_of(account);
        }
        let caught = match &hosted.catch_all {
            CatchAll::None => Recipient::NoSuchUser,
            CatchAll::Each => Recipient::Mailbox(mailbox.clone()),
            CatchAll::To(target) => match self.0.accounts.find(target) {
                Some(account) => mailbox_of(account),
                None => Recipient::Mailbox(target.clone()),
            },
        };
        match caught {
            Recipient::Mailbox(_) => caught,
            _ if is_postmaster => Recipient::Mailbox(mailbox),
            _ => caught,
        }
    }

    /// Whether whoever has logged in may send as this address: its own, one of its aliases, or one that its account may send as besides.
    #[must_use]
    pub fn may_send_as(&self, login: &Login, sender: &Mailbox) -> bool {
        let accounts = &self.0.accounts;
        let Some(account) = accounts.find(&login.address) else { return false };
        let is_own = accounts.find(sender).is_some_and(|owner| owner.address == account.address);
        is_own || account.may_send_as.iter().any(|pattern| pattern.matches(sender))
    }

    fn domain(&self, name: &str) -> Option<&Domain> {
        self.0.domains.iter().find(|domain| domain.name.eq_ignore_ascii_case(name))
    }
}

fn mailbox_of(account: &Account) -> Recipient {
    if account.suspended {
        Recipient::Suspended
    } else if account.refuses_mail {
        Recipient::RefusesMail
    } else {
        Recipient::Mailbox(account.address.clone())
    }
}
