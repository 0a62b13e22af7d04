//! The wordings of the great providers and of block lists. Each is the heart of a sentence, in the normal form of `words.rs`.

use super::reasons::*;
use super::{Said, said};

const GMAIL: &str = "Google: Gmail SMTP errors and codes (support.google.com/a/answer/3726730)";
const OUTLOOK: &str =
    "Microsoft: Outlook.com postmaster (troubleshooting), Exchange Online NDR codes (learn.microsoft.com)";
const YAHOO: &str = "Yahoo: Sender Hub, SMTP error codes (senders.yahooinc.com/smtp-error-codes)";
const AOL: &str = "AOL postmaster: SMTP error messages (postmaster.aol.com/errors, as it stood until 2018)";
const ICLOUD: &str = "Apple: postmaster information for iCloud Mail (support.apple.com/102322)";
const SPAMHAUS: &str = "Spamhaus: the blocklist's own page for the address (check.spamhaus.org)";
const LISTS: &str = "DNS block lists: SpamCop, Barracuda, SORBS, UCEPROTECT, Abusix and others (RFC 5782)";
const FILTERS: &str =
    "Proofpoint, Mimecast, Cisco IronPort, Cloudmark, Barracuda, SpamAssassin: replies of their gateways";
const COMCAST: &str = "Comcast postmaster: mail delivery error codes (postmaster.comcast.net/mail-error-codes.html)";
const OTHERS: &str = "GMX and WEB.DE, T-Online, Orange, Mail.ru, Yandex: pages of their postmasters";

pub(super) const SAID: &[Said] = &[
    said(GMAIL, "5", &["the email account that you tried to reach does not exist"], &NO_USER),
    said(
        GMAIL,
        "45",
        &[
            "the email account that you tried to reach is disabled",
            "the email account that you tried to reach is inactive",
        ],
        &DISABLED,
    ),
    said(
        GMAIL,
        "45",
        &[
            "the email account that you tried to reach is over quota",
            "the recipients inbox is out of storage space",
            "recipients inbox is out of storage",
        ],
        &FULL,
    ),
    said(
        GMAIL,
        "45",
        &[
            "the user you are trying to contact is receiving ? too quickly",
            "the user you are trying to contact is receiving ? at a rate that prevents additional messages from being delivered",
            "the recipient you are trying to contact is receiving ? at a rate",
        ],
        &BUSY_RECIPIENT,
    ),
    said(
        GMAIL,
        "45",
        &[
            "our system has detected an unusual rate of unsolicited mail originating from your",
            "has detected an unusual rate of unsolicited mail",
            "gmail has detected an unusual rate of",
        ],
        &RATE,
    ),
    said(
        GMAIL,
        "45",
        &[
            "our system has detected that this message is likely unsolicited mail",
            "this message is likely unsolicited mail",
            "gmail has detected that this message is likely unsolicited mail",
        ],
        &SPAM,
    ),
    said(
        GMAIL,
        "45",
        &[
            "our system has detected that this message is likely suspicious due to the very low reputation of the sending",
            "is suspicious due to the very low reputation of the sending",
            "very low reputation of the sending",
        ],
        &REPUTATION,
    ),
    said(
        GMAIL,
        "45",
        &[
            "this message is suspicious due to the nature of the content",
            "this message was blocked because its content presents a potential security issue",
            "its content presents a potential security issue",
        ],
        &SPAM,
    ),
    said(
        GMAIL,
        "45",
        &[
            "this mail is unauthenticated which poses a security risk",
            "this message does not have authentication information or fails to pass authentication checks",
            "your email has been blocked because the sender is unauthenticated",
            "this mail has been blocked because the sender is unauthenticated",
            "this email has been rate limited because it is unauthenticated",
        ],
        &UNAUTHENTICATED,
    ),
    said(
        GMAIL,
        "45",
        &[
            "is not accepted due to domains dmarc policy",
            "unauthenticated email from ? is not accepted due to domains dmarc policy",
        ],
        &DMARC,
    ),
    said(
        GMAIL,
        "45",
        &[
            "the ip address sending this message does not have a ptr record",
            "does not have a ptr record setup",
            "ptr record or the corresponding forward dns entry does not match the sending ip",
        ],
        &PTR,
    ),
    said(
        GMAIL,
        "5",
        &[
            "your messages message id header is not valid",
            "messages missing a valid address in from header or having no from header are not accepted",
            "messages missing a valid messageid header are not accepted",
            "this message is not rfc compliant",
            "is not rfc compliant",
            "multiple addresses in from header are not accepted",
            "messages with multiple addresses in from header are not accepted",
        ],
        &FORM,
    ),
    said(
        GMAIL,
        "45",
        &[
            "daily user sending quota exceeded",
            "daily user sending limit exceeded",
            "daily smtp relay limit exceeded",
            "peak smtp relay limit exceeded",
        ],
        &RATE,
    ),
    said(
        GMAIL,
        "45",
        &["your message has too many recipients", "domain policy size per transaction exceeded"],
        &RECIPIENTS,
    ),
    said(
        GMAIL,
        "5",
        &["your message exceeded googles message size limits", "messages headers size exceed the limit"],
        &TOO_BIG,
    ),
    said(
        GMAIL,
        "5",
        &[
            "username and password not accepted",
            "please log in via your web browser",
            "application specific password required",
            "too many login attempts please try again later",
            "cannot authenticate due to a temporary system problem",
        ],
        &LOGIN,
    ),
    said(GMAIL, "5", &["mail relay denied", "invalid credentials for relay"], &RELAY),
    said(
        GMAIL,
        "45",
        &["ip not in whitelist for rcpt domain", "message rejected see", "this message violates ? email policy"],
        &POLICY,
    ),
    said(
        GMAIL,
        "45",
        &[
            "tls required for rcpt domain",
            "this message was blocked because the connection is not encrypted",
            "this message was not sent over a tls connection",
        ],
        &TLS,
    ),
    said(
        GMAIL,
        "5",
        &["the user or domain that you are sending to or from has a policy that prohibited the mail that you sent"],
        &POLICY,
    ),
    said(
        GMAIL,
        "4",
        &["temporary system problem", "server busy try again later", "mail server temporarily rejected message"],
        &TROUBLE,
    ),
    said(GMAIL, "5", &["the account ? is disabled", "account disabled or over quota"], &DISABLED),
    said(
        GMAIL,
        "5",
        &["possible spammy content", "this message has been reported as spam by other gmail users"],
        &SPAM,
    ),
    said(
        OUTLOOK,
        "5",
        &[
            "unfortunately messages from * werent sent",
            "part of their network is on our block list",
            "unfortunately messages from werent sent",
            "access denied banned sending ip",
            "service unavailable client host ? blocked using customer block list",
            "access denied banned sender",
            "your ip address is on our block list",
        ],
        &BLOCKED,
    ),
    said(OUTLOOK, "5", &["requested action not taken mailbox unavailable"], &NO_USER),
    said(
        OUTLOOK,
        "45",
        &[
            "has been temporarily rate limited due to ip reputation",
            "temporarily rate limited due to ip reputation",
            "the mail server ? has been temporarily rate limited",
            "mail server has been temporarily rate limited due to ip reputation",
        ],
        &REPUTATION,
    ),
    said(
        OUTLOOK,
        "5",
        &[
            "access denied traffic not accepted from this ip",
            "traffic not accepted from this ip",
            "tenant has exceeded threshold",
            "your tenant has been restricted",
        ],
        &REPUTATION,
    ),
    said(
        OUTLOOK,
        "45",
        &["recipient address rejected access denied", "recipient address rejected access denied as"],
        &REFUSED_RECIPIENT,
    ),
    said(
        OUTLOOK,
        "45",
        &[
            "access denied the sending domain ? does not pass dmarc verification",
            "does not pass dmarc verification and has a dmarc policy of",
            "does not meet the required authentication level",
        ],
        &DMARC,
    ),
    said(
        OUTLOOK,
        "45",
        &[
            "message was rejected because the recipients domain does not pass",
            "does not pass spf",
            "spf check by * failed",
        ],
        &SPF,
    ),
    said(
        OUTLOOK,
        "45",
        &[
            "server busy please try again later from",
            "the account has exceeded the maximum number of recipients per day",
            "exceeded the recipient rate limit",
            "sender thread limit exceeded",
            "the sender has exceeded",
        ],
        &RATE,
    ),
    said(OUTLOOK, "45", &["recipient thread limit exceeded"], &BUSY_RECIPIENT),
    said(
        OUTLOOK,
        "5",
        &["bad outbound sender", "your message couldnt be delivered because you werent recognized as a valid sender"],
        &REPUTATION,
    ),
    said(
        OUTLOOK,
        "5",
        &[
            "the message contains spam",
            "message blocked by content filter",
            "your message was detected as spam",
            "message filtered",
        ],
        &SPAM,
    ),
    said(
        OUTLOOK,
        "45",
        &[
            "the mail server ip connecting to outlook com server has exceeded the rate limit allowed",
            "has exceeded the rate limit allowed",
            "the mail server ip connecting to outlook has exceeded the connection limit",
            "maximum number of connections",
        ],
        &RATE,
    ),
    said(OUTLOOK, "5", &["command rejected for policy reasons", "for policy reasons we reject mail"], &POLICY),
    said(
        YAHOO,
        "4",
        &[
            "temporarily deferred due to unexpected volume or user complaints",
            "temporarily deferred due to user complaints",
            "messages from temporarily deferred",
            "message temporarily deferred",
        ],
        &REPUTATION,
    ),
    said(
        YAHOO,
        "45",
        &["permanently deferred", "all messages from ? will be permanently deferred", "retrying will not succeed"],
        &REPUTATION,
    ),
    said(
        YAHOO,
        "5",
        &[
            "this user doesnt have a yahoo com account",
            "this user doesnt have a ? account",
            "user is unknown at yahoo",
            "dd this user doesnt have a ? account",
        ],
        &NO_USER,
    ),
    said(
        YAHOO,
        "45",
        &["mailbox over quota", "dd sorry your message to * cannot be delivered this mailbox is over quota"],
        &FULL,
    ),
    said(
        YAHOO,
        "5",
        &[
            "this account has been disabled or discontinued",
            "this mailbox is disabled",
            "dd requested mail action aborted mailbox not found",
        ],
        &DISABLED,
    ),
    said(YAHOO, "5", &["message not accepted for policy reasons", "message not allowed"], &POLICY),
    said(YAHOO, "5", &["message not accepted due to failed dmarc check", "unauthenticated mail is prohibited"], &DMARC),
    said(
        YAHOO,
        "5",
        &[
            "connections will not be accepted from * because the ip is in spamhauss list",
            "connections not accepted from ip addresses on spamhaus",
            "connections will not be accepted from",
        ],
        &BLOCKED,
    ),
    said(YAHOO, "4", &["resources temporarily unavailable", "resources temporarily not available"], &TROUBLE),
    said(
        YAHOO,
        "4",
        &["excessive unknown recipients possible open relay", "vs1 ip excessive unknown recipients"],
        &HARVEST,
    ),
    said(
        AOL,
        "45",
        &["rtr bl", "rtr ch", "rtr sc", "con b1", "rly b1", "rly b2", "rly bl", "rly bd", "rly ch", "rly ob", "dyn t1"],
        &REPUTATION,
    ),
    said(AOL, "45", &["rtr bb", "rtr du", "rtr rd", "dns b1", "dns b2"], &RESIDENTIAL),
    said(AOL, "45", &["dns nr"], &PTR),
    said(AOL, "45", &["rly ir"], &HARVEST),
    said(AOL, "45", &["rtr ge"], &TROUBLE),
    said(AOL, "5", &["hvu b1"], &DOMAIN_LISTED),
    said(ICLOUD, "5", &["message rejected due to local policy", "cs01 message rejected due to local policy"], &POLICY),
    said(
        ICLOUD,
        "5",
        &[
            "hm08 message rejected due to local policy",
            "mail from ip ? was rejected due to listing in spamhaus",
            "was rejected due to listing in",
        ],
        &BLOCKED,
    ),
    said(
        ICLOUD,
        "4",
        &["deferred due to excessive volume", "messages to ? deferred due to excessive volume"],
        &BUSY_RECIPIENT,
    ),
    said(
        ICLOUD,
        "5",
        &["your message was rejected due to ? dmarc policy", "your message was rejected due to dmarc policy"],
        &DMARC,
    ),
    said(ICLOUD, "45", &["your email was rejected due to having a domain present in the spamhaus dbl"], &DOMAIN_LISTED),
    said(ICLOUD, "5", &["inactive email address"], &DISABLED),
    said(ICLOUD, "5", &["relay not permitted for user"], &REFUSED_RECIPIENT),
    said(
        SPAMHAUS,
        "45",
        &["spamhaus", "blocked using zen spamhaus org", "spamhaus sbl", "spamhaus xbl", "spamhaus css"],
        &BLOCKED,
    ),
    said(SPAMHAUS, "45", &["spamhaus pbl", "blocked using pbl spamhaus org"], &RESIDENTIAL),
    said(SPAMHAUS, "45", &["spamhaus dbl", "blocked using dbl spamhaus org"], &DOMAIN_LISTED),
    said(
        LISTS,
        "45",
        &[
            "spamcop",
            "barracudacentral",
            "sorbs",
            "uceprotect",
            "abusix",
            "dnsbl",
            "rbl",
            "blocked by rbl",
            "listed in dnsbl",
            "is listed in",
            "cbl abuseat org",
        ],
        &BLOCKED,
    ),
    said(LISTS, "45", &["uribl", "surbl", "blacklisted url in message"], &DOMAIN_LISTED),
    said(
        FILTERS,
        "45",
        &[
            "blocked see https ipcheck proofpoint com",
            "email rejected per security policy",
            "email rejected due to security policies",
            "email not accepted for policy reasons",
            "rejected for policy reasons",
            "rejected by policy",
            "policy violation",
        ],
        &POLICY,
    ),
    said(
        FILTERS,
        "45",
        &[
            "sender ip must resolve",
            "connections not accepted from servers without a valid sender domain",
            "envelope blocked",
            "rejected by header based anti spoofing policy",
            "rejected by header based manually blocked senders block manually blocked senders",
        ],
        &SENDER_REFUSED,
    ),
    said(
        FILTERS,
        "45",
        &[
            "your access to this mail system has been rejected due to the sending mtas poor reputation",
            "poor reputation",
            "senderbase",
            "bad reputation",
            "ip reputation",
        ],
        &REPUTATION,
    ),
    said(
        FILTERS,
        "45",
        &[
            "spamassassin",
            "message rejected as spam",
            "content filter rejection",
            "message blocked due to spam content in the message",
        ],
        &SPAM,
    ),
    said(COMCAST, "45", &["comcast blocked for spam", "blocked for spam"], &BLOCKED),
    said(COMCAST, "4", &["too many sessions opened", "maximum sessions per ip", "too many sessions"], &CONNECTIONS),
    said(
        OTHERS,
        "45",
        &[
            "requested action not taken mailbox unavailable reject due to policy restrictions",
            "reject due to policy restrictions",
            "nemesis esmtp service not available",
        ],
        &POLICY,
    ),
    said(
        OTHERS,
        "45",
        &[
            "we do not accept mail from hosts with dynamic ip or generic dns ptr records",
            "a problem occurred ask your postmaster for help or to contact tosa rx t online de",
        ],
        &RESIDENTIAL,
    ),
    said(
        OTHERS,
        "45",
        &[
            "too many spams from your ip",
            "service refuse veuillez essayer plus tard",
            "spam message rejected please visit",
        ],
        &REPUTATION,
    ),
];
