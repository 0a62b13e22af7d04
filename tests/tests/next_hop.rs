//! Mail that goes on to another server: what that one hears, and what the client hears of it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use ehlo_tests::next_hop::{Answers, NextHop};
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::server::{Home, Server};
use ehlo_tests::world::World;

const MESSAGE: &[u8] = b"Subject: s\r\n\r\n.dot\r\n..\r\nend\r\n";

/// A server that relays for everybody on loopback.
fn relaying(hop: &NextHop, protocol: &str) -> World {
    World::plain()
        .with("relay", "clients = [\"127.0.0.0/8\"]")
        .with("relay", format!("next_hop = \"{}\"", hop.named(protocol)))
}

fn started(answers: Answers) -> (NextHop, Server) {
    let hop = NextHop::start(answers);
    let server = Server::start(relaying(&hop, "smtp").home()).unwrap();
    (hop, server)
}

#[test]
fn a_message_goes_on_with_its_parameters_and_the_connection_is_used_again() {
    let (hop, server) = started(|_, _| None);
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    for _ in 0..2 {
        client.expect(250, "MAIL FROM:<a@example.org> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=x+2By").unwrap();
        client.expect(250, "RCPT TO:<X@elsewhere.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o@example.com").unwrap();
        client.expect(250, "RCPT TO:<y@elsewhere.example>").unwrap();
        client.expect(354, "DATA").unwrap();
        client.send(b"Subject: s\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n");
        assert_eq!(client.reply().unwrap().code, 250);
    }
    let heard = hop.heard();
    assert!(heard.iter().all(|(connection, _)| *connection == 0), "{heard:?}");
    let lines = hop.lines();
    let message = |at: usize| lines[at].clone();
    assert_eq!(
        [&lines[..5], &lines[6..10]].concat(),
        [
            "EHLO mx.example.net",
            "MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=100 RET=HDRS ENVID=x+2By",
            "RCPT TO:<X@elsewhere.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o@example.com",
            "RCPT TO:<y@elsewhere.example>",
            "DATA",
            "MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=100 RET=HDRS ENVID=x+2By",
            "RCPT TO:<X@elsewhere.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o@example.com",
            "RCPT TO:<y@elsewhere.example>",
            "DATA",
        ]
    );
    assert!(message(5).starts_with("Received: from client.example"), "{}", message(5));
    assert!(message(5).ends_with("\r\nSubject: s\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n"), "{}", message(5));
    assert!(server.stop().unwrap().mailboxes().is_empty());
}

#[test]
fn what_the_next_hop_refuses_is_refused_in_its_words() {
    let (hop, server) = started(|_, line| match line {
        "RCPT TO:<no@elsewhere.example>" => Some("550-5.7.99 Not\r\n550 5.7.99 here".into()),
        "RCPT TO:<later@elsewhere.example>" => Some("452 Later".into()),
        "RCPT TO:<end@elsewhere.example>" => Some("421 4.3.2 Closing".into()),
        "MAIL FROM:<bad@example.org>" => Some("553 5.1.8 No such sender".into()),
        "." => Some("554 5.6.0 What a message".into()),
        _ => None,
    });
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<bad@example.org>").unwrap();
    let reply = client.expect(553, "RCPT TO:<x@elsewhere.example>").unwrap();
    assert_eq!(reply.text(), "5.1.8 No such sender");
    client.expect(250, "RSET").unwrap();
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    let reply = client.expect(550, "RCPT TO:<no@elsewhere.example>").unwrap();
    assert!(reply.text().starts_with("5.7.99 Not"), "{reply}");
    assert_eq!(client.expect(452, "RCPT TO:<later@elsewhere.example>").unwrap().text(), "Later");
    assert_eq!(client.expect(451, "RCPT TO:<end@elsewhere.example>").unwrap().text(), "4.3.2 Closing");
    client.expect(250, "RCPT TO:<x@elsewhere.example>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: s\r\n\r\n.\r\n");
    let reply = client.reply().unwrap();
    assert_eq!((reply.code, reply.text()), (554, "5.6.0 What a message"));
    assert!(hop.lines().iter().any(|line| line == "DATA"));
    // Nobody here has what the sender was told has not gone through.
    assert!(server.stop().unwrap().mailboxes().is_empty());
}

#[test]
fn a_next_hop_that_breaks_off_or_is_away_puts_mail_off() {
    let (_hop, server) = started(|_, line| (line == ".").then(String::new));
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    let reply = client.deliver("a@example.org", &["x@elsewhere.example", "bob@example.net"], MESSAGE).unwrap();
    assert_eq!((reply.code, reply.text()), (451, "4.3.0 Requested action aborted: error in processing"));
    assert!(server.stop().unwrap().mailboxes().is_empty());

    // A port where nobody listens.
    let free = port::free();
    let world = World::auth().with("relay", format!("next_hop = \"smtp:{free}\""));
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==").unwrap();
    client.expect(250, "MAIL FROM:<user@example.net>").unwrap();
    client.expect(450, "RCPT TO:<x@elsewhere.example>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    server.stop().unwrap();
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let (hop, server) = started(|connection, line| match (connection, line) {
        (0, line) if line.starts_with("MAIL FROM:<b@") => Some(String::new()),
        (1, line) if line.starts_with("MAIL FROM:<c@") => Some("421 4.3.2 Too many messages".into()),
        _ => None,
    });
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    for sender in ["a", "b", "c"] {
        let sender = format!("{sender}@example.org");
        assert_eq!(client.deliver(&sender, &["x@elsewhere.example"], MESSAGE).unwrap().code, 250);
    }
    assert_eq!(hop.heard().iter().map(|(connection, _)| *connection).max(), Some(2));
    server.stop().unwrap();
}

#[test]
fn a_transaction_given_up_is_given_up_there_too() {
    let (hop, server) = started(|_, _| None);
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    client.expect(250, "RCPT TO:<x@elsewhere.example>").unwrap();
    client.expect(250, "RSET").unwrap();
    let said =
        |what: &str| eventually(|| hop.lines().iter().any(|line| line == what).then_some(()).ok_or("not yet".into()));
    said("RSET").unwrap();
    // In the midst of data only hanging up helps.
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    client.expect(250, "RCPT TO:<x@elsewhere.example>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: s\r\n\r\nhalf of\r\n");
    drop(client);
    said("(broken off)").unwrap();
    server.stop().unwrap();
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let hop = NextHop::start(|_, line| (line == ". full@elsewhere.example").then(|| "552 5.2.2 Full".into()));
    let relaying = |kind| World { kind, ..relaying(&hop, "lmtp") };
    let server = Server::start(relaying("lmtp").home()).unwrap();
    let mut client = server.connect().unwrap();
    assert_eq!(client.reply().unwrap().code, 220);
    client.expect(250, "LHLO client.example").unwrap();
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    for path in ["x@elsewhere.example", "full@elsewhere.example", "bob@example.net"] {
        client.expect(250, &format!("RCPT TO:<{path}>")).unwrap();
    }
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: s\r\n\r\n.\r\n");
    let codes: Vec<_> = (0..3).map(|_| client.reply().unwrap().code).collect();
    assert_eq!(codes, [250, 552, 250]);
    let home = server.stop().unwrap();
    assert_eq!(home.mailboxes().keys().collect::<Vec<_>>(), ["bob"]);

    // A client of SMTP hears one reply for all.
    let server = Server::start(relaying("mx").home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    let reply = client.deliver("a@example.org", &["x@elsewhere.example", "full@elsewhere.example"], b"\r\n").unwrap();
    assert_eq!((reply.code, reply.text()), (552, "5.2.2 Full"));
    server.stop().unwrap();
}

#[test]
fn mail_is_forwarded_and_reports_go_on_naming_its_first_recipient() {
    let hop = NextHop::willing();
    let world = relaying(&hop, "smtp").with("protocol", "vrfy = \"answer\"");
    let home = world.home();
    home.write(
        "accounts.toml",
        "[[account]]\naddress = \"moved@example.net\"\nforward_to = \"new@elsewhere.example\"\n\
         [[account]]\naddress = \"bob@example.net\"\n\
         [[list]]\naddress = \"all@example.net\"\nmembers = [\"bob@example.net\", \"moved@example.net\", \"far@away.example\"]\n",
    );
    let server = Server::start(home).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(251, "VRFY moved").unwrap();
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    let reply = client.expect(251, "RCPT TO:<moved@example.net>").unwrap();
    assert_eq!(reply.text(), "2.1.5 User not local; will forward to <new@elsewhere.example>");
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: s\r\n\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
    client.deliver("a@example.org", &["all@example.net"], MESSAGE).unwrap();
    let lines: Vec<_> = hop.lines().into_iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(
        lines,
        [
            "RCPT TO:<new@elsewhere.example> ORCPT=rfc822;moved@example.net",
            "RCPT TO:<far@away.example> ORCPT=rfc822;all@example.net",
            "RCPT TO:<new@elsewhere.example> ORCPT=rfc822;all@example.net",
        ]
    );
    assert_eq!(server.stop().unwrap().mailboxes().keys().collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn what_the_next_hop_cannot_carry_is_refused_before_it_goes() {
    let (hop, server) = started(|_, line| line.starts_with("EHLO").then(|| "250 hop.example".into()));
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<a@example.org> SMTPUTF8").unwrap();
    let reply = client.expect(550, "RCPT TO:<x@elsewhere.example>").unwrap();
    assert!(reply.text().starts_with("5.6.7 "), "{reply}");
    client.expect(250, "RSET").unwrap();
    client.expect(250, "MAIL FROM:<a@example.org> BODY=8BITMIME RET=FULL").unwrap();
    client.expect(250, "RCPT TO:<x@elsewhere.example> NOTIFY=NEVER").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send("Subject: s\r\n\r\ngrün\r\n.\r\n".as_bytes());
    let reply = client.reply().unwrap();
    assert!(reply.code == 554 && reply.text().starts_with("5.6.3 "), "{reply}");
    // What asks for no more than reports is left out, and what is ASCII goes all the same.
    client.expect(250, "MAIL FROM:<a@example.org> BODY=8BITMIME").unwrap();
    client.expect(250, "RCPT TO:<x@elsewhere.example>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(b"Subject: s\r\n\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
    assert!(hop.lines().iter().filter(|line| line.starts_with("MAIL")).all(|line| line == "MAIL FROM:<a@example.org>"));
    server.stop().unwrap();
}

/// The next hop is the same program, and takes 3 MiB of dots after a login over TLS, from a server that keeps no mail of its own.
#[test]
fn a_real_server_takes_over_a_large_message() {
    let line = b".".repeat(998);
    let mut message = b"Subject: s\r\n\r\n".to_vec();
    while message.len() < 3 << 20 {
        message.extend_from_slice(&line);
        message.extend_from_slice(b"\r\n");
    }
    let behind: Home = World { listeners: vec![ehlo_tests::world::Tls::StartTls], ..World::auth() }
        .with("listener", "require_auth = true")
        .home();
    let behind = Server::start(behind).unwrap();
    let authorities = behind.home().path().join("server.pem");
    let front = World::plain();
    let home = front.home();
    let config = std::fs::read_to_string(home.path().join(ehlo_tests::server::CONFIG)).unwrap();
    let address = format!("smtp:localhost:{}", behind.address().port());
    home.write("password", "pass\n");
    home.write(
        ehlo_tests::server::CONFIG,
        &(config.replace("kind = \"maildir\"", &format!("kind = \"next_hop\"\nnext_hop = \"{address}\""))
            + &format!(
                "[[next_hop]]\naddress = \"{address}\"\ntls = \"required\"\nauthorities = \"{}\"\nuser = \"user\"\npassword_file = \"password\"\n[senders]\nmatch_identity = false\n",
                authorities.display()
            )),
    );
    let server = Server::start(home).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    let reply = client.deliver("a@example.org", &["bob@example.net", "carol@example.net"], &message).unwrap();
    assert_eq!(reply.code, 250, "{reply}\n{}", server.home().log());
    assert!(server.stop().unwrap().mailboxes().is_empty());
    let home = behind.stop().unwrap();
    for user in ["bob", "carol"] {
        let lying = &home.mailboxes()[user];
        assert!(lying.len() == 1 && lying[0].ends_with(&message), "{user}");
    }
}

/// A next hop that does not read on to the end of what it does not want, and hangs up: what it said first is passed on.
#[test]
fn what_the_next_hop_refuses_in_the_midst_of_the_data_is_refused_in_its_words() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut lines, mut out) = (BufReader::new(&stream), &stream);
        out.write_all(b"220 hop.example\r\n").unwrap();
        for reply in ["250 hop.example", "250 ok", "250 ok", "354 go on"] {
            lines.read_line(&mut String::new()).unwrap();
            out.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
        }
        lines.read_exact(&mut [0; 100_000]).unwrap();
        out.write_all(b"552 5.3.4 Far too much\r\n").unwrap();
    });
    let world = World::plain()
        .with("relay", "clients = [\"127.0.0.0/8\"]")
        .with("relay", format!("next_hop = \"smtp:{address}\""));
    let server = Server::start(world.home()).unwrap();
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    // More than lies in the buffers between the two.
    let message = [MESSAGE, &b"filling\r\n".repeat(2_000_000)].concat();
    let reply = client.deliver("a@example.org", &["x@elsewhere.example", "bob@example.net"], &message).unwrap();
    assert_eq!((reply.code, reply.text()), (552, "5.3.4 Far too much"));
    served.join().unwrap();
    assert!(server.stop().unwrap().mailboxes().is_empty());
}

/// TLS and a login as they are configured; and no mail to whoever is not who it should be, or does not let this server in.
#[test]
fn a_next_hop_is_reached_as_it_is_configured() {
    use ehlo_tests::server::CONFIG;
    use ehlo_tests::world::Tls;
    let world = World { listeners: vec![Tls::StartTls, Tls::Implicit], ..World::auth() };
    let behind = Server::start(world.with("senders", "local_needs_auth = false").home()).unwrap();
    let trusted = format!("authorities = \"{}\"\n", behind.home().path().join("server.pem").display());
    let login = "user = \"user\"\npassword_file = \"password\"\n";
    let mut taken = Vec::new();
    for (tls, listener, settings, password, expected) in [
        ("off", 0, String::new(), "", Some("with ESMTP ")),
        ("opportunistic", 0, String::new(), "", Some("with ESMTPS ")),
        ("required", 0, trusted.clone(), "", Some("with ESMTPS ")),
        ("required", 0, trusted.clone() + login, "pass", Some("with ESMTPSA ")),
        ("implicit", 1, trusted.clone() + login, "pass", Some("with ESMTPSA ")),
        // Its certificate is of nobody whom the system trusts.
        ("required", 0, String::new(), "", None),
        ("implicit", 1, String::new(), "", None),
        // No TLS from the first octet there.
        ("implicit", 0, trusted.clone(), "", None),
        ("required", 0, trusted.clone() + login, "wrong", None),
    ] {
        let address = format!("smtp:localhost:{}", behind.listeners[listener].address.port());
        let home = World::plain().home();
        let config = fs::read_to_string(home.path().join(CONFIG)).unwrap();
        let config = config.replace("kind = \"maildir\"", &format!("kind = \"next_hop\"\nnext_hop = \"{address}\""));
        home.write("password", &format!("{password}\n"));
        home.write(CONFIG, &format!("{config}[[next_hop]]\naddress = \"{address}\"\ntls = \"{tls}\"\n{settings}"));
        let server = Server::start(home).unwrap();
        let mut client = server.connect().unwrap();
        client.greet().unwrap();
        client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
        let reply = client.command("RCPT TO:<bob@example.net>").unwrap();
        match expected {
            None => assert_eq!(reply.code, 450, "{tls} {settings}: {reply}"),
            Some(with) => {
                assert_eq!(reply.code, 250, "{tls} {settings}: {reply}\n{}", server.home().log());
                client.expect(354, "DATA").unwrap();
                client.expect(250, "Subject: x\r\n\r\n.").unwrap();
                taken.push(with);
            }
        }
        server.stop().unwrap();
    }
    let home = behind.stop().unwrap();
    let mut found: Vec<_> = ehlo_tests::mailbox::files(&home.mail(), "new")
        .iter()
        .map(|file| {
            let message = fs::read_to_string(file).unwrap();
            let received = message.split("Received: ").nth(1).unwrap_or_default().replace("\r\n\t", " ");
            taken.iter().find(|with| received.contains(**with)).copied().unwrap_or("something else")
        })
        .collect();
    found.sort_unstable();
    taken.sort_unstable();
    assert_eq!(found, taken);
}

/// Postfix's smtp-sink, which writes each message to a file. Dropped, it ends.
struct Sink {
    child: Child,
    dir: tempfile::TempDir,
    address: String,
}

impl Sink {
    /// `None` where Postfix is not installed, unless it has to be.
    fn start(arguments: &[&str]) -> Option<Self> {
        let postfix = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients/postfix");
        let program = postfix.join("usr/sbin/smtp-sink");
        if !program.exists() {
            let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
            assert!(!required, "{} is not there", program.display());
            eprintln!("COULD NOT RUN: {} is not there (tests/run fetches it)", program.display());
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let free = port::free();
        let child = Command::new(program)
            .env("LD_LIBRARY_PATH", postfix.join("usr/lib/postfix"))
            .args(arguments)
            // It wants to be told as whom it goes on where it is root.
            .args(if rustix::process::geteuid().is_root() { &["-u", "root"][..] } else { &[] })
            .arg("-d")
            .arg(dir.path().join("%S."))
            .args([&free.to_string(), "10"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let sink = Self { child, dir, address: free.to_string() };
        eventually(|| TcpStream::connect(&sink.address).map(drop).map_err(|error| error.to_string())).unwrap();
        Some(sink)
    }

    fn messages(&self) -> Vec<String> {
        let files =
            fs::read_dir(self.dir.path()).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        files.collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn another_server_takes_over_by_smtp_and_by_lmtp() {
    for (protocol, arguments) in [("smtp", &[][..]), ("lmtp", &["-L"])] {
        let Some(sink) = Sink::start(arguments) else { return };
        let world = World::plain()
            .with("relay", "clients = [\"127.0.0.0/8\"]")
            .with("relay", format!("next_hop = \"{protocol}:{}\"", sink.address));
        let server = Server::start(world.home()).unwrap();
        let mut client = server.connect().unwrap();
        client.greet().unwrap();
        for number in 0..3 {
            client.expect(250, "MAIL FROM:<a@example.org> RET=HDRS ENVID=x+2By").unwrap();
            client.expect(250, "RCPT TO:<x@elsewhere.example> NOTIFY=FAILURE ORCPT=rfc822;o@example.com").unwrap();
            client.expect(250, "RCPT TO:<y@elsewhere.example>").unwrap();
            client.expect(354, "DATA").unwrap();
            client.send(format!("Subject: {number}\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n").as_bytes());
            assert_eq!(client.reply().unwrap().code, 250);
        }
        server.stop().unwrap();
        let messages = eventually(|| match sink.messages() {
            messages if messages.len() == 3 => Ok(messages),
            messages => Err(format!("{protocol}: {messages:?}")),
        });
        for message in messages.unwrap() {
            assert!(message.contains("<y@elsewhere.example>"), "{message}");
            assert!(message.contains("Received: from client.example"), "{message}");
            assert!(message.contains("\n.dot\n..\nend\n"), "{message}");
        }
    }
}
