//! What SMTP replies and bounces mean: whether to try again, who has to act, and what to do. In English and in Chinese.
//!
//! [`explain`] takes a reply, several, a multi-line reply, a line of a log, or the text of a bounce as qmail, Postfix, Exim, Sendmail, Exchange or
//! Coremail write it; [`explain_octets`] a whole bounce message as well (RFC 3464, or of before its time). Each reply that is found there is a
//! [`Finding`].
//!
//! ```
//! use ehlo_explain::{Act, Class, Lang, Retry, explain};
//!
//! let bounce = "<bob@example.net>: host mx.example.net[192.0.2.1] said: 450 4.7.1 <bob@example.net>:\n    \
//!               Recipient address rejected: Greylisted for 5 minutes (in reply to RCPT TO command)";
//! let [finding] = &explain(bounce)[..] else { panic!("one reply") };
//! assert_eq!((finding.code, finding.id), (Some(450), Some("greylisted")));
//! assert_eq!(finding.enhanced.unwrap().to_string(), "4.7.1");
//! assert_eq!((finding.class, finding.act, finding.retry), (Class::Temporary, Act::Nobody, Retry::AfterTime));
//! assert!(finding.meaning(Lang::En).contains("put off on purpose"));
//! assert!(finding.remedy(Lang::Zh).contains("自动重试"));
//!
//! // What is not known by its wording is explained by its codes, and no further.
//! let finding = &explain("550 5.7.23 computer says no")[0];
//! assert_eq!((finding.id, finding.source), (None, "RFC 7372"));
//! assert!(explain("Dear Bob, see you at eight.").is_empty());
//! ```
//!
//! It knows the catalogue of replies and the field cases of ehlo by name ([`Finding::id`]), wordings of widespread servers and providers, every
//! registered enhanced status code (RFC 3463, RFC 5248 and those that added to the registry), and the reply codes of RFC 5321. Each has its
//! [`Finding::source`].
//!
//! A text is compared by its words. What differs from one message to the next (addresses, hosts, numbers, ids, punctuation) does not count;
//! all else does, and so does the class of the code: a text that only looks alike gets the meaning of its codes.
//!
//! Any input will do. The first [`MOST_OCTETS`] are read, in time linear in them, and [`MOST_FINDINGS`] replies at the most are told.

mod bounce;
mod data;
mod explain;
mod find;
mod finding;
mod pattern;
mod words;

pub use explain::{MOST_FINDINGS, MOST_OCTETS, explain, explain_octets};
pub use finding::{Act, Class, Enhanced, Finding, Lang, Retry};

/// The README's code must work.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
