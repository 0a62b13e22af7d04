//! Replies: codes, enhanced status codes, and the catalogue of all that this server says.
//!
//! Each row of the catalogue is a constructor of [`Reply`] under its id, and a [`Row`] of [`CATALOGUE`].

use core::fmt;

use crate::command::characters::end_before;

/// A reply: a code (RFC 5321 4.2), an enhanced status code (RFC 3463) and a text.
///
/// ```
/// use ehlo::Reply;
///
/// let busy = Reply::mailbox_full("bob@example.net");
/// assert_eq!(busy.code(), 450);
/// let own = Reply::new(554, "We do not take this").enhanced(7, 1);
/// assert!(own.is_permanent());
/// ```
///
/// A text is written so that every line has at most 512 octets; a line feed in it begins a further line of the reply. What came from
/// a peer and is repeated in a text is made printable. A text longer than the room kept for a reply (half of the session's `OUT`) is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Reply<'a> {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<(u16, u16)>,
    pub(crate) text: Text<'a>,
}

/// The text of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) enum Text<'a> {
    /// As it stands.
    Plain(&'a str),
    /// With `{domain}` for the server's name, `{minutes}` for the number, and any other name in braces for the value.
    Template(&'static str, &'a str, u32),
}

impl<'a> Reply<'a> {
    /// A reply of your own, without an enhanced status code. A code outside 200 to 599 becomes 451: what is wrong fails closed.
    pub const fn new(code: u16, text: &'a str) -> Self {
        let code = if code < 200 || code > 599 { 451 } else { code };
        Self { code, enhanced: None, text: Text::Plain(text) }
    }

    /// The same reply with the enhanced status code `C.subject.detail`, where C is the first digit of the reply code.
    #[must_use]
    pub const fn enhanced(mut self, subject: u16, detail: u16) -> Self {
        self.enhanced = Some((subject, detail));
        self
    }

    /// The same reply under another code; the class of the enhanced status code follows it. 451 where `code` is not in 200 to 599.
    #[must_use]
    pub const fn with_code(mut self, code: u16) -> Self {
        self.code = if code < 200 || code > 599 { 451 } else { code };
        self
    }

    /// The reply code, 200 to 599.
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status code, if there is one.
    pub const fn enhanced_code(&self) -> Option<Enhanced> {
        match self.enhanced {
            Some((subject, detail)) => Some(Enhanced { class: class(self.code), subject, detail }),
            None => None,
        }
    }

    /// Whether the code says yes, or go on: 2yz and 3yz.
    pub const fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Whether the code says no for good: 5yz.
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }
}

const fn class(code: u16) -> u8 {
    match code {
        0..=399 => 2,
        400..=499 => 4,
        _ => 5,
    }
}

/// An enhanced status code (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// What the status is about, 0 to 7.
    pub subject: u16,
    /// The status itself.
    pub detail: u16,
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A point of the session at which a reply may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Stage {
    /// The connection.
    Open,
    /// EHLO, HELO, LHLO.
    Ehlo,
    /// AUTH and its exchange.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, BDAT and the end of the mail data.
    Data,
    /// RSET.
    Rset,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// NOOP.
    Noop,
    /// QUIT.
    Quit,
    /// Every one.
    All,
}

impl Stage {
    /// The name in the catalogue, in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Ehlo => "EHLO",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Rset => "RSET",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::All => "ALL",
        }
    }
}

/// A row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its stable name.
    pub id: &'static str,
    /// The reply code.
    pub code: u16,
    /// The enhanced status code; none in the greeting, in answers to EHLO and HELO, and in 3yz (RFC 2034).
    pub enhanced: Option<Enhanced>,
    /// Where it may be given.
    pub stages: &'static [Stage],
    /// Its wording; braces are parameters.
    pub text: &'static str,
}

/// Defines the rows: documentation, `constructor(parameters) = "id", code (enhanced status code) [stages] "text";`
macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ident),*) = $id:literal, $code:literal $enhanced:tt [$($stage:ident),+] $text:literal;)*) => {
        /// Every reply that the server gives, in the order of a session.
        pub const CATALOGUE: &[Row] = &[$(Row {
            id: $id,
            code: $code,
            enhanced: row_enhanced!($enhanced),
            stages: &[$(Stage::$stage),+],
            text: $text,
        }),*];

        /// The catalogue. Each says when it is given.
        impl<'a> Reply<'a> {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name($($arg: arg_type!('a $type)),*) -> Self {
                Self { code: $code, enhanced: reply_enhanced!($enhanced), text: text!($text, $($arg $type),*) }
            })*
        }

        /// The rows again, for the core's own use: those with nothing to put in but the server's name.
        #[allow(dead_code, reason = "most rows are the application's to use")]
        impl Canned {
            $(pub(crate) const fn $name() -> Self { canned!($code $enhanced $text) })*
        }
    };
}

/// A reply of the core's own, written out when the core is compiled: all that is left to do is to copy it. By the way that
/// replies of the application's go, a greeting took some 900 instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canned(&'static str);

impl Canned {
    const fn new(line: &'static str) -> Self {
        Self(line)
    }

    /// The whole line with its end. Where a text of the catalogue begins with `{domain}`, so does it here.
    pub(crate) const fn line(self) -> &'static str {
        self.0
    }

    /// Octets of the enhanced status code and the space behind it, which stand behind the first four; 0 where there is none.
    pub(crate) fn enhanced(self) -> usize {
        match self.0.as_bytes() {
            [_, _, _, _, behind @ ..] if behind.get(1) == Some(&b'.') => end_before(behind, b' ').wrapping_add(1),
            _ => 0,
        }
    }

    /// What stands before the server's name and behind it, where that stands between the codes and the text. (Where it does, the enhanced
    /// status code has three digits.)
    #[cfg(target_pointer_width = "64")]
    #[inline]
    pub(crate) fn around_name(self) -> Option<(&'static [u8], &'static [u8])> {
        let line = self.0.as_bytes();
        let codes = match line {
            [_, _, _, _, b'{', ..] => 4,
            [_, _, _, _, _, _, _, _, _, _, b'{', ..] => 10,
            _ => return None,
        };
        // What stands in the braces is `domain`.
        Some((line.get(..codes)?, line.get(codes.saturating_add(8)..)?))
    }
}

/// A reply from its code, its enhanced status code, and its text, which must be printable and fit a line.
macro_rules! canned {
    ($code:literal - $text:literal) => {
        $crate::reply::Canned::new(concat!($code, " ", $text, "\r\n"))
    };
    ($code:literal ($class:literal, $subject:literal, $detail:literal) $text:literal) => {
        $crate::reply::Canned::new(concat!($code, " ", $class, ".", $subject, ".", $detail, " ", $text, "\r\n"))
    };
}

/// What the core says beside the rows of the catalogue: rows under the codes that fit a stage, and replies that have no row of their own.
impl Canned {
    /// MAIL was accepted.
    pub(crate) const SENDER_OK: Self = canned!(250 (2, 1, 0) "Ok");
    /// RCPT was accepted.
    pub(crate) const RECIPIENT_OK: Self = canned!(250 (2, 1, 5) "Ok");
    /// The message was taken over.
    pub(crate) const MESSAGE_OK: Self = canned!(250 (2, 6, 0) "Ok");
    /// RFC 3207 4 names the code.
    pub(crate) const READY_FOR_TLS: Self = canned!(220 (2, 0, 0) "Ready to start TLS");
    /// The client's turn in an exchange, without a challenge (RFC 4954 4).
    pub(crate) const GO_ON: Self = canned!(334 - "");
    /// RFC 4954 4 names the code.
    #[cfg(feature = "mechanisms")]
    pub(crate) const UNWANTED_RESPONSE: Self = canned!(501 (5, 7, 0) "Syntax error in parameters or arguments");
    /// RFC 5321 4.1.1.11 names the code.
    pub(crate) const UNKNOWN_PARAMETER: Self = canned!(555 (5, 5, 4) "Command parameter not implemented");
    /// Mail data hold a bare CR or LF.
    pub(crate) const BARE_LINE_ENDING: Self = canned!(550 (5, 6, 0) "Message refused: bare CR or LF in the mail data");
    /// ETRN was accepted (RFC 1985 5.3).
    #[cfg(feature = "extensions")]
    pub(crate) const QUEUING_STARTED: Self = canned!(250 (2, 0, 0) "Ok, queuing for node started");
    /// ETRN was accepted, for nothing (RFC 1985 5.3).
    #[cfg(feature = "extensions")]
    pub(crate) const NOTHING_WAITING: Self = canned!(251 (2, 0, 0) "Ok, no messages waiting for node");
}

macro_rules! row_enhanced {
    (-) => {
        None
    };
    (($class:literal, $subject:literal, $detail:literal)) => {
        Some(Enhanced { class: $class, subject: $subject, detail: $detail })
    };
}

macro_rules! reply_enhanced {
    (-) => {
        None
    };
    (($class:literal, $subject:literal, $detail:literal)) => {
        Some(($subject, $detail))
    };
}

macro_rules! arg_type {
    ($a:lifetime str) => { &$a str };
    ($a:lifetime u32) => { u32 };
}

/// Whether a text of the catalogue has something to put in.
const fn has_brace(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [octet, after @ ..] = rest {
        if *octet == b'{' {
            return true;
        }
        rest = after;
    }
    false
}

macro_rules! text {
    ($text:literal,) => {
        const { if has_brace($text) { Text::Template($text, "", 0) } else { Text::Plain($text) } }
    };
    ($text:literal, $value:ident str) => {
        Text::Template($text, $value, 0)
    };
    ($text:literal, $value:ident str, $minutes:ident u32) => {
        Text::Template($text, $value, $minutes)
    };
}

catalogue! {
    // ---- the session itself
    /// HELP; the address is configured.
    help(url: str) = "help", 214 (2, 0, 0) [Help] "Help available on {url}";
    /// A client connects and is let in.
    service_ready() = "service-ready", 220 - [Open] "{domain} Service ready";
    /// QUIT, at any moment outside mail data.
    good_bye() = "good-bye", 221 (2, 0, 0) [Quit] "{domain} Good-bye";
    /// A command has been carried out (MAIL 2.1.0, RCPT 2.1.5, message accepted 2.6.0 or 2.0.0 with a queue id).
    ok() = "ok", 250 (2, 0, 0) [All] "Ok";
    /// The same recipient is named twice in one transaction; it is kept once.
    duplicated_rcpt() = "duplicated-rcpt", 250 (2, 1, 5) [Rcpt] "duplicated RCPT";
    /// RSET.
    buffer_cleared() = "buffer-cleared", 250 (2, 0, 0) [Rset] "All SMTP buffer cleared";
    /// The user has a forwarding address elsewhere, and the server forwards.
    will_forward(forward_path: str) = "will-forward", 251 (2, 1, 5) [Vrfy, Rcpt] "User not local; will forward to {forward_path}";
    /// Verification is switched off or impossible, delivery would be attempted.
    cannot_vrfy() = "cannot-vrfy", 252 (2, 0, 0) [Vrfy] "Cannot VRFY user, but will accept message and attempt";
    /// The credentials were right.
    auth_ok() = "auth-ok", 235 (2, 7, 0) [Auth] "Authentication ok, go ahead";
    /// AUTH LOGIN without an initial response: base64 of 'Username:'.
    login_username() = "login-username", 334 - [Auth] "VXNlcm5hbWU6";
    /// AUTH LOGIN once the user name is in: base64 of 'Password:'.
    login_password() = "login-password", 334 - [Auth] "UGFzc3dvcmQ6";
    /// DATA after at least one accepted recipient.
    start_mail_input() = "start-mail-input", 354 - [Data] "Start mail input; end with <CRLF>.<CRLF>";
    // ---- the service as a whole
    /// The server is shutting down, or already serves as many connections as it may.
    service_not_available() = "service-not-available", 421 (4, 3, 2) [Open] "{domain} Service not available";
    /// The queue or mail directory cannot be entered.
    queue_directory() = "queue-directory", 421 (4, 3, 0) [Data] "{domain} Service not available - Unable to chdir";
    /// The configuration became unreadable or invalid while running (a bad reload keeps the old one; with none usable, this).
    configuration_unreadable() = "configuration-unreadable", 421 (4, 3, 5) [Open] "{domain} Service not available - Unable to read system configuration";
    /// The server cannot tell its own addresses (needed for mail to address literals).
    own_address_unknown() = "own-address-unknown", 421 (4, 3, 5) [Open] "{domain} Service not available - Unable to figure out my IP addresses";
    /// No domain is configured.
    no_hosted_domain() = "no-hosted-domain", 421 (4, 3, 5) [Open] "{domain} Service not available - no valid hosted domain";
    /// The session's count of errors passed its limit; the connection is closed.
    too_much_failure() = "too-much-failure", 421 (4, 7, 0) [All] "Too much failure in SMTP session";
    /// Reading or writing ran past its time limit; the connection is closed.
    timeout() = "timeout", 451 (4, 4, 2) [All] "Timeout";
    /// A memory budget (a fixed buffer, the process's budget) is used up.
    out_of_memory() = "out-of-memory", 452 (4, 3, 1) [All] "Temporary internal failure - out of memory";
    /// Free disk is below the configured reserve, or the disk is full while writing.
    insufficient_storage() = "insufficient-storage", 452 (4, 3, 1) [Mail, Rcpt, Data] "Temporary internal failure - insufficient system storage";
    /// A user, list or state store cannot be reached.
    database_inaccessible() = "database-inaccessible", 451 (4, 3, 0) [Open, Mail, Rcpt] "Temporary internal failure - database inaccessible";
    // ---- syntax and sequence
    /// A command line holds a control character (NUL, bare CR, bare LF among them), or an octet over 127 outside SMTPUTF8.
    invalid_character() = "invalid-character", 500 (5, 5, 2) [All] "syntax error - invalid character";
    /// A command line passes its limit (512 octets, more as each extension adds; 12288 in an AUTH exchange); the whole line is
    /// dropped and the session goes on.
    line_too_long() = "line-too-long", 500 (5, 5, 2) [All] "syntax error - line too long";
    /// An unknown verb.
    command_unrecognized() = "command-unrecognized", 500 (5, 5, 1) [All] "syntax error - command unrecognized";
    /// A path without angle brackets or without a domain, a malformed parameter, arguments where none may be.
    syntax_error_in_parameters() = "syntax-error-in-parameters", 501 (5, 5, 4) [All] "Syntax error in parameters or arguments";
    /// A known verb that is switched off or not offered (EXPN, TURN, SEND, SOML, SAML, ETRN, ...).
    command_not_implemented() = "command-not-implemented", 502 (5, 5, 1) [All] "Command not implemented";
    /// A command that may not stand here (MAIL before EHLO, MAIL within a transaction, AUTH twice or within a transaction,
    /// STARTTLS under TLS).
    bad_sequence() = "bad-sequence", 503 (5, 5, 1) [All] "Bad sequence of commands";
    /// RCPT, DATA or BDAT with no transaction open.
    mail_first() = "mail-first", 503 (5, 5, 1) [Rcpt, Data] "Bad sequence of commands MAIL first";
    /// DATA or BDAT in a transaction in which no RCPT has been given.
    rcpt_first() = "rcpt-first", 503 (5, 5, 1) [Data] "Bad sequence of commands RCPT first";
    /// A well-formed command argument that the server does not offer (an unknown `BODY=` value, an ETRN or VRFY option). RFC
    /// 5321 wants 555 for an unknown MAIL or RCPT parameter: that case is 555.
    parameter_not_implemented() = "parameter-not-implemented", 504 (5, 5, 4) [All] "Command parameter not implemented";
    // ---- authentication
    /// The client answers a challenge with *.
    auth_aborted() = "auth-aborted", 501 (5, 7, 0) [Auth] "Remote abort the authentication";
    /// An unknown or switched-off mechanism.
    auth_type_unrecognized() = "auth-type-unrecognized", 504 (5, 5, 4) [Auth] "Unrecognized authentication type";
    /// The account's stored password does not serve the mechanism asked for; PLAIN or LOGIN once would renew it.
    password_transition() = "password-transition", 432 (4, 7, 12) [Auth] "A password transition is needed";
    /// A submission listener, or a sender for which authentication is demanded, and none was given.
    auth_required() = "auth-required", 530 (5, 7, 0) [Mail] "Authentication required";
    /// The account or the listener demands a stronger mechanism.
    mechanism_too_weak() = "mechanism-too-weak", 534 (5, 7, 9) [Auth] "Authentication mechanism is too weak";
    /// A plaintext mechanism outside TLS where TLS is demanded for it.
    encryption_required() = "encryption-required", 538 (5, 7, 11) [Auth] "Encryption required for requested authentication mechanism";
    /// The session's limit of failed AUTH is passed; the connection is closed.
    auth_failed_too_often() = "auth-failed-too-often", 554 (5, 7, 0) [Auth] "Authentication has failed too many times";
    /// Wrong credentials. The source list gives 554 for every failure; RFC 4954 has 535 for wrong credentials, 454 for a
    /// failing back end.
    auth_failed() = "auth-failed", 535 (5, 7, 8) [Auth] "Authentication credentials invalid";
    /// The back end that checks credentials cannot be reached (the source list says 554, a permanent code, for a temporary
    /// fault: RFC 4954 has 454, which is what is sent).
    auth_temporary_failure() = "auth-temporary-failure", 454 (4, 7, 0) [Auth] "Temporary authentication failure";
    // ---- who may connect, who may say hello
    /// The server itself put the address on its temporary list after misbehaviour (floods, harvesting, failed AUTH); it leaves
    /// the list by time.
    ip_under_audit(remote_ip: str) = "ip-under-audit", 421 (4, 7, 0) [Open] "Access is denied from your IP {remote_ip} for audit reason, try later";
    /// No PTR record (or none that resolves forward to the address), where that is demanded.
    no_reverse_dns() = "no-reverse-dns", 421 (4, 7, 25) [Open] "Refused. You have no reverse DNS entry";
    /// The address or network is on the deny list, or on a DNS block list.
    ip_denied(remote_ip: str) = "ip-denied", 521 (5, 7, 1) [Open, Mail, Rcpt] "Access is denied from your IP {remote_ip}";
    /// A rule of the administrator denies this client, sender or recipient, or this command.
    access_denied() = "access-denied", 550 (5, 7, 1) [Open, Mail, Rcpt, Vrfy, Expn] "access denied to you";
    /// The address look-up of the client's name failed for the moment, where it is demanded.
    helo_resolve_failed() = "helo-resolve-failed", 452 (4, 4, 3) [Ehlo] "Temporary internal failure - failed to resolve EHLO/HELO FQDN";
    /// The client's name has no address, or not the client's, where that is demanded.
    helo_invalid() = "helo-invalid", 554 (5, 7, 1) [Ehlo] "Invalid EHLO/HELO FQDN host";
    // ---- senders
    /// The server itself put the sender on its temporary list.
    sender_under_audit() = "sender-under-audit", 453 (4, 7, 1) [Mail] "Access is denied - sender is in the audit blacklist, try later";
    /// The sender is on the administrator's list (MAIL), or on a recipient's own (RCPT).
    sender_blacklisted() = "sender-blacklisted", 553 (5, 7, 1) [Mail, Rcpt] "Access is denied - sender is in the blacklist";
    /// A local user's address as sender on an MX listener, not authenticated.
    use_submission() = "use-submission", 553 (5, 7, 1) [Mail] "Access is denied - please use the smtp server instead of MX";
    /// The sender's domain does not exist or takes no mail, or SPF says fail.
    sender_verify_failed() = "sender-verify-failed", 550 (5, 7, 1) [Mail, Rcpt] "Sender verify failed";
    /// The authenticated user may not send as this address.
    sender_inconsistent() = "sender-inconsistent", 550 (5, 7, 1) [Mail] "username and mail from inconsistent";
    /// The limit of transactions in one connection is passed.
    too_many_transactions() = "too-many-transactions", 554 (5, 7, 0) [Mail] "Too many MAIL transactions in the same connection";
    // ---- recipients and mailboxes
    /// The mailbox is busy or locked for the moment.
    mail_action_not_taken() = "mail-action-not-taken", 450 (4, 2, 0) [Rcpt, Data] "Requested mail action not taken";
    /// The mailbox's quota is used up.
    mailbox_full(mailbox: str) = "mailbox-full", 450 (4, 2, 2) [Rcpt, Data] "Mailbox {mailbox} is full";
    /// More messages for this recipient, or from this client, than the configured rate.
    flow_control() = "flow-control", 450 (4, 7, 1) [Rcpt] "Recipient address rejected: Recipient is protected by Flow Control";
    /// First sight of (network, sender, recipient); let in on a retry after the delay; state outlives a restart.
    greylisted(recipient: str, minutes: u32) = "greylisted", 450 (4, 7, 1) [Rcpt] "{recipient}: Recipient address rejected: Greylisted for {minutes} minutes";
    /// The limit of recipients in one transaction is passed (100 at the least); those before it stand.
    too_many_rcpts() = "too-many-rcpts", 452 (4, 5, 3) [Rcpt] "too many RCPTs";
    /// No such user in a hosted domain.
    invalid_user(mailbox: str) = "invalid-user", 550 (5, 1, 1) [Mail, Rcpt, Vrfy, Expn] "invalid user - {mailbox}";
    /// The account is suspended.
    user_disabled(mailbox: str) = "user-disabled", 550 (5, 2, 1) [Mail, Rcpt, Vrfy, Expn] "invalid user - {mailbox} is disabled for payment reason";
    /// The mailbox takes no mail from this sender (members only, internal only).
    mailbox_access_denied(mailbox: str) = "mailbox-access-denied", 550 (5, 7, 1) [Rcpt, Data] "Access to Mailbox {mailbox} is denied";
    /// The user has moved and the server does not forward.
    user_not_local(forward_path: str) = "user-not-local", 551 (5, 1, 6) [Rcpt, Vrfy] "User not local; please try {forward_path}";
    /// The user refuses all mail, or the name may not be a mailbox here.
    mailbox_name_not_allowed() = "mailbox-name-not-allowed", 553 (5, 1, 3) [Rcpt] "Requested action not taken: mailbox name not allowed";
    /// A recipient elsewhere, and the client's address may not relay.
    relay_denied_from_ip(remote_ip: str) = "relay-denied-from-ip", 554 (5, 7, 1) [Rcpt] "Relay from your IP {remote_ip} is denied";
    /// A recipient elsewhere, and the sender may not relay.
    relay_denied_from_sender(reverse_path: str) = "relay-denied-from-sender", 554 (5, 7, 1) [Rcpt] "Relay from your addr {reverse_path} is denied";
    /// A recipient elsewhere whose domain is not among those relayed to.
    relay_denied_to(relay_address: str) = "relay-denied-to", 554 (5, 7, 1) [Rcpt] "Relay to {relay_address} is denied";
    /// The recipient is on the administrator's list.
    rcpt_blacklisted(forward_path: str) = "rcpt-blacklisted", 554 (5, 7, 1) [Rcpt] "RCPT {forward_path} is in the blacklist";
    // ---- the message
    /// A fault while the message was handled (a filter died, the next hop broke off).
    processing_error() = "processing-error", 451 (4, 3, 0) [Data] "Requested action aborted: error in processing";
    /// The header section or the MIME structure is malformed, where that is demanded. Permanent refusal with 550 5.6.0 is a
    /// setting.
    message_not_conformant() = "message-not-conformant", 451 (4, 6, 0) [Data] "Message doesn't conform to the MIME standard";
    /// The message could not be made durable.
    queue_failed() = "queue-failed", 451 (4, 3, 0) [Data] "Temporary internal failure - queue message failed";
    /// SIZE= over the limit (at MAIL), or the octets received are (at the end of the data; the rest is read and dropped).
    message_too_big() = "message-too-big", 552 (5, 3, 4) [Mail, Data] "message exceeds fixed maximum message size";
    /// The hard quota is passed; a message under 1 KiB is still taken.
    quota_exceeded() = "quota-exceeded", 552 (5, 2, 2) [Rcpt, Data] "This user's disk quota exceeded, anyway you can send a small (<1KB) message to inform the person.";
    /// An attachment is an Office document (OLE2 or OOXML, in a ZIP too) with a VBA project.
    vba_macros() = "vba-macros", 552 (5, 7, 1) [Data] "MS-Office file containing VBA macros found inside of the email";
    /// The message would pass the storage given to the transaction or the listener.
    too_much_mail_data() = "too-much-mail-data", 554 (5, 3, 4) [Data] "Requested mail action aborted: exceeded storage allocation; too much mail data";
    /// More Received fields than the limit (100 by RFC 5321's advice; configurable).
    too_many_hops() = "too-many-hops", 554 (5, 4, 6) [Data] "too many hops, this message is looping";
    /// DATA after RCPTs that were all refused.
    no_valid_recipients() = "no-valid-recipients", 554 (5, 5, 1) [Data] "no valid recipients";
    /// The scanner (ClamAV's clamd over its socket) names a virus.
    virus_found(virus: str) = "virus-found", 554 (5, 7, 1) [Data] "Message is denied because it's infected by {virus}";
    /// A keyword of the administrator stands in the decoded text.
    filter_key(key: str) = "filter-key", 554 (5, 7, 1) [Data] "Message is denied by filter key {key}";
    /// A keyword of the administrator stands in the decoded Subject (RFC 2047 words decoded).
    subject_filter_key(key: str) = "subject-filter-key", 554 (5, 7, 1) [Data] "Subject is denied by filter key {key}";
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_rows_are_sound() {
        let mut ids = BTreeSet::new();
        for row in CATALOGUE {
            assert!(ids.insert(row.id), "{} stands twice", row.id);
            assert!(row.text.len() < 480, "{} does not fit a line", row.id);
            assert!(row.text.bytes().all(|octet| matches!(octet, b' '..=b'~')), "{} is not printable", row.id);
            if let Some(enhanced) = row.enhanced {
                assert_eq!(enhanced.class, class(row.code), "{}: the classes differ", row.id);
            }
        }
        assert_eq!(ids.len(), 78);
    }

    #[test]
    fn the_names_in_texts_are_told_by_their_first_letters() {
        // What writes them looks at no more; and behind the brace of `{domain}` are seven octets.
        let names =
            CATALOGUE.iter().flat_map(|row| row.text.split('{').skip(1).filter_map(|rest| rest.split('}').next()));
        let mut seen = BTreeSet::new();
        for name in names {
            assert_eq!(name.starts_with('d'), name == "domain", "{name}");
            assert_eq!(name.starts_with("mi"), name == "minutes", "{name}");
            seen.insert(name);
        }
        assert!(seen.contains("domain") && seen.contains("minutes") && seen.len() > 5);
    }

    #[test]
    fn a_code_that_is_none_fails_closed() {
        assert_eq!(Reply::new(99, "x").code(), 451);
        assert_eq!(Reply::ok().with_code(600).code(), 451);
    }

    #[test]
    fn the_class_follows_the_code() {
        let refused = Reply::message_not_conformant().with_code(550);
        assert_eq!(std::format!("{}", refused.enhanced_code().unwrap()), "5.6.0");
    }
}
