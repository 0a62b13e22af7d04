//! One client's session: what it has said so far, put to the policy, and what is logged of it.

use crate::certificate;
use crate::client::{Client, Forwarded};
use crate::config::{Kind, Listener, Stage, TlsMode};
use crate::date;
use crate::delivery::{Hop, Onward};
use crate::directory::Login;
use crate::mailbox::Mailbox;
use crate::metrics::State;
use crate::policy::{self, Found, Refusal, Route, Sending, Step};
use crate::queue_id;
use crate::site::Site;
use crate::tally::Tally;
use crate::trace::{Received, Spf, Transmission, return_path};
use crate::transaction::{Transaction, Unsent, worst};
use crate::watch::Watch;
use ehlo::{Abort, Attributes, Credentials, Etrn, Hello, Mail, Query, Rcpt, Reply};
use ehlo_tokio::rustls::ServerConnection;
use ehlo_tokio::{
    Accepted, AuthStep, Connection, Handler, Prefixed, Proxied, Queue, Receipt, Recipient, Socket, Verified,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Serves a connection to its end, and logs it; one of a listener that is not there is dropped.
///
/// No `async fn`, which would hold its arguments twice for as long as the connection lasts.
pub fn serve(
    site: Arc<Site>,
    listener: Option<Listener>,
    accepted: Accepted,
) -> impl Future<Output = ()> + Send + 'static {
    let Accepted { stream, client: address, peer, shutdown, .. } = accepted;
    let (prefix, socket) = stream.into_parts();
    let mut client = Client::new(address);
    if let Socket::Tcp(stream) = &socket {
        client.local = stream.local_addr().ok().map(|local| local.ip().to_canonical());
        client.is_lost = client.local.is_none();
    }
    let proxy = peer.filter(|peer| Some(*peer) != address).map(|proxy| proxy.ip().to_canonical());
    // In a box, since it is handed from one to the next, each of which has room for it.
    let stream = Box::new(Prefixed::new(prefix, socket));
    async move {
        let Some(listener) = &listener else { return };
        let latest_hold = site.latest_hold();
        let protocol = site.protocol(listener, &latest_hold);
        let mut connection = Connection::new(&protocol)
            .lenient(client.address.is_some_and(|client| site.is_lenient(client)))
            // Behind a proxy of the PROXY protocol it is the client that speaks, and not the proxy.
            .trusted(listener.xclient && listener.trusts(client.address))
            .compact(site.has_short_lines())
            .ends_with_drop(true)
            .write_timeout(site.config.timeouts.write)
            .handshake_timeout(site.config.timeouts.tls_handshake)
            .shutdown(shutdown);
        if let Some(tls) = site.tls() {
            connection = connection.tls(tls.clone());
        }
        if listener.tls == TlsMode::Implicit {
            connection = connection.implicit_tls();
        }
        let mut session = Session::new(Arc::clone(&site), listener.kind, client, proxy);
        let served = connection.serve(stream, &mut session).await;
        session.blame().await;
        session.log(listener, served.err());
    }
}

/// What a session remembers.
#[derive(Debug)]
struct Session {
    site: Arc<Site>,
    /// Its name in the log.
    id: String,
    began: Instant,
    kind: Kind,
    /// Whom it is with; XCLIENT changes that.
    client: Client,
    /// Who connected in the client's place.
    proxy: Option<IpAddr>,
    /// Where the next message comes from, as XFORWARD says.
    forwarded: Forwarded,
    /// What the client calls itself, and whether it said EHLO.
    hello: Option<(String, bool)>,
    /// The version and cipher suite of TLS.
    tls: Option<(String, String)>,
    /// The addresses that the client's certificate speaks for.
    addresses: Vec<Mailbox>,
    login: Option<Login>,
    /// Room for a salt that an answer borrows.
    salt: Vec<u8>,
    /// In a box, since few connections are in one for long.
    transaction: Option<Box<Transaction>>,
    /// What became of the message, for each recipient; in LMTP they are answered one by one.
    outcome: Vec<Result<(), Unsent>>,
    /// Room for a text that a reply borrows, and for the reason of a refusal.
    text: String,
    unsent: Option<Unsent>,
    forward_path: Option<String>,
    tally: Tally,
    watch: Watch,
    /// Permanent refusals that have been counted against a client.
    blamed: u32,
}

impl Session {
    fn new(site: Arc<Site>, kind: Kind, client: Client, proxy: Option<IpAddr>) -> Self {
        let id = queue_id::next();
        let watch = Watch::begin(kind, &id, &client.text);
        Self {
            site,
            id,
            began: Instant::now(),
            kind,
            client,
            proxy,
            forwarded: Forwarded::default(),
            hello: None,
            tls: None,
            addresses: Vec::new(),
            login: None,
            salt: Vec::new(),
            transaction: None,
            outcome: Vec::new(),
            text: String::new(),
            unsent: None,
            forward_path: None,
            tally: Tally::default(),
            watch,
            blamed: 0,
        }
    }

    /// Logs a refusal, and gives its reply.
    fn refused<'r>(&self, refusal: Refusal<'r>, sender: Option<&str>, recipient: Option<&str>) -> Reply<'r> {
        refusal.log(&self.id, &self.client.text, sender, recipient)
    }

    /// Counts the refusals since the last time against the client that caused them. By LMTP come one's own servers, which are told no in
    /// others' stead.
    async fn blame(&mut self) {
        let failures = self.tally.permanent - self.blamed;
        self.blamed = self.tally.permanent;
        if self.kind != Kind::Lmtp {
            policy::client_failed(&self.site, &self.client, failures).await;
        }
    }

    /// What the server itself puts before the content (RFC 5321 4.4), but for the Return-Path.
    fn head(&self, transaction: &Transaction) -> Vec<u8> {
        let (hello, extended) = self.hello.as_ref().map_or(("", false), |(name, extended)| (name.as_str(), *extended));
        let by = &self.site.config.hostname;
        let received = Received {
            hello,
            client: self.client.address,
            name: self.client.name.as_deref(),
            by,
            with: Transmission {
                extended,
                utf8: transaction.smtputf8,
                tls: self.tls.is_some(),
                auth: self.login.is_some(),
                lmtp: self.kind == Kind::Lmtp,
            },
            tls: self.tls.as_ref().map(|(version, cipher)| (version.as_str(), cipher.as_str())),
            id: &transaction.id,
            recipient: transaction.first.as_deref().filter(|_| transaction.recipients() == 1),
            date: SystemTime::now(),
        };
        let mut head = Vec::new();
        if let Some((result, client)) = transaction.spf.zip(self.client.address) {
            let sender = transaction.reverse_path();
            head.extend_from_slice(&Spf { result, client, hello, sender, utf8: transaction.smtputf8, by }.fields());
        }
        head.extend_from_slice(&received.field());
        head
    }

    /// Stores the message or passes it on, and writes its one line.
    async fn commit(&mut self, size: u64) -> Vec<Result<(), Unsent>> {
        let Some(mut transaction) = self.transaction.take() else { return Vec::new() };
        let received = self.watch.received(size);
        let outcome = transaction.commit(&self.site, self.kind == Kind::Lmtp).await;
        self.watch.settled(received, outcome.iter().any(Result::is_ok));
        let refused = worst(&outcome);
        if let Some(unsent) = refused {
            let refusal = Refusal::new(unsent.rule(), unsent.reply());
            refusal.note(&self.id, &self.client.text, Some(transaction.reverse_path()), transaction.first.as_deref());
        }
        tracing::info!(
            id = transaction.id,
            session = self.id,
            client = self.client.text,
            from = transaction.reverse_path(),
            to = transaction.first,
            recipients = transaction.recipients(),
            size,
            forwarded = self.forwarded.text(),
            held_until = transaction.held.map(date::rfc3339),
            rule = refused.map(Unsent::rule),
            found = refused.and_then(Unsent::found).map(tracing::field::display),
            reply = refused.map_or(250, |unsent| unsent.reply().code()),
            "message"
        );
        self.forwarded.clear();
        if outcome.iter().any(Result::is_ok) {
            if transaction.held.is_some() {
                self.site.held.notify_one();
            }
            self.tally.messages += 1;
            self.text.clear();
            self.text += "Ok queued as ";
            self.text += &transaction.id;
        }
        outcome
    }

    /// Writes the session's one line.
    fn log(&self, listener: &Listener, error: Option<std::io::Error>) {
        let Tally { messages, positive, temporary, permanent, .. } = self.tally;
        tracing::info!(
            session = self.id,
            client = self.client.text,
            name = self.client.name,
            proxy = self.proxy.map(tracing::field::display),
            destination = self.client.destination(),
            listener = listener.kind.as_str(),
            hello = self.hello.as_ref().map(|(name, _)| name),
            tls = self.tls.as_ref().map(|(version, _)| version),
            user = self.login.as_ref().map(|login| tracing::field::display(&login.address)),
            messages,
            positive,
            temporary,
            permanent,
            refusal = self.tally.last_refusal(),
            error = error.map(tracing::field::display),
            millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "session"
        );
    }
}

impl Handler for Session {
    async fn connect(&mut self) -> Result<(), Reply<'_>> {
        let Self { site, id, client, watch, .. } = self;
        let name = client.text.clone();
        policy::client(site, client).await.map_err(|refusal| refusal.log(id, &name, None, None))?;
        watch.to(State::Greeted);
        Ok(())
    }

    fn secured(&mut self, tls: &ServerConnection) {
        let version = tls.protocol_version().map_or("TLS", |version| match version.as_str() {
            Some("TLSv1_3") => "TLS1.3",
            Some("TLSv1_2") => "TLS1.2",
            other => other.unwrap_or("TLS"),
        });
        let cipher = tls.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
        self.watch.tls(version);
        self.tls = Some((version.to_owned(), cipher.to_owned()));
        let certificate = tls.peer_certificates().and_then(|chain| chain.first());
        self.addresses = certificate.map_or_else(Vec::new, |certificate| certificate::addresses(certificate));
        self.hello = None;
        self.login = None;
    }

    async fn hello<'a>(&'a mut self, hello: Hello<'a>) -> Result<(), Reply<'a>> {
        let asked = policy::hello(&self.site, self.kind, &self.client, hello.name).await;
        // A name that is refused does not take the place of one that was not; alone, it is there for the log.
        if asked.is_ok() || self.hello.is_none() {
            self.hello = Some((hello.name.to_owned(), hello.extended));
        }
        asked.map_err(|refusal| self.refused(refusal, None, None))?;
        self.watch.hello(hello.name);
        Ok(())
    }

    async fn auth<'a>(&'a mut self, credentials: Credentials<'a>) -> Result<AuthStep<'a>, Reply<'a>> {
        let step = policy::authenticate(&self.site, &self.addresses, credentials).await;
        Ok(match step.map_err(|refusal| self.refused(refusal, None, None))? {
            Step::In(login) => {
                self.login = Some(login);
                AuthStep::Authenticated
            }
            Step::Anonymous => AuthStep::Authenticated,
            Step::Salt(salt, iterations) => {
                self.salt = salt;
                AuthStep::Salt { salt: &self.salt, iterations }
            }
            Step::Signature(signature) => AuthStep::Signature(signature),
        })
    }

    async fn mail<'a>(&'a mut self, mail: Mail<'a>) -> Result<(), Reply<'a>> {
        let sender = mail.reverse_path;
        let refused = |refusal: Refusal<'a>| self.refused(refusal, Some(sender.as_str()), None);
        let login = self.login.is_some();
        policy::client_later(&self.site, Stage::Mail, &self.client, login).await.map_err(refused)?;
        policy::sender(&self.site, self.kind, &self.client, self.login.as_ref(), sender).await.map_err(refused)?;
        policy::local_sender(&self.site, self.kind, self.login.is_some(), sender).await.map_err(refused)?;
        policy::sender_domain(&self.site, Stage::Mail, &self.client, login, sender).await.map_err(refused)?;
        let hello = self.hello.as_ref().map_or("", |(name, _)| name);
        let spf = policy::spf(&self.site, self.kind, &self.client, hello, login, sender).await;
        policy::spf_allows(&self.site, Stage::Mail, spf).map_err(refused)?;
        policy::room(&self.site, mail.size.unwrap_or(0)).map_err(refused)?;
        let held = policy::hold(&self.site, &mail).map_err(refused)?;
        self.transaction = Some(Box::new(Transaction::new(&self.site, &mail, held, spf)));
        self.watch.to(State::Transaction);
        Ok(())
    }

    async fn rcpt<'a>(&'a mut self, rcpt: Rcpt<'a>) -> Result<Recipient<'a>, Reply<'a>> {
        let path = rcpt.forward_path;
        let Some(transaction) = &mut self.transaction else { return Err(Reply::processing_error()) };
        let sending = Sending {
            client: &self.client,
            login: self.login.as_ref(),
            reverse_path: transaction.reverse_path(),
            size: transaction.declared,
            spf: transaction.spf,
            held: transaction.held.is_some(),
        };
        let (sender, id) = (sending.reverse_path, &self.id);
        let log = |refusal: Refusal<'a>| refusal.log(id, &self.client.text, Some(sender), Some(path.as_str()));
        policy::room(&self.site, transaction.declared.unwrap_or(0)).map_err(log)?;
        let route = match policy::recipient(&self.site, sending, path, &mut self.text).await {
            Ok(route) => route,
            Err(refusal) => {
                if refusal.reply.is_permanent() && self.kind != Kind::Lmtp {
                    Box::pin(policy::sender_failed(&self.site, sending)).await;
                }
                return Err(log(refusal));
            }
        };
        // Only mail from elsewhere for somebody here is put off or counted: by LMTP come one's own servers, and users log in.
        if self.site.state.is_some()
            && self.kind == Kind::Mx
            && !route.is_relayed
            && !(route.elsewhere.is_empty() && transaction.names(&route.here))
        {
            let is_first = transaction.recipients() == 0;
            Box::pin(policy::now(&self.site, sending, path, is_first)).await.map_err(log)?;
        }
        let hops = hops(&self.site, &route, &rcpt);
        let is_forwarded = route.is_forwarded;
        let forward_path = route.elsewhere.first().map(|path| format!("<{path}>"));
        let is_new = match transaction.add(path.as_str(), route.here, route.named, hops).await {
            Ok(is_new) => is_new,
            Err(unsent) => {
                let sender = transaction.reverse_path().to_owned();
                let refusal = Refusal::new(unsent.rule(), self.unsent.insert(unsent).reply());
                return Err(refusal.log(&self.id, &self.client.text, Some(&sender), Some(path.as_str())));
            }
        };
        Ok(match forward_path {
            Some(forward_path) if is_forwarded => Recipient::Forwarded(self.forward_path.insert(forward_path)),
            _ if is_new => Recipient::Here,
            _ => Recipient::Duplicate,
        })
    }

    async fn data(&mut self) -> Result<(), Reply<'_>> {
        let sender = self.transaction.as_ref().map(|transaction| transaction.reverse_path());
        policy::room(&self.site, 0).map_err(|refusal| self.refused(refusal, sender, None))?;
        let Some(mut transaction) = self.transaction.take() else { return Err(Reply::processing_error()) };
        let submitted = self.kind == Kind::Submission;
        let (return_path, head) = match transaction.keeps_content(&self.site) {
            true => (return_path(transaction.reverse_path()), self.head(&transaction)),
            false => Default::default(),
        };
        let begun = transaction.begin(&self.site, &return_path, &head, submitted).await;
        match begun {
            Ok(()) => {
                self.transaction = Some(transaction);
                self.watch.to(State::Data);
            }
            Err(unsent) => {
                let refusal = Refusal::new(unsent.rule(), self.unsent.insert(unsent).reply());
                return Err(refusal.log(&self.id, &self.client.text, Some(transaction.reverse_path()), None));
            }
        }
        Ok(())
    }

    async fn content(&mut self, octets: &[u8]) {
        if let Some(transaction) = &mut self.transaction {
            transaction.write(&self.site, octets).await;
        }
    }

    /// One message is one file, linked into every mailbox here: in them it is stored for all recipients or for none.
    async fn message(&mut self, size: u64, recipient: Option<u16>) -> Result<Receipt<'_>, Reply<'_>> {
        if recipient.unwrap_or(0) == 0 {
            self.outcome = self.commit(size).await;
        }
        let refused = match recipient {
            None => worst(&self.outcome),
            Some(recipient) => self.outcome.get(usize::from(recipient)).and_then(|verdict| verdict.as_ref().err()),
        };
        match refused {
            Some(unsent) => Err(unsent.reply()),
            None if self.outcome.is_empty() => Err(Reply::processing_error()),
            None => Ok(Receipt::As(&self.text)),
        }
    }

    async fn aborted(&mut self, abort: Abort) {
        self.watch.aborted();
        let Some(transaction) = self.transaction.take() else { return };
        tracing::info!(
            id = transaction.id,
            session = self.id,
            client = self.client.text,
            from = transaction.reverse_path(),
            to = transaction.first,
            recipients = transaction.recipients(),
            forwarded = self.forwarded.text(),
            reason = ?abort,
            "message aborted"
        );
        self.forwarded.clear();
    }

    async fn verify<'a>(&'a mut self, query: Query<'a>) -> Result<Verified<'a>, Reply<'a>> {
        let Self { site, id, client, text, .. } = self;
        let log = |refusal: Refusal<'a>| refusal.log(id, &client.text, None, Some(query.what));
        policy::may_ask(site, Stage::Vrfy, client, query).map_err(log)?;
        match policy::verify(site, query, text).await.map_err(log)? {
            Found::Mailbox(mailbox) => Ok(Verified::Mailbox(mailbox)),
            Found::Elsewhere(forward_path) => Ok(Verified::Forwarded(forward_path)),
        }
    }

    async fn expand<'a>(&'a mut self, query: Query<'a>) -> Result<Vec<String>, Reply<'a>> {
        let Self { site, id, client, text, .. } = self;
        let log = |refusal: Refusal<'a>| refusal.log(id, &client.text, None, Some(query.what));
        policy::may_ask(site, Stage::Expn, client, query).map_err(log)?;
        policy::expand(site, query, text).await.map_err(log)
    }

    async fn etrn<'a>(&'a mut self, etrn: Etrn<'a>) -> Result<Queue, Reply<'a>> {
        policy::queue(&self.site, etrn).map(|()| Queue::Empty).map_err(|refusal| self.refused(refusal, None, None))
    }

    async fn xclient<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<Proxied, Reply<'a>> {
        let mut client = self.client.clone();
        let told = client.told(attributes.iter()).map_err(|_| Reply::syntax_error_in_parameters())?;
        let login = match told.login {
            Some(user) => {
                let user = self.site.directory.user(&user).await.map_err(|_| Reply::database_inaccessible())?;
                Some(user.vouched_for().ok_or(Reply::access_denied())?)
            }
            None => None,
        };
        tracing::info!(
            session = self.id,
            peer = self.client.text,
            client = client.text,
            name = client.name,
            port = client.port,
            user = login.as_ref().map(|login| tracing::field::display(&login.address)),
            "xclient"
        );
        self.blame().await;
        self.proxy = self.proxy.or(self.client.address);
        self.watch.client(&client.text);
        self.client = client;
        self.hello = told.hello.map(|hello| (hello, told.extended));
        self.login = login;
        self.forwarded.clear();
        Ok(if self.login.is_some() { Proxied::User } else { Proxied::Client })
    }

    async fn xforward<'a>(&'a mut self, attributes: Attributes<'a>) -> Result<(), Reply<'a>> {
        self.forwarded.told(attributes.iter());
        Ok(())
    }

    fn replies(&mut self, octets: &[u8]) {
        self.tally.count(octets);
    }
}

/// Which next hops have to take a recipient, and as whom: users here go where all mail goes, others by way of the relay.
fn hops<'s>(site: &'s Site, route: &Route, rcpt: &Rcpt<'_>) -> Vec<(&'s Arc<Hop>, Vec<Onward>)> {
    if site.delivery.next_hop().is_none() && route.elsewhere.is_empty() {
        return Vec::new();
    }
    let onward = Onward::new(rcpt);
    let here = site.delivery.next_hop().map(|hop| {
        let onwards = route.here.iter().map(|mailbox| onward.to(mailbox.to_string()));
        (hop, onwards.collect())
    });
    let elsewhere = site.relay.as_ref().filter(|_| !route.elsewhere.is_empty()).map(|hop| {
        let onwards = route.elsewhere.iter().map(|path| onward.to(path.clone()));
        (hop, onwards.collect())
    });
    here.into_iter().chain(elsewhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DeliveryConfig, Overrides};
    use ehlo_tokio::{CancellationToken, Socket};
    use tokio::net::UnixStream;

    /// What a connection takes of memory for as long as it lasts, beside some 4 KiB of the core's session and the system's own.
    #[tokio::test]
    async fn a_connection_takes_little() {
        let config = Config { delivery: DeliveryConfig::Discard, ..Config::embedded(&Overrides::default()) };
        let listener = config.listeners.first().unwrap().clone();
        let site = Arc::new(Site::open(config).unwrap());
        let (stream, _) = UnixStream::pair().unwrap();
        let accepted = Accepted {
            stream: Socket::Unix(stream).into(),
            client: None,
            peer: None,
            listener: 0,
            shutdown: CancellationToken::new(),
        };
        let whole = size_of_val(&serve(Arc::clone(&site), Some(listener), accepted));
        let mut session = Session::new(site, Kind::Mx, Client::new(None), None);
        let reply = size_of_val(&session.connect());
        let data = size_of_val(&session.data());
        let content = size_of_val(&session.content(b""));
        let message = size_of_val(&session.message(0, None));
        println!("session {}, transaction {}", size_of::<Session>(), size_of::<Transaction>());
        println!("futures: connect {reply}, data {data}, content {content}, message {message}, the whole {whole}");
        assert!(whole <= 2304, "{whole} octets");
    }
}
