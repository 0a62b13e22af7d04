//! The server under a service manager, which the test plays: it passes sockets, and hears of readiness, reloads, signs of life and the end.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ehlo_tests::client::{Client, PATIENCE};
use ehlo_tests::patience::eventually;
use ehlo_tests::server::{CONFIG, Home, binary};
use rustix::process::{Pid, Signal, kill_process};

/// A configuration for a socket that is passed as `smtp`.
const PASSED: &str = "hostname = \"mx.example.net\"\n[[listener]]\naddress = \"fd:smtp\"\n[[domain]]\nname = \"localhost\"\ncatch_all = \"*\"\n";

/// A server in its service. Dropped, it is killed.
struct Service {
    home: Home,
    child: Child,
    manager: UnixDatagram,
}

impl Service {
    /// Starts the server with two sockets, under these names.
    fn start(config: &str, sockets: [OwnedFd; 2], names: &str, more: &str) -> Self {
        let home = Home::new();
        home.write(CONFIG, config);
        let manager = UnixDatagram::bind(home.path().join("notify")).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let [first, second] = sockets.map(Stdio::from);
        // The shell gives the sockets the numbers that they have by the convention, and knows the process that they are for.
        let script = "exec 3<&0 4<&1 0</dev/null 1>out; export LISTEN_PID=$$ WATCHDOG_PID=$$; exec \"$0\" serve --config \"$1\" $2";
        let child = Command::new("sh")
            .args(["-c", script, binary().to_str().unwrap(), CONFIG, more])
            .current_dir(home.path())
            .env("LISTEN_FDS", "2")
            .env("LISTEN_FDNAMES", names)
            .env("NOTIFY_SOCKET", home.path().join("notify"))
            .env("WATCHDOG_USEC", "200000")
            .stdin(first)
            .stdout(second)
            .stderr(File::create(home.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { home, child, manager }
    }

    /// What the manager is told next, but for signs of life.
    fn told(&self) -> String {
        loop {
            let told = self.hear();
            if told != "WATCHDOG=1\n" {
                return told;
            }
        }
    }

    fn hear(&self) -> String {
        let mut octets = [0; 4096];
        let length =
            self.manager.recv(&mut octets).unwrap_or_else(|error| panic!("{error}; log:\n{}", self.home.log()));
        String::from_utf8(octets[..length].to_vec()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; the exit status.
    fn end(&mut self) -> Option<i32> {
        let ended = eventually(|| match self.child.try_wait() {
            Ok(Some(status)) => Ok(status.code()),
            other => Err(format!("{other:?}; log:\n{}", self.home.log())),
        });
        ended.unwrap()
    }

    /// Ends it by SIGTERM, of which the manager is told.
    fn stop(mut self) {
        self.signal(Signal::TERM);
        let told = self.told();
        assert!(told.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n"), "{told}");
        assert_eq!(self.end(), Some(0));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn tcp() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener.into(), address)
}

fn unix(directory: &Path) -> OwnedFd {
    UnixListener::bind(directory.join("socket")).unwrap().into()
}

#[test]
fn sockets_are_passed_and_the_manager_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (socket, address) = tcp();
    // A client that comes before the server waits for it.
    let early = TcpStream::connect(address).unwrap();
    let service = Service::start(PASSED, [socket, unix(directory.path())], "smtp:smtp", "");
    assert_eq!(service.told(), "READY=1\nSTATUS=Taking mail\n");
    let path = directory.path().join("socket");
    let out = fs::read_to_string(service.home.path().join("out")).unwrap();
    assert_eq!(out, format!("listening on {address} (mx)\nlistening on unix:{} (mx)\n", path.display()));
    let greeting = |mut stream: &UnixStream| std::io::read_to_string(std::io::Read::take(&mut stream, 20)).unwrap();
    assert_eq!(greeting(&UnixStream::connect(&path).unwrap()), "220 mx.example.net S");
    early.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(std::io::read_to_string(std::io::Read::take(&early, 4)).unwrap(), "220 ");
    let mut client = Client::connect(address).unwrap();
    client.greet().unwrap();
    assert_eq!(client.deliver("a@example.org", &["bob@localhost"], b"Subject: x\r\n\r\nx\r\n").unwrap().code, 250);

    for _ in 0..3 {
        assert_eq!(service.hear(), "WATCHDOG=1\n");
    }

    service.home.write(CONFIG, &PASSED.replace("mx.example.net", "other.example.net"));
    service.signal(Signal::HUP);
    let told = service.told();
    assert!(told.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{told}");
    assert_eq!(service.told(), "READY=1\nSTATUS=Taking mail\n");
    // Both sockets are the reloaded listener's.
    assert_eq!(greeting(&UnixStream::connect(&path).unwrap()), "220 other.example.ne");
    assert!(!service.home.log().contains("other listeners are only opened"), "{}", service.home.log());
    service.stop();
}

#[test]
fn without_a_configuration_clients_are_told_on_the_sockets_passed() {
    let ((first, address), (second, other)) = (tcp(), tcp());
    let service = Service::start("nonsense", [first, second], "smtp:unwanted", "--stand-by");
    let status = "Telling every client to come later, until the configuration is right";
    assert_eq!(service.told(), format!("READY=1\nSTATUS={status}\n"));
    for address in [address, other] {
        assert_eq!(Client::connect(address).unwrap().reply().unwrap().code, 421);
    }
    service.home.write(CONFIG, PASSED);
    service.signal(Signal::HUP);
    assert!(service.told().starts_with("RELOADING=1\n"));
    assert_eq!(service.told(), "READY=1\nSTATUS=Taking mail\n");
    assert_eq!(Client::connect(address).unwrap().reply().unwrap().code, 220);
    service.stop();
}

#[test]
fn a_socket_that_nobody_wants_is_named() {
    let ((first, _), (second, _)) = (tcp(), tcp());
    let service = Service::start(PASSED, [first, second], "smtp:submission", "");
    service.told();
    let warning = "a socket was passed for which there is no listener (address = \"fd:submission\")";
    assert!(service.home.log().contains(warning), "{}", service.home.log());
    service.stop();
}

#[test]
fn what_cannot_be_listened_on_ends_the_server() {
    let (socket, address) = tcp();
    let connected = TcpStream::connect(address).unwrap();
    for (names, sockets, error) in [
        (
            "other:other",
            [tcp().0, tcp().0],
            "fd:smtp: cannot listen: the service manager has passed no socket of that name\n",
        ),
        (
            "smtp:other",
            [connected.into(), socket],
            "fd:smtp: cannot listen: the socket does not listen (Accept=no is wanted)\n",
        ),
        ("smtp:other", [File::open("/dev/null").unwrap().into(), tcp().0], "fd 3 is not a socket\n"),
    ] {
        let mut service = Service::start(PASSED, sockets, names, "");
        assert_eq!(service.end(), Some(1));
        assert!(service.home.log().ends_with(error), "{}", service.home.log());
    }
}
