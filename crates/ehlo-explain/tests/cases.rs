//! Rows, cases and codes: each is known, whatever names and numbers stand in it; what only looks alike is not.

use ehlo_explain::{Act, Class, Finding, Lang, Retry, explain};

fn only(text: &str) -> Finding {
    let mut found = explain(text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found.remove(0)
}

/// The field cases of the project, and others of their kind: line, id, class, who acts, retry.
#[test]
fn field_cases() {
    use Act::{Network, Nobody, Recipient, Sender, SenderAdmin};
    use Class::{Permanent, Temporary};
    use Retry::{AfterFix, AfterTime, Later, No, OtherPath};
    let cases = [
        (
            "no-reverse-dns",
            Temporary,
            SenderAdmin,
            AfterFix,
            &[
                "421 Refused. You have no reverse DNS entry",
                "421 4.7.25 Refused; you have no reverse DNS entry!",
                "421 Refused. You have no reverse DNS entry for 192.0.2.7",
                "421-Refused.\n421 You have no reverse DNS entry",
            ][..],
        ),
        (
            "blocked-address-aol",
            Temporary,
            SenderAdmin,
            AfterFix,
            &[
                "421 421-: (DNS:NR) http://postmaster.info.aol.com/errors/421dnsnr.html 421 SERVICE NOT AVAILABLE",
                "421-: (DNS:NR)  https://postmaster.example.org/errors/421dnsnr\n421 SERVICE NOT AVAILABLE",
            ],
        ),
        (
            "flow-control",
            Temporary,
            Sender,
            Later,
            &[
                "450 Recipient address rejected: Recipient is protected by Flow Control",
                "450 4.7.1 <kim@example.org>: Recipient address rejected: Recipient is protected by flow control",
            ],
        ),
        (
            "greylisted",
            Temporary,
            Nobody,
            AfterTime,
            &[
                "450 4.7.1 heidi@example.com: Recipient address rejected: Greylisted for 5 minutes",
                "451 4.7.1 <ivan@example.org>: Recipient address rejected: Greylisted for 300 seconds",
                "450 Recipient address rejected: Greylisted, see http://postgrey.example/help/example.org.html",
            ],
        ),
        (
            "address-rejected",
            Permanent,
            SenderAdmin,
            No,
            &[
                "550 #5.1.0 Address rejected ellen@example.com.cn; 202.0.2.44 does not like recipient",
                "550 #5.1.0 Address rejected <olivia@example.org>",
                "550 5.1.0 Address rejected, 2001:db8::7 does not like recipient.",
            ],
        ),
        (
            "sender-verify-failed",
            Permanent,
            SenderAdmin,
            AfterFix,
            &[
                "550 Sender verify failed; 195.0.2.36 does not like recipient",
                "550 Sender verify failed",
                "550-Verification failed for <mallory@example.org>\n550-No such user here\n550 Sender verify failed",
            ],
        ),
        ("read-write-timeout", Permanent, Sender, Later, &["550 read write time out", "550 Read/write timeout"]),
        (
            "user-unknown",
            Permanent,
            Sender,
            No,
            &[
                "550 ma.ma@example.com... User unknown",
                "550 5.1.1 <peggy@mail.example.org>... User unknown",
                "553 5.1.1 User unknown",
                "550 5.1.1 <sybil@example.net>: Recipient address rejected: User unknown in virtual mailbox table",
            ],
        ),
        (
            "no-such-mailbox-chkuser",
            Permanent,
            Sender,
            No,
            &[
                "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
                "550 Sorry, no mailbox here by that name. (#5.1.1)",
            ],
        ),
        (
            "sender-inconsistent",
            Permanent,
            Sender,
            AfterFix,
            &["550 username and mail from inconsistent", "553 5.7.1 Username and MAIL FROM inconsistent."],
        ),
        (
            "path-filter",
            Permanent,
            Network,
            OtherPath,
            &[
                "551 User not local; please try <forward-path>. I'm not going to try again; this message has been in the queue too long.",
                "551 User not local, please try <forward-path>",
                "551 User not local; please try <bob@example.net>. I'm not going to try again; this message has been in the queue too long.",
            ],
        ),
        (
            "quota-exceeded",
            Permanent,
            Recipient,
            AfterFix,
            &[
                "552 This user's disk quota exceeded, anyway you can send a small (<1KB) message to inform the person.",
                "552 5.2.2 This user’s disk quota exceeded; anyway you can send a small (<2 KB) message to inform the person",
            ],
        ),
        (
            "vba-macros",
            Permanent,
            Sender,
            AfterFix,
            &[
                "552 MS-Office file containing VBA macros found inside of the email",
                "552 5.7.1 MS Office file, containing VBA macros, found inside of the email.",
            ],
        ),
        (
            "relay-access-denied",
            Permanent,
            Sender,
            AfterFix,
            &[
                "554 edward@example.com.tw: Relay access denied",
                "554 5.7.1 <trudy@example.co.jp>: Relay access denied",
                "554 5.7.1 Relay access denied for trudy@example.co.jp",
                "554 5.7.1 <victor@[192.0.2.9]>: Recipient address rejected: Relay access denied",
            ],
        ),
    ];
    for (id, class, act, retry, lines) in cases {
        for line in lines {
            let found = only(line);
            assert_eq!((found.id, found.class, found.act, found.retry), (Some(id), class, act, retry), "{line}");
            assert_eq!(found.reply, *line, "as found");
        }
        // The same in what servers tell people.
        let line = lines[0];
        for frame in [
            format!("<a@example.org>: host mx.example.org[192.0.2.7] said: {line} (in reply to RCPT TO command)\n"),
            format!(
                "<a@example.org>:\n192.0.2.7 does not like recipient.\nRemote host said: {line}\nGiving up on 192.0.2.7.\n"
            ),
            format!(
                "  a@example.org\n    host mx.example.org [192.0.2.7]\n    SMTP error from remote mail server after RCPT TO:<a@example.org>:\n    {line}\n"
            ),
            format!("Remote Server returned \"{line}\"\n"),
            format!(">>> RCPT To:<a@example.org>\n<<< {line}\n"),
            format!("Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; {line}\n"),
            format!("SMTP error, RCPT TO: Host mx.example.org(192.0.2.7) said {line}"),
            format!("> {line}\r\n"),
        ] {
            assert_eq!(only(&frame).id, Some(id), "{frame}");
        }
    }
}

/// What the codes say, and the meaning of no row or case.
#[test]
fn look_alikes() {
    for (line, enhanced) in [
        ("421 Refused. You have a reverse DNS entry", false),
        ("550 You have no reverse gear", false),
        ("421 (DNS:OK) http://postmaster.info.aol.com/errors/ 421 hello", false),
        ("450 Recipient address rejected: Recipient is fond of Flow Control", false),
        ("550 Recipient is protected by Flow Control", false),
        ("450 4.7.1 heidi@example.com: Recipient address rejected: Whitelisted for 5 minutes", true),
        ("550 5.7.1 <heidi@example.com>: Recipient address rejected: Greylisted for 5 minutes", true),
        ("550 Sender address rejected ellen@example.com.cn", false),
        ("450 #4.1.0 Address rejected ellen@example.com.cn", true),
        ("550 Sender verify succeeded; 195.0.2.36 does not like recipient", false),
        ("451 Sender verify failed", false),
        ("550 read write time is over", false),
        ("450 4.1.1 ma.ma@example.com... User unknown", true),
        ("550 User known", false),
        ("550 5.7.1 Users unknown to us are many", true),
        ("451 4.3.0 sorry, no mailbox here by that name (#4.3.0 - chkuser)", true),
        ("511 sorry, no parking here by that name", false),
        ("550 username and mail from consistent", false),
        ("551 User not local", false),
        ("552 This user's disk is new", false),
        ("452 4.2.2 This user's disk quota exceeded", true),
        ("552 MS-Office file containing no VBA macros found inside of the email", false),
        ("250 2.0.0 MS-Office file containing VBA macros found inside of the email", true),
        ("554 5.7.1 Relay access granted", true),
        ("454 4.7.1 <a@example.org>: Relay access denied", true),
        ("554 Relay to everyone nearby is denied", false),
        ("250 2.1.0 Okay", true),
        ("451 4.4.2 Timeout of something else", true),
    ] {
        let found = only(line);
        assert_eq!(found.id, None, "{line}");
        assert_eq!(found.enhanced.is_some(), enhanced, "{line}");
        assert!(found.code.is_some(), "{line}");
    }
    // A mailbox that moved is no filter on the path.
    assert_eq!(only("551 User not local; please try <bob@example.net>").id, Some("user-not-local"));
    assert_eq!(only("503 5.5.1 Bad sequence of commands").id, Some("bad-sequence"));
    assert_eq!(only("503 5.5.1 Bad sequence of commands: MAIL first").id, Some("mail-first"));
}

/// Nothing is said that the code does not say.
#[test]
fn no_more_than_the_codes() {
    for (line, source, class) in [
        ("550 xyzzy", "RFC 5321 section 4.2.3", Class::Permanent),
        ("556 xyzzy", "RFC 7504", Class::Permanent),
        ("599 xyzzy", "RFC 5321 section 4.2.1", Class::Permanent),
        ("420 xyzzy", "RFC 5321 section 4.2.1", Class::Temporary),
        ("550 5.7.26 xyzzy", "RFC 7372", Class::Permanent),
        ("450 4.7.28 xyzzy", "IANA registry of enhanced status codes", Class::Temporary),
        ("550 5.1.99 xyzzy", "RFC 3463", Class::Permanent),
        ("550 5.9.9 xyzzy", "RFC 5321 section 4.2.1", Class::Permanent),
        ("554 5.0.0 xyzzy", "RFC 5321 section 4.2.3", Class::Permanent),
    ] {
        let found = only(line);
        assert_eq!((found.id, found.source, found.class), (None, source, class), "{line}");
    }
}

/// What was said to a program and to people is one reply; different ones are several.
#[test]
fn each_reply_once() {
    assert_eq!(explain("550 5.1.1 No\n550 5.1.1 No\n").len(), 1);
    assert_eq!(explain("550 5.1.1 No such thing\n452 4.2.2 Full\n250 Ok").len(), 3);
    assert!(explain("").is_empty() && explain("Good morning, 550 people.").is_empty());
    assert_eq!(explain(&"550 x\n450 y\n".repeat(9)).len(), 2);
    let many: String = (0..200).map(|at| format!("550 {}\n", "word ".repeat(at + 1))).collect();
    assert!(explain(&many).len() <= ehlo_explain::MOST_FINDINGS);
}

/// Bounces without a reply code: qmail's own words, and what failed before a reply.
#[test]
fn without_a_code() {
    let found = only(
        "Hi. This is the qmail-send program at example.org.\n\n<a@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
    );
    assert_eq!((found.code, found.id), (None, Some("no-such-mailbox-chkuser")));
    let found = only("<a@example.invalid>:\nSorry, I couldn't find any host named example.invalid. (#5.1.2)\n");
    assert_eq!((found.class, found.act), (Class::Permanent, Act::Sender));
    let found = only("<a@example.net>: connect to mx.example.net[192.0.2.1]:25: Connection timed out");
    assert_eq!((found.code, found.class), (None, Class::Temporary));
    assert!(only("退信原因:用户不存在").meaning(Lang::Zh).contains("没有该邮箱"));
}
