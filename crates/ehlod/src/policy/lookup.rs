//! What is said of a user or a list to those who only ask (VRFY, EXPN)?

use super::Refusal;
use super::recipient::{elsewhere, plain, unavailable};
use super::rules::{Asked, rules};
use crate::client::Client;
use crate::config::Stage;
use crate::directory::{POSTMASTER, Recipient};
use crate::mailbox::Mailbox;
use crate::site::Site;
use ehlo::{Query, Reply};

/// Whether the administrator's own rules let a client ask at all.
///
/// # Errors
///
/// Where one is against it.
pub fn may_ask(site: &Site, stage: Stage, client: &Client, query: Query<'_>) -> Result<(), Refusal<'static>> {
    let named = asked_for(site, query);
    rules(site, stage, Asked { client, sender: None, recipient: named.as_ref() })
}

/// Who is found under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A mailbox.
    Mailbox(&'a str),
    /// Nobody here, but mail is passed on to this forward-path, which stands in angle brackets.
    Elsewhere(&'a str),
}

impl<'a> Found<'a> {
    /// The bare address.
    fn address(self) -> &'a str {
        match self {
            Self::Mailbox(mailbox) => mailbox,
            Self::Elsewhere(path) => path.trim_matches(['<', '>']),
        }
    }
}

/// The mailbox that VRFY asks for: an address, or a local part of the first domain. The answers are those that RCPT gives to whoever may
/// send to it; a name that is no mailbox for one of RCPT's other reasons is none here (RFC 5321 3.5.3).
///
/// # Errors
///
/// The rule that says there is none. `room` is for the text that the answer borrows.
pub async fn verify<'a>(site: &Site, query: Query<'a>, room: &'a mut String) -> Result<Found<'a>, Refusal<'a>> {
    let unknown = Refusal::new("no such user", Reply::invalid_user(query.what));
    let Some(named) = asked_for(site, query) else { return Err(unknown) };
    let is_postmaster = named.local() == POSTMASTER;
    let rules = &site.config.recipients;
    if !is_postmaster && rules.deny.iter().chain(&rules.not_allowed).any(|pattern| pattern.matches(&named)) {
        return Err(unknown);
    }
    let mailbox = match site.directory.resolve(&named).await.map_err(unavailable)? {
        Recipient::Mailbox(mailbox) => mailbox,
        Recipient::List(list) => list.address.clone(),
        Recipient::Account(account) if is_postmaster => account.address.clone(),
        Recipient::Account(account) if account.suspended => {
            return Err(Refusal::new("account.suspended", Reply::user_disabled(query.what)));
        }
        Recipient::Account(account) if account.refuses_mail => return Err(unknown),
        Recipient::Account(account) => match (account.forwards_to().filter(|_| site.relay.is_some()), &account.forward)
        {
            (Some(to), _) => {
                *room = format!("<{to}>");
                return Ok(Found::Elsewhere(room));
            }
            (None, Some(forward)) => return Err(Refusal::new("account.forward_to", elsewhere(forward, room))),
            (None, None) => account.address.clone(),
        },
        Recipient::NoSuchUser | Recipient::NotHosted => return Err(unknown),
    };
    *room = mailbox.to_string();
    Ok(Found::Mailbox(room))
}

/// The members of the list that EXPN asks for; a user is a list of one.
///
/// # Errors
///
/// The rule that says there is none. `room` is for a text that the refusal borrows.
pub async fn expand<'a>(site: &Site, query: Query<'a>, room: &'a mut String) -> Result<Vec<String>, Refusal<'a>> {
    let found = match asked_for(site, query) {
        Some(named) => site.directory.resolve(&named).await.map_err(unavailable)?,
        None => Recipient::NoSuchUser,
    };
    match found {
        Recipient::List(list) => Ok(list.members.iter().map(ToString::to_string).collect()),
        _ => verify(site, query, room).await.map(|found| vec![found.address().to_owned()]),
    }
}

/// The address that a query names.
fn asked_for(site: &Site, query: Query<'_>) -> Option<Mailbox> {
    let asked = query.what;
    let bare = asked.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(asked);
    match ehlo::Mailbox::parse(bare) {
        Ok(mailbox) => Some(plain(&mailbox)),
        Err(_) => Some(Mailbox::new(bare, site.directory.first_domain()?)),
    }
}
