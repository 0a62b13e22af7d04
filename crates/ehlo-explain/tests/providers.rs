//! Replies of the great providers and of widespread servers, as they are written: whose wording it is, and who has to act.

use ehlo_explain::Act::{Network, Nobody, Recipient, RecipientAdmin, Sender, SenderAdmin};
use ehlo_explain::{Act, explain};

/// A reply, how its source begins, who has to act, and a word of what it means.
type Row = (&'static str, &'static str, Act, &'static str);

const ROWS: &[Row] = &[
    (
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\n\
         550-5.1.1 double-checking the recipient's email address for typos or\n\
         550 5.1.1 unnecessary spaces. For more information, go to https://support.google.com/mail/?p=NoSuchUser ab1si1 - gsmtp",
        "Google",
        Sender,
        "no such mailbox",
    ),
    (
        "452 4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp ab1 - gsmtp",
        "Google",
        Recipient,
        "full",
    ),
    ("550 5.2.1 The email account that you tried to reach is disabled. ab1 - gsmtp", "Google", Recipient, "disabled"),
    (
        "450-4.2.1 The user you are trying to contact is receiving email at a rate that\n450 4.2.1 prevents additional messages from being delivered. ab1 - gsmtp",
        "Google",
        Sender,
        "more mail at the moment",
    ),
    (
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.",
        "Google",
        Sender,
        "more mail at the moment",
    ),
    (
        "421-4.7.0 [192.0.2.1      15] Our system has detected an unusual rate of\n421-4.7.0 unsolicited mail originating from your IP address. To protect our\n421 4.7.0 users from spam, mail sent from your IP address has been temporarily rate limited.",
        "Google",
        SenderAdmin,
        "sends more",
    ),
    (
        "550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's\n550 5.7.26 DMARC policy. ab1 - gsmtp",
        "Google",
        SenderAdmin,
        "DMARC",
    ),
    (
        "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not\n550 5.7.25 match the sending IP.",
        "Google",
        SenderAdmin,
        "reverse DNS",
    ),
    ("550 5.7.1 This message violates example.com email policy. - gcdp ab1 - gsmtp", "Google", SenderAdmin, "policy"),
    (
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
        "Microsoft: Outlook.com",
        SenderAdmin,
        "block list",
    ),
    (
        "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)",
        "Microsoft: Outlook.com",
        SenderAdmin,
        "distrusts",
    ),
    (
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR03FT032.eop-EUR03.prod.protection.outlook.com]",
        "Microsoft: Outlook.com",
        Sender,
        "refuses mail for this recipient",
    ),
    (
        "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
        "Microsoft: Outlook.com",
        Sender,
        "more mail at the moment",
    ),
    (
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
        "Microsoft: Outlook.com",
        SenderAdmin,
        "distrusts",
    ),
    (
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bob@example.net not found by SMTP address lookup",
        "Microsoft: nondelivery",
        Sender,
        "no such mailbox",
    ),
    (
        "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        "Microsoft: nondelivery",
        RecipientAdmin,
        "only from certain senders",
    ),
    (
        "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM [AM6PR0732BE0065.eurprd07.prod.outlook.com]",
        "Microsoft: nondelivery",
        Sender,
        "login",
    ),
    (
        "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
        "Microsoft: nondelivery",
        Recipient,
        "full",
    ),
    ("550 4.4.7 QUEUE.Expired; message expired", "Microsoft: nondelivery", Sender, "queue"),
    (
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        "Yahoo",
        SenderAdmin,
        "distrusts",
    ),
    (
        "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. See https://postmaster.yahooinc.com/error-codes",
        "Yahoo",
        SenderAdmin,
        "distrusts",
    ),
    (
        "554 30 Sorry, your message to bob@yahoo.com cannot be delivered. This mailbox is disabled (554.30).",
        "Yahoo",
        Recipient,
        "disabled",
    ),
    ("554 RTR:BB http://postmaster.info.aol.com/errors/554rtrbb.html", "AOL", SenderAdmin, "dynamic or residential"),
    ("554 HVU:B1 http://postmaster.info.aol.com/errors/554hvub1.html", "AOL", SenderAdmin, "link in the message"),
    ("421 RLY:B1 http://postmaster.info.aol.com/errors/554rlyb1.html", "AOL", SenderAdmin, "distrusts"),
    (
        "550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        "Apple",
        SenderAdmin,
        "policy",
    ),
    ("421 resmx1.example.net Too many sessions opened", "Comcast", SenderAdmin, "more connections"),
    (
        "550 Mailbox unavailable or access denied [AbCdEfGh IP: 192.0.2.1]. https://service.mail.qq.com/detail/122/166",
        "Tencent",
        Sender,
        "more mail at the moment",
    ),
    ("550 Domain frequency limited [AbCdEfGh IP: 192.0.2.1]", "Tencent", SenderAdmin, "sends more"),
    (
        "550 Mail content denied [AbCdEfGh IP: 192.0.2.1]. https://service.mail.qq.com/detail/122/171",
        "Tencent",
        Sender,
        "spam by its content",
    ),
    (
        "550 The \"From\" header is missing or invalid. Please follow RFC5322, RFC2047, RFC822 standard protocol.",
        "Tencent",
        Sender,
        "header section",
    ),
    ("550 Mail is rejected by recipients [AbCdEfGh IP: 192.0.2.1]", "Tencent", Recipient, "blocked the sender"),
    (
        "554 DT:SPM 163 smtp10,DsCowADX7kpQ1234,S2 1479870000,please see http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1&hostid=smtp10&time=1479870000",
        "NetEase",
        Sender,
        "spam by its content",
    ),
    (
        "451 MI:SFQ 163 smtp2,DdGowLCrSVHP 1369000000,please see http://mail.163.com/help/help_spam_16.htm",
        "NetEase",
        SenderAdmin,
        "sends more",
    ),
    ("550 RP:TRC 163 smtp3,abc 1369000000", "NetEase", SenderAdmin, "sends more"),
    ("550 MI:IMF mx1,abc 1369000000", "NetEase", Sender, "written in a form"),
    ("450 RP:DRC 163 smtp8", "NetEase", SenderAdmin, "over one connection"),
    ("552 Illegal Attachment", "NetEase", Sender, "attachment"),
    (
        "454 Transient reject by behaviour spam at DATA State(Connection IP address:192.0.2.1)ANTISPAM_BAT[01201311R5167S531, r41g03022]: currently unexpected sending",
        "Alibaba",
        SenderAdmin,
        "distrusts",
    ),
    ("554 Reject by content spam at DATA stage", "Alibaba", Sender, "spam by its content"),
    ("559 Invalid rcptto [@sm070102]", "Alibaba", Sender, "no such mailbox"),
    (
        "436 \"MAIL FROM\" doesn't conform with authentication [@sm060104] (Auth Account:a@example.com|Mail Account:b@example.com)",
        "Alibaba",
        Sender,
        "may not send as this sender",
    ),
    ("550 Requested action not taken: Local user only", "Coremail", RecipientAdmin, "only from certain senders"),
    ("552 too many same size mails.", "Sina", Sender, "spam by its content"),
    (
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
        "Spamhaus",
        SenderAdmin,
        "block list",
    ),
    (
        "450 4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found",
        "Postfix",
        SenderAdmin,
        "sender's domain",
    ),
    ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "Postfix", SenderAdmin, "reverse DNS"),
    ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "Postfix", SenderAdmin, "EHLO"),
    ("550 Unrouteable address", "Exim", Sender, "no such mailbox"),
    ("550 relay not permitted", "Exim", Sender, "pass on mail"),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "qmail", Sender, "pass on mail"),
    (
        "550 5.7.1 bob@example.org... Relaying denied. Proper authentication required.",
        "Sendmail",
        Sender,
        "pass on mail",
    ),
    (
        "451 4.1.8 Domain of sender address a@nowhere.example does not resolve",
        "Sendmail",
        SenderAdmin,
        "sender's domain",
    ),
    (
        "450 4.2.0 bob@example.net: Recipient address rejected: Greylisting in action, please come back later",
        "Postgrey",
        Nobody,
        "put off on purpose",
    ),
    (
        "lost connection with mx.example.net[192.0.2.1] while sending message body",
        "Postfix",
        Network,
        "connection broke",
    ),
];

#[test]
fn providers_and_servers() {
    let mut wrong = Vec::new();
    for (line, source, act, meaning) in ROWS {
        // With other hosts, addresses and numbers it is the same.
        let other = line
            .replace("192.0.2.1", "2001:db8::25")
            .replace("bob@", "wendy.liu@")
            .replace("example.net", "mail.example.com.cn")
            .replace("1369000000", "1764300000");
        for line in [line.to_string(), other] {
            match &explain(&line)[..] {
                [found]
                    if found.source.starts_with(source)
                        && found.act == *act
                        && found.meaning(ehlo_explain::Lang::En).contains(meaning) => {}
                found => wrong.push(format!("{line}\n    {found:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}
