//! The fields that the server writes at the head of a message (RFC 5321, section 4.4).

use crate::date;
use mail_auth::SpfResult;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::SystemTime;

/// The longest line of a field, in characters without its CRLF, where what it holds can be broken so (RFC 5322,
/// section 2.1.1).
const COLUMNS: usize = 78;

/// What a Received field tells of how a message came in.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// What the client called itself in HELO, EHLO or LHLO. Anything; what no domain can hold does not get through.
    pub hello: &'a str,
    /// The client's address; none on a Unix socket.
    pub client: Option<IpAddr>,
    /// The client's name, where somebody who is trusted told it.
    pub name: Option<&'a str>,
    /// The server's own name.
    pub by: &'a str,
    /// How the message was transmitted.
    pub with: Transmission,
    /// Version and cipher suite of the TLS in force, as `("TLSv1.3", "TLS13_AES_256_GCM_SHA384")`.
    pub tls: Option<(&'a str, &'a str)>,
    /// The server's name for the message.
    pub id: &'a str,
    /// The recipient, as a mailbox without angle brackets, where the message has only one: several would learn of each
    /// other.
    pub recipient: Option<&'a str>,
    /// When the message came in.
    pub date: SystemTime,
}

/// What decides the protocol keyword of a Received field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transmission {
    /// The client said EHLO, not HELO.
    pub extended: bool,
    /// The transaction asked for SMTPUTF8.
    pub utf8: bool,
    /// TLS is in force.
    pub tls: bool,
    /// The client has authenticated.
    pub auth: bool,
    /// The protocol is LMTP (RFC 2033).
    pub lmtp: bool,
}

impl Transmission {
    /// The keyword of RFC 3848, or with SMTPUTF8 that of RFC 6531.
    #[must_use]
    pub fn keyword(self) -> String {
        let protocol = match (self.lmtp, self.extended, self.utf8) {
            (true, _, false) => "LMTP",
            (true, _, true) => "UTF8LMTP",
            // There is no keyword for HELO under TLS.
            (false, false, _) => return "SMTP".to_owned(),
            (false, true, false) => "ESMTP",
            (false, true, true) => "UTF8SMTP",
        };
        format!("{protocol}{}{}", if self.tls { "S" } else { "" }, if self.auth { "A" } else { "" })
    }
}

impl Received<'_> {
    /// The whole field, folded, with its CRLF. Without SMTPUTF8 it is ASCII, whatever the client sent.
    #[must_use]
    pub fn field(&self) -> Vec<u8> {
        let utf8 = self.with.utf8;
        let mut words = vec!["from".to_owned(), self.hello_word(utf8)];
        let literal = self.client.map(|client| match client.to_canonical() {
            IpAddr::V4(v4) => format!("[{v4}]"),
            IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
        });
        // RFC 5321 4.4: TCP-info = address-literal / ( Domain FWS address-literal ).
        match (self.name.map(comment), literal) {
            (Some(name), Some(literal)) => words.extend([format!("({name}"), format!("{literal})")]),
            (None, Some(literal)) => words.push(format!("({literal})")),
            (_, None) => {}
        }
        words.extend(["by".to_owned(), safe(self.by, utf8), "with".to_owned(), self.with.keyword()]);
        if let Some((version, cipher)) = self.tls {
            words.extend([format!("({}", comment(version)), format!("{})", comment(cipher))]);
        }
        words.extend(["id".to_owned(), safe(self.id, utf8)]);
        if let Some(recipient) = self.recipient {
            words.extend(["for".to_owned(), format!("<{}>", safe(recipient, utf8))]);
        }
        if let Some(last) = words.last_mut() {
            last.push(';');
        }
        words.extend(date::rfc5322(self.date).split(' ').map(str::to_owned));
        fold("Received:", &words)
    }

    /// The client's name as a word of the field. What a client can call itself is not bound by much, so that all that
    /// no domain or address literal holds becomes `_`.
    fn hello_word(&self, utf8: bool) -> String {
        let allowed = |c: char| match c {
            c if c.is_ascii() => c.is_ascii_alphanumeric() || "-._:[]".contains(c),
            c => utf8 && c.is_alphanumeric(),
        };
        let name: String = self.hello.chars().map(|c| if allowed(c) { c } else { '_' }).take(255).collect();
        if name.is_empty() { "_".to_owned() } else { name }
    }
}

/// What the sender's domain says of the client (RFC 7208).
#[derive(Clone, Copy, Debug)]
pub struct Spf<'a> {
    /// What it says.
    pub result: SpfResult,
    /// The client's address.
    pub client: IpAddr,
    /// What the client called itself. Anything.
    pub hello: &'a str,
    /// The reverse-path, without angle brackets; where it is empty, the client's name was asked in its place.
    pub sender: &'a str,
    /// The transaction asked for SMTPUTF8.
    pub utf8: bool,
    /// The server's own name.
    pub by: &'a str,
}

impl Spf<'_> {
    /// The fields that tell it, for programs (RFC 8601) and as RFC 7208 9.1 has it, folded, each with its CRLF.
    #[must_use]
    pub fn fields(&self) -> Vec<u8> {
        let Self { result, client, hello, sender, utf8, by } = *self;
        let result = match result {
            SpfResult::Pass => "pass",
            SpfResult::Fail => "fail",
            SpfResult::SoftFail => "softfail",
            SpfResult::Neutral => "neutral",
            SpfResult::TempError => "temperror",
            SpfResult::PermError => "permerror",
            SpfResult::None => "none",
        };
        let by = safe(by, utf8);
        let quoted = |text: &str| format!("\"{}\"", safe(text, utf8).replace('\\', "\\\\").replace('"', "\\\""));
        let (identity, property, value) =
            if sender.is_empty() { ("helo", "smtp.helo", hello) } else { ("mailfrom", "smtp.mailfrom", sender) };
        let results = [format!("{by};"), format!("spf={result}"), format!("{property}={}", quoted(value))];
        let mut fields = fold("Authentication-Results:", &results);
        let received = [
            result.to_owned(),
            format!("client-ip={};", client.to_canonical()),
            format!("envelope-from={};", quoted(sender)),
            format!("helo={};", quoted(hello)),
            format!("receiver={by};"),
            format!("identity={identity}"),
        ];
        fields.append(&mut fold("Received-SPF:", &received));
        fields
    }
}

/// The Return-Path field of a reverse-path, given without its angle brackets and empty for `<>`; with its CRLF.
#[must_use]
pub fn return_path(reverse_path: &str) -> Vec<u8> {
    fold("Return-Path:", &[format!("<{}>", safe(reverse_path, true))])
}

/// A text without anything that could end the line or the field: control characters become `?`, and so does what is
/// not ASCII where it may not be.
fn safe(text: &str, utf8: bool) -> String {
    text.chars().map(|c| if c.is_control() || !(utf8 || c.is_ascii()) { '?' } else { c }).collect()
}

/// A text for a comment: without what opens, closes or quotes in one.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() && !"()\\".contains(c) { c } else { '?' }).collect()
}

/// A field from its name and words, with a space between two words, or CRLF and a tab where the line would become too
/// long. A word is never broken.
fn fold(name: &str, words: &[String]) -> Vec<u8> {
    let mut field = name.to_owned();
    let mut column = name.len();
    for word in words {
        let width = word.chars().count();
        let separator = if column + 1 + width > COLUMNS && column > name.len() { "\r\n\t" } else { " " };
        column = if separator == " " { column + 1 + width } else { 1 + width };
        let _ = write!(field, "{separator}{word}"); // writing to a string does not fail
    }
    field.push_str("\r\n");
    field.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn received() -> Received<'static> {
        Received {
            hello: "client.example",
            client: Some("192.0.2.1".parse().unwrap()),
            name: None,
            by: "mx.example.com",
            with: Transmission { extended: true, ..Transmission::default() },
            tls: None,
            id: "01KATEST00000",
            recipient: Some("bob@example.com"),
            date: UNIX_EPOCH + Duration::from_secs(1_795_457_258),
        }
    }

    fn text(field: &[u8]) -> String {
        String::from_utf8(field.to_vec()).unwrap()
    }

    /// Undoes the folding, and takes the field apart: clauses by name, and the date.
    fn read_back(field: &[u8]) -> (Vec<(String, String)>, String) {
        let field = text(field);
        let unfolded = field.strip_suffix("\r\n").unwrap().replace("\r\n\t", " ");
        assert!(!unfolded.contains(['\r', '\n', '\t']), "{unfolded:?}");
        let (clauses, date) = unfolded.strip_prefix("Received: ").unwrap().rsplit_once("; ").unwrap();
        let mut found: Vec<(String, String)> = Vec::new();
        for word in clauses.split(' ') {
            match found.last_mut() {
                _ if ["from", "by", "with", "id", "for"].contains(&word) => {
                    found.push((word.to_owned(), String::new()))
                }
                Some((_, value)) if value.is_empty() => word.clone_into(value),
                Some((_, value)) => *value = format!("{value} {word}"),
                None => panic!("{clauses}"),
            }
        }
        (found, date.to_owned())
    }

    #[test]
    fn whole_fields() {
        assert_eq!(
            text(&received().field()),
            "Received: from client.example ([192.0.2.1]) by mx.example.com with ESMTP id\r\n\
             \t01KATEST00000 for <bob@example.com>; Mon, 23 Nov 2026 18:07:38 +0000\r\n"
        );
        assert_eq!(text(&return_path("alice@example.org")), "Return-Path: <alice@example.org>\r\n");
        assert_eq!(text(&return_path("")), "Return-Path: <>\r\n");
    }

    #[test]
    fn clauses_read_back() {
        let with = Transmission { extended: true, utf8: false, tls: true, auth: true, lmtp: false };
        let tls = Some(("TLSv1.3", "TLS13_AES_256_GCM_SHA384"));
        let field = Received { with, tls, client: Some("2001:db8::1".parse().unwrap()), ..received() }.field();
        let (clauses, date) = read_back(&field);
        let clauses: Vec<_> = clauses.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            clauses,
            [
                ("from", "client.example ([IPv6:2001:db8::1])"),
                ("by", "mx.example.com"),
                ("with", "ESMTPSA (TLSv1.3 TLS13_AES_256_GCM_SHA384)"),
                ("id", "01KATEST00000"),
                ("for", "<bob@example.com>"),
            ]
        );
        assert_eq!(date, "Mon, 23 Nov 2026 18:07:38 +0000");

        let (clauses, _) = read_back(&Received { name: Some("mail.client.example"), ..received() }.field());
        assert_eq!(clauses[0].1, "client.example (mail.client.example [192.0.2.1])");

        let (clauses, _) = read_back(&Received { recipient: None, ..received() }.field());
        assert!(clauses.iter().all(|(name, _)| name != "for"));
    }

    #[test]
    fn lines_stay_short_where_they_can() {
        let long = format!("{}.example", "a".repeat(60));
        for hello in ["a", "client.example", &long] {
            let field = text(&Received { hello, by: &long, tls: Some(("TLSv1.2", &long)), ..received() }.field());
            assert!(field.trim_end().split("\r\n").all(|line| line.len() <= COLUMNS), "{field}");
        }
        // A word that is longer than a line has a line of its own, far below the 998 that nothing may pass.
        let endless = "a".repeat(5000);
        let field = text(&Received { hello: &endless, ..received() }.field());
        assert!(field.split("\r\n").all(|line| line.len() <= 300), "{field}");
    }

    #[test]
    fn nothing_of_the_peer_breaks_out() {
        for hello in ["", "a b", "a\r\nBcc: x", "x (y", "\\", "a;b", "\u{85}", "bücher.example", "<x>", "[192.0.2.1]"]
        {
            for utf8 in [false, true] {
                let with = Transmission { extended: true, utf8, ..Transmission::default() };
                let recipient = Some("\"a\r\nb\u{7f}ü\"@example.com");
                let field = Received { hello, with, recipient, ..received() }.field();
                let (clauses, _) = read_back(&field);
                assert_eq!(clauses.len(), 5, "{clauses:?}");
                assert_eq!(clauses[0].1.split(' ').count(), 2, "{clauses:?}");
                assert!(utf8 || field.is_ascii());
            }
        }
        let word = |hello, utf8| Received { hello, ..received() }.hello_word(utf8);
        assert_eq!(word("[192.0.2.1]", false), "[192.0.2.1]");
        assert_eq!(word("", false), "_");
        assert_eq!(word("bücher.example", false), "b_cher.example");
        assert_eq!(word("bücher.example", true), "bücher.example");
        assert_eq!(word("my pc\r\n", false), "my_pc__");
        assert_eq!(text(&return_path("a\r\nb@x")), "Return-Path: <a??b@x>\r\n");
    }

    #[test]
    fn what_the_domain_says() {
        let client = "2001:db8::1".parse().unwrap();
        let spf = Spf {
            result: SpfResult::SoftFail,
            client,
            hello: "client.example",
            sender: "alice@example.org",
            utf8: false,
            by: "mx.example.com",
        };
        assert_eq!(
            text(&spf.fields()),
            "Authentication-Results: mx.example.com; spf=softfail\r\n\
             \tsmtp.mailfrom=\"alice@example.org\"\r\n\
             Received-SPF: softfail client-ip=2001:db8::1;\r\n\
             \tenvelope-from=\"alice@example.org\"; helo=\"client.example\";\r\n\
             \treceiver=mx.example.com; identity=mailfrom\r\n"
        );
        let fields = text(&Spf { sender: "", ..spf }.fields());
        assert!(fields.contains("smtp.helo=\"client.example\"\r\n"), "{fields}");
        assert!(fields.contains("envelope-from=\"\";") && fields.ends_with("identity=helo\r\n"), "{fields}");
        // Nothing of the peer breaks out.
        let fields = text(&Spf { hello: "a\r\nb: \"ü\\", sender: "\"a\\\"b\"@x", ..spf }.fields());
        assert!(fields.contains("helo=\"a??b: \\\"?\\\\\";"), "{fields}");
        assert!(fields.contains("smtp.mailfrom=\"\\\"a\\\\\\\"b\\\"@x\""), "{fields}");
        assert!(fields.lines().all(|line| line.starts_with(['\t', 'A', 'R'])), "{fields}");
    }

    #[test]
    fn keywords() {
        let keyword = |extended, utf8, tls, auth| Transmission { extended, utf8, tls, auth, lmtp: false }.keyword();
        assert_eq!(keyword(false, false, false, false), "SMTP");
        assert_eq!(keyword(false, false, true, false), "SMTP");
        assert_eq!(keyword(true, false, false, false), "ESMTP");
        assert_eq!(keyword(true, false, true, false), "ESMTPS");
        assert_eq!(keyword(true, false, false, true), "ESMTPA");
        assert_eq!(keyword(true, false, true, true), "ESMTPSA");
        assert_eq!(keyword(true, true, false, false), "UTF8SMTP");
        assert_eq!(keyword(true, true, true, true), "UTF8SMTPSA");
    }
}
