//! Is mail taken for this recipient, and where does it go?

use super::full::{Reason, room_in};
use super::{Asked, Named, Refusal, client_later, may_wait, relay, rules, sender_domain, spf_allows};
use crate::client::Client;
use crate::config::Stage;
use crate::directory::{Forward, Login, POSTMASTER, Recipient, Unavailable};
use crate::mailbox::Mailbox;
use crate::pattern::Pattern;
use crate::site::Site;
use ehlo::{Domain, ForwardPath, Literal, Reply, ReversePath};
use mail_auth::SpfResult;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Who sends what: the transaction in which a recipient is named.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a, 's> {
    /// Who is connected.
    pub client: &'a Client,
    /// As whom it has logged in.
    pub login: Option<&'s Login>,
    /// The reverse-path, without angle brackets.
    pub reverse_path: &'s str,
    /// The size of the message, where it was declared (RFC 1870).
    pub size: Option<u64>,
    /// What the sender's domain says of the client, where it was asked.
    pub spf: Option<SpfResult>,
    /// Whether the message is held until a time.
    pub held: bool,
}

/// Where the mail of a recipient goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Into these mailboxes.
    pub here: Vec<Mailbox>,
    /// To these forward-paths elsewhere, without angle brackets.
    pub elsewhere: Vec<String>,
    /// Whether the recipient has no mailbox here, but an address elsewhere: that is told.
    pub is_forwarded: bool,
    /// Whether the recipient itself is elsewhere.
    pub is_relayed: bool,
    /// The recipient, where it is one that is asked about again.
    pub named: Option<Named>,
}

impl Route {
    fn into(mailbox: Mailbox) -> Self {
        Self { here: vec![mailbox], ..Self::default() }
    }
}

impl<'s> Sending<'_, 's> {
    /// The reverse-path, read again.
    pub fn reverse_path(&self) -> ReversePath<'s> {
        ehlo::Mailbox::parse(self.reverse_path).map_or(ReversePath::Null, ReversePath::Mailbox)
    }

    /// The sender's address; `None` for `<>`, which is nobody's.
    pub fn sender(&self) -> Option<Mailbox> {
        ehlo::Mailbox::parse(self.reverse_path).ok().map(|mailbox| plain(&mailbox))
    }
}

/// Where the mail of a recipient goes: into a mailbox, to whom a list stands for, or on to the next hop. These are the rules, in their order;
/// mail for a postmaster here is taken before any of them (RFC 5321 4.5.1). `room` is for a text that the refusal borrows.
///
/// # Errors
///
/// The rule that refuses the recipient.
pub async fn recipient<'a>(
    site: &Site,
    sending: Sending<'a, '_>,
    path: ForwardPath<'a>,
    room: &'a mut String,
) -> Result<Route, Refusal<'a>> {
    let Some(named) = meant(site, sending.client, path) else {
        return Err(Refusal::new("no such user", Reply::invalid_user(path.as_str())));
    };
    let on = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(&named));
    let hosted = site.directory.hosts(named.domain());
    let is_postmaster = hosted && named.local() == POSTMASTER;
    // Few configurations ask for the sender: it is read again where one does.
    let sender = LazyLock::new(|| sending.sender());
    if !is_postmaster {
        let login = sending.login.is_some();
        client_later(site, Stage::Rcpt, sending.client, login).await?;
        if site.config.senders.domain_exists {
            sender_domain(site, Stage::Rcpt, sending.client, login, sending.reverse_path()).await?;
        }
        spf_allows(site, Stage::Rcpt, sending.spf)?;
        if !site.config.access.rules.is_empty() {
            let asked = Asked { client: sending.client, sender: sender.as_ref(), recipient: Some(&named) };
            rules(site, Stage::Rcpt, asked)?;
        }
    }
    if !is_postmaster && on(&site.config.recipients.deny) {
        return Err(Refusal::new("recipients.deny", Reply::rcpt_blacklisted(path.as_str())));
    }
    if hosted && !is_postmaster && on(&site.config.recipients.not_allowed) {
        return Err(Refusal::new("recipients.not_allowed", Reply::mailbox_name_not_allowed()));
    }
    let is_from =
        |list: &[Pattern]| sender.as_ref().is_some_and(|sender| list.iter().any(|pattern| pattern.matches(sender)));
    let may_send_to = |accepts_from: &[Pattern]| accepts_from.is_empty() || is_postmaster || is_from(accepts_from);
    let denied = |rule| Refusal::new(rule, Reply::mailbox_access_denied(path.as_str()));

    let found = site.directory.resolve(&named).await.map_err(unavailable)?;
    // What is dropped finds room in a mailbox that no account has, which nobody can lock either: of such a one nothing more is to be asked.
    let is_sure = site.delivery.discards() && matches!(found, Recipient::Mailbox(_));
    let route = match found {
        Recipient::NotHosted => {
            relay(site, sending, sender.as_ref(), path, room)?;
            Route { elsewhere: vec![path.as_str().to_owned()], is_relayed: true, ..Route::default() }
        }
        Recipient::NoSuchUser => return Err(Refusal::new("no such user", Reply::invalid_user(path.as_str()))),
        Recipient::Mailbox(mailbox) => Route::into(mailbox),
        Recipient::List(list) => {
            if !may_send_to(&list.accepts_from) {
                return Err(denied("list.accepts_from"));
            }
            let members = Box::pin(site.directory.expand(&list, site.relay.is_some())).await.map_err(unavailable)?;
            let elsewhere: Vec<_> = members.elsewhere.iter().map(ToString::to_string).collect();
            if members.here.is_empty() && elsewhere.is_empty() {
                return Err(Refusal::new("list.members", Reply::mail_action_not_taken()));
            }
            if !elsewhere.is_empty() {
                may_wait(sending, path.as_str())?;
            }
            Route { here: members.here, elsewhere, ..Route::default() }
        }
        Recipient::Account(account) if is_postmaster => Route::into(account.address.clone()),
        Recipient::Account(account) => {
            if account.suspended {
                return Err(Refusal::new("account.suspended", Reply::user_disabled(path.as_str())));
            }
            if account.refuses_mail {
                return Err(Refusal::new("account.refuses_mail", Reply::mailbox_name_not_allowed()));
            }
            let forwards_to = account.forwards_to().filter(|_| site.relay.is_some());
            if let (Some(forward), None) = (&account.forward, forwards_to) {
                return Err(Refusal::new("account.forward_to", elsewhere(forward, room)));
            }
            if is_from(&account.blocked_senders) {
                return Err(Refusal::new("account.blocked_senders", Reply::sender_blacklisted()));
            }
            if !may_send_to(&account.accepts_from) {
                return Err(denied("account.accepts_from"));
            }
            match forwards_to {
                Some(to) => {
                    may_wait(sending, path.as_str())?;
                    Route { elsewhere: vec![to.to_string()], is_forwarded: true, ..Route::default() }
                }
                None => {
                    let is_room = room_in(site, &account, sending.size).await;
                    is_room.map_err(|reason| reason.refusal(path.as_str()))?;
                    Route::into(account.address.clone())
                }
            }
        }
    };
    // A list goes to whom it can.
    let single = if let [mailbox] = &route.here[..] { Some(mailbox) } else { None };
    if single.is_some_and(|mailbox| site.delivery.is_locked(mailbox)) {
        return Err(Reason::Locked.refusal(path.as_str()));
    }
    let single = single.filter(|_| !is_sure).cloned();
    let named = single.map(|mailbox| Named { path: path.as_str().to_owned(), address: named, mailbox });
    Ok(Route { named, ..route })
}

/// The address that a forward-path means: at an address of this server's own it is one of the first domain (RFC 5321 4.1.3). `None` where
/// there is no domain at all.
fn meant(site: &Site, client: &Client, path: ForwardPath<'_>) -> Option<Mailbox> {
    let first = site.directory.first_domain();
    match path {
        ForwardPath::Postmaster => Some(Mailbox::new(POSTMASTER, first?)),
        ForwardPath::Mailbox(mailbox) => {
            let named = plain(&mailbox);
            let is_literal = named.domain().starts_with('[');
            let literal = match is_literal.then(|| mailbox.domain()) {
                Some(Domain::Literal(Literal::Ipv4(address))) => Some(IpAddr::V4(address)),
                Some(Domain::Literal(Literal::Ipv6(address))) => Some(IpAddr::V6(address).to_canonical()),
                _ => None,
            };
            match first {
                Some(first) if literal.is_some() && literal == client.reached() => {
                    Some(Mailbox::new(named.local(), first))
                }
                _ => Some(named),
            }
        }
    }
}

/// A mailbox of the core, as the directory compares it.
pub(super) fn plain(mailbox: &ehlo::Mailbox<'_>) -> Mailbox {
    let written = mailbox.local_part();
    // What is not quoted means what it says.
    if written.starts_with('"') {
        Mailbox::new(&mailbox.unquoted().collect::<String>(), mailbox.domain_str())
    } else {
        Mailbox::new(written, mailbox.domain_str())
    }
}

/// Says where a user is that is not here.
pub(super) fn elsewhere<'r>(forward: &Forward, room: &'r mut String) -> Reply<'r> {
    *room = format!("<{}>", forward.to);
    Reply::user_not_local(room)
}

/// Says that nothing can be said for the moment.
pub(super) fn unavailable<'r>(_: Unavailable) -> Refusal<'r> {
    Refusal::new("directory", Reply::database_inaccessible())
}
