//! Whole exchanges, each in one piece and octet by octet.

extern crate std;
use super::base64::decode;
use super::further::encode::encoded;
use super::*;
use crate::{AuthRequest, Config, EarlyTalk, Instant, Peer, Phase, Reply, Request, Session, Step, Tls};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

static CONFIG: Config<'static> =
    Config::new("mx.example.net").early_talk(EarlyTalk::Allow).mechanisms(Mechanism::ALL).plaintext_auth(true);
const TLS: Tls = Tls { client_certificate: true, exporter: Some([7; 32]) };
const PEER: Peer = Peer::PLAIN.nonce([0; 18]);
/// What the server adds to the nonce of the first SCRAM exchange.
const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAA.1";

type Answer = fn(AuthRequest<'_>);

struct Talk<'c> {
    session: Session<'c, 1024, 1024>,
    /// Input comes octet by octet.
    cut: bool,
    asked: Vec<String>,
    answer: Answer,
}

impl<'c> Talk<'c> {
    fn new(config: &'c Config<'c>, peer: Peer, answer: Answer) -> Self {
        let mut talk = Self { session: Session::new(config, peer), cut: false, asked: Vec::new(), answer };
        talk.say("EHLO x");
        talk
    }

    /// Says a line; what is answered.
    fn say(&mut self, line: &str) -> String {
        let line = format!("{line}\r\n");
        let mut said = String::new();
        for piece in line.as_bytes().chunks(if self.cut { 1 } else { line.len() }) {
            self.take(piece, &mut said);
        }
        said
    }

    fn take(&mut self, mut input: &[u8], said: &mut String) {
        loop {
            match self.session.advance(Instant::from_millis(0), &mut input) {
                Step::Request => match self.session.request() {
                    Some(Request::Connect(ask)) => ask.answer.accept(),
                    Some(Request::Hello(ask)) => ask.answer.accept(),
                    Some(Request::Auth(ask)) => {
                        self.asked.push(format!("{:?}", ask.credentials));
                        (self.answer)(ask);
                    }
                    _ => {}
                },
                Step::Send => {
                    *said += std::str::from_utf8(self.session.output()).unwrap();
                    self.session.consume_output(usize::MAX);
                }
                Step::Recv { .. } if !input.is_empty() || self.session.phase() == Phase::Connect => {}
                _ => return,
            }
        }
    }
}

fn base64(text: &str) -> String {
    String::from_utf8(encoded(text.bytes()).collect()).unwrap()
}

fn challenge(reply: &str) -> String {
    let mut text = reply.strip_prefix("334 ").unwrap().trim_end().as_bytes().to_vec();
    let len = decode(&mut text).unwrap();
    String::from_utf8(text[..len].to_vec()).unwrap()
}

fn accept(ask: AuthRequest<'_>) {
    ask.answer.accept();
}

fn refuse(ask: AuthRequest<'_>) {
    ask.answer.refuse(&Reply::auth_failed());
}

/// Begins an exchange and says what follows; the codes of all replies, the same however the input is cut.
fn codes(config: &Config<'_>, peer: Peer, answer: Answer, lines: &[&str]) -> Vec<String> {
    let run = |cut| {
        let mut talk = Talk::new(config, peer, answer);
        talk.cut = cut;
        let said: Vec<String> = lines.iter().map(|line| talk.say(line)).collect();
        (said, talk.asked)
    };
    let (whole, pieces) = (run(false), run(true));
    assert_eq!(whole, pieces, "{lines:?}");
    whole.0.iter().map(|said| said.get(..3).unwrap_or_default().to_string()).collect()
}

#[test]
fn what_is_offered_is_what_can_be_used() {
    let offered = |config: &Config<'_>, peer: Peer| -> String {
        let mut talk = Talk::new(config, peer, accept);
        let said = talk.say("EHLO x");
        let line = said.lines().find_map(|line| line[4..].strip_prefix("AUTH "));
        line.unwrap_or_default().to_string()
    };
    let plain = CONFIG.plaintext_auth(false);
    assert_eq!(offered(&plain, Peer::PLAIN), "ANONYMOUS");
    assert_eq!(offered(&plain, PEER), "CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 ANONYMOUS");
    assert_eq!(offered(&plain, Peer::TLS), "PLAIN LOGIN XOAUTH2 OAUTHBEARER ANONYMOUS");
    assert_eq!(offered(&CONFIG, Peer::PLAIN), "PLAIN LOGIN XOAUTH2 OAUTHBEARER ANONYMOUS");
    let all: Vec<&str> = Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
    assert_eq!(offered(&plain, Peer::tls(TLS).nonce([1; 18])), all.join(" "));
    let end_point = plain.tls_server_end_point(&[1; 32]);
    assert!(offered(&end_point, Peer::TLS.nonce([1; 18])).contains("SCRAM-SHA-256-PLUS"));
    let strong = plain.auth_minimum(Mechanism::ScramSha256);
    assert_eq!(offered(&strong, Peer::tls(TLS).nonce([1; 18])), "SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL");
    assert_eq!(offered(&strong, Peer::PLAIN), "");
}

#[test]
fn what_cannot_be_used_says_why() {
    let plain = CONFIG.plaintext_auth(false);
    let strong = plain.auth_minimum(Mechanism::ScramSha256);
    let tls = Peer::tls(Tls::default());
    for (config, peer, mechanism, code) in [
        (&plain, PEER, "PLAIN", "538"),
        (&plain, PEER, "XOAUTH2", "538"),
        (&plain, PEER, "OAUTHBEARER", "538"),
        (&plain, PEER, "SCRAM-SHA-256-PLUS", "538"),
        (&plain, PEER, "EXTERNAL", "538"),
        (&plain, tls, "EXTERNAL", "504"),
        (&plain, tls.nonce([1; 18]), "SCRAM-SHA-1-PLUS", "504"),
        (&plain, Peer::PLAIN, "SCRAM-SHA-256", "504"),
        (&plain, Peer::PLAIN, "CRAM-MD5", "504"),
        (&plain, PEER, "DIGEST-MD5", "504"),
        (&plain, PEER, "cram-md5", "334"),
        (&strong, PEER, "CRAM-MD5", "534"),
        (&strong, PEER, "PLAIN", "534"),
        (&strong, PEER, "SCRAM-SHA-256", "334"),
    ] {
        assert_eq!(codes(config, peer, accept, &[&format!("AUTH {mechanism}")]), [code], "{mechanism}");
    }
}

#[test]
fn one_response_is_enough_for_most() {
    let peer = Peer::tls(TLS).nonce([1; 18]);
    let oauth = base64("n,a=u@x,\u{1}host=h\u{1}auth=Bearer t\u{1}\u{1}");
    let xoauth = base64("user=u@x\u{1}auth=Bearer t\u{1}\u{1}");
    let responses = [
        ("PLAIN", base64("\0user\0pass")),
        ("OAUTHBEARER", oauth),
        ("XOAUTH2", xoauth),
        ("EXTERNAL", base64("u@x")),
        ("EXTERNAL", String::new()),
        ("ANONYMOUS", base64("sirhc")),
    ];
    for (mechanism, response) in responses {
        let initial = if response.is_empty() { "=" } else { &response };
        let initial = format!("AUTH {mechanism} {initial}");
        let (begin, wrong) = (format!("AUTH {mechanism}"), base64("\0\u{1}"));
        assert_eq!(codes(&CONFIG, peer, accept, &[&initial, "AUTH PLAIN"]), ["235", "503"]);
        assert_eq!(codes(&CONFIG, peer, accept, &[&begin, &response]), ["334", "235"]);
        assert_eq!(codes(&CONFIG, peer, accept, &[&begin, "*", &initial]), ["334", "501", "235"]);
        assert_eq!(codes(&CONFIG, peer, accept, &[&begin, &wrong, &initial]), ["334", "501", "235"]);
        assert_eq!(codes(&CONFIG, peer, accept, &[&begin, "YR==", &initial]), ["334", "501", "235"]);
        assert_eq!(codes(&CONFIG, peer, |ask| ask.answer.salt(b"x", 1), &[&initial]), ["451"]);
        assert_eq!(codes(&CONFIG, peer, |_| {}, &[&initial]), ["451"]);
    }
}

#[test]
fn a_token_that_is_refused_is_told_of_and_then_refused() {
    let run = |mechanism: &str, message: &str, dummy: &str| {
        let mut talk = Talk::new(&CONFIG, PEER, refuse);
        let said = talk.say(&format!("AUTH {mechanism} {}", base64(message)));
        (challenge(&said), talk.say(dummy), talk.say("NOOP"))
    };
    let oauth = "n,,\u{1}auth=Bearer t\u{1}\u{1}";
    for (dummy, code) in [("AQ==", "535"), ("", "535"), ("*", "501"), ("!", "501")] {
        let (error, reply, noop) = run("OAUTHBEARER", oauth, dummy);
        assert_eq!(error, r#"{"status":"invalid_token","schemes":"bearer"}"#);
        assert!(reply.starts_with(code) && noop.starts_with("250"), "{reply}");
    }
    let (error, reply, _) = run("XOAUTH2", "user=u\u{1}auth=Bearer t\u{1}\u{1}", "");
    assert_eq!((error.as_str(), &reply[..3]), (r#"{"status":"401","schemes":"bearer"}"#, "535"));
    // Without a token nobody is asked.
    let mut talk = Talk::new(&CONFIG, PEER, accept);
    assert!(talk.say(&format!("AUTH OAUTHBEARER {}", base64("n,,\u{1}auth=\u{1}\u{1}"))).starts_with("334 "));
    assert!(talk.say("AQ==").starts_with("535 5.7.8") && talk.asked.is_empty());
    // The limit of failures holds without a further round.
    let config = CONFIG.auth_failures(0);
    let mut talk = Talk::new(&config, PEER, refuse);
    assert!(talk.say(&format!("AUTH OAUTHBEARER {}", base64(oauth))).starts_with("554 5.7.0"));
    assert_eq!(talk.session.phase(), Phase::Closed);
    // Any other reply is given at once.
    let mut talk = Talk::new(&CONFIG, PEER, |ask| ask.answer.refuse(&Reply::mechanism_too_weak()));
    assert!(talk.say(&format!("AUTH OAUTHBEARER {}", base64(oauth))).starts_with("534"));
}

#[test]
fn names_with_escapes_are_undone() {
    let mut talk = Talk::new(&CONFIG, PEER, accept);
    talk.say(&format!(
        "AUTH OAUTHBEARER {}",
        base64("n,a=a=2Cb=3D,\u{1}host=h\u{1}port=25\u{1}auth=Bearer t\u{1}\u{1}")
    ));
    let expected = r#"Bearer { mechanism: OauthBearer, user: "a,b=", token: [secret], host: "h", port: Some(25) }"#;
    assert_eq!(talk.asked, [expected]);
    let mut talk = Talk::new(&CONFIG, PEER, |ask| ask.answer.salt(b"salt", 4096));
    let said = talk.say(&format!("AUTH SCRAM-SHA-256 {}", base64("n,a==3D,n=u=2Cser,r=abc")));
    assert_eq!(challenge(&said), format!("r=abc{NONCE},s=c2FsdA==,i=4096"));
    let expected = r#"ScramUser { mechanism: ScramSha256, hash: Sha256, authorization: "=", user: "u,ser" }"#;
    assert_eq!(talk.asked, [expected]);
}

#[test]
fn cram_md5_begins_with_the_server() {
    let digest = "0123456789abcdef0123456789abcdef";
    let mut talk = Talk::new(&CONFIG, PEER, refuse);
    assert_eq!(challenge(&talk.say("AUTH CRAM-MD5")), format!("<{NONCE}@mx.example.net>"));
    assert!(talk.say(&base64(&format!("user {digest}"))).starts_with("535"));
    assert_eq!(talk.asked, [r#"CramMd5(CramMd5 { user: "user", .. })"#]);
    // The next challenge is another.
    assert!(challenge(&talk.say("AUTH CRAM-MD5")).contains("AAAA.2@"));
    assert_eq!(talk.say(&base64("user x"))[..3], *"501");
    let initial = format!("AUTH CRAM-MD5 {}", base64(&format!("user {digest}")));
    assert!(talk.say(&initial).starts_with("501 5.7.0"));
    assert_eq!(codes(&CONFIG, PEER, accept, &["AUTH CRAM-MD5", "*"]), ["334", "501"]);
    assert_eq!(codes(&CONFIG, PEER, accept, &["AUTH CRAM-MD5 ="]), ["501"]);
}

fn salt(ask: AuthRequest<'_>) {
    ask.answer.salt(b"salt", 4096);
}

#[test]
fn scram_first_messages_right_and_wrong() {
    let first = |peer, mechanism: &str, message: &str| {
        let message = if message.is_empty() { String::from("=") } else { base64(message) };
        codes(&CONFIG, peer, salt, &[&format!("AUTH {mechanism} {message}")]).remove(0)
    };
    let tls = Peer::tls(TLS).nonce([0; 18]);
    for (peer, mechanism, message, code) in [
        (PEER, "SCRAM-SHA-1", "n,,n=user,r=abc", "334"),
        (PEER, "SCRAM-SHA-1", "y,a=other,n=user,r=abc,x=y", "334"),
        (PEER, "SCRAM-SHA-1", "n,,m=x,n=user,r=abc", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=user,r=abc,m=x", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=user,r=", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=,r=abc", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=us=er,r=abc", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=user,r=a c", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=user", "501"),
        (PEER, "SCRAM-SHA-1", "n,,r=abc,n=user", "501"),
        (PEER, "SCRAM-SHA-1", "n,,n=user,r=abc,", "501"),
        (PEER, "SCRAM-SHA-1", "n,,", "501"),
        (PEER, "SCRAM-SHA-1", "", "501"),
        (PEER, "SCRAM-SHA-1", "p=tls-exporter,,n=user,r=abc", "501"),
        // The client says that the server does not bind, which it does: someone took that from the list.
        (tls, "SCRAM-SHA-1", "y,,n=user,r=abc", "535"),
        (tls, "SCRAM-SHA-1-PLUS", "p=tls-exporter,,n=user,r=abc", "334"),
        (tls, "SCRAM-SHA-1-PLUS", "p=tls-unique,,n=user,r=abc", "535"),
        (tls, "SCRAM-SHA-1-PLUS", "p=tls-server-end-point,,n=user,r=abc", "535"),
        (tls, "SCRAM-SHA-1-PLUS", "n,,n=user,r=abc", "501"),
        (tls, "SCRAM-SHA-1-PLUS", "y,,n=user,r=abc", "501"),
    ] {
        assert_eq!(first(peer, mechanism, message), code, "{mechanism} {message}");
    }
    let begin = format!("AUTH SCRAM-SHA-1 {}", base64("n,,n=user,r=abc"));
    let begin = begin.as_str();
    let answers: [(Answer, &str); 5] = [
        (accept, "451"),
        (|_| {}, "451"),
        (|ask| ask.answer.salt(b"", 4096), "451"),
        (|ask| ask.answer.salt(b"salt", 0), "451"),
        (|ask| ask.answer.salt(&[0; 600], 4096), "451"),
    ];
    for (answer, code) in answers {
        assert_eq!(codes(&CONFIG, PEER, answer, &[begin, "EHLO x"]), [code, "250"]);
    }
    // The longest line has room for the longest names with their escapes undone.
    let long = base64(&format!("n,,n={},r=abcd", "=2C".repeat(252)));
    assert_eq!(long.len(), 1024);
    assert_eq!(codes(&CONFIG, PEER, salt, &["AUTH SCRAM-SHA-1", &long, "*"]), ["334", "334", "501"]);
}

#[test]
fn scram_final_messages_right_and_wrong() {
    fn answer(ask: AuthRequest<'_>) {
        match ask.credentials {
            Credentials::ScramUser { .. } => ask.answer.salt(b"salt", 4096),
            Credentials::ScramProof(proof) => {
                assert_eq!(proof.octets(), [0; 20]);
                ask.answer.signature(&ServerSignature::new(proof.hash, &[1; 20]).unwrap());
            }
            _ => ask.answer.accept(),
        }
    }
    let proof = base64(&"\0".repeat(20));
    let run = |last: &str, end: &str| {
        let begin = format!("AUTH SCRAM-SHA-1 {}", base64("n,,n=user,r=abc"));
        codes(&CONFIG, PEER, answer, &[&begin, &base64(last), end]).split_off(1).join(" ")
    };
    let right = format!("c=biws,r=abc{NONCE},p={proof}");
    assert_eq!(run(&right, ""), "334 235");
    assert_eq!(run(&right, "AA=="), "334 501");
    assert_eq!(run(&right, "*"), "334 501");
    assert_eq!(run(&right, "="), "334 501");
    assert_eq!(run(&format!("c=biws,r=abc{NONCE},x=y,p={proof}"), ""), "334 235");
    for (last, code) in [
        (format!("c=eSws,r=abc{NONCE},p={proof}"), "535"),
        (format!("c=biwsAA==,r=abc{NONCE},p={proof}"), "535"),
        (format!("c=biws,r=abd{NONCE},p={proof}"), "535"),
        (format!("c=biws,r=abc{NONCE}1,p={proof}"), "535"),
        (format!("c=biws,r=abc,p={proof}"), "535"),
        (format!("c=,r=abc{NONCE},p={proof}"), "535"),
        (format!("c=biws,r=abc{NONCE},p="), "501"),
        (format!("c=biws,r=abc{NONCE},p=AAAA"), "501"),
        (format!("c=biws,r=abc{NONCE},p={proof}A"), "501"),
        (format!("c=biws,r=abc{NONCE},m=x,p={proof}"), "501"),
        (format!("c=biws,r=abc{NONCE},p={proof},x=y"), "501"),
        (format!("r=abc{NONCE},c=biws,p={proof}"), "501"),
        (format!("c=biws,r=abc{NONCE}"), "501"),
        (String::from(","), "501"),
        (String::new(), "501"),
    ] {
        assert_eq!(&run(&last, "")[..3], code, "{last}");
    }
    // Nobody is let in before the end, and a proof is no salt.
    let begin = format!("AUTH SCRAM-SHA-1 {}", base64("n,,n=user,r=abc"));
    let wrong: [Answer; 3] = [accept, salt, |_| {}];
    for wrong in wrong {
        let mut talk = Talk::new(&CONFIG, PEER, salt);
        talk.say(&begin);
        talk.answer = wrong;
        assert!(talk.say(&base64(&right)).starts_with("451") && !talk.session.is_authenticated());
    }
}

#[cfg(feature = "scram")]
#[test]
fn scram_proves_both_to_each_other() {
    use super::further::scram_tests::{client, keys};

    fn answer(ask: AuthRequest<'_>) {
        let salt = b"a salt of the server's";
        match ask.credentials {
            Credentials::ScramUser { .. } => ask.answer.salt(salt, 5),
            Credentials::ScramProof(proof) => {
                let (stored_key, server_key) = keys(proof.hash, b"pencil", salt, 5);
                let keys = ScramKeys { salt, iterations: 5, stored_key: &stored_key, server_key: &server_key };
                match proof.verify(&keys) {
                    Some(signature) => ask.answer.signature(&signature),
                    None => ask.answer.refuse(&Reply::auth_failed()),
                }
            }
            Credentials::Proven { user: "user", .. } => ask.answer.accept(),
            other => panic!("{other:?}"),
        }
    }
    let config = CONFIG.tls_server_end_point(b"the hash of a certificate");
    let peer = Peer::tls(TLS).nonce([9; 18]);
    for (mechanism, header, bound_to) in [
        (Mechanism::ScramSha1, "n,,", &b""[..]),
        (Mechanism::ScramSha256, "n,a=x,", b""),
        (Mechanism::ScramSha1Plus, "p=tls-exporter,,", &[7; 32]),
        (Mechanism::ScramSha256Plus, "p=tls-exporter,,", &[7; 32]),
        (Mechanism::ScramSha256Plus, "p=tls-server-end-point,,", b"the hash of a certificate"),
    ] {
        for (password, cut, bound_to, right) in [
            ("pencil", false, bound_to, true),
            ("pencil", true, bound_to, true),
            ("pencyl", false, bound_to, false),
            ("pencil", false, b"another channel", false),
        ] {
            let mut talk = Talk::new(&config, peer, answer);
            talk.cut = cut;
            let bare = "n=user,r=fyko+d2lbbFgONRv9qkxdawL";
            let first = challenge(&talk.say(&format!("AUTH {mechanism} {}", base64(&format!("{header}{bare}")))));
            let binding: String =
                String::from_utf8(encoded(header.bytes().chain(bound_to.iter().copied())).collect()).unwrap();
            let nonce = first.split(',').next().unwrap();
            let message = format!("{bare},{first},c={binding},{nonce}");
            let salt = b"a salt of the server's";
            let (proof, signature) =
                client(mechanism.scram().unwrap(), password.as_bytes(), salt, 5, message.as_bytes());
            let proof = String::from_utf8(encoded(proof.into_iter()).collect()).unwrap();
            let said = talk.say(&base64(&format!("c={binding},{nonce},p={proof}")));
            if right {
                let signature = String::from_utf8(encoded(signature.into_iter()).collect()).unwrap();
                assert_eq!(challenge(&said), format!("v={signature}"));
                assert!(!talk.session.is_authenticated());
                assert!(talk.say("").starts_with("235") && talk.session.is_authenticated());
            } else {
                assert!(said.starts_with("535 5.7.8"), "{said}");
                // What failed can be tried again, by another nonce.
                let again = challenge(&talk.say(&format!("AUTH {mechanism} {}", base64(&format!("{header}{bare}")))));
                assert_ne!(first, again);
            }
        }
    }
}

#[test]
fn a_binding_is_that_of_the_channel_after_starttls() {
    let config = CONFIG.starttls(true);
    let mut talk = Talk::new(&config, PEER, salt);
    assert!(talk.say("AUTH SCRAM-SHA-256-PLUS").starts_with("538"));
    assert!(talk.say("STARTTLS").starts_with("220"));
    talk.session.tls_started(TLS).unwrap();
    assert!(talk.say("EHLO x").contains("SCRAM-SHA-256-PLUS"));
    assert!(talk.say("AUTH SCRAM-SHA-256-PLUS").starts_with("334"));
}

#[test]
fn names_and_strengths() {
    for mechanism in Mechanism::ALL.iter().copied() {
        assert_eq!(mechanism.name().parse(), Ok(mechanism));
        assert!(!mechanism.is_weaker_than(mechanism));
    }
    assert_eq!("plain".parse::<Mechanism>(), Err(UnknownMechanism));
    assert!(Mechanism::ScramSha1Plus.is_weaker_than(Mechanism::ScramSha256));
    assert!(Mechanism::Plain.is_weaker_than(Mechanism::CramMd5));
}

#[test]
fn secrets_do_not_print() {
    let proof = ScramKeys { salt: b"NaCl", iterations: 1, stored_key: b"stored", server_key: b"server" };
    assert_eq!(format!("{proof:?}"), "[secret]");
    assert_eq!(format!("{:?}", ServerSignature::new(ScramHash::Sha1, &[1; 20])), "Some(ServerSignature)");
    assert!(ServerSignature::new(ScramHash::Sha1, &[1; 32]).is_none());
}
