//! The basic reply codes: RFC 5321, and those that extensions brought.

use super::{Basic, basic};
use crate::Act::{Nobody, RecipientAdmin, Sender, SenderAdmin};
use crate::Retry::{AfterFix, Later, No};

const SMTP: &str = "RFC 5321 section 4.2.3";

const DONE: [&str; 2] = ["Nothing is to be done.", "无需处理。"];

pub(super) const CODES: &[Basic] = &[
    basic(211, Nobody, No, SMTP, ["The server tells its state.", DONE[0]], ["服务器报告其状态。", DONE[1]]),
    basic(
        214,
        Nobody,
        No,
        SMTP,
        ["The server answers a request for help.", DONE[0]],
        ["服务器应答帮助请求。", DONE[1]],
    ),
    basic(220, Nobody, No, SMTP, ["The server is ready.", DONE[0]], ["服务器已就绪。", DONE[1]]),
    basic(
        221,
        Nobody,
        No,
        SMTP,
        ["The server closes the connection as it was asked to.", DONE[0]],
        ["服务器应请求关闭连接。", DONE[1]],
    ),
    basic(235, Nobody, No, "RFC 4954 section 6", ["The authentication succeeded.", DONE[0]], ["认证成功。", DONE[1]]),
    basic(250, Nobody, No, SMTP, ["The command has been carried out.", DONE[0]], ["命令已执行完成。", DONE[1]]),
    basic(
        251,
        Nobody,
        No,
        SMTP,
        ["The user is elsewhere, and the server forwards.", DONE[0]],
        ["用户不在本地,服务器将代为转发。", DONE[1]],
    ),
    basic(
        252,
        Nobody,
        No,
        SMTP,
        ["The server does not say whether the user exists, but takes the message.", DONE[0]],
        ["服务器无法确认该用户是否存在,但会接收邮件。", DONE[1]],
    ),
    basic(
        334,
        Nobody,
        No,
        "RFC 4954 section 4",
        ["The server goes on with the authentication.", DONE[0]],
        ["服务器继续进行认证。", DONE[1]],
    ),
    basic(354, Nobody, No, SMTP, ["The server waits for the message.", DONE[0]], ["服务器等待接收邮件内容。", DONE[1]]),
    basic(
        421,
        Nobody,
        Later,
        SMTP,
        [
            "The service is not available for the moment, and the server closes the connection.",
            "Let the queue retry; if it lasts, look at what the text of the reply says.",
        ],
        ["服务暂时不可用,服务器关闭连接。", "让发送队列自动重试;若持续出现,请根据应答文字查找原因。"],
    )
    .at_fault(RecipientAdmin),
    basic(
        432,
        Sender,
        AfterFix,
        "RFC 4954 section 6",
        [
            "The stored password does not serve this authentication mechanism.",
            "Log in once by PLAIN or LOGIN under TLS, or set the password anew.",
        ],
        ["已存储的密码不适用于该认证方式。", "在 TLS 下用 PLAIN 或 LOGIN 登录一次,或重新设置密码。"],
    ),
    basic(
        450,
        Nobody,
        Later,
        SMTP,
        [
            "The mailbox is not available for the moment: it is busy, or blocked by policy for a while.",
            "Let the queue retry.",
        ],
        ["邮箱暂时不可用:正忙或因策略暂时受限。", "让发送队列自动重试。"],
    )
    .at_fault(RecipientAdmin),
    basic(
        451,
        RecipientAdmin,
        Later,
        SMTP,
        [
            "The server broke off because of a fault of its own for the moment.",
            "Let the queue retry; if it lasts, tell the receiving postmaster.",
        ],
        ["服务器因自身的临时故障而中止。", "让发送队列自动重试;若持续出现,请联系收件方管理员。"],
    ),
    basic(
        452,
        RecipientAdmin,
        Later,
        SMTP,
        [
            "The server has too little storage for the moment, or takes no more recipients at once.",
            "Let the queue retry; send to fewer recipients at a time.",
        ],
        ["服务器暂时存储不足,或单次收件人数已达上限。", "让发送队列自动重试;减少每次的收件人数。"],
    ),
    basic(
        454,
        RecipientAdmin,
        Later,
        "RFC 4954 section 6, RFC 3207 section 4",
        [
            "Authentication or TLS is not available for the moment.",
            "Retry later; if it lasts, tell the server's administrator.",
        ],
        ["认证或 TLS 暂时不可用。", "稍后重试;若持续出现,请联系该服务器的管理员。"],
    ),
    basic(
        455,
        SenderAdmin,
        Later,
        SMTP,
        [
            "The server cannot serve the parameters of the command for the moment.",
            "Let the queue retry, or send without the parameter.",
        ],
        ["服务器暂时无法处理命令的参数。", "让发送队列自动重试,或不使用该参数。"],
    )
    .at_fault(RecipientAdmin),
    basic(
        500,
        SenderAdmin,
        AfterFix,
        SMTP,
        [
            "The server does not know the command, or cannot read it.",
            "Mend the sending program; look for a firewall that rewrites SMTP on the way.",
        ],
        ["服务器不认识或无法解析该命令。", "修正发信程序;检查途中是否有防火墙改写 SMTP。"],
    ),
    basic(
        501,
        SenderAdmin,
        AfterFix,
        SMTP,
        [
            "An address or a parameter of the command is malformed.",
            "Check how the addresses are written; mend the sending program.",
        ],
        ["命令中的地址或参数格式有误。", "检查地址的写法;修正发信程序。"],
    ),
    basic(
        502,
        SenderAdmin,
        No,
        SMTP,
        ["The server does not offer the command.", "Have the sending program do without it."],
        ["服务器不提供该命令。", "让发信程序不使用该命令。"],
    ),
    basic(
        503,
        SenderAdmin,
        AfterFix,
        SMTP,
        [
            "The command may not stand at this point of the session.",
            "Mend the sending program; often a command before it was refused, or authentication is missing.",
        ],
        ["命令顺序错误。", "修正发信程序;常见原因是之前的命令被拒,或缺少认证。"],
    ),
    basic(
        504,
        SenderAdmin,
        AfterFix,
        SMTP,
        ["The server does not offer this parameter.", "Have the sending program do without it."],
        ["服务器不支持该参数。", "让发信程序不使用该参数。"],
    ),
    basic(
        521,
        Sender,
        No,
        "RFC 7504",
        [
            "The host takes no mail.",
            "Check the address and the MX record of its domain; the host that answered is not one for mail.",
        ],
        ["该主机不接收邮件。", "检查地址及其域名的 MX 记录;应答的主机不提供邮件服务。"],
    ),
    basic(
        530,
        Sender,
        AfterFix,
        "RFC 4954 section 6, RFC 3207 section 4",
        ["The server wants authentication, or TLS, first.", "Switch on authentication and TLS in the mail program."],
        ["服务器要求先进行认证或启用 TLS。", "在邮件程序中启用身份验证和 TLS。"],
    ),
    basic(
        534,
        Sender,
        AfterFix,
        "RFC 4954 section 6",
        ["The authentication mechanism is too weak.", "Choose a stronger one in the mail program."],
        ["认证方式的强度不足。", "在邮件程序中选择更强的认证方式。"],
    ),
    basic(
        535,
        Sender,
        AfterFix,
        "RFC 4954 section 6",
        [
            "The user name or the password is wrong.",
            "Correct them in the mail program; some providers want an authorisation code or application password instead.",
        ],
        ["用户名或密码不正确。", "在邮件程序中更正;有些服务商要求使用授权码或应用专用密码。"],
    ),
    basic(
        538,
        Sender,
        AfterFix,
        "RFC 4954 section 6",
        [
            "The authentication mechanism wants an encrypted connection.",
            "Switch on STARTTLS or TLS in the mail program.",
        ],
        ["该认证方式要求使用加密连接。", "在邮件程序中启用 STARTTLS 或 TLS。"],
    ),
    basic(
        550,
        Sender,
        No,
        SMTP,
        [
            "The mailbox is not available: it does not exist, or policy refuses the message.",
            "Check the address with the recipient; if it is right, ask the receiving postmaster for the reason.",
        ],
        ["邮箱不可用:不存在,或因策略被拒绝。", "与收件人核对地址;若地址无误,向收件方管理员询问原因。"],
    ),
    basic(
        551,
        Sender,
        No,
        SMTP,
        ["The user is not local, and the server does not forward.", "Send to the address that the reply names."],
        ["用户不在本地,服务器不代为转发。", "改用应答中给出的地址发送。"],
    ),
    basic(
        552,
        Sender,
        AfterFix,
        SMTP,
        [
            "The message goes beyond the storage allotted: the mailbox is full, or the message is too big.",
            "Send less at once; tell the recipient another way to make room.",
        ],
        ["超出存储限额:邮箱已满或邮件过大。", "减小邮件;通过其他方式请收件人清理邮箱。"],
    ),
    basic(
        553,
        Sender,
        AfterFix,
        SMTP,
        [
            "An address is not allowed: its form is wrong, or policy refuses it.",
            "Check the sender's and the recipient's address.",
        ],
        ["地址不被允许:格式有误或因策略被拒绝。", "检查发件人和收件人地址。"],
    ),
    basic(
        554,
        SenderAdmin,
        No,
        SMTP,
        [
            "The transaction failed, or the server serves no mail to this client.",
            "Read the text of the reply for the reason; ask the receiving postmaster.",
        ],
        ["事务失败,或服务器不为该客户端提供邮件服务。", "根据应答文字判断原因;询问收件方管理员。"],
    ),
    basic(
        555,
        SenderAdmin,
        AfterFix,
        SMTP,
        [
            "The server does not know a parameter of MAIL or RCPT.",
            "Have the sending program use only what the server's reply to EHLO lists.",
        ],
        ["服务器不认识 MAIL 或 RCPT 的某个参数。", "让发信程序只使用服务器在 EHLO 应答中列出的功能。"],
    ),
    basic(
        556,
        Sender,
        No,
        "RFC 7504",
        ["The recipient's domain takes no mail.", "Check the domain of the address."],
        ["收件人的域不接收邮件。", "检查地址中的域名。"],
    ),
];

/// What the first digit alone says: success, temporary, permanent.
pub(super) const CLASSES: [Basic; 3] = [
    basic(
        200,
        Nobody,
        No,
        "RFC 5321 section 4.2.1",
        ["The command was accepted.", DONE[0]],
        ["命令已被接受。", DONE[1]],
    ),
    basic(
        400,
        Nobody,
        Later,
        "RFC 5321 section 4.2.1",
        [
            "It failed for the moment; the code itself is not a standard one.",
            "Let the queue retry; read the text of the reply for the reason.",
        ],
        ["暂时失败;该应答码并非标准代码。", "让发送队列自动重试;根据应答文字判断原因。"],
    ),
    basic(
        500,
        Sender,
        No,
        "RFC 5321 section 4.2.1",
        [
            "It failed for good; the code itself is not a standard one.",
            "Read the text of the reply for the reason; ask the receiving postmaster.",
        ],
        ["永久失败;该应答码并非标准代码。", "根据应答文字判断原因;询问收件方管理员。"],
    ),
];
