//! What the wordings of servers and providers come down to.

use crate::Act::{Network, Nobody, Recipient, RecipientAdmin, Sender, SenderAdmin};
use crate::Retry::{AfterFix, AfterTime, Later, No};
use crate::data::Note;
use crate::data::note;

pub(super) const NO_USER: Note = note(
    Sender,
    No,
    [
        "There is no such mailbox at the recipient's domain.",
        "Check the spelling of the address with the recipient; take it off mailing lists.",
    ],
    ["收件域中没有该邮箱。", "与收件人核对地址;将其从邮件列表中移除。"],
);
pub(super) const DISABLED: Note = note(
    Recipient,
    No,
    [
        "The recipient's mailbox is disabled or suspended.",
        "Reach the recipient another way; the recipient asks the provider.",
    ],
    ["收件人的邮箱已被停用或冻结。", "通过其他方式联系收件人,由其询问服务商。"],
);
pub(super) const FULL: Note = note(
    Recipient,
    AfterFix,
    ["The recipient's mailbox is full.", "Tell the recipient another way to make room, and send again."],
    ["收件人的邮箱已满。", "通过其他方式请收件人清理邮箱,然后重新发送。"],
);
pub(super) const TOO_BIG: Note = note(
    Sender,
    AfterFix,
    [
        "The message is bigger than the receiver takes.",
        "Send less at once: compress or split the attachments, or send a link to them.",
    ],
    ["邮件大小超过收件方的限制。", "减小邮件:压缩或拆分附件,或改为发送下载链接。"],
);
pub(super) const BUSY_RECIPIENT: Note = note(
    Sender,
    Later,
    [
        "The recipient gets more mail at the moment than the provider lets through.",
        "Wait some hours and retry; send less to this recipient.",
    ],
    ["收件人短时间内收到的邮件过多,超过了服务商的限制。", "数小时后重试;减少发往该收件人的邮件。"],
)
.at_fault(RecipientAdmin);
pub(super) const RATE: Note = note(
    SenderAdmin,
    Later,
    [
        "The sender, its domain or its host sends more in a time than the receiver allows.",
        "Slow the sending down and retry later; look for abused accounts.",
    ],
    ["发件人、其域名或发信主机的发送频率超过收件方的限制。", "降低发送频率,稍后重试;检查是否有账号被盗用。"],
);
pub(super) const CONNECTIONS: Note = note(
    SenderAdmin,
    Later,
    [
        "The sending host holds more connections at once than the receiver allows.",
        "Lower the number of connections to this domain, and retry.",
    ],
    ["发信主机的并发连接数超过收件方的限制。", "降低发往该域的并发连接数,然后重试。"],
);
pub(super) const PER_CONNECTION: Note = note(
    SenderAdmin,
    Later,
    [
        "More messages, commands or recipients came over one connection than the receiver takes.",
        "Have the sending server send fewer over a connection, and retry.",
    ],
    ["单个连接中的邮件、命令或收件人数量超过收件方的限制。", "减少每个连接中的投递数量,然后重试。"],
);
pub(super) const RECIPIENTS: Note = note(
    SenderAdmin,
    Later,
    ["The message names more recipients than the receiver takes at once.", "Send to fewer recipients at a time."],
    ["收件人数量超过收件方单次允许的上限。", "减少每次发送的收件人数。"],
);
pub(super) const BLOCKED: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sending address is on a block list, of the receiver or of a list service.",
        "Look the address up on the list that the reply names, stop what brought it there (spam, an abused account, an open relay), then ask for removal.",
    ],
    [
        "发信 IP 在收件方或某个名单服务的黑名单中。",
        "在应答所指的名单中查询该 IP,消除原因(垃圾邮件、账号被盗、开放中继)后申请移除。",
    ],
);
pub(super) const DOMAIN_LISTED: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "A domain of the sender, or of a link in the message, is on a block list.",
        "Look the domain up on the list that the reply names; mend the cause and ask for removal, or leave the link out.",
    ],
    ["发件人的域名或邮件中链接的域名在黑名单中。", "在应答所指的名单中查询该域名;消除原因并申请移除,或去掉该链接。"],
);
pub(super) const RESIDENTIAL: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sending address belongs to a dynamic or residential range, from which no mail is taken directly.",
        "Send by the outgoing server of the provider, with authentication on.",
    ],
    [
        "发信 IP 属于动态或家庭宽带地址段,收件方不直接接收来自此类地址的邮件。",
        "通过服务商的发信服务器发送,并启用身份验证。",
    ],
);
pub(super) const REPUTATION: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The receiver distrusts the sending address or domain, for its volume, complaints or past mail.",
        "Send less, only to those who asked for it; set SPF, DKIM and DMARC; look at the provider's postmaster site; then retry.",
    ],
    [
        "由于发送量、投诉或以往记录,收件方不信任该发信 IP 或域名。",
        "减少发送量,只发给同意接收的人;配置 SPF、DKIM 和 DMARC;查看服务商的邮件管理员网站后再重试。",
    ],
);
pub(super) const SPAM: Note = note(
    Sender,
    AfterFix,
    [
        "The receiver takes the message for spam by its content.",
        "Word it otherwise, leave out doubtful links and attachments; if it was legitimate, ask the receiving postmaster.",
    ],
    ["收件方根据内容将邮件判定为垃圾邮件。", "修改措辞,去掉可疑链接和附件;若属误判,请联系收件方管理员。"],
);
pub(super) const VIRUS: Note = note(
    Sender,
    AfterFix,
    [
        "The receiver found a virus or other malware in the message.",
        "Scan the sending machine, and send the message without the infected part.",
    ],
    ["收件方在邮件中发现病毒或恶意程序。", "对发信电脑进行查毒,去掉受感染的部分后再发送。"],
);
pub(super) const ATTACHMENT: Note = note(
    Sender,
    AfterFix,
    [
        "The message has an attachment of a kind that the receiver does not take.",
        "Send it in another format, or a link to it.",
    ],
    ["邮件含有收件方不接受的附件类型。", "改用其他格式,或发送下载链接。"],
);
pub(super) const POLICY: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The receiver's local policy refuses the message; it does not say which rule.",
        "Check SPF, DKIM, DMARC, reverse DNS and block lists of the sending host; then write to the receiving postmaster with the whole reply.",
    ],
    [
        "收件方的本地策略拒绝了该邮件,未说明具体规则。",
        "检查发信主机的 SPF、DKIM、DMARC、反向 DNS 及黑名单情况;然后将完整应答发给收件方管理员。",
    ],
);
pub(super) const DMARC: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The message failed DMARC, and the domain in the From field asks to have such mail refused.",
        "Have SPF or DKIM pass for the very domain of the From field; send by a server that the domain names; forwarders must keep the signature whole.",
    ],
    [
        "邮件未通过 DMARC 检查,而 From 字段域名的策略要求拒收此类邮件。",
        "确保 SPF 或 DKIM 以 From 字段的域名通过验证;使用该域授权的服务器发送;转发时不得破坏签名。",
    ],
);
pub(super) const SPF: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "SPF says that the sending host may not send for the sender's domain.",
        "Name the sending host in the domain's SPF record, or send by a host that is named there.",
    ],
    ["SPF 检查失败:发信主机无权为该发件域发信。", "将发信主机加入该域的 SPF 记录,或通过记录中已有的主机发送。"],
);
pub(super) const DKIM: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The DKIM signature is missing or does not hold.",
        "Sign by DKIM with the sender's domain; check the key in DNS and that nothing changes the message afterwards.",
    ],
    ["DKIM 签名缺失或验证失败。", "使用发件域进行 DKIM 签名;检查 DNS 中的公钥,并确保签名后邮件不被改动。"],
);
pub(super) const UNAUTHENTICATED: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The receiver demands that the sender be authenticated by SPF or DKIM, and neither passed.",
        "Set up SPF and DKIM for the sender's domain, and check that they pass.",
    ],
    ["收件方要求通过 SPF 或 DKIM 验证发件人,而两者均未通过。", "为发件域配置 SPF 和 DKIM,并确认验证通过。"],
);
pub(super) const PTR: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sending address has no usable reverse DNS entry.",
        "Ask the owner of the address block for a PTR record that names the host, with an A or AAAA record back; check with dig -x.",
    ],
    [
        "发信 IP 没有可用的反向 DNS 记录。",
        "请 IP 地址段的所有者添加指向主机名的 PTR 记录,且该主机名解析回该 IP;可用 dig -x 检查。",
    ],
);
pub(super) const HELO: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The name that the sending server gives in EHLO is not one that the receiver accepts.",
        "Set the server's name to a full one that resolves to the sending address.",
    ],
    ["发送服务器在 EHLO 中给出的主机名不被收件方接受。", "将服务器主机名设为可解析到发信 IP 的完整域名。"],
);
pub(super) const RELAY: Note = note(
    Sender,
    AfterFix,
    [
        "The server does not pass on mail for this client: it has not logged in, or the server is not responsible for the recipient's domain.",
        "Use the outgoing server of the sender's own provider, with authentication on; else the recipient's administrator checks the MX record and the domains of the server.",
    ],
    [
        "服务器不为该客户端转发邮件:尚未登录,或该服务器不负责收件人的域。",
        "使用发件人自己服务商的发信服务器并启用身份验证;否则由收件方管理员检查 MX 记录和服务器的域配置。",
    ],
);
pub(super) const LOGIN: Note = note(
    Sender,
    AfterFix,
    [
        "The server wants a login, and there was none, or it failed.",
        "Switch authentication on in the mail program, with the right user name and password; some providers want an authorisation code or application password.",
    ],
    [
        "服务器要求登录,而客户端未登录或登录失败。",
        "在邮件程序中启用身份验证并填写正确的用户名和密码;有些服务商要求使用授权码或应用专用密码。",
    ],
);
pub(super) const LOGIN_OTHER: Note = note(
    Sender,
    AfterFix,
    [
        "The account logged in as may not send as this sender.",
        "Set the sender's address in the mail program to that of the account; or have the administrator allow the other address.",
    ],
    ["登录的账号无权以该发件人地址发信。", "在邮件程序中将发件人设为该账号的地址;或由管理员授权使用另一地址。"],
);
pub(super) const TLS: Note = note(
    SenderAdmin,
    AfterFix,
    ["The server wants an encrypted connection.", "Switch on STARTTLS or TLS in the sending server or mail program."],
    ["服务器要求使用加密连接。", "在发送服务器或邮件程序中启用 STARTTLS 或 TLS。"],
);
pub(super) const SENDER_DOMAIN: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sender's domain does not exist in DNS, or could not be found there.",
        "Correct the sender's address; check A, MX and name servers of its domain.",
    ],
    ["发件人的域名在 DNS 中不存在或查询不到。", "更正发件人地址;检查其域名的 A、MX 记录和域名服务器。"],
);
pub(super) const SENDER_REFUSED: Note = note(
    Sender,
    No,
    [
        "The receiver refuses this sender by a rule or list of its own.",
        "Reach the recipient another way, or write to the receiving postmaster, and ask to be let in.",
    ],
    ["收件方根据自身的规则或名单拒绝了该发件人。", "通过其他方式联系收件人或收件方管理员请求放行。"],
);
pub(super) const BY_RECIPIENT: Note = note(
    Recipient,
    No,
    [
        "The recipient has blocked the sender, or filters such mail.",
        "Reach the recipient another way and ask to be let in.",
    ],
    ["收件人屏蔽了该发件人,或过滤了此类邮件。", "通过其他方式联系收件人请求放行。"],
);
pub(super) const MEMBERS: Note = note(
    RecipientAdmin,
    No,
    [
        "The recipient or the group takes mail only from certain senders, such as those of its own organisation.",
        "Ask the recipient, or the owner of the group, to be let in.",
    ],
    ["该收件人或群组只接收特定发件人(如本组织成员)的邮件。", "请收件人或群组所有者授权。"],
);
pub(super) const REFUSED_RECIPIENT: Note = note(
    Sender,
    No,
    [
        "The receiver refuses mail for this recipient: by a rule of its own, or because there is no such user.",
        "Check the address with the recipient; if it is right, ask the receiving postmaster.",
    ],
    [
        "收件方拒收发往该收件人的邮件:根据自身规则,或因该用户不存在。",
        "与收件人核对地址;若地址无误,请询问收件方管理员。",
    ],
);
pub(super) const UNVERIFIED: Note = note(
    Sender,
    Later,
    [
        "The server asked whether the address can be delivered to, and got no good answer.",
        "Check the address; retry later.",
    ],
    ["服务器对该地址的可投递性作了验证,未得到肯定答复。", "检查地址;稍后重试。"],
);
pub(super) const NO_HOST: Note = note(
    Sender,
    AfterFix,
    [
        "The recipient's domain could not be found in DNS, or names no mail host.",
        "Check the part of the address after the @; if it is right, the recipient's administrator looks at the domain's MX and A records.",
    ],
    [
        "在 DNS 中找不到收件人的域名,或该域没有邮件主机。",
        "检查地址中 @ 之后的部分;若无误,由收件方管理员检查该域的 MX 和 A 记录。",
    ],
);
pub(super) const NO_CONNECTION: Note = note(
    RecipientAdmin,
    Later,
    [
        "The sending server could not connect to the recipient's server, or lost the connection.",
        "Retry later; check that the host of the MX record runs, that port 25 is open to it, and the network between.",
    ],
    [
        "发送服务器无法连接收件服务器,或连接中断。",
        "稍后重试;检查 MX 记录所指主机是否运行、25 端口是否可达以及网络状况。",
    ],
);
pub(super) const EXPIRED: Note = note(
    Sender,
    Later,
    [
        "The message waited in the queue until its time was up; every attempt before had failed for the moment.",
        "Look at the reason of the last attempt; send it again later.",
    ],
    ["邮件在队列中等待至期满;此前每次尝试均暂时失败。", "查看最后一次尝试失败的原因;稍后重新发送。"],
)
.at_fault(RecipientAdmin);
pub(super) const WARNING: Note = note(
    Nobody,
    Later,
    [
        "The message is late, not lost: the sending server goes on trying.",
        "Nothing is to be done yet; do not send it again.",
    ],
    ["邮件只是延迟,并未丢失:发送服务器会继续尝试。", "暂时无需处理;不要重复发送。"],
)
.at_fault(RecipientAdmin);
pub(super) const LOOP: Note = note(
    RecipientAdmin,
    AfterFix,
    [
        "The message goes round in circles between servers, or comes back to the server that sent it.",
        "Look at the Received fields for the servers that repeat, and at MX records, domains and forwarding rules there.",
    ],
    [
        "邮件在服务器之间循环,或又回到了发出它的服务器。",
        "根据 Received 字段找出重复的服务器,检查其 MX 记录、域配置和转发规则。",
    ],
);
pub(super) const TROUBLE: Note = note(
    RecipientAdmin,
    Later,
    [
        "The receiving system has a fault of its own for the moment.",
        "Let the queue retry; if it lasts, tell the receiving postmaster.",
    ],
    ["收件系统自身出现临时故障。", "让发送队列自动重试;若持续出现,请联系收件方管理员。"],
);
pub(super) const SYNTAX: Note = note(
    Sender,
    AfterFix,
    [
        "An address is written in a form that the server does not take.",
        "Check the sender's and the recipient's address for blanks, full-width or stray characters.",
    ],
    ["地址的写法不被服务器接受。", "检查发件人和收件人地址中是否有空格、全角字符或多余字符。"],
);
pub(super) const FORM: Note = note(
    Sender,
    AfterFix,
    [
        "The header section of the message does not keep to the standard: a field is missing, double or malformed.",
        "Send it with a sound mail program, with one From, one Date and one Message-ID.",
    ],
    [
        "邮件头部不符合标准:字段缺失、重复或格式有误。",
        "使用正常的邮件程序发送,确保 From、Date 和 Message-ID 各有且仅有一个。",
    ],
);
pub(super) const GREYLIST: Note = note(
    Nobody,
    AfterTime,
    [
        "The first contact is put off on purpose, to see whether the sender is a real server that retries.",
        "Let the queue retry by itself.",
    ],
    ["收件方对首次来信有意推迟(灰名单),以确认发送方会重试。", "让发送队列自动重试即可。"],
);
pub(super) const NULL_SENDER: Note = note(
    SenderAdmin,
    No,
    [
        "The receiver takes no mail with an empty reverse-path, such as reports and automatic answers.",
        "Send by an address; the receiving administrator should let reports in, as RFC 5321 demands.",
    ],
    [
        "收件方不接受反向路径为空的邮件(如退信和自动回复)。",
        "使用有效的发件地址发送;按 RFC 5321,收件方管理员应接收此类报告。",
    ],
)
.at_fault(RecipientAdmin);
pub(super) const MISBEHAVED: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sending program gave too many wrong commands, or spoke before its turn.",
        "Mend the sending program: look in its log for the errors before this one.",
    ],
    ["发信程序发出过多错误命令,或抢先发送了数据。", "修正发信程序:查看其日志中此前的错误。"],
);
pub(super) const MOVED: Note = note(
    Sender,
    No,
    ["The recipient has another address by now.", "Send to the new address, or ask the recipient for it."],
    ["收件人已更换地址。", "改用新地址发送,或向收件人询问。"],
);
pub(super) const HARVEST: Note = note(
    SenderAdmin,
    AfterFix,
    [
        "The sending host wrote to too many recipients that do not exist, or forged sender domains.",
        "Clean the list of recipients; look for abused accounts; retry after some hours.",
    ],
    ["发信主机向大量不存在的收件人发信,或伪造发件域名。", "清理收件人列表;检查是否有账号被盗用;数小时后重试。"],
);
pub(super) const CUT: Note = note(
    Network,
    Later,
    [
        "The connection broke while the message was on its way.",
        "Retry later; if only big messages fail, look at the path MTU and at filters on the way.",
    ],
    ["邮件传输过程中连接中断。", "稍后重试;若仅大邮件失败,请检查路径 MTU 和途中的过滤设备。"],
);
