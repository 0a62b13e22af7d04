//! Who may log in, by each mechanism.

use super::file::Account;
use super::{Directory, Login, VerifyError};
use crate::mailbox::Mailbox;
use crate::passwd::{self, ScramVerifier};
use ehlo::{CramMd5, Mechanism, ScramHash};

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Wrong credentials, an unknown user, or one that may not log in.
    Credentials,
    /// What is stored of the password does not serve the mechanism.
    Transition,
    /// The account wants another mechanism.
    TooWeak,
}

impl Directory {
    /// Checks a user's password. A user name is the address of an account, or its local part where no other account
    /// has the same. `None` is a wrong user name, a wrong password, or an account that may not log in.
    ///
    /// It takes the same time for users that there are and those that there are not. It blocks, it keeps a processor
    /// busy for tens of milliseconds, and it takes about 19 MiB of memory while it runs: call it where threads may
    /// block, and bound how many calls run at once.
    ///
    /// # Errors
    ///
    /// The check itself failed, which says nothing about the password.
    pub fn verify(&self, user: &str, password: &[u8]) -> Result<Option<Login>, VerifyError> {
        let account = self.0.accounts.by_user_name(user);
        let stored = account.and_then(|account| account.password.as_ref()?.argon2.as_ref());
        // Without a password to check there is one to check all the same, for the time it takes.
        let like = || self.0.accounts.password_like(user)?.argon2.as_ref();
        let matches = passwd::matches(password, stored.or_else(like)).map_err(VerifyError)?;
        let login = account.filter(|account| matches && stored.is_some() && !account.suspended);
        Ok(login.map(login_of))
    }

    /// Lets a user in who has proved to be who it is, if the account may be used by this mechanism.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn admit(&self, user: &str, mechanism: Mechanism) -> Result<Login, Refused> {
        admit(self.0.accounts.by_user_name(&prepared(user)), mechanism)
    }

    /// Lets a user in for whom somebody answers who is trusted (XCLIENT LOGIN); `None` where there is no such user, or none that may
    /// log in.
    #[must_use]
    pub fn vouched_for(&self, user: &str) -> Option<Login> {
        let account = self.0.accounts.by_user_name(user)?;
        (!account.suspended).then(|| login_of(account))
    }

    /// Why a password that was shown is refused: for another reason than that it is wrong, where PLAIN cannot be served.
    #[must_use]
    pub fn refused(&self, user: &str, mechanism: Mechanism) -> Refused {
        let account = self.0.accounts.by_user_name(user);
        match account.and_then(|account| Some((account, account.password.as_ref()?))) {
            Some((account, stored)) if stored.argon2.is_none() => lacking(account, mechanism),
            _ => Refused::Credentials,
        }
    }

    /// What a SCRAM exchange with a user goes by; for an unknown user, or one without a password, something of the same kind that no
    /// password fits.
    pub(crate) fn scram(&self, user: &str, mechanism: Mechanism, hash: ScramHash) -> Result<ScramVerifier, Refused> {
        let user = prepared(user);
        let accounts = &self.0.accounts;
        let account = accounts.by_user_name(&user);
        if let Some((account, stored)) = account.and_then(|account| Some((account, account.password.as_ref()?))) {
            return stored.scram(hash).cloned().ok_or_else(|| lacking(account, mechanism));
        }
        let like = accounts.password_like(&user).and_then(|stored| stored.scram(hash));
        // With or without its domain a user is the same, where there is one domain.
        let full = match self.0.domains.first() {
            Some(domain) if !user.contains('@') => format!("{user}@{}", domain.name),
            _ => user.into_owned(),
        };
        Ok(ScramVerifier::stand_in(hash, &full, like))
    }

    /// Checks an answer to a CRAM-MD5 challenge.
    ///
    /// # Errors
    ///
    /// Why the user is not let in.
    pub fn cram_md5(&self, answer: &CramMd5<'_>) -> Result<Login, Refused> {
        let account = self.0.accounts.by_user_name(answer.user);
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

    /// Checks a bearer token. A user name that the client gives with it has to be that of the token's account.
    ///
    /// # Errors
    ///
    /// Why the client is not let in.
    pub fn bearer(&self, token: &[u8], user: &str, mechanism: Mechanism) -> Result<Login, Refused> {
        let accounts = &self.0.accounts;
        let owner =
            self.0.tokens.owner(token).and_then(|address| accounts.find(address)).ok_or(Refused::Credentials)?;
        self.is_or_none(user, owner)?;
        admit(Some(owner), mechanism)
    }

    /// Lets in whom a certificate speaks for: the account of an address in it, the first unless the client names one.
    ///
    /// # Errors
    ///
    /// Why the client is not let in.
    pub fn external(&self, addresses: &[Mailbox], user: &str) -> Result<Login, Refused> {
        let of = |address| self.0.accounts.find(address).filter(|account| account.address == *address);
        let mut owners = addresses.iter().filter_map(of);
        let owner = owners.find(|owner| self.is_or_none(user, owner).is_ok()).ok_or(Refused::Credentials)?;
        admit(Some(owner), Mechanism::External)
    }

    fn is_or_none(&self, user: &str, owner: &Account) -> Result<(), Refused> {
        let named = || self.0.accounts.by_user_name(user).is_some_and(|account| account.address == owner.address);
        if user.is_empty() || named() { Ok(()) } else { Err(Refused::Credentials) }
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

/// A user name as SCRAM wants it compared (RFC 5802 5.1).
fn prepared(user: &str) -> std::borrow::Cow<'_, str> {
    passwd::prepared(user).unwrap_or(user.into())
}
