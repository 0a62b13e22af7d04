//! What the server tells of itself over HTTP: the metrics, its health, and the page as text.

use std::net::{SocketAddr, TcpStream};

use ehlo_tests::Result;
use ehlo_tests::http::{self, ask, get, post};
use ehlo_tests::patience::eventually;
use ehlo_tests::port;
use ehlo_tests::server::{CONFIG, Home, Server, Signal};
use ehlo_tests::world::World;

/// A server that tells of itself, and where.
fn start(world: World) -> (Server, SocketAddr) {
    Server::start_told(world.with("metrics", "address = \"127.0.0.1:0\"").home()).unwrap()
}

/// The value of one line of the metrics.
fn value(at: SocketAddr, series: &str) -> Result<f64> {
    let text = get(at, "/metrics")?.body;
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).ok_or_else(|| format!("no {series} in\n{text}"))
}

/// Waits until a line of the metrics says so much.
fn told(at: SocketAddr, series: &str, expected: f64) {
    let is = || match value(at, series)? {
        found if found == expected => Ok(()),
        found => Err(format!("{series} is {found}, and not {expected}")),
    };
    eventually(is).unwrap();
}

#[test]
fn what_happens_is_counted() {
    let (server, at) = start(World::tls());
    let answer = get(at, "/metrics").unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    told(at, "ehlod_sessions_total{listener=\"mx\"}", 0.0);

    let mut client = server.connect().unwrap();
    told(at, "ehlod_connections{state=\"greeted\"}", 1.0);
    client.greet().unwrap();
    told(at, "ehlod_connections{state=\"ready\"}", 1.0);
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    told(at, "ehlod_connections{state=\"transaction\"}", 1.0);
    client.expect(550, "RCPT TO:<nobody@example.net>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    told(at, "ehlod_connections{state=\"data\"}", 1.0);
    client.send(b"Subject: x\r\n\r\nhello\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
    told(at, "ehlod_connections{state=\"ready\"}", 1.0);
    client.expect(500, "NONSENSE").unwrap();
    // A message that is given up.
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    client.send(b"half a mess");
    drop(client);
    told(at, "ehlod_messages_total{listener=\"mx\",outcome=\"aborted\"}", 1.0);

    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(220, "STARTTLS").unwrap();
    let mut client = client.start_tls().unwrap();
    client.expect(221, "QUIT").unwrap();
    drop(client);
    told(at, "ehlod_sessions_total{listener=\"mx\"}", 2.0);
    for (series, expected) in [
        ("ehlod_replies_total{code=\"550\",id=\"invalid-user\"}", 1.0),
        ("ehlod_replies_total{code=\"500\",id=\"command-unrecognized\"}", 1.0),
        ("ehlod_replies_total{code=\"354\",id=\"start-mail-input\"}", 2.0),
        ("ehlod_replies_total{code=\"221\",id=\"good-bye\"}", 1.0),
        ("ehlod_refusals_total{rule=\"no such user\"}", 1.0),
        ("ehlod_tls_handshakes_total{version=\"TLS1.3\"}", 1.0),
        ("ehlod_messages_total{listener=\"mx\",outcome=\"accepted\"}", 1.0),
        ("ehlod_message_size_bytes_sum", 21.0),
        ("ehlod_message_store_seconds_count", 1.0),
        ("ehlod_message_receive_seconds_count", 1.0),
        ("ehlod_session_seconds_count{listener=\"mx\"}", 2.0),
        ("ehlod_connections{state=\"ready\"}", 0.0),
        ("ehlod_connections{state=\"data\"}", 0.0),
        ("ehlod_message_memory_bytes", 0.0),
        ("ehlod_disk_reserve_bytes", 67_108_864.0),
    ] {
        assert_eq!(value(at, series).unwrap(), expected, "{series}");
    }
    for series in
        ["ehlod_disk_free_bytes", "process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"]
    {
        assert!(value(at, series).unwrap() > 0.0, "{series}");
    }
    server.stop().unwrap();
}

#[test]
fn who_asks_for_the_state_is_timed_and_who_is_turned_away_is_counted() {
    let world = World::plain().for_everyone().with("greylist", "enabled = true").with("limits", "connections = 1");
    let (server, at) = start(world);
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    assert_eq!(server.connect().unwrap().reply().unwrap().code, 421);
    told(at, "ehlod_turned_away_total{reason=\"full\"}", 1.0);
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    client.expect(450, "RCPT TO:<bob@example.net>").unwrap();
    assert_eq!(value(at, "ehlod_state_seconds_count{operation=\"change\"}"), Ok(1.0));
    assert_eq!(value(at, "ehlod_refusals_total{rule=\"greylist\"}"), Ok(1.0));
    assert_eq!(value(at, "ehlod_state_failures_total{operation=\"change\"}"), Ok(0.0));
}

#[test]
fn a_server_is_well_until_it_ends() {
    let (server, at) = start(World::plain());
    let answer = get(at, "/healthz").unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "service: ok\nstorage: ok\ndirectory: ok\nstate: ok\n"));
    // It ends once the message is in, and says meanwhile that it takes no other.
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<a@example.org>").unwrap();
    client.expect(250, "RCPT TO:<bob@example.net>").unwrap();
    client.expect(354, "DATA").unwrap();
    server.signal(Signal::TERM);
    let is_ending = || match get(at, "/healthz")? {
        http::Answer { status: 503, body, .. } if body.starts_with("service: shutting down\n") => Ok(()),
        other => Err(format!("{other:?}")),
    };
    eventually(is_ending).unwrap();
    client.send(b"Subject: x\r\n\r\nhello\r\n.\r\n");
    assert_eq!(client.reply().unwrap().code, 250);
}

#[test]
fn a_server_is_not_well_without_what_it_leans_on() {
    let home = Home::new();
    let closed = port::free();
    let config = format!(
        "hostname = \"mx.example.net\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n[[domain]]\nname = \"example.net\"\n\
         [directory]\nkind = \"sql\"\nurl = \"sqlite:gone.db\"\n[limits]\nstorage_reserve = 1000000000000000000\n\
         [greylist]\nenabled = true\n[state]\nkind = \"redis\"\nurl = \"redis://{closed}/\"\n[metrics]\naddress = \"127.0.0.1:0\"\n"
    );
    home.write(CONFIG, &config);
    let (_server, at) = Server::start_told(home).unwrap();
    let answer = get(at, "/healthz").unwrap();
    let expected =
        "service: ok\nstorage: less space than limits.storage_reserve\ndirectory: out of reach\nstate: out of reach\n";
    assert_eq!((answer.status, answer.body.as_str()), (503, expected));
}

#[test]
fn requests_are_bounded() {
    let (_server, at) = start(World::plain().with("metrics", "page = true"));
    let head = |fields: &str| ask(at, format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\n{fields}\r\n").as_bytes());
    assert_eq!(head("").unwrap().status, 200);
    assert_eq!(head(&format!("X: {}\r\n", "x".repeat(20_000))).unwrap().status, 431);
    assert_eq!(head(&"X: x\r\n".repeat(100)).unwrap().status, 431);
    assert_eq!(ask(at, b"EHLO there\r\n\r\n").unwrap().status, 400);
    assert_eq!(post(at, "/explain", &"x".repeat(600_000)).unwrap().status, 413);
    assert_eq!(post(at, "/metrics", "").unwrap().status, 405);
    assert_eq!(get(at, "/explain").unwrap().status, 405);
    for path in ["/nothing", "/metrics/", "//metrics", "/../etc/passwd"] {
        assert_eq!(get(at, path).unwrap().status, 404, "{path}");
    }
    // Those who say nothing hold their places for a moment only.
    let silent: Vec<_> = (0..100).map(|_| TcpStream::connect(at).unwrap()).collect();
    assert_eq!(get(at, "/healthz").unwrap().status, 200);
    drop(silent);
}

#[test]
fn the_page_is_there_where_it_is_wanted() {
    let (server, at) = start(World::plain());
    for path in ["/", "/live", "/page.js", "/page.css"] {
        assert_eq!(get(at, path).unwrap().status, 404, "{path}");
    }
    assert_eq!(post(at, "/explain", "text=550").unwrap().status, 404);
    let config = std::fs::read_to_string(server.home().path().join(CONFIG)).unwrap();
    server.home().write(CONFIG, &config.replace("[metrics]\n", "[metrics]\npage = true\n"));
    server.signal(Signal::HUP);
    told(at, "ehlod_reloads_total{outcome=\"done\"}", 1.0);
    assert_eq!(get(at, "/").unwrap().status, 200);
    server.home().write(CONFIG, "nonsense");
    server.signal(Signal::HUP);
    told(at, "ehlod_reloads_total{outcome=\"failed\"}", 1.0);
}

#[test]
fn what_peers_say_is_text_on_the_page() {
    let (server, at) = start(World::plain().with("metrics", "page = true"));
    let mut client = server.connect().unwrap();
    client.greet().unwrap();
    client.expect(250, "MAIL FROM:<\"<img src=x onerror=alert(1)>\"@example.org>").unwrap();
    client.expect(550, "RCPT TO:<\"</td><script>alert(2)</script>\"@example.net>").unwrap();
    let page = get(at, "/").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{}", page.head);
    for text in
        ["&lt;img src=x onerror=alert(1)&gt;", "&lt;/td&gt;&lt;script&gt;alert(2)&lt;/script&gt;", "no such user"]
    {
        assert!(page.body.contains(text), "{text}\n{}", page.body);
    }
    let hostile = ["<img", "<script>", "onerror=\"", " style="];
    assert!(!hostile.iter().any(|text| page.body.contains(text)), "{}", page.body);
    // The same of what is put in, in both languages.
    let form = "lang=zh&text=550+5.1.1+invalid+user+-+%3Cscript%3Ealert(3)%3C/script%3E%0D%0A</textarea>";
    let explained = post(at, "/explain", form).unwrap().body;
    assert!(explained.contains("永久失败") && explained.contains("&lt;script&gt;alert(3)"), "{explained}");
    assert_eq!(explained.matches("</textarea>").count(), 1);
    assert!(!hostile.iter().any(|text| explained.contains(text)), "{explained}");
    let explained = post(at, "/explain", "lang=en&text=550+5.1.1+invalid+user").unwrap().body;
    assert!(explained.contains("permanent failure"), "{explained}");
    // Somebody else's name is not the server's.
    let stranger = ask(at, b"GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n").unwrap();
    assert_eq!(stranger.status, 421);
}
