//! Who may log in, by each mechanism.

use super::account::Account;
use super::{Directory, Login, Unavailable, VerifyError};
use crate::mailbox::Mailbox;
use crate::passwd::{self, ScramVerifier};
use ehlo::{CramMd5, Mechanism, ScramHash};
use std::sync::Arc;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Wrong credentials, an unknown user, or one that may not log in.
    Credentials,
    /// What is stored of the password does not serve the mechanism.
    Transition,
    /// The account wants another mechanism.
    TooWeak,
    /// It cannot be told: the accounts are out of reach.
    Unavailable,
}

impl From<Unavailable> for Refused {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// Who somebody says to be: an account, or nobody, which takes the same time to find out by a password.
#[derive(Clone, Debug)]
pub struct User {
    /// With its domain, as far as that is known.
    name: String,
    account: Option<Arc<Account>>,
    /// An account whose password is checked where there is none of the user's own.
    like: Option<Arc<Account>>,
}

impl Directory {
    /// Looks a user up. A user name is the address of an account; without a domain it is one of the first domain or, in a file, of the
    /// only account that has the local part. An alias is no user name.
    ///
    /// # Errors
    ///
    /// The accounts are out of reach.
    pub async fn user(&self, name: &str) -> Result<User, Unavailable> {
        let account = self.by_user_name(name).await?;
        let name = match self.0.domains.first() {
            Some(domain) if !name.contains('@') => format!("{name}@{}", domain.name),
            _ => name.to_owned(),
        };
        let like = self.like(&name);
        Ok(User { name, account, like })
    }

    /// The same for a name as SCRAM wants it compared (RFC 5802 5.1).
    ///
    /// # Errors
    ///
    /// As [`user`](Self::user).
    pub async fn prepared_user(&self, name: &str) -> Result<User, Unavailable> {
        match passwd::prepared(name) {
            Some(prepared) => self.user(&prepared).await,
            None => self.user(name).await,
        }
    }

    /// Checks a bearer token. A user name that the client gives with it has to be that of the token's account.
    ///
    /// # Errors
    ///
    /// Why the client is not let in.
    pub async fn bearer(&self, token: &[u8], user: &str, mechanism: Mechanism) -> Result<Login, Refused> {
        let address = self.0.tokens.owner(token).ok_or(Refused::Credentials)?;
        let owner = self.account(address).await?.ok_or(Refused::Credentials)?;
        if !self.is_or_none(user, &owner).await? {
            return Err(Refused::Credentials);
        }
        admit(Some(&owner), mechanism)
    }

    /// Lets in whom a certificate speaks for: the account of an address in it, the first unless the client names one.
    ///
    /// # Errors
    ///
    /// Why the client is not let in.
    pub async fn external(&self, addresses: &[Mailbox], user: &str) -> Result<Login, Refused> {
        for address in addresses {
            let owner = self.account(address).await?.filter(|account| account.address == *address);
            if let Some(owner) = owner
                && self.is_or_none(user, &owner).await?
            {
                return admit(Some(&owner), Mechanism::External);
            }
        }
        Err(Refused::Credentials)
    }

    /// Whether a user name is an account's, or none at all.
    async fn is_or_none(&self, user: &str, owner: &Account) -> Result<bool, Unavailable> {
        let named = async || Ok(self.by_user_name(user).await?.is_some_and(|account| account.address == owner.address));
        if user.is_empty() { Ok(true) } else { named().await }
    }
}

impl User {
    /// Whether the password is the user's, and lets it log in.
    ///
    /// It takes the same time for users that there are and those that there are not. It blocks, it keeps a processor
    /// busy for tens of milliseconds, and it takes about 19 MiB of memory while it runs: call it where threads may
    /// block, and bound how many calls run at once.
    ///
    /// # Errors
    ///
    /// The check itself failed, which says nothing about the password.
    pub fn verify(&self, password: &[u8]) -> Result<bool, VerifyError> {
        let verifier = |account: &'_ Option<Arc<Account>>| account.as_ref()?.password.as_ref()?.argon2.clone();
        let stored = verifier(&self.account);
        let own = stored.is_some();
        // Without a password to check there is one to check all the same, for the time it takes.
        let checked = stored.or_else(|| verifier(&self.like));
        let matches = passwd::matches(password, checked.as_ref()).map_err(VerifyError)?;
        Ok(matches && own && self.account.as_ref().is_some_and(|account| !account.suspended))
    }

    /// Lets the user in, who has proved to be who it is, if the account may be used by this mechanism.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn admit(&self, mechanism: Mechanism) -> Result<Login, Refused> {
        admit(self.account.as_deref(), mechanism)
    }

    /// Lets the user in, for whom somebody answers who is trusted (XCLIENT LOGIN); `None` where there is no such user, or none that may
    /// log in.
    #[must_use]
    pub fn vouched_for(&self) -> Option<Login> {
        self.account.as_deref().filter(|account| !account.suspended).map(login_of)
    }

    /// Why a password that was shown is refused: for another reason than that it is wrong, where PLAIN cannot be served.
    #[must_use]
    pub fn refused(&self, mechanism: Mechanism) -> Refused {
        match self.account.as_deref().and_then(|account| Some((account, account.password.as_ref()?))) {
            Some((account, stored)) if stored.argon2.is_none() => lacking(account, mechanism),
            _ => Refused::Credentials,
        }
    }

    /// What a SCRAM exchange with the user goes by; for an unknown user, or one without a password, something of the same kind that no
    /// password fits.
    pub(crate) fn scram(&self, mechanism: Mechanism, hash: ScramHash) -> Result<ScramVerifier, Refused> {
        if let Some((account, stored)) =
            self.account.as_deref().and_then(|account| Some((account, account.password.as_ref()?)))
        {
            return stored.scram(hash).cloned().ok_or_else(|| lacking(account, mechanism));
        }
        let like = self.like.as_ref().and_then(|account| account.password.as_ref()?.scram(hash));
        // With or without its domain a user is the same, where there is one domain.
        Ok(ScramVerifier::stand_in(hash, &self.name, like))
    }

    /// Checks an answer to a CRAM-MD5 challenge.
    ///
    /// # Errors
    ///
    /// Why the user is not let in.
    pub fn cram_md5(&self, answer: &CramMd5<'_>) -> Result<Login, Refused> {
        let account = self.account.as_deref();
        let stored = account.and_then(|account| account.password.as_ref());
        let secret = stored.and_then(|stored| stored.recoverable.as_ref());
        // An answer of an unknown user is checked too, for the time it takes.
        let matches = answer.matches(secret.map_or(b"no password", |secret| secret.as_slice()));
        match (account, stored, secret) {
            (Some(account), Some(_), None) => Err(lacking(account, Mechanism::CramMd5)),
            (account, _, Some(_)) if matches => admit(account, Mechanism::CramMd5),
            _ => Err(Refused::Credentials),
        }
    }
}

fn admit(account: Option<&Account>, mechanism: Mechanism) -> Result<Login, Refused> {
    let account = account.filter(|account| !account.suspended).ok_or(Refused::Credentials)?;
    if account.mechanisms.is_empty() || account.mechanisms.contains(&mechanism) {
        Ok(login_of(account))
    } else {
        Err(Refused::TooWeak)
    }
}

/// What to say where the password is stored in another form: not that another form would help where it would not.
fn lacking(account: &Account, mechanism: Mechanism) -> Refused {
    match admit(Some(account), mechanism) {
        Ok(_) => Refused::Transition,
        Err(refused) => refused,
    }
}

fn login_of(account: &Account) -> Login {
    Login { address: account.address.clone() }
}
