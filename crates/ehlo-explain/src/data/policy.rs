//! Rows of the catalogue: clients, senders, recipients, mailboxes and messages. Those that are field cases too stand there.

use super::{Known, row};
use crate::Act::{Nobody, Recipient, RecipientAdmin, Sender, SenderAdmin};
use crate::Retry::{AfterFix, Later, No};

pub(super) const ROWS: &[Known] = &[
    // Who may connect, who may say hello.
    row(
        "ip-under-audit",
        "4",
        &[
            "access is denied from your ip for audit reason try later",
            "access is denied from your ip ? for audit reason try later",
        ],
        SenderAdmin,
        Later,
        [
            "The receiving server has shut out the sending address for a while, after floods, guessed recipients or failed logins.",
            "Look for abuse on the sending host, stop it, and retry after some hours.",
        ],
        [
            "由于大量连接、猜测收件人或登录失败,收件服务器暂时禁止了该发信 IP。",
            "检查发信主机是否被滥用并加以制止,数小时后重试。",
        ],
    ),
    row(
        "ip-denied",
        "5",
        &["access is denied from your ip", "access is denied from your ip ?"],
        SenderAdmin,
        AfterFix,
        [
            "The sending address is on the receiver's deny list, or on a DNS block list.",
            "Look the address up on the usual block lists, mend the cause, ask for removal; else write to the receiving postmaster.",
        ],
        [
            "发信 IP 在收件方的拒绝名单或某个 DNS 黑名单中。",
            "在常见黑名单中查询该 IP,消除原因后申请移除;否则联系收件方管理员。",
        ],
    ),
    row(
        "access-denied",
        "5",
        &["access denied to you"],
        SenderAdmin,
        No,
        [
            "A rule of the receiving administrator refuses this client, sender, recipient or command.",
            "Write to the receiving postmaster and ask to be let in.",
        ],
        ["收件方管理员的规则拒绝了该客户端、发件人、收件人或命令。", "联系收件方管理员请求放行。"],
    ),
    row(
        "helo-resolve-failed",
        "4",
        &["temporary internal failure failed to resolve ehlo helo fqdn"],
        SenderAdmin,
        Later,
        [
            "The name that the sending server gave in EHLO could not be looked up for the moment.",
            "Let the queue retry; check that the name servers of that name answer.",
        ],
        ["暂时无法解析发送服务器在 EHLO 中给出的主机名。", "让发送队列自动重试;检查该名称的域名服务器是否正常应答。"],
    ),
    row(
        "helo-invalid",
        "5",
        &["invalid ehlo helo fqdn host"],
        SenderAdmin,
        AfterFix,
        [
            "The name that the sending server gave in EHLO has no address, or another one.",
            "Set the sending server's name to one whose A or AAAA record is the sending address.",
        ],
        [
            "发送服务器在 EHLO 中给出的主机名没有地址记录,或与实际 IP 不符。",
            "将发送服务器的主机名设为其 A 或 AAAA 记录指向该发信 IP 的名称。",
        ],
    ),
    // Senders.
    row(
        "sender-under-audit",
        "4",
        &["access is denied sender is in the audit blacklist try later"],
        Sender,
        Later,
        [
            "The receiving server has shut out this sender for a while.",
            "Wait some hours and send less at a time; check that the account is not abused.",
        ],
        ["收件服务器暂时禁止了该发件人。", "等待数小时,减少单次发送量;检查账号是否被盗用。"],
    ),
    row(
        "sender-blacklisted",
        "5",
        &["access is denied sender is in the blacklist"],
        Sender,
        No,
        [
            "The sender is on the block list of the receiving administrator, or of the recipient.",
            "Reach the recipient another way and ask to be taken off the list.",
        ],
        ["发件人在收件方管理员或收件人本人的黑名单中。", "通过其他方式联系收件人,请其将您移出黑名单。"],
    ),
    row(
        "use-submission",
        "5",
        &["access is denied please use the smtp server instead of mx"],
        Sender,
        AfterFix,
        [
            "A user of the receiving domain wrote by the server for incoming mail, without logging in.",
            "Set the provider's submission server (port 587 or 465) as outgoing server, with authentication on.",
        ],
        [
            "本域用户未经登录,直接通过收信(MX)服务器发信。",
            "在邮件程序中改用服务商的发信(SMTP)服务器(587 或 465 端口),并启用身份验证。",
        ],
    ),
    row(
        "too-many-transactions",
        "5",
        &["too many mail transactions in the same connection"],
        SenderAdmin,
        Later,
        [
            "More messages came over one connection than the receiver takes.",
            "Have the sending server open a new connection after fewer messages; retry.",
        ],
        ["同一连接中的邮件数量超过了收件方的限制。", "减少发送服务器每个连接投递的邮件数,然后重试。"],
    ),
    // Recipients and mailboxes.
    row(
        "mail-action-not-taken",
        "4",
        &["requested mail action not taken", "requested mail action not taken mailbox unavailable"],
        Nobody,
        Later,
        ["The mailbox is busy or locked for the moment.", "Let the queue retry."],
        ["邮箱正忙或暂时被锁定。", "让发送队列自动重试。"],
    )
    .at_fault(RecipientAdmin),
    row(
        "mailbox-full",
        "4",
        &["mailbox is full", "mailbox ? is full"],
        Recipient,
        Later,
        [
            "The recipient's mailbox is full.",
            "Tell the recipient another way to make room; the queue retries meanwhile.",
        ],
        ["收件人的邮箱已满。", "通过其他方式请收件人清理邮箱;发送队列会继续重试。"],
    ),
    row(
        "too-many-rcpts",
        "4",
        &["too many rcpts"],
        SenderAdmin,
        Later,
        [
            "The message names more recipients than the receiver takes at once; those before are accepted.",
            "The sending server sends to the rest in further transactions; send to fewer at a time.",
        ],
        [
            "单次投递的收件人数超过收件方的限制;之前的收件人已被接受。",
            "发送服务器会分批投递其余收件人;也可减少每次的收件人数。",
        ],
    ),
    row(
        "invalid-user",
        "5",
        &["invalid user", "invalid user ?"],
        Sender,
        No,
        ["There is no such user at the receiving domain.", "Check the spelling of the address with the recipient."],
        ["收件域中没有该用户。", "与收件人核对地址是否正确。"],
    ),
    row(
        "user-disabled",
        "5",
        &["invalid user is disabled for payment reason", "invalid user ? is disabled for payment reason"],
        Recipient,
        AfterFix,
        [
            "The recipient's account is suspended because it has not been paid for.",
            "Reach the recipient another way; the recipient settles it with the provider.",
        ],
        ["收件人的账号因欠费被停用。", "通过其他方式联系收件人,由其与服务商处理。"],
    ),
    row(
        "mailbox-access-denied",
        "5",
        &["access to mailbox is denied", "access to mailbox ? is denied"],
        Recipient,
        No,
        [
            "The mailbox takes no mail from this sender; it is for members or for the house only.",
            "Reach the recipient another way and ask to be let in.",
        ],
        ["该邮箱不接收此发件人的邮件,仅限成员或内部使用。", "通过其他方式联系收件人请求放行。"],
    ),
    row(
        "user-not-local",
        "5",
        &["user not local please try", "user not local please try ?"],
        Sender,
        No,
        ["The user has moved, and the server does not forward.", "Send to the address that the reply names."],
        ["该用户已迁往别处,服务器不代为转发。", "改用应答中给出的新地址发送。"],
    )
    .at_fault(Recipient),
    row(
        "mailbox-name-not-allowed",
        "5",
        &["requested action not taken mailbox name not allowed"],
        Sender,
        No,
        [
            "The mailbox refuses all mail, or its name may not be a mailbox there.",
            "Check the address; reach the recipient another way.",
        ],
        ["该邮箱拒收所有邮件,或其名称不允许作为邮箱名。", "检查地址是否正确;或通过其他方式联系收件人。"],
    ),
    row(
        "relay-denied-from-ip",
        "5",
        &["relay from your ip is denied", "relay from your ip ? is denied"],
        Sender,
        AfterFix,
        [
            "The server may not pass on mail to other domains for this client address.",
            "Use the outgoing server of the sender's own provider, with authentication on.",
        ],
        ["服务器不允许该客户端 IP 通过它向其他域转发邮件。", "使用发件人自己服务商的发信服务器,并启用身份验证。"],
    ),
    row(
        "relay-denied-from-sender",
        "5",
        &["relay from your addr is denied", "relay from your addr ? is denied"],
        Sender,
        AfterFix,
        [
            "The server may not pass on mail to other domains for this sender.",
            "Log in, and send with an address of the account; else ask the server's administrator.",
        ],
        ["服务器不允许该发件人通过它向其他域转发邮件。", "登录后用账号自己的地址发送;否则联系该服务器的管理员。"],
    ),
    row(
        "relay-denied-to",
        "5",
        &["relay to is denied", "relay to ? is denied"],
        Sender,
        AfterFix,
        [
            "The recipient's domain is not among those that the server takes or passes on mail for.",
            "Check the address; log in to the outgoing server; if the MX record leads to the wrong server, the recipient's administrator corrects it.",
        ],
        [
            "收件人的域不在该服务器接收或转发的范围内。",
            "检查地址;登录发信服务器后重试;若 MX 记录指向了错误的服务器,由收件方管理员更正。",
        ],
    ),
    row(
        "rcpt-blacklisted",
        "5",
        &["rcpt is in the blacklist", "rcpt ? is in the blacklist"],
        Sender,
        No,
        [
            "The receiving administrator lets no mail through to this recipient.",
            "Reach the recipient another way, or write to the receiving postmaster.",
        ],
        ["收件方管理员禁止向该收件人投递邮件。", "通过其他方式联系收件人,或联系收件方管理员。"],
    )
    .at_fault(RecipientAdmin),
    // The message.
    row(
        "processing-error",
        "4",
        &["requested action aborted error in processing", "requested action aborted local error in processing"],
        RecipientAdmin,
        Later,
        [
            "Something went wrong in the receiving server while it handled the message.",
            "Let the queue retry; if it lasts, tell the receiving postmaster.",
        ],
        ["收件服务器处理邮件时出现故障。", "让发送队列自动重试;若持续出现,请联系收件方管理员。"],
    ),
    row(
        "message-not-conformant",
        "45",
        &["message doesnt conform to the mime standard"],
        Sender,
        AfterFix,
        [
            "The header section or the MIME structure of the message is malformed.",
            "Send it anew with a sound mail program; the author of the sending program mends what it writes.",
        ],
        ["邮件的头部或 MIME 结构不符合标准。", "用正常的邮件程序重新发送;由发信程序的作者修正其格式。"],
    ),
    row(
        "queue-failed",
        "4",
        &["temporary internal failure queue message failed"],
        RecipientAdmin,
        Later,
        [
            "The receiving server could not write the message to its storage.",
            "Retry later; the receiving administrator looks at disk and permissions.",
        ],
        ["收件服务器未能将邮件写入存储。", "稍后重试;由收件方管理员检查磁盘和权限。"],
    ),
    row(
        "message-too-big",
        "5",
        &["message exceeds fixed maximum message size"],
        Sender,
        AfterFix,
        [
            "The message is bigger than the server takes.",
            "Send less at once: compress or split the attachments, or send a link to them.",
        ],
        ["邮件大小超过服务器的限制。", "减小邮件:压缩或拆分附件,或改为发送下载链接。"],
    ),
    row(
        "too-much-mail-data",
        "5",
        &["requested mail action aborted exceeded storage allocation too much mail data"],
        Sender,
        AfterFix,
        [
            "The message is bigger than the storage that the server gives to one transaction.",
            "Send less at once: compress or split the attachments, or send a link to them.",
        ],
        ["邮件超过了服务器分配给单次投递的存储空间。", "减小邮件:压缩或拆分附件,或改为发送下载链接。"],
    ),
    row(
        "too-many-hops",
        "5",
        &["too many hops this message is looping"],
        RecipientAdmin,
        AfterFix,
        [
            "The message goes round in circles between servers.",
            "The administrators look at the Received fields for the servers that repeat, and at forwarding rules and MX records there.",
        ],
        ["邮件在服务器之间循环传递。", "由管理员根据 Received 字段找出重复出现的服务器,检查其转发规则和 MX 记录。"],
    ),
    row(
        "no-valid-recipients",
        "5",
        &["no valid recipients"],
        Sender,
        No,
        ["Every recipient had been refused before.", "Look at the replies to the recipients; correct the addresses."],
        ["所有收件人此前均已被拒绝。", "查看各收件人对应的应答,更正地址。"],
    ),
    row(
        "virus-found",
        "5",
        &["message is denied because its infected by *"],
        Sender,
        AfterFix,
        [
            "The receiver's scanner found a virus in the message.",
            "Scan the sending machine, and send the message without the infected part.",
        ],
        ["收件方的扫描器在邮件中发现病毒。", "对发信电脑进行查毒,去掉受感染的部分后再发送。"],
    ),
    row(
        "filter-key",
        "5",
        &["message is denied by filter key *"],
        Sender,
        AfterFix,
        [
            "The text of the message holds a word that the receiving administrator filters.",
            "Word the message otherwise, or ask the receiving postmaster to let it in.",
        ],
        ["邮件正文含有收件方管理员设置的过滤关键字。", "修改正文措辞,或请收件方管理员放行。"],
    ),
    row(
        "subject-filter-key",
        "5",
        &["subject is denied by filter key *"],
        Sender,
        AfterFix,
        [
            "The subject holds a word that the receiving administrator filters.",
            "Word the subject otherwise, or ask the receiving postmaster to let it in.",
        ],
        ["邮件主题含有收件方管理员设置的过滤关键字。", "修改主题,或请收件方管理员放行。"],
    ),
];
