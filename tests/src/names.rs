//! A name server on loopback, with a zone file, for every kind of answer.
//!
//! A line of the zone is `NAME TYPE DATA`, as in a master file (RFC 1035 5.1) with whole names; `;` begins a comment. A name `*.REST` stands
//! for all names below. Two types are no records but faults: `FAIL` answers SERVFAIL, and `SILENT` never answers. A name with records of
//! another type has no data, and any other name does not exist.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// A running name server; dropping it ends it.
#[derive(Debug)]
pub struct Names {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// What the zone says of a name.
#[derive(Debug, Clone)]
enum Entry {
    Data(RecordType, RData),
    Fail,
    Silent,
}

impl Names {
    /// Starts one, with this zone.
    ///
    /// # Panics
    ///
    /// Where the zone is wrong, or no port is free.
    pub fn start(zone: &str) -> Self {
        let zone = read(zone);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = socket.local_addr().expect("it has an address");
        // It looks now and then whether it is over.
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket has a time limit");
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (own_over, own_asked) = (Arc::clone(&over), Arc::clone(&asked));
        let thread = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !own_over.load(Ordering::Relaxed) {
                let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                own_asked.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&zone, &question) {
                    let octets = answer.to_vec().expect("an answer can be written");
                    // The client may be gone.
                    let _ = socket.send_to(&octets, client);
                }
            }
        });
        Self { address, over, asked, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many questions it has had.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(zone: &str) -> Vec<(Name, Entry)> {
    let lines = zone.lines().map(|line| line.split(';').next().unwrap_or_default().trim());
    let entry = |line: &str| {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (kind, data) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let mut name = Name::from_ascii(name).unwrap_or_else(|error| panic!("{line}: {error}"));
        name.set_fqdn(true);
        let entry = match kind {
            "FAIL" => Entry::Fail,
            "SILENT" => Entry::Silent,
            kind => {
                let kind = kind.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                Entry::Data(kind, RData::try_from_str(kind, data).unwrap_or_else(|error| panic!("{line}: {error}")))
            }
        };
        (name, entry)
    };
    lines.filter(|line| !line.is_empty()).map(entry).collect()
}

/// The answer to a question; `None` where there is none.
fn answer(zone: &[(Name, Entry)], question: &Message) -> Option<Message> {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    let query = question.queries.first()?;
    answer.add_query(query.clone());
    let is_meant = |name: &Name| {
        let wild = name.is_wildcard() && name.base_name().zone_of(query.name()) && name.base_name() != *query.name();
        wild || name == query.name()
    };
    let mut known = false;
    for (_, entry) in zone.iter().filter(|(name, _)| is_meant(name)) {
        known = true;
        match entry {
            Entry::Fail => answer.metadata.response_code = ResponseCode::ServFail,
            Entry::Silent => return None,
            Entry::Data(kind, data) if *kind == query.query_type() => {
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
            }
            Entry::Data(..) => {}
        }
    }
    if !known {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    Some(answer)
}
