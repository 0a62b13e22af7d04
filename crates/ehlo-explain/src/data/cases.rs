//! Field cases: what operators were asked to explain. Those that are rows of the catalogue too stand here only.

use super::{Known, case};
use crate::Act::{Network, Nobody, Recipient, RecipientAdmin, Sender, SenderAdmin};
use crate::Retry::{AfterFix, AfterTime, Later, No, OtherPath};

pub(super) const CASES: &[Known] = &[
    case(
        "no-reverse-dns",
        "4",
        &["refused you have no reverse dns entry", "you have no reverse dns entry"],
        SenderAdmin,
        AfterFix,
        [
            "The sending server's address has no PTR record: its reverse DNS names no host.",
            "Ask the owner of the address block (the provider of the line or the machine) for a PTR record that names the host, with an A or AAAA record back to the address; check with dig -x.",
        ],
        [
            "发送服务器的 IP 地址没有 PTR 记录,即没有反向 DNS 解析。",
            "请 IP 地址段的所有者(线路或主机服务商)添加指向该主机名的 PTR 记录,并确保该主机名的 A 或 AAAA 记录指回该 IP;可用 dig -x 检查。",
        ],
    ),
    case(
        "blocked-address-aol",
        "4",
        &["dns nr", "dns nr service not available"],
        SenderAdmin,
        AfterFix,
        [
            "The receiving provider cannot resolve the sending address in reverse, or blocks it.",
            "Open the web address in the reply, see whether the sending address is listed, and ask for its removal; set the PTR record.",
        ],
        [
            "收件服务商无法反向解析发信 IP,或已将其屏蔽。",
            "打开应答中给出的网址,查询发信 IP 是否在名单中并申请移除;设置好 PTR 记录。",
        ],
    ),
    case(
        "flow-control",
        "4",
        &[
            "recipient address rejected recipient is protected by flow control",
            "recipient is protected by flow control",
        ],
        Sender,
        Later,
        [
            "The receiving side limits how much mail this recipient gets in a time; big attachments use the allowance up sooner than text.",
            "Wait and retry; send less at a time.",
        ],
        ["收件方限制了该收件人在一段时间内的收信量;大附件比纯文本更快耗尽限额。", "稍后重试;减少单次发送的邮件量。"],
    ).at_fault(RecipientAdmin),
    case(
        "greylisted",
        "4",
        &[
            "recipient address rejected greylisted",
            "greylisted",
            "recipient address rejected greylisted for ? minutes",
            "recipient address rejected greylisted for ? minute",
            "recipient address rejected greylisted for ? mins",
            "recipient address rejected greylisted for ? second",
            "recipient address rejected greylisted for ? hour",
            "recipient address rejected greylisted for ? seconds",
            "recipient address rejected greylisted for ? hours",
            "greylisted for ? minutes",
            "greylisted for ? minute",
            "greylisted for ? seconds",
            "recipient address rejected greylisted see",
            "greylisted see",
        ],
        Nobody,
        AfterTime,
        [
            "The first contact is put off on purpose, to see whether the sender is a real server that retries.",
            "Let the queue retry by itself; for urgent mail ask the other side to put the sender on its allow list.",
        ],
        [
            "收件方对首次来信有意推迟(灰名单),以确认发送方是会重试的正规邮件服务器。",
            "让发送队列自动重试即可;紧急邮件可请对方将发件人加入白名单。",
        ],
    ),
    case(
        "address-rejected",
        "5",
        &["address rejected", "address rejected does not like recipient"],
        SenderAdmin,
        No,
        [
            "The receiving host refuses this recipient, or this sending host by a block list of its own.",
            "Test by hand from the sending host; write to the receiving postmaster to be let in.",
        ],
        [
            "收件服务器拒绝了该收件人,或其自有黑名单拒绝了该发信主机。",
            "在发信主机上手工测试;联系收件方管理员请求放行。",
        ],
    ),
    case(
        "sender-verify-failed",
        "5",
        &["sender verify failed", "sender verify failed does not like recipient"],
        SenderAdmin,
        AfterFix,
        [
            "The receiver checked the sender's domain against DNS and against the sending host, and they do not fit.",
            "Make PTR, A, MX and SPF records of the sending domain and host agree.",
        ],
        [
            "收件方核查了发件人域名的 DNS 记录和发信主机,结果不一致。",
            "使发信域名和主机的 PTR、A、MX 与 SPF 记录保持一致。",
        ],
    ),
    case(
        "read-write-timeout",
        "5",
        &["read write time out", "read write timeout", "read write timed out"],
        Sender,
        Later,
        [
            "The receiving side was too busy to answer within its time limit and gave up.",
            "Retry when the load is lower; if it stays, look at the path MTU and at filters on the way.",
        ],
        [
            "收件方过于繁忙,未能在时限内完成读写而放弃。",
            "待负载降低后重试;若持续出现,请检查路径 MTU 以及途中的过滤设备。",
        ],
    ).at_fault(RecipientAdmin),
    case(
        "user-unknown",
        "5",
        &[
            "user unknown",
            "recipient address rejected user unknown",
            "user unknown in ? ? table",
            "user unknown in ? ? ? table",
            "recipient address rejected user unknown in ? ? table",
            "recipient address rejected user unknown in ? ? ? table",
        ],
        Sender,
        No,
        ["The address is wrong, or does not exist any more.", "Check the spelling of the address with the recipient."],
        ["收件人地址有误,或已不存在。", "与收件人核对地址的拼写。"],
    ),
    case(
        "no-such-mailbox-chkuser",
        "5",
        &[
            "sorry no mailbox here by that name chkuser",
            "sorry no mailbox here by that name",
            "no mailbox here by that name",
        ],
        Sender,
        No,
        ["There is no such mailbox (the wording of qmail and its chkuser).", "Check the address with the recipient."],
        ["没有该邮箱(qmail 及其 chkuser 的措辞)。", "与收件人核对地址。"],
    ),
    case(
        "sender-inconsistent",
        "5",
        &["username and mail from inconsistent"],
        Sender,
        AfterFix,
        [
            "The mail program logged in as one account and writes as another.",
            "Set the sender's address in the mail program to that of the account logged in as.",
        ],
        ["登录的账号与发件人地址不一致。", "在邮件程序中将发件人地址设置为登录账号的地址。"],
    ),
    // A server that had really written this would have filled in an address; and one that answers 551 is not tried until the queue gives up.
    case(
        "path-filter",
        "5",
        &[
            "user not local please try forward path",
            "user not local please try forward path im not going to try again this message has been in the queue too long",
            "user not local please try im not going to try again this message has been in the queue too long",
        ],
        Network,
        OtherPath,
        [
            "A device on the path between the two networks answers in the server's place; neither the text of the message nor its size has to do with it.",
            "Use STARTTLS, so that the path can neither read nor answer the session, or send through a relay in the other network.",
        ],
        [
            "两个网络之间路径上的设备冒充服务器作了应答;与邮件内容和大小无关。",
            "使用 STARTTLS,使途中设备无法读取或应答会话;或通过对方网络内的中继服务器发送。",
        ],
    ),
    case(
        "quota-exceeded",
        "5",
        &[
            "this users disk quota exceeded",
            "this users disk quota exceeded anyway you can send a small ? message to inform the person",
        ],
        Recipient,
        AfterFix,
        [
            "The recipient's mailbox is over its disk quota.",
            "Send a message under 1 KB that says so, or reach the recipient another way.",
        ],
        ["收件人的邮箱已超出磁盘配额。", "发送一封小于 1 KB 的邮件告知对方,或通过其他方式联系收件人。"],
    ),
    case(
        "vba-macros",
        "5",
        &["ms office file containing vba macros found inside of the email"],
        Sender,
        AfterFix,
        ["An Office attachment holds macros.", "Send the document without macros, or by another agreed way."],
        ["Office 附件中含有宏。", "去除宏后再发送文档,或通过双方约定的其他方式传送。"],
    ),
    case(
        "relay-access-denied",
        "5",
        &["relay access denied", "recipient address rejected relay access denied"],
        Sender,
        AfterFix,
        [
            "The server asked to relay does not know the client: it has not logged in, or it is the wrong outgoing server.",
            "Use the outgoing server of the sender's own provider, with authentication on.",
        ],
        [
            "被请求转发的服务器不认识该客户端:尚未登录,或使用了错误的发信服务器。",
            "使用发件人自己服务商的发信服务器,并启用身份验证。",
        ],
    ),
];
