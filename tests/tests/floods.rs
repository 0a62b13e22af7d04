//! Floods: many clients at once that drip, break off, stay silent in a handshake, or come in splinters. The server goes on serving those who
//! behave, its limits hold, and it takes no more memory for it than it may.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ehlo_tests::client::{Client, Heard, PATIENCE};
use ehlo_tests::mailbox;
use ehlo_tests::patience::eventually;
use ehlo_tests::server::Server;
use ehlo_tests::tls;
use ehlo_tests::world::{Tls, World};
use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// Messages of those who behave, in each flood.
const BEHAVED: usize = 20;

/// What the server may take of memory for a thousand connections: far more than it does, and far less than if each had a buffer for itself
/// of what a message may have.
const THOUSAND: u64 = 64 << 20;

fn world() -> World {
    World::plain()
        .for_everyone()
        .with("limits", "connections = 1000")
        .with("limits", "connections_per_client = 1000")
        .with("limits", "transactions = 10000")
}

/// Resident memory of the server, in octets.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// Sends mail as it should be, and shows how long each message took.
fn behave(server: &Server, flood: &str) {
    let mut times = Vec::with_capacity(BEHAVED);
    for number in 0..BEHAVED {
        let begin = Instant::now();
        let mut client = server.connect().unwrap();
        client.greet().unwrap();
        let content = format!("Subject: {flood} {number}\r\n");
        let reply = client.deliver("alice@example.com", &["bob@example.net"], content.as_bytes()).unwrap();
        assert_eq!(reply.code, 250, "{flood}: {reply}");
        client.expect(221, "QUIT").unwrap();
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    println!("{flood}: a message took {:.1?}, at the most {:.1?}", times[BEHAVED / 2], times[BEHAVED - 1]);
}

/// All that is in the mailboxes is what those who behave sent.
fn only_theirs(server: Server, floods: usize) {
    let home = server.stop().unwrap();
    assert_eq!(home.mailboxes()["bob"].len(), floods * BEHAVED);
    assert_eq!(mailbox::files(&home.mail(), "tmp"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn slow_drips() {
    let server = Server::start(world().with("timeouts", "command = \"2s\"").home()).unwrap();
    let mut dripping: Vec<Client> = (0..200).map(|_| server.connect().unwrap()).collect();
    for client in &mut dripping {
        assert_eq!(client.reply().unwrap().code, 220);
    }
    for octet in *b"EHLO client" {
        dripping.iter_mut().for_each(|client| client.send(&[octet]));
    }
    behave(&server, "slow drips");
    // Each is told that its time is up, however it went on dripping.
    for client in &mut dripping {
        client.send(b".");
        let last = client.reply().unwrap();
        assert_eq!(last.to_string(), "451 4.4.2 Timeout");
        client.expect_close().unwrap();
    }
    only_theirs(server, 1);
}

#[test]
fn half_open_handshakes() {
    let world = World { listeners: vec![Tls::None, Tls::Implicit], ..world() };
    let server = Server::start(world.with("timeouts", "tls_handshake = \"2s\"").home()).unwrap();
    let secure = server.listeners[1].address;
    // Nothing, and the beginning of a hello that promises more.
    let mut open: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(secure).unwrap()).collect();
    for stream in open.iter_mut().step_by(2) {
        stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    }
    behave(&server, "half-open handshakes");
    for mut stream in open {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Closed, with an alert or without.
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "a handshake goes on and on");
        }
        assert!(!rest.starts_with(b"220"), "a greeting without TLS");
    }
    let mut client = Client::connect_tls(secure).unwrap();
    client.greet().unwrap();
    only_theirs(server, 1);
}

#[test]
fn resets_in_mid_data() {
    // What a message that broke off held of the memory would be missed soon.
    let server = Server::start(world().with("limits", "memory = \"2 MiB\"").home()).unwrap();
    let piece = "x".repeat(998) + "\r\n";
    for _ in 0..10 {
        let reset: Vec<TcpStream> =
            (0..20).map(|_| in_mid_data(server.address(), piece.repeat(50).as_bytes())).collect();
        for stream in &reset {
            set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
        }
    }
    eventually(|| match mailbox::files(&server.home().mail(), "tmp") {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?} is left")),
    })
    .unwrap();
    behave(&server, "resets in mid-data");
    only_theirs(server, 1);
}

/// A client that has sent some of a message.
fn in_mid_data(address: SocketAddr, content: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let commands =
        ["EHLO client.example\r\n", "MAIL FROM:<alice@example.com>\r\n", "RCPT TO:<bob@example.net>\r\n", "DATA\r\n"];
    let mut heard = String::new();
    let mut said = |stream: &mut TcpStream, code: &str| {
        while !heard.lines().any(|line| line.starts_with(code)) || !heard.ends_with('\n') {
            let mut octets = [0; 1024];
            let read = stream.read(&mut octets).unwrap();
            assert!(read > 0, "closed after {heard}");
            heard.push_str(std::str::from_utf8(&octets[..read]).unwrap());
        }
        heard.clear();
    };
    said(&mut stream, "220 ");
    for command in commands {
        stream.write_all(command.as_bytes()).unwrap();
        said(&mut stream, if command == "DATA\r\n" { "354 " } else { "250 " });
    }
    stream.write_all(content).unwrap();
    stream
}

#[test]
fn a_thousand_clients_at_once() {
    // The clients are in this process, and the server inherits what it may open.
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.map_or(4096, |most| most.min(4096));
    if limit.current.is_some_and(|now| now < enough) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(enough), maximum: limit.maximum }).unwrap();
    }
    assert!(enough >= 2100, "so few files may be open that this cannot be tried: {enough}");

    let server = Server::start(world().home()).unwrap();
    behave(&server, "nobody else");
    let before = resident(&server);
    // They come faster than the server takes them, which does not run just then.
    server.signal(Signal::STOP);
    let mut clients: Vec<Client> = (0..1000).map(|_| server.connect().unwrap()).collect();
    server.signal(Signal::CONT);
    for client in &mut clients {
        client.greet().unwrap();
    }
    let mut one_more = server.connect().unwrap();
    assert_eq!(one_more.reply().unwrap().code, 421);
    let idle = resident(&server).saturating_sub(before);

    // All are in the middle of a message at the same time.
    for client in &mut clients {
        client.send(b"MAIL FROM:<alice@example.com>\r\nRCPT TO:<carol@example.net>\r\nDATA\r\n");
    }
    for client in &mut clients {
        let codes = [250, 250, 354].map(|_| client.reply().unwrap().code);
        assert_eq!(codes, [250, 250, 354]);
        client.send(b"Subject: one of a thousand\r\n\r\nand so on\r\n");
    }
    let within = resident(&server).saturating_sub(before);
    println!("a thousand clients: {} KiB each, idle; {} KiB within a message", idle >> 20, within >> 20);
    assert!(within < THOUSAND, "a thousand clients take {within} octets");
    // Some leave, and there is room for those who behave.
    clients.truncate(990);
    eventually(|| server.connect()?.greet()).unwrap();
    behave(&server, "a thousand clients");
    for client in &mut clients {
        client.send(b".\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.reply().unwrap().code, 250);
    }
    drop(clients);
    let home = server.stop().unwrap();
    assert_eq!(home.mailboxes()["carol"].len(), 990);
    assert_eq!(home.mailboxes()["bob"].len(), 2 * BEHAVED);
}

#[test]
fn tls_in_splinters() {
    let server = Server::start(World { listeners: vec![Tls::None, Tls::Implicit], ..world() }.home()).unwrap();
    let secure = server.listeners[1].address;
    // Records of 32 octets with their own heads, which are the smallest that rustls makes.
    let mut config = ClientConfig::clone(&tls::config());
    config.max_fragment_size = Some(32);
    let config = Arc::new(config);
    let content = "x".repeat(76) + "\r\n";
    let splinters = (0..20).map(|_| {
        let config = Arc::clone(&config);
        let content = content.clone();
        std::thread::spawn(move || {
            let name = "mx.example.net".try_into().unwrap();
            let stream = TcpStream::connect(secure).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream);
            let envelope = "EHLO a.example\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<carol@example.net>\r\nDATA\r\n";
            // EHLO has to be the last of its group, and so has DATA (RFC 2920 3.1).
            let mut heard = String::new();
            hear(&mut stream, &mut heard, "220 ");
            for (line, last) in envelope.split_inclusive('\n').zip(["250 ", "250 ", "250 ", "354 "]) {
                stream.write_all(line.as_bytes()).unwrap();
                hear(&mut stream, &mut heard, last);
            }
            stream.write_all(content.repeat(2000).as_bytes()).unwrap();
            stream.write_all(b".\r\n").unwrap();
            hear(&mut stream, &mut heard, "250 ");
        })
    });
    let splinters: Vec<_> = splinters.collect();
    behave(&server, "TLS in splinters");
    splinters.into_iter().for_each(|client| client.join().unwrap());
    let home = server.stop().unwrap();
    let theirs = &home.mailboxes()["carol"];
    assert_eq!(theirs.len(), 20);
    assert!(theirs.iter().all(|message| *message == content.repeat(2000).as_bytes()));
}

/// Reads until a line begins so.
fn hear(stream: &mut impl std::io::Read, heard: &mut String, last: &str) {
    loop {
        let mut octets = [0; 1024];
        let read = stream.read(&mut octets).unwrap();
        assert!(read > 0, "closed after {heard}");
        heard.push_str(std::str::from_utf8(&octets[..read]).unwrap());
        if heard.ends_with('\n') && heard.lines().last().is_some_and(|line| line.starts_with(last)) {
            return heard.clear();
        }
    }
}

#[test]
fn tls_is_not_negotiated_anew() {
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    if Command::new("openssl").arg("version").output().is_err() && !required {
        eprintln!("!!!! OPENSSL IS NOT INSTALLED: nobody has tried whether TLS can be negotiated anew");
        return;
    }
    let server = Server::start(World { listeners: vec![Tls::None, Tls::Implicit], ..world() }.home()).unwrap();
    let secure = server.listeners[1].address.to_string();
    let clients: Vec<_> = (0..10)
        .map(|_| {
            // A line that begins with R asks for it; only TLS 1.2 still has it.
            let mut client = Command::new("openssl")
                .args(["s_client", "-tls1_2", "-crlf", "-connect", &secure])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut stdin = client.stdin.take().unwrap();
            for _ in 0..5 {
                // One that has given up does not read any more.
                let _ = stdin.write_all(b"R\n");
            }
            (client, stdin)
        })
        .collect();
    behave(&server, "TLS negotiated anew");
    for (mut client, stdin) in clients {
        drop(stdin);
        // It may have been told no, and wait for a yes.
        let _ = client.kill();
        client.wait().unwrap();
    }
    let mut client = Client::connect_tls(server.listeners[1].address).unwrap();
    client.greet().unwrap();
    assert_eq!(client.hear(Duration::from_millis(1)).unwrap(), Heard::Silence);
    only_theirs(server, 1);
}
