//! What the server writes at the head of a message of what the sender's domain says of its client.

use ehlo_tests::mailbox::files;
use ehlo_tests::names::Names;
use ehlo_tests::server::Server;
use ehlo_tests::world::World;

const ZONE: &str = "
good.example.org TXT \"v=spf1 ip4:127.0.0.1 -all\"
bad.example.org     TXT \"v=spf1 -all\"
broken.example.org  FAIL
";

const MESSAGE: &[u8] = b"authentication-results: (a\r\n comment) MX.example.net;\r\n spf=pass\r\n\
    Authentication-Results: other.example; spf=pass\r\nSubject: s\r\n\r\n\
    Authentication-Results: mx.example.net; in the body\r\n";

#[test]
fn a_message_is_marked_and_what_is_forged_is_taken_out() {
    let names = Names::start(ZONE);
    let world = World::plain()
        .for_everyone()
        .with("senders", "spf = \"mark\"")
        .with("dns", format!("servers = [\"{}\"]", names.address()))
        .with("dns", "timeout = \"3s\"");
    let server = Server::start(world.home()).unwrap();
    for (sender, result, property) in [
        ("a@good.example.org", "pass", "smtp.mailfrom=\"a@good.example.org\""),
        ("a@bad.example.org", "fail", "smtp.mailfrom=\"a@bad.example.org\""),
        ("a@broken.example.org", "temperror", "smtp.mailfrom=\"a@broken.example.org\""),
        ("a@nothing.example", "none", "smtp.mailfrom=\"a@nothing.example\""),
        ("", "pass", "smtp.helo=\"good.example.org\""),
    ] {
        let before = files(&server.home().mail(), "new");
        let mut client = server.connect().unwrap();
        client.greet().unwrap();
        client.expect(250, "EHLO good.example.org").unwrap();
        client.deliver(sender, &["bob@example.net"], MESSAGE).unwrap();
        client.expect(221, "QUIT").unwrap();
        let new: Vec<_> =
            files(&server.home().mail(), "new").into_iter().filter(|file| !before.contains(file)).collect();
        let [file] = &new[..] else { panic!("{new:?}") };
        let octets = std::fs::read(file).unwrap();
        let message = String::from_utf8(octets).unwrap();
        let unfolded = message.replace("\r\n\t", " ");
        let results = format!("Authentication-Results: mx.example.net; spf={result} {property}\r\n");
        assert!(unfolded.contains(&results), "{message}");
        assert!(unfolded.contains(&format!("\r\nReceived-SPF: {result} client-ip=127.0.0.1;")), "{message}");
        let at = |what: &str| message.find(what).unwrap_or_else(|| panic!("{what}: {message}"));
        assert!(at("Received-SPF:") < at("Received: "), "{message}");
        let sent = String::from_utf8_lossy(MESSAGE);
        let (_, rest) = sent.split_once("spf=pass\r\n").unwrap();
        assert!(message.ends_with(&format!("\r\n{rest}")), "{message}");
        assert!(!message.contains("comment"), "{message}");
    }
    server.stop().unwrap();
}
