//! Configurations right and wrong.

use super::*;
use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../../tests/data/ehlod.example.toml");

/// A directory with what the example file speaks of: two certificates with their keys, and accounts.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in ["server", "other"] {
        let pair = rcgen::generate_simple_self_signed([format!("{name}.example.com")]).unwrap();
        std::fs::write(directory.path().join(format!("{name}.pem")), pair.cert.pem()).unwrap();
        std::fs::write(directory.path().join(format!("{name}.key")), pair.signing_key.serialize_pem()).unwrap();
    }
    std::fs::write(directory.path().join("accounts.toml"), "").unwrap();
    directory
}

fn read_in(directory: &TempDir, text: &str) -> Result<Config, Problems> {
    read::config(Report::new("e.toml", text), directory.path(), &Overrides::default())
}

fn problems_in(directory: &TempDir, text: &str) -> Vec<Problem> {
    read_in(directory, text).map_or_else(|problems| problems.0, |_| Vec::new())
}

/// A configuration without a fault, to put faults behind.
const SOUND: &str = "listener = [{ address = \"127.0.0.1:0\" }]\ndomain = [{ name = \"x\" }]\n";

#[test]
fn mistakes() {
    let directory = directory();
    // Each stands behind the two lines of SOUND, so that its first line is line 3.
    for (text, expected) in [
        ("hostnam = \"x\"", "e.toml:3:1: hostnam: unknown key (did you mean \"hostname\"?)"),
        ("hostname = 7", "e.toml:3:12: hostname: expected a string, found an integer"),
        ("hostname = \"a b\"", "e.toml:3:12: hostname: \"a b\" is not a host name (for instance \"mx.example.com\")"),
        (
            "hostname = \"bücher.example\"",
            "e.toml:3:12: hostname: \"bücher.example\" is not a host name (for instance \"mx.example.com\")",
        ),
        ("help_url = \"a b\"", "e.toml:3:12: help_url: \"a b\" is not an URL (printable ASCII without spaces)"),
        (
            "trusted_proxies = [\"10.0.0.1/8\"]",
            "e.toml:3:20: trusted_proxies: \"10.0.0.1/8\" has address bits behind its prefix (\"10.0.0.0/8\" is the network)",
        ),
        ("[limits]\nhold = \"50d\"", "e.toml:4:8: limits.hold: \"50d\" is too long (49 days at the most)"),
        ("limits = 1", "e.toml:3:1: limits: expected a table, found an integer (write it as [limits])"),
        ("[limits]\nmesage_size = 1", "e.toml:4:1: limits.mesage_size: unknown key (did you mean \"message_size\"?)"),
        ("[limits]\nmessage_size = 0", "e.toml:4:16: limits.message_size: must not be zero"),
        (
            "[limits]\nmessage_size = \"25 MB\"",
            "e.toml:4:16: limits.message_size: \"25 MB\" is not a size (for instance \"25 MiB\", \"64 KiB\", or a number of octets)",
        ),
        (
            "[limits]\nmessage_size = -1",
            "e.toml:4:16: limits.message_size: -1 is out of range (0 to 18446744073709551615)",
        ),
        (
            "[limits]\nmessage_size = true",
            "e.toml:4:16: limits.message_size: expected a size, found a boolean (for instance \"25 MiB\")",
        ),
        (
            "[limits]\nmessage_size = \"99999999 TiB\"",
            "e.toml:4:16: limits.message_size: \"99999999 TiB\" is too large",
        ),
        ("[limits]\nrecipients = 0", "e.toml:4:14: limits.recipients: must not be zero"),
        ("[limits]\n  hops   =   \"1\"", "e.toml:4:14: limits.hops: expected an integer, found a string"),
        (
            "[limits]\nconnections = 4294967296",
            "e.toml:4:15: limits.connections: 4294967296 is out of range (1 to 4294967295)",
        ),
        ("limits.errors = 1.5", "e.toml:3:17: limits.errors: expected an integer, found a float"),
        ("[timeouts]\ncommand = \"0s\"", "e.toml:4:11: timeouts.command: must not be zero"),
        (
            "[timeouts]\ndata = 30",
            "e.toml:4:8: timeouts.data: expected a time, found an integer (for instance \"30s\" or \"5m\")",
        ),
        (
            "[timeouts]\nwrite = \"5 minutes\"",
            "e.toml:4:9: timeouts.write: \"5 minutes\" is not a time (for instance \"30s\", \"5m\" or \"1h 30m\")",
        ),
        ("[timeouts]\nsession = \"50d\"", "e.toml:4:11: timeouts.session: \"50d\" is too long (49 days at the most)"),
        (
            "[protocol]\nline_endings = \"crlf\"",
            "e.toml:4:16: protocol.line_endings: unknown value \"crlf\" (strict or lenient)",
        ),
        ("[protocol]\nvrfy = \"on\"", "e.toml:4:8: protocol.vrfy: unknown value \"on\" (ambiguous, answer or off)"),
        (
            "[protocol]\nlenient_clients = \"10.0.0.0/8\"",
            "e.toml:4:19: protocol.lenient_clients: expected an array, found a string (write it in brackets)",
        ),
        (
            "[protocol]\nlenient_clients = [\n  \"10.0.0.0/8\",\n  \"10.0.0.1/8\",\n]",
            "e.toml:6:3: protocol.lenient_clients: \"10.0.0.1/8\" has address bits behind its prefix (\"10.0.0.0/8\" is the network)",
        ),
        (
            "[protocol]\nextensions = [\"SIZE\", \"XCLIENT\"]",
            "e.toml:4:23: protocol.extensions: \"XCLIENT\" does not stand here (it is offered where listener.xclient says so)",
        ),
        ("[protocol]\nextensions = [\"SIEZ\"]", "e.toml:4:15: protocol.extensions: unknown extension \"SIEZ\""),
        ("[protocol]\nextensions = [\"SIZE\", \"SIZE\"]", "e.toml:4:23: protocol.extensions: listed twice"),
        (
            "[protocol]\nextensions = [\"STARTTLS\"]",
            "e.toml:4:15: protocol.extensions: \"STARTTLS\" does not stand here (it is offered where listener.tls says so)",
        ),
        ("[auth]\nmechanisms = [\"PLAIN\", \"PLAIN\"]", "e.toml:4:24: auth.mechanisms: listed twice"),
        (
            "[auth]\nmechanisms = [\"plain\"]",
            "e.toml:4:15: auth.mechanisms: unknown mechanism \"plain\" (PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-256-PLUS, XOAUTH2, OAUTHBEARER, EXTERNAL or ANONYMOUS)",
        ),
        (
            "[auth]\nminimum = \"SCRAM\"",
            "e.toml:4:11: auth.minimum: unknown mechanism \"SCRAM\" (PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-256-PLUS, XOAUTH2, OAUTHBEARER, EXTERNAL or ANONYMOUS)",
        ),
        (
            "[auth]\nbearer_tokens = \"none.toml\"",
            "e.toml:4:17: auth.bearer_tokens: \"none.toml\" cannot be read: No such file or directory (os error 2)",
        ),
        (
            "[auth]\nplaintext_without_tls = \"no\"",
            "e.toml:4:25: auth.plaintext_without_tls: expected true or false, found a string",
        ),
        (
            "[directory]\nkind = \"sql\"",
            "e.toml:3:1: directory.url: missing (for instance url = \"sqlite:accounts.db\")",
        ),
        ("[directory]\nurl = \"sqlite:a.db\"", "e.toml:4:7: directory.url: is for directory.kind = \"sql\""),
        (
            "[directory]\nkind = \"sql\"\nurl = \"mysql://u:p@h/d\"",
            "e.toml:5:7: directory.url: is neither sqlite: nor postgres:",
        ),
        ("[directory]\nkind = \"sql\"\nurl = \"sqlite:\"", "e.toml:5:7: directory.url: names no file"),
        (
            "[directory]\nkind = \"sql\"\nurl = \"postgres://u:p@h:port/d\"",
            "e.toml:5:7: directory.url: is not an URL of PostgreSQL: error with configuration: invalid port number",
        ),
        (
            "[directory]\nkind = \"sql\"\nurl = \"sqlite:a.db\"\naccounts = \"accounts.toml\"",
            "e.toml:6:12: directory.accounts: is for directory.kind = \"file\"",
        ),
        (
            "[directory]\naccounts = \"none.toml\"",
            "e.toml:4:12: directory.accounts: \"none.toml\" cannot be read: No such file or directory (os error 2)",
        ),
        ("[delivery]\nkind = \"next_hop\"", "e.toml:4:8: delivery.kind: needs a next hop (set delivery.next_hop)"),
        (
            "[delivery]\nnext_hop = \"x:25\"",
            "e.toml:4:12: delivery.next_hop: \"x:25\" is not a next hop (for instance \"smtp:relay.example.net:25\" or \"lmtp:unix:/run/lmtp.sock\")",
        ),
        (
            "[[next_hop]]\naddress = \"smtp:b:25\"",
            "e.toml:4:11: next_hop.address: neither relay.next_hop nor delivery.next_hop is \"smtp:b:25\"",
        ),
        (
            "[relay]\nnext_hop = \"smtp:b:25\"\n[[next_hop]]\naddress = \"smtp:b:25\"\nuser = \"u\"\npassword_file = \"p\"",
            "e.toml:7:8: next_hop.user: would show the password to anybody (set tls to \"required\" or \"implicit\")",
        ),
        (
            "[relay]\nnext_hop = \"smtp:unix:b\"\n[[next_hop]]\naddress = \"smtp:unix:b\"\ntls = \"required\"",
            "e.toml:7:7: next_hop.tls: has no name to check on a Unix socket (leave it out)",
        ),
        (
            "[relay]\nnext_hop = \"smtp:b:25\"\n[[next_hop]]\naddress = \"smtp:b:25\"\ntls = \"required\"\nuser = \"u\"",
            "e.toml:8:8: next_hop.user: needs a password (set password_file)",
        ),
        ("[delivery]\npath = \"accounts.toml\"", "e.toml:4:8: delivery.path: is not a directory"),
        (
            "[tls]\nkey = \"server.key\"",
            "e.toml:3:1: tls.certificate: missing (for instance certificate = \"server.pem\")",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "e.toml:4:9: log.level: unknown value \"loud\" (error, warn, info, debug or trace)",
        ),
        ("[log]\nfile = \"x\"", "e.toml:4:1: log.file: unknown key (known here: format, level)"),
        ("[senders]\nspf = \"on\"", "e.toml:4:7: senders.spf: unknown value \"on\" (off, mark or refuse)"),
        (
            "[senders]\ndeny = [\"@a_b\"]",
            "e.toml:4:9: senders.deny: \"@a_b\" is not a pattern for addresses (for instance \"user@example.com\", \"@example.com\", \"@.example.com\" or \"user@\")",
        ),
        ("[recipients]\ndeny = [\"a@\", \"a@\"]", "e.toml:4:15: recipients.deny: listed twice"),
        (
            "[recipients]\nnot_allow = []",
            "e.toml:4:1: recipients.not_allow: unknown key (did you mean \"not_allowed\"?)",
        ),
        (
            "[senders]\nmatch_identity = 1",
            "e.toml:4:18: senders.match_identity: expected true or false, found an integer",
        ),
        (
            "[access]\nallow = [\"192.0.2.1/24\"]",
            "e.toml:4:10: access.allow: \"192.0.2.1/24\" has address bits behind its prefix (\"192.0.2.0/24\" is the network)",
        ),
        (
            "[access]\ndeny = [\"spam.example\"]",
            "e.toml:4:9: access.deny: \"spam.example\" is not a network (for instance \"192.0.2.0/24\" or \"2001:db8::/32\")",
        ),
        (
            "[access]\ndnsbl = [\"a b\"]",
            "e.toml:4:10: access.dnsbl: \"a b\" is not a domain (for instance \"example.com\")",
        ),
        (
            "[access]\nreverse_dns = \"on\"",
            "e.toml:4:15: access.reverse_dns: unknown value \"on\" (off, exists or confirmed)",
        ),
        ("[access]\nhello = \"on\"", "e.toml:4:9: access.hello: unknown value \"on\" (off, resolves or matches)"),
        (
            "[dns]\nservers = [\"ns.example\"]",
            "e.toml:4:12: dns.servers: \"ns.example\" is not the address of a name server (for instance \"127.0.0.1:5300\" or \"192.0.2.53\")",
        ),
        ("[relay]\nto = [\"@x\"]", "e.toml:4:7: relay.to: \"@x\" is not a domain (for instance \"example.com\")"),
        (
            "[relay]\nnext_hop = \"smtp:a:0\"",
            "e.toml:4:12: relay.next_hop: \"smtp:a:0\" is not a next hop (for instance \"smtp:relay.example.net:25\" or \"lmtp:unix:/run/lmtp.sock\")",
        ),
        (
            "[recipients]\nsubaddress = \"++\"",
            "e.toml:4:14: recipients.subaddress: \"++\" is not a separator (\"+\", \"-\", \"_\", \"=\", \"#\", or \"\" for none)",
        ),
        (
            "[greylist]\npending = \"5m\"",
            "e.toml:3:1: greylist.pending: is not longer than delay, so that nothing would ever be let pass",
        ),
        (
            "[greylist]\nnetwork_prefix = [24, 129]",
            "e.toml:4:18: greylist.network_prefix: is not the prefixes of IPv4 and IPv6 (for instance [24, 64])",
        ),
        ("[flow]\nper_client = \"60\"", "e.toml:4:14: flow.per_client: \"60\" is not a rate (for instance \"60/1m\")"),
        (
            "[access.audit]\nclient_failures = \"0/1m\"",
            "e.toml:4:19: access.audit.client_failures: \"0/1m\" is not a rate (for instance \"60/1m\")",
        ),
        (
            "[state]\nkind = \"redis\"",
            "e.toml:3:1: state.url: missing (for instance url = \"redis://127.0.0.1:6379/\")",
        ),
        (
            "[state]\nurl = \"http://x\"",
            "e.toml:4:7: state.url: is not an URL of Redis (for instance \"redis://127.0.0.1:6379/\")",
        ),
        ("[state]\npath = \"accounts.toml\"", "e.toml:4:8: state.path: is not a directory"),
        (
            "[access]\nrefuse_at = \"EHLO\"",
            "e.toml:4:13: access.refuse_at: unknown value \"EHLO\" (OPEN, MAIL or RCPT)",
        ),
        ("[[access.rule]]\nclient = \"::1\"", "e.toml:3:1: access.rule.stage: missing (for instance stage = \"RCPT\")"),
        (
            "[[access.rule]]\nstage = \"VRFY\"\nsender = \"a@\"",
            "e.toml:5:10: access.rule.sender: is known at MAIL and RCPT only",
        ),
        (
            "[[access.rule]]\nstage = \"MAIL\"\nrecipient = \"a@\"",
            "e.toml:5:13: access.rule.recipient: is known at RCPT, VRFY and EXPN only",
        ),
        (
            "[metrics]\naddress = \"localhost:9925\"",
            "e.toml:4:11: metrics.address: \"localhost:9925\" is not an address and a port (for instance \"127.0.0.1:9925\")",
        ),
        ("[metrics]\npage = \"on\"", "e.toml:4:8: metrics.page: expected true or false, found a string"),
        ("[log]\nlevel = ", "e.toml:4:9: log.level: string values must be quoted, expected literal string"),
        ("[log]\nlevel = \"info\"\nlevel = \"warn\"", "e.toml:5:1: log.level: duplicate key"),
    ] {
        let found = problems_in(&directory, &format!("{SOUND}{text}"));
        assert_eq!(found.first().map(ToString::to_string).as_deref(), Some(expected), "{text}");
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn mistakes_in_listeners_domains_and_tls() {
    let directory = directory();
    let key = |file: &str| directory.path().join(file);
    for (text, expected) in [
        ("hostname = \"x\"\n", "e.toml:1:1: listener: missing (there has to be at least one [[listener]])".to_owned()),
        ("\n[listener]\naddress = \"[::]:25\"", "e.toml:2:2: listener: expected an array of tables, found a table (write it as [[listener]])".to_owned()),
        ("[[listener]]\nkind = \"mx\"", "e.toml:1:1: listener.address: missing (for instance address = \"127.0.0.1:2525\")".to_owned()),
        ("[[listener]]\naddress = \"localhost:25\"", "e.toml:2:11: listener.address: \"localhost:25\" is not an address and a port (for instance \"127.0.0.1:2525\" or \"[::]:25\")".to_owned()),
        ("[[listener]]\naddress = \"unix:\"", "e.toml:2:11: listener.address: \"unix:\" names no path (for instance \"unix:/run/ehlod.sock\")".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\n[[listener]]\naddress = \"[0:0::0]:25\"", "e.toml:4:11: listener.address: \"[::]:25\" has a listener already".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\nkind = \"smtp\"", "e.toml:3:8: listener.kind: unknown value \"smtp\" (mx, submission or lmtp)".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\nproxy_protocol = true", "e.toml:3:18: listener.proxy_protocol: trusts nobody (set trusted_proxies, for instance to [\"127.0.0.0/8\"])".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\nxclient = true", "e.toml:3:11: listener.xclient: trusts nobody (set trusted_proxies, for instance to [\"127.0.0.0/8\"])".to_owned()),
        ("trusted_proxies = [\"127.0.0.1\"]\n[[listener]]\naddress = \"[::]:25\"\nxclient = true\ntrusted_proxies = []", "e.toml:4:11: listener.xclient: trusts nobody (set trusted_proxies, for instance to [\"127.0.0.0/8\"])".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\ntls = \"implicit\"", "e.toml:3:7: listener.tls: needs a certificate (set tls.certificate and tls.key, or tls = \"none\")".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\nkind = \"submission\"", "e.toml:3:8: listener.require_auth: needs accounts (set directory.accounts, or require_auth = false)".to_owned()),
        ("[[listener]]\naddress = \"[::]:25\"\nrequire_auth = true", "e.toml:3:16: listener.require_auth: needs accounts (set directory.accounts, or require_auth = false)".to_owned()),
        ("directory.accounts = \"accounts.toml\"\nauth.mechanisms = []\n[[listener]]\naddress = \"[::]:25\"\nrequire_auth = true", "e.toml:5:16: listener.require_auth: needs a mechanism (set auth.mechanisms, or require_auth = false)".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[[domain]]", "e.toml:2:1: domain.name: missing (for instance name = \"example.com\")".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[[domain]]\nname = \"a_b\"", "e.toml:3:8: domain.name: \"a_b\" is not a domain (for instance \"example.com\")".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[[domain]]\nname = \"a.b\"\n[[domain]]\nname = \"A.B\"", "e.toml:5:8: domain.name: \"a.b\" is listed twice".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[[domain]]\nname = \"a\"\ncatch_all = \"all\"", "e.toml:4:13: domain.catch_all: \"all\" is neither \"\", nor \"*\", nor an address (as \"user@example.com\")".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[[domain]]\nname = \"a\"\ncatch_all = \"x@b\"", "e.toml:4:13: domain.catch_all: \"x@b\" is in none of the domains here (add a [[domain]] for it)".to_owned()),
        ("listener = [{ address = \"[::]:25\" }]\n[tls]\ncertificate = \"no.pem\"\nkey = \"server.key\"", format!("e.toml:3:15: tls.certificate: {:?} cannot be read: No such file or directory (os error 2)", key("no.pem"))),
        ("listener = [{ address = \"[::]:25\" }]\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.pem\"", format!("e.toml:4:7: tls.key: {:?} holds no private key in PEM form", key("server.pem"))),
        ("listener = [{ address = \"[::]:25\" }]\n[tls]\ncertificate = \"accounts.toml\"\nkey = \"server.key\"", format!("e.toml:3:15: tls.certificate: {:?} holds no certificate in PEM form", key("accounts.toml"))),
        ("listener = [{ address = \"[::]:25\" }]\n[tls]\ncertificate = \"server.pem\"\nkey = \"other.key\"", format!("e.toml:4:7: tls.key: {:?} is not the key of the certificate in {:?}", key("other.key"), key("server.pem"))),
        ("listener = [{ address = \"[::]:25\" }]\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nclient_ca = \"ca.pem\"", format!("e.toml:5:13: tls.client_ca: {:?} cannot be read: No such file or directory (os error 2)", key("ca.pem"))),
    ] {
        let found = problems_in(&directory, text);
        assert_eq!(found.first().map(ToString::to_string), Some(expected), "{text}");
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn all_mistakes_are_told_in_order() {
    let found = problems_in(&directory(), "[log]\nlevel = 1\nx = 1\n[limits]\nhops = 0\n[metrics]\nx = 1\n");
    let lines: Vec<_> = found.iter().map(|problem| (problem.line, problem.key.as_str())).collect();
    assert_eq!(lines, [(1, "listener"), (2, "log.level"), (3, "log.x"), (5, "limits.hops"), (7, "metrics.x")]);
    assert_eq!(Problems(found).to_string().lines().count(), 5);
}

#[test]
fn a_file_that_is_not_there() {
    let found = Config::load(Path::new("/nowhere/e.toml"), &Overrides::default()).unwrap_err();
    assert_eq!(
        found.to_string(),
        "/nowhere/e.toml:1:1: (file): cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn warnings() {
    let text = "directory.accounts = \"accounts.toml\"\n[[listener]]\naddress = \"[::]:587\"\nkind = \"submission\"\n\
                [limits]\nrecipients = 99\n";
    let config = read_in(&directory(), text).unwrap();
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "e.toml:1:1: domain: missing, so that no mail is taken at all (add a [[domain]])",
            "e.toml:4:8: listener.require_auth: nobody can authenticate here, since there is no TLS (set tls, or \
             auth.plaintext_without_tls)",
            "e.toml:6:14: limits.recipients: RFC 5321 wants room for 100 at the least",
        ]
    );
}

#[test]
fn holding_is_for_submission() {
    let text = format!("{SOUND}protocol.extensions = [\"SIZE\", \"FUTURERELEASE\", \"ETRN\"]\n");
    let config = read_in(&directory(), &text).unwrap();
    assert_eq!(config.protocol.extensions, [Extension::Size, Extension::FutureRelease, Extension::Etrn]);
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    let expected = "e.toml:3:32: protocol.extensions: \"FUTURERELEASE\" is for listeners of the kind \"submission\", and there is none";
    assert_eq!(warnings, [expected]);
}

#[test]
fn defaults_and_what_follows_from_them() {
    let directory = directory();
    let config = read_in(&directory, SOUND).unwrap();
    let expected = Config {
        listeners: vec![Listener::new("127.0.0.1:0".parse().unwrap(), TlsMode::None)],
        domains: vec![Domain { name: "x".to_owned(), catch_all: CatchAll::None }],
        state: StateConfig { place: StatePlace::Embedded(directory.path().join("state")), defer: false },
        delivery: DeliveryConfig::Maildir { path: directory.path().join("mail"), sync: true },
        ..Config::embedded(&Overrides::default())
    };
    assert_eq!(config, expected);

    let text = "tls = { certificate = \"server.pem\", key = \"server.key\", client_ca = \"\" }\n\
                directory = { kind = \"file\", accounts = \"accounts.toml\", url = \"\" }\n\
                trusted_proxies = []\n\
                listener = [{ address = \"[::1]:0\", kind = \"submission\", xclient = false },\n\
                { address = \"[::1]:0\", tls = \"none\", proxy_protocol = false }]\n\
                domain = [{ name = \"A\", catch_all = \"Bob@b\" }, { name = \"b\", catch_all = \"*\" }]\n\
                delivery = { kind = \"discard\", next_hop = \"\" }\n\
                limits = { message_size = 0x100, storage_reserve = 0 }\n\
                senders = { match_identity = false, deny = [], domain = \"off\", spf = \"off\", local_needs_auth = false }\n\
                auth = { mechanisms = [\"LOGIN\"], minimum = \"\", bearer_tokens = \"\" }\n";
    let config = read_in(&directory, text).unwrap();
    assert_eq!(config.warnings, []);
    let modes: Vec<_> = config.listeners.iter().map(|listener| (listener.tls, listener.require_auth)).collect();
    assert_eq!(modes, [(TlsMode::StartTls, true), (TlsMode::None, false)]);
    assert_eq!(config.accounts, Accounts::File(directory.path().join("accounts.toml")));
    assert_eq!(config.domains[0].catch_all, CatchAll::To(Mailbox::new("bob", "b")));
    assert_eq!(config.delivery, DeliveryConfig::Discard);
    assert_eq!((config.limits.message_size, config.limits.storage_reserve), (256, 0));
    assert_eq!(config.auth.mechanisms, [Mechanism::Login]);
    assert!(!config.senders.match_identity);
}

#[test]
fn whom_a_listener_trusts() {
    let text = "trusted_proxies = [\"10.0.0.0/8\", \"2001:db8::1\"]\n\
                listener = [{ address = \"[::1]:0\", proxy_protocol = true },\n\
                { address = \"[::1]:0\", xclient = true, trusted_proxies = [\"192.0.2.1\"] },\n\
                { address = \"unix:s\", proxy_protocol = true, trusted_proxies = [] }]\n";
    let config = read_in(&directory(), text).unwrap();
    let [proxied, xclient, unix] = &config.listeners[..] else { panic!("{:?}", config.listeners) };
    let switches = |listener: &Listener| (listener.proxy_protocol, listener.xclient);
    assert_eq!((switches(proxied), switches(xclient), switches(unix)), ((true, false), (false, true), (true, false)));
    let trusts = |listener: &Listener, address: &str| listener.trusts(Some(address.parse().unwrap()));
    assert!(trusts(proxied, "10.1.2.3") && trusts(proxied, "::ffff:10.1.2.3") && trusts(proxied, "2001:db8::1"));
    assert!(!trusts(proxied, "192.0.2.1") && !trusts(proxied, "2001:db8::2"));
    assert!(trusts(xclient, "192.0.2.1") && !trusts(xclient, "10.1.2.3"));
    assert!(unix.trusts(None) && !trusts(unix, "10.1.2.3"));
}

#[test]
fn the_embedded_default() {
    let config = Config::embedded(&Overrides::default());
    assert_eq!(config.listeners[0].address, "127.0.0.1:2525".parse().unwrap());
    assert_eq!(config.domains, [Domain { name: "localhost".to_owned(), catch_all: CatchAll::Each }]);
    assert_eq!(config.delivery, DeliveryConfig::Maildir { path: "mail".into(), sync: true });
    assert!(is_domain(&config.hostname));
}

#[test]
fn the_command_line_goes_over_the_file() {
    let directory = directory();
    let overrides = Overrides {
        listen: vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
        hostname: Some("mx.example".to_owned()),
        mail: Some("elsewhere".into()),
    };
    let read = |text: &str| read::config(Report::new("e.toml", text), directory.path(), &overrides).unwrap();

    let config = read("hostname = \"a\"\n[delivery]\nsync = false\n");
    assert_eq!(config.hostname, "mx.example");
    assert_eq!(config.listeners.len(), 2);
    assert!(config.listeners.iter().all(|listener| listener.tls == TlsMode::None && listener.kind == Kind::Mx));
    assert_eq!(config.delivery, DeliveryConfig::Maildir { path: "elsewhere".into(), sync: false });

    let config = read("tls = { certificate = \"server.pem\", key = \"server.key\" }\ndelivery.kind = \"discard\"\n");
    assert!(config.listeners.iter().all(|listener| listener.tls == TlsMode::StartTls));
    assert_eq!(config.delivery, DeliveryConfig::Maildir { path: "elsewhere".into(), sync: true });
}

#[test]
fn relative_paths_start_at_the_file() {
    let directory = directory();
    let path = directory.path().join("ehlod.toml");
    std::fs::write(&path, format!("{SOUND}[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n")).unwrap();
    let config = Config::load(&path, &Overrides::default()).unwrap();
    assert_eq!(config.tls.unwrap().key, directory.path().join("server.key"));
    assert_eq!(config.delivery, DeliveryConfig::Maildir { path: directory.path().join("mail"), sync: true });
}

/// The lines of the example that set something: number from 1, table, key, value.
fn settings() -> Vec<(usize, &'static str, &'static str)> {
    let mut section = "";
    let mut settings = Vec::new();
    for (index, line) in EXAMPLE.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_start_matches('[').split(']').next().unwrap();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            settings.push((index + 1, section, key));
        }
    }
    settings
}

#[test]
fn the_example_is_right() {
    assert_eq!(problems_in(&directory(), EXAMPLE), []);
}

#[test]
fn the_page_is_on_this_machine_where_nothing_else_is_said() {
    let read = |text: &str| read_in(&directory(), &format!("{SOUND}[metrics]\n{text}")).unwrap();
    for (text, address, page) in [
        ("", None, false),
        ("address = \"\"", None, false),
        ("address = \"[::1]:0\"", Some("[::1]:0"), false),
        ("page = true", Some("127.0.0.1:9925"), true),
        ("address = \"\"\npage = true", Some("127.0.0.1:9925"), true),
        ("address = \"127.0.0.2:1\"\npage = true", Some("127.0.0.2:1"), true),
    ] {
        let config = read(text);
        let address = address.map(|address| address.parse().unwrap());
        assert_eq!((config.metrics, config.warnings), (MetricsConfig { address, page }, Vec::new()), "{text}");
    }
    let warned = read("address = \"[::]:9925\"\npage = true").warnings;
    assert_eq!(warned.len(), 1);
    assert!(warned[0].to_string().starts_with("e.toml:5:8: metrics.page: shows clients"), "{warned:?}");
}

/// No key of the example is passed over: a value that fits no key is complained of wherever it stands, and so is a key
/// of another name.
#[test]
fn no_key_of_the_example_is_ignored() {
    let directory = directory();
    let settings = settings();
    assert!(settings.len() > 80, "{}", settings.len());
    for (line, section, key) in settings {
        for changed in [format!("{key} = {{ wrong = 1 }}"), format!("{key}_of_another_name = 1")] {
            let mut lines: Vec<&str> = EXAMPLE.lines().collect();
            lines[line - 1] = &changed;
            let found = problems_in(&directory, &lines.join("\n"));
            let complained = found
                .iter()
                .any(|problem| problem.line == line && problem.key.split('.').next_back().unwrap().starts_with(key));
            assert!(complained, "line {line}: {changed} in [{section}]");
        }
    }
}
