//! Is mail taken for this recipient, and where does it go?

use super::Refusal;
use crate::directory::Recipient;
use crate::mailbox::Mailbox;
use crate::pattern::Pattern;
use crate::site::Site;
use ehlo::{Domain, ForwardPath, Query, Reply};

/// Where the mail of a recipient goes. `client` is the client's address as text, `authenticated` whether it has logged in.
///
/// # Errors
///
/// The reply that refuses the recipient.
pub fn recipient<'a>(
    site: &Site,
    client: &'a str,
    authenticated: bool,
    path: ForwardPath<'a>,
) -> Result<Mailbox, Refusal<'a>> {
    let address = path.as_str();
    if let ForwardPath::Mailbox(mailbox) = path {
        let local: String = mailbox.unquoted().collect();
        let named = Mailbox::new(&local, mailbox.domain_str());
        let on = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(&named));
        let hosted = site.directory.hosts(named.domain());
        let rules = &site.config.recipients;
        // The postmaster of a domain here takes all mail (RFC 5321 4.5.1).
        let is_postmaster = hosted && named.local() == "postmaster";
        if !is_postmaster && on(&rules.deny) {
            return Err(Refusal::new("recipients.deny", Reply::rcpt_blacklisted(address)));
        }
        if hosted && !is_postmaster && on(&rules.not_allowed) {
            return Err(Refusal::new("recipients.not_allowed", Reply::mailbox_name_not_allowed()));
        }
    }
    match resolve(site, path) {
        Recipient::Mailbox(mailbox) => Ok(mailbox),
        Recipient::Suspended => Err(Refusal::new("account.suspended", Reply::user_disabled(address))),
        Recipient::RefusesMail => Err(Refusal::new("account.refuses_mail", Reply::mailbox_name_not_allowed())),
        Recipient::NoSuchUser => Err(Refusal::new("no such user", Reply::invalid_user(address))),
        // Nothing is relayed: for a client that may relay it is the target that is refused.
        Recipient::NotHosted if authenticated => Err(Refusal::new("no relaying", Reply::relay_denied_to(address))),
        Recipient::NotHosted => Err(Refusal::new("no relaying", Reply::relay_denied_from_ip(client))),
    }
}

fn resolve(site: &Site, path: ForwardPath<'_>) -> Recipient {
    match path {
        ForwardPath::Postmaster => site.directory.resolve("postmaster", None),
        ForwardPath::Mailbox(mailbox) => match mailbox.domain() {
            Domain::Name(domain) => {
                let local: String = mailbox.unquoted().collect();
                site.directory.resolve(&local, Some(domain))
            }
            Domain::Literal(_) => Recipient::NotHosted,
        },
    }
}

/// The mailbox that VRFY asks for: an address, or a local part of the first domain.
///
/// # Errors
///
/// The reply that says there is none.
pub fn verify<'a>(site: &Site, query: Query<'a>) -> Result<Mailbox, Refusal<'a>> {
    let asked = query.what;
    let bare = asked.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(asked);
    let found = match (ehlo::Mailbox::parse(bare), site.config.domains.first()) {
        (Ok(mailbox), _) => resolve(site, ForwardPath::Mailbox(mailbox)),
        (Err(_), Some(first)) => site.directory.resolve(bare, Some(&first.name)),
        (Err(_), None) => Recipient::NoSuchUser,
    };
    match found {
        Recipient::Mailbox(mailbox) => Ok(mailbox),
        Recipient::Suspended => Err(Refusal::new("account.suspended", Reply::user_disabled(asked))),
        Recipient::RefusesMail | Recipient::NoSuchUser | Recipient::NotHosted => {
            Err(Refusal::new("no such user", Reply::invalid_user(asked)))
        }
    }
}
