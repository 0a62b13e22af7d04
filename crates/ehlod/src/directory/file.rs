//! The accounts file.

use super::account::{Account, Forward, ForwardMode, List};
use super::sql::MOST_MEMBERS;
use crate::config::table::{Found, Table};
use crate::config::values::{self, boolean, choice};
use crate::config::{Domain, Problem, Problems, Report};
use crate::mailbox::Mailbox;
use crate::passwd::{self, Stored};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use toml::de::DeValue;

/// All accounts, and the names they go by.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    accounts: Vec<Arc<Account>>,
    lists: HashMap<Mailbox, Arc<List>>,
    /// Accounts that have a password, as indices into `accounts`.
    with_password: Vec<usize>,
    /// Addresses and aliases, as indices into `accounts`.
    by_address: HashMap<Mailbox, usize>,
    /// Local parts of addresses; `None` where several accounts have the same.
    by_local_part: HashMap<String, Option<usize>>,
    /// Makes [`Self::like`] unpredictable.
    hasher: RandomState,
}

impl Accounts {
    /// The account that has the address, or has it for an alias.
    pub(super) fn find(&self, mailbox: &Mailbox) -> Option<&Arc<Account>> {
        self.accounts.get(*self.by_address.get(mailbox)?)
    }

    /// The account that a user name stands for. An alias is no user name.
    pub(super) fn by_user_name(&self, user: &str) -> Option<&Arc<Account>> {
        match user.rsplit_once('@') {
            Some((local, domain)) => {
                let address = Mailbox::new(local, domain);
                self.find(&address).filter(|account| account.address == address)
            }
            None => self.accounts.get((*self.by_local_part.get(&user.to_ascii_lowercase())?)?),
        }
    }

    /// The list that has the address.
    pub(super) fn list(&self, mailbox: &Mailbox) -> Option<&Arc<List>> {
        self.lists.get(mailbox)
    }

    /// Some account with a password, the same each time for the same user name. Checked in place of the one an unknown
    /// user does not have, it takes the time that a check takes here, whatever parameters the passwords were made with.
    pub(super) fn like(&self, user: &str) -> Option<&Arc<Account>> {
        let chosen = self.hasher.hash_one(user.to_ascii_lowercase()).checked_rem(self.with_password.len() as u64)?;
        let index = self.with_password.get(usize::try_from(chosen).ok()?)?;
        self.accounts.get(*index)
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
        self.accounts.push(Arc::new(account));
    }
}

/// What the rest of the configuration says that bears on accounts.
#[derive(Clone, Copy)]
struct Setting<'a> {
    domains: &'a [Domain],
    /// Whether mail is passed on to addresses elsewhere.
    passes_on: bool,
}

/// Reads the accounts file. `passes_on` says whether there is a next hop for addresses elsewhere.
pub(super) fn read(path: &Path, domains: &[Domain], passes_on: bool) -> Result<(Accounts, Vec<Problem>), Problems> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Problems::unreadable(&file, &error))?;
    parse(Report::new(&file, &text), Setting { domains, passes_on })
}

fn parse(report: Report<'_>, setting: Setting<'_>) -> Result<(Accounts, Vec<Problem>), Problems> {
    let mut accounts = Accounts::default();
    if let Some(mut document) = Table::document(&report) {
        for table in document.tables("account").into_iter().flatten() {
            account(table, &mut accounts, setting);
        }
        let mut lists = Vec::new();
        for table in document.tables("list").into_iter().flatten() {
            lists.extend(list(table, &mut accounts, setting));
        }
        for Found { at, value: address } in lists {
            if accounts.list(&address).is_some_and(|list| contains_itself(list, &accounts)) {
                document.error(at, "list.members", format!("\"{address}\" contains itself"));
            }
        }
        document.finish();
    }
    report.finish().map(|warnings| (accounts, warnings))
}

fn account(mut table: Table<'_, '_>, accounts: &mut Accounts, setting: Setting<'_>) {
    let address = table.required("address", "\"user@example.com\"", values::mailbox);
    let password = table.value("password", password);
    let aliases = table.list("aliases", values::mailbox).map_or_else(Vec::new, |list| list.value);
    let forward = forward(&mut table, setting);
    let quota = table.value("quota", values::size);
    let hard_quota = table.value("hard_quota", values::size);
    if let (Some(soft), Some(hard)) = (&quota, &hard_quota)
        && soft.value > hard.value
    {
        table.warning(soft.at, "quota", "is above hard_quota, so that it is never come to");
    }
    let settings = Account {
        password: password.map(|found| found.value),
        mechanisms: elements(table.list("mechanisms", values::mechanism)),
        may_send_as: elements(table.list("may_send_as", values::pattern)),
        suspended: table.or("suspended", false, boolean),
        refuses_mail: table.or("refuses_mail", false, boolean),
        accepts_from: elements(table.list("accepts_from", values::pattern)),
        blocked_senders: elements(table.list("blocked_senders", values::pattern)),
        forward,
        quota: quota.map(|found| found.value),
        hard_quota: hard_quota.map(|found| found.value),
        ..Account::new(Mailbox::new("", ""))
    };

    if let Some(address) = address {
        let aliases: Vec<_> = aliases.into_iter().filter(|alias| alias.value != address.value).collect();
        for (key, found) in std::iter::once(("address", &address)).chain(aliases.iter().map(|alias| ("aliases", alias)))
        {
            is_free(&table, key, found, accounts, setting.domains);
        }
        let names: Vec<_> =
            std::iter::once(address.value.clone()).chain(aliases.into_iter().map(|alias| alias.value)).collect();
        accounts.add(Account { address: address.value, ..settings }, names.into_iter());
    }
    table.finish();
}

/// Where the mail of an account goes instead.
fn forward(table: &mut Table<'_, '_>, setting: Setting<'_>) -> Option<Forward> {
    let address = |value: &DeValue<'_>| match values::empty_text(value)? {
        true => Ok(None),
        false => values::mailbox(value).map(Some),
    };
    let to = table.value("forward_to", address);
    let modes = [("forward", ForwardMode::Forward), ("tell", ForwardMode::Tell)];
    let mode = table.or("forward_mode", ForwardMode::Forward, choice(&modes));
    let Found { at, value: Some(to) } = to? else { return None };
    if hosts(setting.domains, &to) {
        table.error(at, "forward_to", format!("\"{to}\" is here (make the address an alias of that account)"));
    } else if mode == ForwardMode::Forward && !setting.passes_on {
        let what = "there is no next hop to forward by (set relay.next_hop, or forward_mode = \"tell\", and senders are told the address)";
        table.error(at, "forward_to", what);
    }
    Some(Forward { to, mode })
}

/// Reads a list, and gives its address with its place.
fn list(mut table: Table<'_, '_>, accounts: &mut Accounts, setting: Setting<'_>) -> Option<Found<Mailbox>> {
    let address = table.required("address", "\"staff@example.com\"", values::mailbox);
    let members = table.list("members", values::mailbox);
    let accepts_from = elements(table.list("accepts_from", values::pattern));
    match &members {
        Some(Found { at, value }) if value.is_empty() => table.error(*at, "members", "must not be empty"),
        Some(Found { at, value }) if value.len() > MOST_MEMBERS => {
            table.error(*at, "members", format!("are too many ({MOST_MEMBERS} at the most; a member may be a list)"));
        }
        Some(_) => {}
        None => table.error(table.at(), "members", "missing (for instance members = [\"alice@example.com\"])"),
    }
    let members = members.map_or_else(Vec::new, |list| list.value);
    for Found { at, value: member } in &members {
        if !setting.passes_on && !hosts(setting.domains, member) {
            table.error(
                *at,
                "members",
                format!("\"{member}\" is elsewhere, and there is no next hop to forward by (set relay.next_hop)"),
            );
        }
    }
    if let Some(found) = &address {
        is_free(&table, "address", found, accounts, setting.domains);
        let members = members.into_iter().map(|member| member.value).collect();
        let list = List { address: found.value.clone(), members, accepts_from };
        accounts.lists.insert(found.value.clone(), Arc::new(list));
    }
    table.finish();
    address
}

/// Complains of an address that is something else already, or in no domain here.
fn is_free(table: &Table<'_, '_>, key: &str, found: &Found<Mailbox>, accounts: &Accounts, domains: &[Domain]) {
    let Found { at, value: name } = found;
    if accounts.by_address.contains_key(name) {
        table.error(*at, key, format!("\"{name}\" is an account's already"));
    } else if accounts.lists.contains_key(name) {
        table.error(*at, key, format!("\"{name}\" is a list's already"));
    }
    if !hosts(domains, name) {
        table.warning(*at, key, format!("\"{name}\" gets no mail, since its domain is not among the domains"));
    }
}

fn hosts(domains: &[Domain], mailbox: &Mailbox) -> bool {
    domains.iter().any(|domain| domain.name == mailbox.domain())
}

/// Whether a list is among its own members, or among those of a list that is.
fn contains_itself(list: &List, accounts: &Accounts) -> bool {
    let mut seen = HashSet::new();
    let mut left = vec![list];
    while let Some(next) = left.pop() {
        for member in &next.members {
            if *member == list.address {
                return true;
            }
            if seen.insert(member) {
                left.extend(accounts.list(member).map(Arc::as_ref));
            }
        }
    }
    false
}

fn elements<T>(list: Option<Found<Vec<Found<T>>>>) -> Vec<T> {
    list.map_or_else(Vec::new, |list| list.value.into_iter().map(|found| found.value).collect())
}

fn password(value: &DeValue<'_>) -> Result<Stored, String> {
    passwd::parse(&values::text(value)?)
}
