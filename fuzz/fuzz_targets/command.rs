//! One line: as an address, as xtext, and as the arguments of each command that has some.
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use common::{Client, accept};
use ehlo::{Config, Domain, EarlyTalk, ForwardPath, Mailbox, Mechanism, Peer, Request, ReversePath, Vrfy, Xtext};
use libfuzzer_sys::fuzz_target;

static CONFIG: Config<'static> = Config::new("mx.example.net")
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .plaintext_auth(true)
    .vrfy(Vrfy::Answer)
    .expn(true)
    .early_talk(EarlyTalk::Allow);

/// Whoever accepted it, a mailbox is bounded, falls into its parts, and parses again to the same.
fn check_mailbox(mailbox: &Mailbox<'_>) {
    let address = mailbox.as_str();
    assert_eq!(Mailbox::parse(address).as_ref(), Ok(mailbox));
    let (local, domain) = (mailbox.local_part(), mailbox.domain_str());
    assert_eq!(format!("{local}@{domain}"), address);
    assert!((1..=64).contains(&local.len()) && (1..=255).contains(&domain.len()), "{address}");
    assert!(!address.chars().any(|character| character.is_ascii_control()), "{address}");
    let quoted = local.starts_with('"');
    assert!(quoted || mailbox.unquoted().eq(local.chars()));
    // Quoting it again with every character escaped means the same.
    let meant: String = mailbox.unquoted().collect();
    let escaped: String =
        meant.chars().flat_map(|c| ['\\'].into_iter().filter(move |_| c == '"' || c == '\\').chain([c])).collect();
    if escaped.len() <= 62 {
        let again = format!("\"{escaped}\"@{domain}");
        let again = Mailbox::parse(&again).expect("it is quoted");
        assert_eq!(again.unquoted().collect::<String>(), meant);
    }
    check_domain(&mailbox.domain(), domain);
}

fn check_domain(domain: &Domain<'_>, written: &str) {
    match domain {
        Domain::Name(name) => assert_eq!(*name, written),
        Domain::Literal(_) => assert!(written.starts_with('[') && written.ends_with(']'), "{written}"),
    }
    assert!(!written.is_empty() && written.len() <= 255);
}

fn check_xtext(xtext: Xtext<'_>) {
    let decoded: Vec<u8> = xtext.decoded().collect();
    let encoded: String = decoded.iter().map(|octet| format!("+{octet:02X}")).collect();
    let again = Xtext::parse(&encoded).expect("it is encoded");
    assert!(again.decoded().eq(decoded));
    assert_eq!(Xtext::parse(xtext.encoded()), Some(xtext));
}

/// A path that was accepted stands in the line as it was read.
fn check_path(line: &str, path: &str) {
    let closed = format!("{path}>");
    let at = line.find(&closed).unwrap_or_else(|| panic!("{path} is not in {line}"));
    assert!(line[..at].ends_with(['<', ':']), "{path} is not a path in {line}");
}

/// The text is the arguments of this command, said by a client that may say it.
fn say(before: &[&str], verb: &str, arguments: &[u8]) {
    let line = [verb.as_bytes(), arguments].concat();
    let text = String::from_utf8_lossy(&line).into_owned();
    let mut client = Client::<1024, 1024>::new(&CONFIG, Peer::PLAIN, |request| {
        match &request {
            Request::Hello(hello) => {
                assert!(text.contains(hello.command.name) || hello.command.name == "client.example");
                check_domain(&hello.command.domain(), hello.command.name);
            }
            Request::Mail(mail) if verb == "MAIL " => {
                let path = mail.command.reverse_path;
                match &path {
                    ReversePath::Null => assert!(text.contains("<>")),
                    ReversePath::Mailbox(mailbox) => {
                        check_mailbox(mailbox);
                        assert!(mailbox.as_str().is_ascii() || mail.command.smtputf8);
                    }
                }
                check_path(&text, path.as_str());
                mail.command.auth.map(check_xtext);
            }
            Request::Rcpt(rcpt) => match &rcpt.command.forward_path {
                ForwardPath::Postmaster => assert!(text.to_ascii_lowercase().contains("<postmaster>")),
                ForwardPath::Mailbox(mailbox) => {
                    check_mailbox(mailbox);
                    check_path(&text, mailbox.as_str());
                }
            },
            Request::Verify(verify) => {
                assert!(text.contains(verify.command.what) && !verify.command.what.is_empty());
            }
            _ => {}
        }
        accept(request);
    });
    client.connect();
    client.chat(before);
    client.feed(&line);
    client.feed(b"\r\n");
}

fuzz_target!(|arguments: &[u8]| {
    if arguments.contains(&b'\r') || arguments.contains(&b'\n') {
        return;
    }
    if let Ok(text) = std::str::from_utf8(arguments) {
        if let Ok(mailbox) = Mailbox::parse(text) {
            assert_eq!(mailbox.as_str(), text);
            check_mailbox(&mailbox);
        }
        if let Some(xtext) = Xtext::parse(text) {
            assert_eq!(xtext.encoded(), text);
            check_xtext(xtext);
        }
    }
    const HELLO: &str = "EHLO client.example";
    say(&[], "EHLO ", arguments);
    say(&[HELLO], "MAIL ", arguments);
    say(&[HELLO], "VRFY ", arguments);
    say(&[HELLO], "AUTH ", arguments);
    say(&[HELLO, "MAIL FROM:<a@b> SMTPUTF8"], "RCPT ", arguments);
    say(&[HELLO, "MAIL FROM:<a@b>"], "RCPT ", arguments);
});
