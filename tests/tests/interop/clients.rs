//! The client programs, their scripts, and what these can do.

use ehlo_tests::Result;

use crate::scene::Scene;
use crate::{lettre, mail_send};

/// A client program.
pub(crate) struct Client {
    /// Its name.
    pub(crate) name: &'static str,
    /// What drives it.
    pub(crate) driver: Driver,
    /// What must be there for that.
    pub(crate) needs: &'static [Need],
    /// What the script can do with it.
    pub(crate) scenarios: &'static [Scenario],
}

/// What drives a client.
#[derive(Clone, Copy)]
pub(crate) enum Driver {
    /// This script in `interop/`.
    Script(&'static str),
    /// This function, where the client is a library for Rust: it is given the scenario's name.
    Function(fn(&str, &Scene) -> Result<()>),
}

/// Something that must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A program on the search path.
    Program(&'static str),
    /// A file that `tests/run` has fetched.
    Fetched(&'static str),
    /// The superuser.
    Root,
}

/// The name of a scenario, and the session that it must be.
pub(crate) type Scenario = (&'static str, Session);

/// What the server must have seen.
pub(crate) enum Session {
    /// Messages, their Received field with this keyword (RFC 3848, RFC 6531). If it ends with A, `user@example.net` has logged in, and
    /// is the reverse-path; otherwise `alice@example.com` is.
    With(&'static str),
    /// A login, and no more.
    LoggedIn,
    /// A refusal that the session ended by: its code.
    Refused(&'static str),
    /// Nothing that is logged.
    Asked,
}

use Driver::{Function, Script};
use Need::{Fetched, Program, Root};
use Session::{Asked, LoggedIn, Refused, With};

pub(crate) const CLIENTS: &[Client] = &[
    Client {
        name: "swaks",
        driver: Script("swaks.sh"),
        needs: &[Program("swaks")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("helo", With("SMTP")),
            ("several-recipients", With("ESMTP")),
            ("pipelining", With("ESMTP")),
            ("auth-plain", With("ESMTPA")),
            ("auth-login", With("ESMTPA")),
            ("auth-cram-md5", With("ESMTPA")),
            ("starttls", With("ESMTPS")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("tls", With("ESMTPS")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-cram-md5", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-login", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
            ("lmtp", With("LMTP")),
            ("proxy-v1", With("ESMTP")),
            ("proxy-v2", With("ESMTPS")),
            ("proxy-v2-ipv6-tls", With("ESMTPS")),
            ("xclient", Asked),
        ],
    },
    Client {
        name: "curl",
        driver: Script("curl.sh"),
        needs: &[Program("curl")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("stdin", With("ESMTP")),
            ("starttls", With("ESMTPS")),
            ("tls", With("ESMTPS")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-xoauth2", With("ESMTPSA")),
            ("starttls-oauthbearer", With("ESMTPSA")),
            ("starttls-external", With("ESMTPSA")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-cram-md5", With("ESMTPSA")),
            ("tls-xoauth2", With("ESMTPSA")),
            ("tls-oauthbearer", With("ESMTPSA")),
            ("tls-external", With("ESMTPSA")),
            ("initial-plain", With("ESMTPA")),
            ("initial-login", With("ESMTPA")),
            ("initial-xoauth2", With("ESMTPA")),
            ("initial-oauthbearer", With("ESMTPA")),
            ("initial-external", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-login", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
            ("wrong-xoauth2", Asked),
            ("wrong-oauthbearer", Refused("535")),
            ("wrong-external", Refused("535")),
            ("verify", Asked),
        ],
    },
    Client {
        name: "openssl",
        driver: Script("openssl.sh"),
        needs: &[Program("openssl")],
        scenarios: &[("starttls", With("ESMTPSA")), ("implicit-tls", With("ESMTPSA")), ("tls12", With("ESMTPSA"))],
    },
    Client {
        name: "smtplib",
        driver: Script("smtplib_client.py"),
        needs: &[Program("python3")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("login", With("ESMTPSA")),
            ("each-mechanism", LoggedIn),
            ("wrong-password", Refused("535")),
            ("implicit-tls", With("ESMTPSA")),
            ("eight-bit", With("ESMTP")),
            ("dots", With("ESMTP")),
            ("big", With("ESMTP")),
            ("quoted-local-part", With("ESMTP")),
            ("smtputf8", With("UTF8SMTP")),
            ("several-messages", With("ESMTP")),
            ("queries", Asked),
            ("refused-sender", Refused("552")),
            ("pipelining", With("ESMTP")),
            ("lmtp", With("LMTP")),
        ],
    },
    Client {
        name: "aiosmtplib",
        driver: Script("aiosmtplib_client.py"),
        needs: &[Program("python3"), Fetched("python/aiosmtplib")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("one-refused", With("ESMTP")),
            ("starttls", With("ESMTPSA")),
            ("tls", With("ESMTPSA")),
            ("each-mechanism", LoggedIn),
            ("xoauth2", With("ESMTPSA")),
            ("wrong-password", Refused("535")),
            ("wrong-token", Refused("535")),
            ("smtputf8", With("UTF8SMTP")),
            ("big", With("ESMTP")),
            ("many-at-once", With("ESMTP")),
        ],
    },
    Client {
        name: "nodemailer",
        driver: Script("nodemailer.js"),
        needs: &[Program("node"), Fetched("node_modules/nodemailer")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("one-refused", With("ESMTP")),
            ("composed", With("ESMTPSA")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-xoauth2", With("ESMTPSA")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-cram-md5", With("ESMTPSA")),
            ("tls-xoauth2", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
            ("wrong-xoauth2", Refused("535")),
            ("dsn", With("ESMTP")),
            ("smtputf8", With("UTF8SMTP")),
            ("big", With("ESMTP")),
            ("pool", With("ESMTPSA")),
            ("lmtp", With("LMTP")),
        ],
    },
    Client {
        name: "lettre",
        driver: Function(lettre::run),
        needs: &[],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("composed", With("ESMTPSA")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-xoauth2", With("ESMTPSA")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-xoauth2", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-login", Refused("535")),
            ("wrong-xoauth2", Asked),
            ("one-refused", Refused("554")),
            ("smtputf8", With("UTF8SMTP")),
            ("big", With("ESMTP")),
        ],
    },
    Client {
        name: "mail-send",
        driver: Function(mail_send::run),
        needs: &[],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("bdat", With("ESMTP")),
            ("dsn", With("ESMTP")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-xoauth2", With("ESMTPSA")),
            ("starttls-oauthbearer", With("ESMTPSA")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-cram-md5", With("ESMTPSA")),
            ("tls-xoauth2", With("ESMTPSA")),
            ("tls-oauthbearer", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
        ],
    },
    Client {
        name: "msmtp",
        driver: Script("msmtp.sh"),
        needs: &[Program("msmtp")],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("dsn", With("ESMTP")),
            ("starttls", With("ESMTPS")),
            ("tls", With("ESMTPS")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-scram-sha-1", With("ESMTPSA")),
            ("starttls-scram-sha-256", With("ESMTPSA")),
            ("starttls-oauthbearer", With("ESMTPSA")),
            ("starttls-xoauth2", With("ESMTPSA")),
            ("starttls-external", With("ESMTPSA")),
            ("tls-plain", With("ESMTPSA")),
            ("tls-login", With("ESMTPSA")),
            ("tls-cram-md5", With("ESMTPSA")),
            ("tls-scram-sha-1", With("ESMTPSA")),
            ("tls-scram-sha-256", With("ESMTPSA")),
            ("tls-oauthbearer", With("ESMTPSA")),
            ("tls-xoauth2", With("ESMTPSA")),
            ("tls-external", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-login", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
            ("wrong-scram-sha-1", Refused("535")),
            ("wrong-scram-sha-256", Refused("535")),
            ("wrong-oauthbearer", Refused("535")),
            ("wrong-xoauth2", Refused("535")),
            ("wrong-external", Refused("535")),
        ],
    },
    Client {
        name: "gsasl",
        driver: Script("gsasl.sh"),
        needs: &[Program("gsasl")],
        scenarios: &[
            ("plain", With("ESMTPSA")),
            ("login", With("ESMTPSA")),
            ("cram-md5", With("ESMTPSA")),
            ("scram-sha-1", With("ESMTPSA")),
            ("scram-sha-1-plus", With("ESMTPSA")),
            ("scram-sha-256", With("ESMTPSA")),
            ("scram-sha-256-plus", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-scram-sha-1-plus", Refused("535")),
            ("wrong-scram-sha-256-plus", Refused("535")),
            // Under TLS 1.2 gsasl binds by tls-unique, which ehlod does not have.
            ("tls12-unique", Refused("535")),
        ],
    },
    Client {
        name: "exim",
        driver: Script("exim_client.py"),
        needs: &[Program("python3"), Fetched("exim/usr/sbin/exim4"), Root],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("eight-bit", With("ESMTP")),
            ("smtputf8", With("UTF8SMTP")),
            ("dsn", With("ESMTP")),
            ("big", With("ESMTP")),
            ("null-sender", With("ESMTP")),
            ("starttls", With("ESMTPS")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-external", With("ESMTPSA")),
            ("tls", With("ESMTPS")),
            ("tls-plain", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-cram-md5", Refused("535")),
            ("wrong-external", Refused("535")),
            ("lmtp", With("LMTP")),
        ],
    },
    Client {
        name: "postfix",
        driver: Script("postfix_client.py"),
        needs: &[Program("python3"), Fetched("postfix/usr/lib/postfix/sbin/master"), Root],
        scenarios: &[
            ("plain", With("ESMTP")),
            ("several-recipients", With("ESMTP")),
            ("eight-bit", With("ESMTP")),
            ("smtputf8", With("UTF8SMTP")),
            ("dsn", With("ESMTP")),
            ("big", With("ESMTP")),
            ("null-sender", With("ESMTP")),
            ("bounce", With("ESMTP")),
            ("starttls", With("ESMTPS")),
            ("starttls-plain", With("ESMTPSA")),
            ("starttls-login", With("ESMTPSA")),
            ("starttls-cram-md5", With("ESMTPSA")),
            ("starttls-scram-sha-1", With("ESMTPSA")),
            ("starttls-scram-sha-256", With("ESMTPSA")),
            ("tls", With("ESMTPS")),
            ("tls-plain", With("ESMTPSA")),
            ("wrong-plain", Refused("535")),
            ("wrong-scram-sha-256", Refused("535")),
            ("lmtp", With("LMTP")),
        ],
    },
];
