//! The accounts file.

use crate::config::table::{Found, Table};
use crate::config::values::{self, boolean};
use crate::config::{Domain, Problem, Problems, Report};
use crate::mailbox::Mailbox;
use crate::passwd::{self, Stored};
use crate::pattern::Pattern;
use ehlo::Mechanism;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use toml::de::DeValue;

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) address: Mailbox,
    /// Without one the account takes mail, but nobody can log in to it.
    pub(super) password: Option<Stored>,
    /// The mechanisms by which it may be logged in to; none of them for all.
    pub(super) mechanisms: Vec<Mechanism>,
    /// The senders it may use besides its own addresses.
    pub(super) may_send_as: Vec<Pattern>,
    pub(super) suspended: bool,
    pub(super) refuses_mail: bool,
}

/// All accounts, and the names they go by.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    accounts: Vec<Account>,
    /// Accounts that have a password, as indices into `accounts`.
    with_password: Vec<usize>,
    /// Addresses and aliases, as indices into `accounts`.
    by_address: HashMap<Mailbox, usize>,
    /// Local parts of addresses; `None` where several accounts have the same.
    by_local_part: HashMap<String, Option<usize>>,
    /// Makes [`Self::password_like`] unpredictable.
    hasher: RandomState,
}

impl Accounts {
    /// The account that has the address, or has it for an alias.
    pub(super) fn find(&self, mailbox: &Mailbox) -> Option<&Account> {
        self.accounts.get(*self.by_address.get(mailbox)?)
    }

    /// The account that a user name stands for. An alias is no user name.
    pub(super) fn by_user_name(&self, user: &str) -> Option<&Account> {
        match user.rsplit_once('@') {
            Some((local, domain)) => {
                let address = Mailbox::new(local, domain);
                self.find(&address).filter(|account| account.address == address)
            }
            None => self.accounts.get((*self.by_local_part.get(&user.to_ascii_lowercase())?)?),
        }
    }

    /// What is stored of some account's password, the same each time for the same user name. Checked in place of the one an unknown
    /// user does not have, it takes the time that a check takes here, whatever parameters the passwords were made with.
    pub(super) fn password_like(&self, user: &str) -> Option<&Stored> {
        let chosen = self.hasher.hash_one(user.to_ascii_lowercase()).checked_rem(self.with_password.len() as u64)?;
        let index = self.with_password.get(usize::try_from(chosen).ok()?)?;
        self.accounts.get(*index)?.password.as_ref()
    }

    fn add(&mut self, account: Account, names: impl Iterator<Item = Mailbox>) {
        let index = self.accounts.len();
        self.by_local_part
            .entry(account.address.local().to_owned())
            .and_modify(|sole| *sole = None)
            .or_insert(Some(index));
        if account.password.is_some() {
            self.with_password.push(index);
        }
        self.by_address.extend(names.map(|name| (name, index)));
        self.accounts.push(account);
    }
}

/// Reads the accounts file.
pub(super) fn read(path: &Path, domains: &[Domain]) -> Result<(Accounts, Vec<Problem>), Problems> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Problems::unreadable(&file, &error))?;
    parse(Report::new(&file, &text), domains)
}

fn parse(report: Report<'_>, domains: &[Domain]) -> Result<(Accounts, Vec<Problem>), Problems> {
    let mut accounts = Accounts::default();
    if let Some(mut document) = Table::document(&report) {
        for table in document.tables("account").into_iter().flatten() {
            account(table, &mut accounts, domains);
        }
        document.not_yet("list");
        document.finish();
    }
    report.finish().map(|warnings| (accounts, warnings))
}

fn account(mut table: Table<'_, '_>, accounts: &mut Accounts, domains: &[Domain]) {
    let address = table.required("address", "\"user@example.com\"", values::mailbox);
    let password = table.value("password", password);
    let aliases = table.list("aliases", values::mailbox).map_or_else(Vec::new, |list| list.value);
    let suspended = table.or("suspended", false, boolean);
    let refuses_mail = table.or("refuses_mail", false, boolean);
    let may_send_as = table.list("may_send_as", values::pattern).map_or_else(Vec::new, |list| list.value);
    table.later("quota", values::size);
    table.later("hard_quota", values::size);
    let mechanisms = table.list("mechanisms", values::mechanism).map_or_else(Vec::new, |list| list.value);
    table.off("accepts_from", values::empty_list);
    table.off("blocked_senders", values::empty_list);
    table.off("forward_to", values::empty_text);
    table.value("forward_mode", values::choice(&[("forward", Some(())), ("tell", None)]));

    if let Some(address) = address {
        let aliases: Vec<_> = aliases.into_iter().filter(|alias| alias.value != address.value).collect();
        for (key, Found { at, value: name }) in
            std::iter::once(("address", &address)).chain(aliases.iter().map(|alias| ("aliases", alias)))
        {
            if accounts.by_address.contains_key(name) {
                table.error(*at, key, format!("\"{name}\" is an account's already"));
            }
            if !domains.iter().any(|domain| domain.name == name.domain()) {
                table.warning(*at, key, format!("\"{name}\" gets no mail, since its domain is not among the domains"));
            }
        }
        let names: Vec<_> =
            std::iter::once(address.value.clone()).chain(aliases.into_iter().map(|alias| alias.value)).collect();
        let password = password.map(|found| found.value);
        let mechanisms = mechanisms.into_iter().map(|found| found.value).collect();
        let may_send_as = may_send_as.into_iter().map(|found| found.value).collect();
        let account = Account { address: address.value, password, mechanisms, may_send_as, suspended, refuses_mail };
        accounts.add(account, names.into_iter());
    }
    table.finish();
}

fn password(value: &DeValue<'_>) -> Result<Stored, String> {
    passwd::parse(&values::text(value)?)
}
