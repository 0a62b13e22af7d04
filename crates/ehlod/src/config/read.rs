//! Reading the configuration: one function a section, and what holds between sections.

use super::access;
use super::content;
use super::delivery;
use super::directory;
use super::dns;
use super::metrics;
use super::next_hop;
use super::recipients;
use super::relay;
use super::state;
use super::table::{Found, Table};
use super::values::{self, boolean, choice, count, delay, reserve, size, timeout};
use super::{
    Accounts, Address, Auth, CatchAll, Config, DeliveryConfig, Domain, Expn, Extension, Kind, Limits, LineEndings,
    Listener, Log, LogFormat, LogLevel, Mechanism, Network, Overrides, Problems, Protocol, Report, Senders, Source,
    SpfCheck, Timeouts, Tls, TlsMode, Tolerance, Vrfy, machine_name,
};
use crate::tls::{self, Part};

use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// Reads a whole configuration. Relative paths are relative to `base`.
pub(super) fn config(report: Report<'_>, base: &Path, overrides: &Overrides) -> Result<Config, Problems> {
    let config = Table::document(&report).map(|mut document| {
        let config = sections(&mut document, base, overrides);
        document.finish();
        config
    });
    let warnings = report.finish()?;
    // A document that cannot be parsed has left an error, so this default is never used.
    let mut config = config.unwrap_or_else(|| Config::embedded(overrides));
    config.warnings = warnings;
    config.set_over(overrides);
    Ok(config)
}

fn sections(document: &mut Table<'_, '_>, base: &Path, overrides: &Overrides) -> Config {
    let hostname = document.value("hostname", values::hostname);
    let help_url = document.value("help_url", values::url);
    let trusted_proxies = elements(document.list("trusted_proxies", values::network), Vec::new());
    let tls = tls(document, base);
    let accounts = directory::read(document, base);
    let auth = auth(document, base);
    let listeners = listeners(document, &tls, &auth, accounts != Accounts::None, &trusted_proxies, overrides);
    let submission = listeners.iter().any(|listener| listener.kind == Kind::Submission);
    let relay = relay::read(document);
    let delivery = delivery::read(document, base);
    let by_delivery = match &delivery {
        DeliveryConfig::NextHop(address) => Some(address),
        DeliveryConfig::Maildir { .. } | DeliveryConfig::Discard => None,
    };
    let named: Vec<_> = relay.next_hop.iter().chain(by_delivery).collect();
    let next_hops = next_hop::read(document, base, &named);
    Config {
        hostname: hostname.map_or_else(machine_name, |found| found.value),
        help_url: help_url.map(|found| found.value),
        listeners,
        tls: match tls {
            Section::Right(tls) => Some(tls),
            Section::Absent | Section::Wrong => None,
        },
        limits: limits(document),
        timeouts: timeouts(document),
        protocol: protocol(document, submission),
        auth,
        accounts,
        domains: domains(document),
        access: access::read(document),
        senders: senders(document),
        recipients: recipients::read(document),
        relay,
        greylist: state::greylist(document),
        flow: state::flow(document),
        content: content::read(document),
        dns: dns::read(document),
        state: state::state(document, base),
        delivery,
        next_hops,
        metrics: metrics::read(document),
        log: log(document),
        warnings: Vec::new(),
    }
}

/// A section that may be missing, and that may be there but of no use, which has then been reported.
enum Section<T> {
    Absent,
    Wrong,
    Right(T),
}

fn listeners(
    document: &mut Table<'_, '_>,
    tls: &Section<Tls>,
    auth: &Auth,
    accounts: bool,
    trusted_proxies: &[Network],
    overrides: &Overrides,
) -> Vec<Listener> {
    let tables = document.tables("listener");
    if tables.is_none() && overrides.listen.is_empty() {
        document.error(0, "listener", "missing (there has to be at least one [[listener]])");
    }
    let mut listeners: Vec<Listener> = Vec::new();
    for mut table in tables.into_iter().flatten() {
        let address = table.required("address", "\"127.0.0.1:2525\"", address);
        let kind =
            table.value("kind", choice(&[("mx", Kind::Mx), ("submission", Kind::Submission), ("lmtp", Kind::Lmtp)]));
        let tls_mode = table.value(
            "tls",
            choice(&[("none", TlsMode::None), ("starttls", TlsMode::StartTls), ("implicit", TlsMode::Implicit)]),
        );
        let require_auth = table.value("require_auth", boolean);
        let proxy_protocol = table.value("proxy_protocol", boolean);
        let xclient = table.value("xclient", boolean);
        let trusted = elements(table.list("trusted_proxies", values::network), trusted_proxies.to_vec());

        // What was not set follows from what was.
        let kind_at = kind.as_ref().map_or(table.at(), |found| found.at);
        let kind = kind.map_or(Kind::Mx, |found| found.value);
        let (require_auth_at, require_auth) =
            require_auth.map_or((kind_at, kind == Kind::Submission), |found| (found.at, found.value));
        let (tls_at, tls_mode) = match (tls_mode, tls) {
            (Some(found), _) => (found.at, found.value),
            (None, Section::Absent) => (table.at(), TlsMode::None),
            (None, _) => (table.at(), TlsMode::StartTls),
        };

        if tls_mode != TlsMode::None && matches!(tls, Section::Absent) {
            table.error(tls_at, "tls", "needs a certificate (set tls.certificate and tls.key, or tls = \"none\")");
        }
        if require_auth && !accounts {
            table.error(
                require_auth_at,
                "require_auth",
                "needs accounts (set directory.accounts, or require_auth = false)",
            );
        } else if require_auth && auth.mechanisms.is_empty() {
            table.error(
                require_auth_at,
                "require_auth",
                "needs a mechanism (set auth.mechanisms, or require_auth = false)",
            );
        } else if require_auth && tls_mode == TlsMode::None && auth.needs_tls() {
            table.warning(
                require_auth_at,
                "require_auth",
                "nobody can authenticate here, since there is no TLS (set tls, or auth.plaintext_without_tls)",
            );
        }
        for (key, switch) in [("proxy_protocol", &proxy_protocol), ("xclient", &xclient)] {
            let by_network = address.as_ref().is_some_and(|found| matches!(found.value, Source::Own(Address::Tcp(_))));
            if let Some(Found { at, value: true }) = switch
                && by_network
                && trusted.is_empty()
            {
                table.error(*at, key, "trusts nobody (set trusted_proxies, for instance to [\"127.0.0.0/8\"])");
            }
        }
        let is_set = |switch: Option<Found<bool>>| switch.is_some_and(|found| found.value);
        if let Some(Found { at, value: address }) = address {
            if listeners.iter().any(|earlier| earlier.address.excludes(&address)) {
                table.error(at, "address", format!("\"{address}\" has a listener already"));
            }
            listeners.push(Listener {
                kind,
                require_auth,
                proxy_protocol: is_set(proxy_protocol),
                xclient: is_set(xclient),
                trusted_proxies: trusted,
                ..Listener::new(address, tls_mode)
            });
        }
        table.finish();
    }
    listeners
}

fn address(value: &DeValue<'_>) -> Result<Source, String> {
    values::text(value)?.parse()
}

fn tls(document: &mut Table<'_, '_>, base: &Path) -> Section<Tls> {
    let Some(mut table) = document.table("tls") else { return Section::Absent };
    let certificate = table.required("certificate", "\"server.pem\"", values::name);
    let key = table.required("key", "\"server.key\"", values::name);
    let client_ca = table.value("client_ca", values::text).filter(|found| !found.value.is_empty());
    let section = match certificate.zip(key) {
        None => Section::Wrong,
        Some((certificate, key)) => {
            let authorities = client_ca.as_ref().map(|found| base.join(&found.value));
            let tls =
                Tls { certificate: base.join(&certificate.value), key: base.join(&key.value), client_ca: authorities };
            match tls::open(&tls) {
                Ok(_) => Section::Right(tls),
                Err(error) => {
                    match error.part {
                        Part::Certificate => table.error(certificate.at, "certificate", error.what),
                        Part::Key => table.error(key.at, "key", error.what),
                        Part::ClientCa => {
                            table.error(client_ca.map_or(table.at(), |found| found.at), "client_ca", error.what);
                        }
                    }
                    Section::Wrong
                }
            }
        }
    };
    table.finish();
    section
}

fn limits(document: &mut Table<'_, '_>) -> Limits {
    let mut table = document.table_or_empty("limits");
    let default = Limits::default();
    let recipients = table.value("recipients", count);
    if let Some(Found { at, value: ..100 }) = recipients {
        table.warning(at, "recipients", "RFC 5321 wants room for 100 at the least");
    }
    let limits = Limits {
        message_size: table.or("message_size", default.message_size, size),
        transaction_storage: table.or("transaction_storage", default.transaction_storage, size),
        recipients: recipients.map_or(default.recipients, |found| found.value),
        transactions: table.or("transactions", default.transactions, count),
        errors: table.or("errors", default.errors, count),
        auth_failures: table.or("auth_failures", default.auth_failures, count),
        hops: table.or("hops", default.hops, count),
        connections: table.or("connections", default.connections, count),
        connections_per_client: table.or("connections_per_client", default.connections_per_client, count),
        memory: table.or("memory", default.memory, size),
        storage_reserve: table.or("storage_reserve", default.storage_reserve, reserve),
        hold: table.or("hold", default.hold, timeout),
    };
    table.finish();
    limits
}

fn timeouts(document: &mut Table<'_, '_>) -> Timeouts {
    let mut table = document.table_or_empty("timeouts");
    let default = Timeouts::default();
    let timeouts = Timeouts {
        command: table.or("command", default.command, timeout),
        data: table.or("data", default.data, timeout),
        write: table.or("write", default.write, timeout),
        session: table.or("session", default.session, timeout),
        tls_handshake: table.or("tls_handshake", default.tls_handshake, timeout),
        shutdown: table.or("shutdown", default.shutdown, timeout),
    };
    table.finish();
    timeouts
}

fn protocol(document: &mut Table<'_, '_>, submission: bool) -> Protocol {
    let mut table = document.table_or_empty("protocol");
    let default = Protocol::default();
    let line_endings = choice(&[("strict", LineEndings::Strict), ("lenient", LineEndings::Lenient)]);
    let tolerance = choice(&[("refuse", Tolerance::Refuse), ("allow", Tolerance::Allow)]);
    let vrfy = choice(&[("ambiguous", Vrfy::Ambiguous), ("answer", Vrfy::Answer), ("off", Vrfy::Off)]);
    let expn = choice(&[("off", Expn::Off), ("answer", Expn::Answer)]);
    let extensions = table.list("extensions", extension);
    for Found { at, value } in extensions.iter().flat_map(|list| &list.value) {
        if *value == Extension::FutureRelease && !submission {
            table.warning(
                *at,
                "extensions",
                "\"FUTURERELEASE\" is for listeners of the kind \"submission\", and there is none",
            );
        }
    }
    let protocol = Protocol {
        line_endings: table.or("line_endings", default.line_endings, line_endings),
        lenient_clients: elements(table.list("lenient_clients", values::network), default.lenient_clients),
        early_talk: table.or("early_talk", default.early_talk, &tolerance),
        early_talk_delay: table.or("early_talk_delay", default.early_talk_delay, delay),
        unauthorised_pipelining: table.or("unauthorised_pipelining", default.unauthorised_pipelining, &tolerance),
        extensions: elements(extensions, default.extensions),
        vrfy: table.or("vrfy", default.vrfy, vrfy),
        expn: table.or("expn", default.expn, expn),
    };
    table.finish();
    protocol
}

fn extension(value: &DeValue<'_>) -> Result<Extension, String> {
    let text = values::text(value)?;
    match text.as_str() {
        "PIPELINING" => Ok(Extension::Pipelining),
        "SIZE" => Ok(Extension::Size),
        "8BITMIME" => Ok(Extension::EightBitMime),
        "SMTPUTF8" => Ok(Extension::SmtpUtf8),
        "ENHANCEDSTATUSCODES" => Ok(Extension::EnhancedStatusCodes),
        "CHUNKING" => Ok(Extension::Chunking),
        "BINARYMIME" => Ok(Extension::BinaryMime),
        "DSN" => Ok(Extension::Dsn),
        "LIMITS" => Ok(Extension::Limits),
        "DELIVERBY" => Ok(Extension::DeliverBy),
        "REQUIRETLS" => Ok(Extension::RequireTls),
        "MT-PRIORITY" => Ok(Extension::MtPriority),
        "NO-SOLICITING" => Ok(Extension::NoSoliciting),
        "ETRN" => Ok(Extension::Etrn),
        "FUTURERELEASE" => Ok(Extension::FutureRelease),
        "XCLIENT" | "XFORWARD" => {
            Err(format!("{text:?} does not stand here (it is offered where listener.xclient says so)"))
        }
        "STARTTLS" => Err("\"STARTTLS\" does not stand here (it is offered where listener.tls says so)".to_owned()),
        "AUTH" => Err("\"AUTH\" does not stand here (it is offered where auth.mechanisms are)".to_owned()),
        _ => Err(format!("unknown extension {text:?}")),
    }
}

fn auth(document: &mut Table<'_, '_>, base: &Path) -> Auth {
    let mut table = document.table_or_empty("auth");
    let default = Auth::default();
    let mechanisms = table.list("mechanisms", values::mechanism);
    for Found { at, value } in mechanisms.iter().flat_map(|list| &list.value) {
        if *value == Mechanism::Anonymous {
            table.warning(*at, "mechanisms", "\"ANONYMOUS\" lets everybody past listener.require_auth");
        }
    }
    let minimum = |value: &DeValue<'_>| match values::empty_text(value)? {
        true => Ok(None),
        false => values::mechanism(value).map(Some),
    };
    let auth = Auth {
        mechanisms: elements(mechanisms, default.mechanisms),
        plaintext_without_tls: table.or("plaintext_without_tls", default.plaintext_without_tls, boolean),
        minimum: table.or("minimum", None, minimum),
        bearer_tokens: table
            .value("bearer_tokens", values::text)
            .and_then(|found| readable(&table, base, "bearer_tokens", &found)),
    };
    table.finish();
    auth
}

/// The path of a file that can be opened, in a key where the empty text stands for no file.
pub(super) fn readable(table: &Table<'_, '_>, base: &Path, key: &str, found: &Found<String>) -> Option<PathBuf> {
    if found.value.is_empty() {
        return None;
    }
    let path = base.join(&found.value);
    if let Err(error) = std::fs::File::open(&path) {
        table.error(found.at, key, format!("{:?} cannot be read: {error}", found.value));
    }
    Some(path)
}

fn domains(document: &mut Table<'_, '_>) -> Vec<Domain> {
    let tables = document.tables("domain");
    if tables.is_none() {
        document.warning(0, "domain", "missing, so that no mail is taken at all (add a [[domain]])");
    }
    let mut domains: Vec<Domain> = Vec::new();
    let mut targets = Vec::new();
    for mut table in tables.into_iter().flatten() {
        let name = table.required("name", "\"example.com\"", values::domain);
        let catch_all = table.value("catch_all", catch_all);
        if let Some(Found { at, value: name }) = name {
            if domains.iter().any(|earlier| earlier.name == name) {
                table.error(at, "name", format!("{name:?} is listed twice"));
            }
            let catch_all_value = catch_all.as_ref().map_or(CatchAll::None, |found| found.value.clone());
            domains.push(Domain { name, catch_all: catch_all_value });
        }
        if let Some(Found { at, value: CatchAll::To(mailbox) }) = catch_all {
            targets.push((at, mailbox));
        }
        table.finish();
    }
    for (at, mailbox) in targets {
        if !domains.iter().any(|domain| domain.name == mailbox.domain()) {
            let what = format!("\"{mailbox}\" is in none of the domains here (add a [[domain]] for it)");
            document.error(at, "domain.catch_all", what);
        }
    }
    domains
}

fn catch_all(value: &DeValue<'_>) -> Result<CatchAll, String> {
    match values::text(value)?.as_str() {
        "" => Ok(CatchAll::None),
        "*" => Ok(CatchAll::Each),
        text => text
            .parse()
            .map(CatchAll::To)
            .map_err(|_| format!("{text:?} is neither \"\", nor \"*\", nor an address (as \"user@example.com\")")),
    }
}

fn senders(document: &mut Table<'_, '_>) -> Senders {
    let mut table = document.table_or_empty("senders");
    let default = Senders::default();
    let deny = elements(table.list("deny", values::pattern), default.deny);
    let domain = choice(&[("off", false), ("exists", true)]);
    let spf = choice(&[("off", SpfCheck::Off), ("mark", SpfCheck::Mark), ("refuse", SpfCheck::Refuse)]);
    let senders = Senders {
        deny,
        domain_exists: table.or("domain", default.domain_exists, domain),
        local_needs_auth: table.or("local_needs_auth", default.local_needs_auth, boolean),
        match_identity: table.or("match_identity", default.match_identity, boolean),
        spf: table.or("spf", default.spf, spf),
    };
    table.finish();
    senders
}

fn log(document: &mut Table<'_, '_>) -> Log {
    let mut table = document.table_or_empty("log");
    let default = Log::default();
    let format = choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    let level = choice(&[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ]);
    let log =
        Log { format: table.or("format", default.format, format), level: table.or("level", default.level, level) };
    table.finish();
    log
}

/// The elements of a list without their places, or the default where there is no list.
pub(super) fn elements<T>(list: Option<Found<Vec<Found<T>>>>, default: Vec<T>) -> Vec<T> {
    match list {
        Some(list) => list.value.into_iter().map(|element| element.value).collect(),
        None => default,
    }
}
