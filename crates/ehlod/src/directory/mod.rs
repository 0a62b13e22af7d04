//! Who has a mailbox here, and who may log in.
//!
//! The domains come from the configuration, the accounts from the accounts file or from a database. A [`Directory`] never changes: a
//! reload makes a new one, and whoever still holds the old one can go on using it.

mod account;
mod cache;
mod expand;
mod file;
mod login;
mod row;
mod sql;
#[cfg(test)]
mod tests;
mod tokens;

pub use account::{Account, Forward, ForwardMode, List};
pub use expand::Expanded;
pub use login::{Refused, User};

use crate::config::{self, CatchAll, Config, Domain, Problem, Problems};
use crate::mailbox::Mailbox;
use file::Accounts;
use sql::Sql;
use std::fmt;
use std::sync::Arc;
use tokens::Tokens;

/// The domains and accounts. Cloning is cheap: the clones share one directory.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    domains: Vec<Domain>,
    /// What parts a local part from what its user has put behind it.
    separator: Option<char>,
    source: Source,
    tokens: Tokens,
    warnings: Vec<Problem>,
}

/// Where accounts and lists are looked up.
#[derive(Debug)]
enum Source {
    File(Accounts),
    Sql(Box<Sql>),
}

/// The accounts are out of reach for the moment; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What a recipient is.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// An account, which may be in a state to take no mail.
    Account(Arc<Account>),
    /// A mailbox that no account has: of a catch-all, or the postmaster's.
    Mailbox(Mailbox),
    /// A list.
    List(Arc<List>),
    /// The domain is hosted, but has no such user.
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
    /// Reads the accounts file the configuration names, and the file of tokens; without them there are none. A database is connected to
    /// when somebody asks; with one, this needs a runtime of tokio.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the first of the two that is wrong.
    pub fn open(config: &Config) -> Result<Self, Problems> {
        let domains = config.domains.clone();
        let (source, mut warnings) = match &config.accounts {
            config::Accounts::None => (Source::File(Accounts::default()), Vec::new()),
            config::Accounts::File(path) => {
                let (accounts, warnings) = file::read(path, &domains, config.relay.next_hop.is_some())?;
                (Source::File(accounts), warnings)
            }
            config::Accounts::Sql(database) => (Source::Sql(Box::new(Sql::new(database))), Vec::new()),
        };
        let tokens = match &config.auth.bearer_tokens {
            Some(path) => {
                let is_known = |user: &Mailbox| match &source {
                    Source::File(accounts) => accounts.find(user).is_some(),
                    Source::Sql(_) => true,
                };
                let (tokens, more) = tokens::read(path, is_known)?;
                warnings.extend(more);
                tokens
            }
            None => Tokens::default(),
        };
        let separator = config.recipients.subaddress;
        Ok(Self(Arc::new(Inner { domains, separator, source, tokens, warnings })))
    }

    /// Whether the accounts can be looked up; nothing that is remembered of them counts.
    ///
    /// # Errors
    ///
    /// They are out of reach.
    pub async fn reach(&self) -> Result<(), Unavailable> {
        match &self.0.source {
            Source::File(_) => Ok(()),
            Source::Sql(sql) => sql.reach().await,
        }
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

    /// The first domain, which stands in where none is named.
    #[must_use]
    pub fn first_domain(&self) -> Option<&str> {
        self.0.domains.first().map(|domain| domain.name.as_str())
    }

    /// What a recipient is: an account by its address or an alias, or a list; the same by what stands before the first separator of its
    /// local part (`alice+news`); or what the domain's catch-all makes of it.
    ///
    /// In every domain the postmaster has a mailbox, even where no account and no catch-all gives it one (RFC 5321 4.5.1).
    ///
    /// # Errors
    ///
    /// The accounts are out of reach.
    pub async fn resolve(&self, recipient: &Mailbox) -> Result<Recipient, Unavailable> {
        let Some(hosted) = self.domain(recipient.domain()) else { return Ok(Recipient::NotHosted) };
        if let Some(found) = self.find(recipient).await? {
            return Ok(found);
        }
        if let Some(base) = self.without_detail(recipient)
            && let Some(found) = self.find(&base).await?
        {
            return Ok(found);
        }
        let is_postmaster = recipient.local() == POSTMASTER;
        let caught = match &hosted.catch_all {
            CatchAll::None => Recipient::NoSuchUser,
            CatchAll::Each => Recipient::Mailbox(recipient.clone()),
            CatchAll::To(target) => match self.find(target).await? {
                Some(Recipient::Account(account)) if is_postmaster && !account.keeps_mail() => Recipient::NoSuchUser,
                Some(found) => found,
                None => Recipient::Mailbox(target.clone()),
            },
        };
        match caught {
            Recipient::NoSuchUser if is_postmaster => Ok(Recipient::Mailbox(recipient.clone())),
            caught => Ok(caught),
        }
    }

    /// Whether whoever has logged in may send as this address: its own, one of its aliases, or one that its account may send as besides.
    ///
    /// # Errors
    ///
    /// The accounts are out of reach.
    pub async fn may_send_as(&self, login: &Login, sender: &Mailbox) -> Result<bool, Unavailable> {
        let Some(account) = self.account(&login.address).await? else { return Ok(false) };
        if account.may_send_as.iter().any(|pattern| pattern.matches(sender)) {
            return Ok(true);
        }
        Ok(self.account(sender).await?.is_some_and(|owner| owner.address == account.address))
    }

    /// An account or a list by this very address.
    async fn find(&self, address: &Mailbox) -> Result<Option<Recipient>, Unavailable> {
        if let Some(account) = self.account(address).await? {
            return Ok(Some(Recipient::Account(account)));
        }
        let list = match &self.0.source {
            Source::File(accounts) => accounts.list(address).cloned(),
            Source::Sql(sql) => Box::pin(sql.list(address)).await?,
        };
        Ok(list.map(Recipient::List))
    }

    /// The account that has the address, or has it for an alias.
    async fn account(&self, address: &Mailbox) -> Result<Option<Arc<Account>>, Unavailable> {
        match &self.0.source {
            Source::File(accounts) => Ok(accounts.find(address).cloned()),
            // In a box: a question under way is large, and few connections have one.
            Source::Sql(sql) => Box::pin(sql.account(address)).await,
        }
    }

    /// The account that a user name stands for. An alias is no user name.
    async fn by_user_name(&self, user: &str) -> Result<Option<Arc<Account>>, Unavailable> {
        if let Source::File(accounts) = &self.0.source {
            return Ok(accounts.by_user_name(user).cloned());
        }
        let (local, domain) = match (user.rsplit_once('@'), self.first_domain()) {
            (Some(parts), _) => parts,
            (None, Some(first)) => (user, first),
            (None, None) => return Ok(None),
        };
        let address = Mailbox::new(local, domain);
        Ok(self.account(&address).await?.filter(|account| account.address == address))
    }

    /// An account whose password is checked in place of the one an unknown user does not have.
    fn like(&self, user: &str) -> Option<Arc<Account>> {
        match &self.0.source {
            Source::File(accounts) => accounts.like(user).cloned(),
            Source::Sql(sql) => sql.sample(),
        }
    }

    /// The address without what its user has put behind the separator; `None` where there is nothing of the kind.
    fn without_detail(&self, address: &Mailbox) -> Option<Mailbox> {
        let (base, _) = address.local().split_once(self.0.separator?)?;
        (!base.is_empty()).then(|| Mailbox::new(base, address.domain()))
    }

    fn domain(&self, name: &str) -> Option<&Domain> {
        self.0.domains.iter().find(|domain| domain.name.eq_ignore_ascii_case(name))
    }
}

/// The local part that every domain has (RFC 5321 4.5.1), in the form in which mailboxes are compared.
pub const POSTMASTER: &str = "postmaster";
