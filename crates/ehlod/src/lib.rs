//! The reference server of the ehlo project, as a library of its parts; the program `ehlod` is [`cli::run`].
//!
//! | | |
//! | --- | --- |
//! | [`cli`], [`serve`], [`bind`], [`passed`], [`notify`], [`check`], [`explain`], [`replies`], [`remembered`], [`passwd`], [`output`] | the command line and its commands |
//! | [`config`] | the TOML configuration: schema, defaults, and errors that name their place |
//! | [`content`] | what a message may not be, or hold |
//! | [`directory`] | domains, accounts, aliases, credentials |
//! | [`delivery`], [`release`] | where accepted mail goes, and when |
//! | [`site`] | a configuration in use, with what was opened for it |
//! | [`session`], [`client`], [`transaction`], [`outgoing`] | a client's session, whom it is with, and its messages |
//! | [`policy`] | what is decided, one question a file |
//! | [`metrics`], [`watch`], [`web`] | what the server tells of itself |
//! | [`trace`], [`queue_id`] | what the server writes at the head of a message |
//! | [`mailbox`], [`pattern`], [`memory`], [`tally`], [`tls`], [`log`] | what they share |

pub mod bind;
pub mod certificate;
pub mod check;
pub mod cli;
pub mod client;
pub mod config;
pub mod content;
mod date;
pub mod delivery;
pub mod directory;
pub mod dns;
pub mod explain;
pub mod forged;
pub mod log;
pub mod mailbox;
pub mod memory;
pub mod metrics;
pub mod notify;
pub mod outgoing;
pub mod output;
pub mod passed;
pub mod passwd;
pub mod pattern;
pub mod policy;
pub mod queue_id;
pub mod release;
pub mod remembered;
pub mod replies;
pub mod serve;
pub mod session;
pub mod site;
pub mod state;
pub mod submission;
pub mod tally;
pub mod tls;
pub mod trace;
pub mod transaction;
pub mod watch;
pub mod web;
