//! What is said to a next hop of a message and its recipients.

use super::answer::{Answer, HopError};
use ehlo::{Body, ByMode, DeliverBy, Mail, Notify, Orcpt, Rcpt, Ret};
use smtp_proto::{
    EXT_8BIT_MIME, EXT_BINARY_MIME, EXT_CHUNKING, EXT_DELIVER_BY, EXT_DSN, EXT_MT_PRIORITY, EXT_REQUIRE_TLS, EXT_SIZE,
    EXT_SMTP_UTF8,
};
use std::fmt::Write as _;
use std::time::Instant;

/// What a message's sender asked for, as far as it goes on.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The reverse-path, without angle brackets.
    pub reverse_path: String,
    size: Option<u64>,
    body: Option<Body>,
    smtputf8: bool,
    ret: Option<Ret>,
    envid: Option<String>,
    /// With the time when it was said.
    deliver_by: Option<(DeliverBy, Instant)>,
    require_tls: bool,
    priority: Option<i8>,
}

/// A recipient that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onward {
    forward_path: String,
    notify: Option<Notify>,
    /// Type and address.
    orcpt: Option<(String, String)>,
}

/// What a connection to a next hop can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offers {
    /// The extensions of its EHLO, as `smtp_proto` numbers them.
    pub extensions: u32,
    /// Whether there is TLS, and the peer is who it should be.
    pub verified: bool,
}

impl Offers {
    pub(super) const fn has(self, extensions: u32) -> bool {
        self.extensions & extensions == extensions
    }
}

impl Envelope {
    /// What a MAIL command says.
    #[must_use]
    pub fn new(mail: &Mail<'_>) -> Self {
        Self {
            reverse_path: mail.reverse_path.as_str().to_owned(),
            size: mail.size,
            body: mail.body,
            smtputf8: mail.smtputf8,
            ret: mail.ret,
            envid: mail.envid.map(|envid| envid.encoded().to_owned()),
            deliver_by: mail.deliver_by.map(|by| (by, Instant::now())),
            require_tls: mail.require_tls,
            priority: mail.priority,
        }
    }

    /// Whether the message holds octets that only BDAT can carry.
    pub(super) fn is_binary(&self) -> bool {
        self.body == Some(Body::BinaryMime)
    }

    /// The MAIL command, with what the next hop offers. Where it does not, what only asks for a report is left out, and what a message must
    /// not go on without refuses it.
    pub(super) fn mail(&self, offers: Offers) -> Result<String, HopError> {
        let mut line = format!("MAIL FROM:<{}>", self.reverse_path);
        if self.smtputf8 {
            if !offers.has(EXT_SMTP_UTF8) {
                return Err(Answer::unable(550, (6, 7), "The next hop takes no internationalised mail"));
            }
            line += " SMTPUTF8";
        }
        match self.body {
            Some(Body::BinaryMime) if offers.has(EXT_BINARY_MIME | EXT_CHUNKING) => line += " BODY=BINARYMIME",
            Some(Body::BinaryMime) => return Err(Answer::unable(554, (6, 3), "The next hop takes no binary mail")),
            Some(Body::EightBitMime) if offers.has(EXT_8BIT_MIME) => line += " BODY=8BITMIME",
            _ => {}
        }
        if self.require_tls {
            if !(offers.verified && offers.has(EXT_REQUIRE_TLS)) {
                return Err(Answer::unable(550, (7, 30), "REQUIRETLS support required"));
            }
            line += " REQUIRETLS";
        }
        if let Some((by, said)) = self.deliver_by {
            let passed = i32::try_from(said.elapsed().as_secs()).unwrap_or(i32::MAX);
            let left = by.seconds.saturating_sub(passed);
            let returns = by.mode == ByMode::Return;
            if returns && left <= 0 {
                return Err(Answer::unable(554, (4, 7), "The time for delivery has passed"));
            }
            if offers.has(EXT_DELIVER_BY) {
                let (mode, trace) = (if returns { "R" } else { "N" }, if by.trace { "T" } else { "" });
                let _ = write!(line, " BY={left};{mode}{trace}");
            } else if returns {
                return Err(Answer::unable(554, (3, 3), "The next hop cannot deliver by a time"));
            }
        }
        if let Some(size) = self.size.filter(|_| offers.has(EXT_SIZE)) {
            let _ = write!(line, " SIZE={size}");
        }
        if let Some(priority) = self.priority.filter(|_| offers.has(EXT_MT_PRIORITY)) {
            let _ = write!(line, " MT-PRIORITY={priority}");
        }
        if offers.has(EXT_DSN) {
            match self.ret {
                Some(Ret::Full) => line += " RET=FULL",
                Some(Ret::Headers) => line += " RET=HDRS",
                _ => {}
            }
            if let Some(envid) = &self.envid {
                let _ = write!(line, " ENVID={envid}");
            }
        }
        Ok(line + "\r\n")
    }
}

impl Onward {
    /// A recipient under the forward-path that a RCPT command names.
    #[must_use]
    pub fn new(rcpt: &Rcpt<'_>) -> Self {
        let whole = |orcpt: Orcpt<'_>| (orcpt.address_type.to_owned(), orcpt.address.encoded().to_owned());
        Self { forward_path: rcpt.forward_path.as_str().to_owned(), notify: rcpt.notify, orcpt: rcpt.orcpt.map(whole) }
    }

    /// The same recipient under another forward-path; reports go on naming the first one (RFC 3461 5.2.4).
    #[must_use]
    pub fn to(&self, forward_path: String) -> Self {
        if forward_path.eq_ignore_ascii_case(&self.forward_path) {
            return self.clone();
        }
        let xtext = |path: &str| {
            path.chars().fold(String::new(), |mut xtext, c| {
                let _ = match c {
                    '+' | '=' | ' ' => write!(xtext, "+{:02X}", u32::from(c)),
                    c => write!(xtext, "{c}"),
                };
                xtext
            })
        };
        let orcpt = match &self.orcpt {
            Some(orcpt) => orcpt.clone(),
            None if self.forward_path.is_ascii() => ("rfc822".to_owned(), xtext(&self.forward_path)),
            None => ("utf-8".to_owned(), xtext(&self.forward_path)),
        };
        Self { forward_path, notify: self.notify, orcpt: Some(orcpt) }
    }

    /// Its forward-path.
    pub(super) fn forward_path(&self) -> &str {
        &self.forward_path
    }

    /// The RCPT command, with what the next hop offers.
    pub(super) fn rcpt(&self, offers: Offers) -> String {
        let mut line = format!("RCPT TO:<{}>", self.forward_path);
        if offers.has(EXT_DSN) {
            if let Some(notify) = self.notify {
                let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
                let wanted: Vec<_> = words.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).collect();
                let _ =
                    write!(line, " NOTIFY={}", if wanted.is_empty() { "NEVER".to_owned() } else { wanted.join(",") });
            }
            // An address in UTF-8 needs SMTPUTF8 on the way (RFC 6533 3).
            if let Some((kind, address)) = &self.orcpt
                && (address.is_ascii() || offers.has(EXT_SMTP_UTF8))
            {
                let _ = write!(line, " ORCPT={kind};{address}");
            }
        }
        line + "\r\n"
    }
}
