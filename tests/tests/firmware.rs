//! The firmware on an emulated board, in one run: transcripts, conformance cases, clients that others wrote, and then load and abuse,
//! after which it must answer as before, with as much free memory.
//!
//! Without the emulator or the target's library all trials are ignored, and say so; where `EHLO_REQUIRE_TOOLS` is set, they fail.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ehlo_tests::Result;
use ehlo_tests::cases::{self, Case, HOPS};
use ehlo_tests::client::{Client, Heard};
use ehlo_tests::patience::eventually;
use ehlo_tests::qemu::{self, Board, EMULATOR, Taken};
use ehlo_tests::transcript::{self, Scene, Transcript};
use ehlo_tests::{live, scripts};
use libtest_mimic::{Arguments, Failed, Trial};

/// What a transcript cannot have here, and why.
const OTHER_TRANSCRIPTS: [(&str, &str); 9] = [
    ("auth-without-tls", "AUTH is offered without TLS"),
    ("binarymime", "BINARYMIME is not offered"),
    ("commands-not-implemented", "HELP answers"),
    ("dsn", "DSN is not offered"),
    ("greeting", "the size limit is another"),
    ("mail-parameters", "the size limit is another"),
    ("mail-size-over", "the size limit is another"),
    ("recipients", "recipients are not noted, and so not told from duplicates"),
    ("vrfy-expn-help", "HELP answers"),
];

/// What a case cannot have here, and why.
const OTHER_CASES: [(&str, &str); 1] = [("env-quoted-local", "there are five mailboxes, and no other")];

/// The scenarios of the clients' scripts that need no more than the board has.
const CLIENTS: [(&str, &str, &[&str]); 2] = [
    (
        "swaks",
        "swaks.sh",
        &["plain", "several-recipients", "pipelining", "auth-plain", "auth-login", "plaintext-wrong-login"],
    ),
    (
        "python3",
        "smtplib_client.py",
        &["plain", "several-recipients", "eight-bit", "dots", "several-messages", "pipelining"],
    ),
];

type Check = Box<dyn FnOnce(&mut Board) -> Result<()> + Send>;
type Shared = Arc<OnceLock<Mutex<Board>>>;

fn main() {
    let mut arguments = Arguments::from_args();
    // There is one board, with room for two clients, and the order matters.
    arguments.test_threads = Some(1);
    let missing = missing();
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let board = Shared::default();
    let trial = |name: String, check: Check| {
        let board = Arc::clone(&board);
        let trial = Trial::test(name, move || with(&board, check).map_err(Failed::from));
        match &missing {
            Some(why) if !required => trial.with_kind(why).with_ignored_flag(true),
            _ => trial,
        }
    };
    let mut trials = Vec::new();
    for file in transcript::files() {
        let name = file.name.clone();
        let Ok(transcript) = file.transcript() else { panic!("{name} cannot be read") };
        if transcript.world != Scene::Tls && !OTHER_TRANSCRIPTS.iter().any(|(other, _)| *other == name) {
            trials.push(trial(format!("transcript::{name}"), Box::new(move |board| play(board, &transcript))));
        }
    }
    for case in cases::parse(include_str!("../cases/cases.jsonl")).expect("the cases can be read") {
        if applies(&case) {
            trials.push(trial(format!("case::{}", case.id), Box::new(move |board| run_case(board, &case))));
        }
    }
    for (program, script, scenarios) in CLIENTS {
        for scenario in scenarios {
            trials
                .push(trial(format!("{program}::{scenario}"), Box::new(move |board| interop(board, script, scenario))));
        }
    }
    trials.push(trial("appliance::obeys_who_has_logged_in".into(), Box::new(obeys)));
    trials.push(trial("appliance::refuses_what_is_too_big".into(), Box::new(too_big)));
    trials.push(trial("appliance::has_a_word_for_everyone".into(), Box::new(a_word_for_everyone)));
    trials.push(trial("load::all".into(), Box::new(load)));
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The end of the program drops nothing, and the emulator would stay.
    drop(board);
    conclusion.exit()
}

/// What is not here.
fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|directory| directory.join(EMULATOR).is_file()) {
        return Some(format!("{EMULATOR} is not installed"));
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(sysroot.stdout).ok()?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/thumbv7m-none-eabi");
    (!library.is_dir()).then(|| "the library of thumbv7m-none-eabi is not installed".into())
}

/// Hands the board to a check; the first builds and starts it.
fn with(shared: &Shared, check: impl FnOnce(&mut Board) -> Result<()>) -> Result<()> {
    if shared.get().is_none() {
        let (budget, image) = qemu::build()?;
        println!("{budget}");
        drop(shared.set(Mutex::new(Board::start(&image)?)));
    }
    let board = shared.get().ok_or("no board")?;
    check(&mut board.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Plays a transcript, and holds the messages against the log.
fn play(board: &mut Board, transcript: &Transcript) -> Result<()> {
    board.taken(0)?;
    live::play_on(transcript, Client::connect(board.address)?, &mut |message| match board.taken(1)?.as_slice() {
        [one] if *one == Taken::of(message) => Ok(()),
        other => Err(format!("expected {:?}, the board took {other:?}", Taken::of(message))),
    })
}

/// Whether the board has what the case needs.
fn applies(case: &Case) -> bool {
    let has = |need: &String| match need.split_once(':') {
        Some(("ext", name)) => ["AUTH", "CHUNKING", "PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE"].contains(&name),
        Some(("!ext", name)) => ["STARTTLS", "BINARYMIME"].contains(&name),
        Some(("user", "user/pass")) => true,
        // The cases go by a limit that the board's memory does not have.
        Some(("cfg", "size-limit")) => false,
        _ => need == "local-postmaster" || need == "hook:reject-at-eod",
    };
    // The board's limit is the one that the cases go by.
    assert_eq!(HOPS, 10);
    case.needs.iter().all(has) && !OTHER_CASES.iter().any(|(other, _)| *other == case.id)
}

fn run_case(board: &mut Board, case: &Case) -> Result<()> {
    board.taken(0)?;
    let refused = cases::run(case, board.address)?;
    let Some(delivered) = &case.delivered else { return Ok(()) };
    let mut expected: Vec<_> = delivered.iter().filter(|_| !refused.0).map(|message| Taken::of(message)).collect();
    let mut found = board.taken(expected.len())?;
    expected.sort();
    found.sort();
    match found == expected {
        true => Ok(()),
        false => Err(format!("took {found:?}, but expected {expected:?}")),
    }
}

/// Runs a scenario of a script, and holds what it says it sent against the log.
fn interop(board: &mut Board, script: &str, scenario: &str) -> Result<()> {
    board.taken(0)?;
    // A message for several recipients lies in each mailbox there, and is logged once here.
    let messages = scripts::run(script, scenario, board.address)?;
    let mut expected: Vec<_> = messages.iter().map(|message| Taken::of(message)).collect();
    expected.sort();
    expected.dedup();
    let mut found = board.taken(expected.len())?;
    found.sort();
    found.dedup();
    match found == expected {
        true => Ok(()),
        false => Err(format!("took {found:?}, but expected {expected:?}")),
    }
}

fn obeys(board: &mut Board) -> Result<()> {
    let mut client = Client::connect(board.address)?;
    client.greet()?;
    client.expect(250, "MAIL FROM:<user@example.net>")?;
    client.expect(530, "RCPT TO:<relay@example.net>")?;
    client.expect(250, "RSET")?;
    client.expect(235, "AUTH PLAIN AHVzZXIAcGFzcw==")?;
    for (order, answer) in [("relay on", "Ok relay is on"), ("relay off", "Ok relay is off"), ("dance", "Say relay on")]
    {
        let message = format!("From: <user@example.net>\r\nSubject: {order}\r\n\r\n");
        let reply = client.deliver("user@example.net", &["relay@example.net"], message.as_bytes())?;
        if !reply.text().contains(answer) {
            return Err(format!("{order}: {reply}"));
        }
    }
    match counter(&client.expect(214, "HELP")?.lines, "relay") {
        Some(line) if line == "off" => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn too_big(board: &mut Board) -> Result<()> {
    let mut client = Client::connect(board.address)?;
    client.greet()?;
    client.expect(552, "MAIL FROM:<alice@example.com> SIZE=8193")?;
    let line = "0123456789abcde\r\n";
    let reply = client.deliver("alice@example.com", &["bob@example.net"], line.repeat(1000).as_bytes())?;
    if reply.code != 552 {
        return Err(format!("expected 552, got {reply}"));
    }
    let reply = client.deliver("alice@example.com", &["bob@example.net"], line.repeat(400).as_bytes())?;
    if reply.code == 250 { Ok(()) } else { Err(format!("expected 250, got {reply}")) }
}

/// However many come, and whatever came before: each client is greeted or told that there is no room.
fn a_word_for_everyone(board: &mut Board) -> Result<()> {
    let address = board.address;
    let rounds = 500;
    for round in 0..rounds {
        // Three at once flood the board, so that one of them is where clients are turned away, and they leave in any order.
        let mut floods = Vec::new();
        for flood in 0..3 {
            let mut stream = connect(address)?;
            floods.push(thread::spawn(move || {
                drop(stream.set_write_timeout(Some(Duration::from_millis(200))));
                for piece in 0..(round + flood) % 7 {
                    if stream.write_all(&vec![b'x'; 700 * piece + 1]).is_err() {
                        return;
                    }
                }
            }));
        }
        // And this is the one that comes behind them.
        drop(connect(address)?);
        let mut client = Client::connect(address)?;
        let word = client.reply().map_err(|why| format!("round {round}: {why}"))?;
        if ![220, 421].contains(&word.code) {
            return Err(format!("round {round}: {word}"));
        }
        for flood in floods {
            flood.join().map_err(|_| "a client panicked")?;
        }
    }
    eventually(|| greeted(board)).map(drop)
}

/// The emulator lets one connection wait at most, and the host may leave the next one lying for a long time, so they come apart.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    thread::sleep(Duration::from_millis(3));
    Ok(stream)
}

/// Load and abuse, one kind after another; before and after, and in between, the board must have the same to say of itself.
fn load(board: &mut Board) -> Result<()> {
    garbage(board, 5)?;
    resets(board, 5)?;
    one_after_another(board, 20)?;
    two_at_once(board, 20)?;
    let before = Memory::of(board)?;
    timed("one after another", 2000, || one_after_another(board, 2000))?;
    timed("two at once", 1000, || two_at_once(board, 1000))?;
    timed("resets in mid-data", 300, || resets(board, 300))?;
    timed("floods of garbage", 200, || garbage(board, 200))?;
    timed("stalls", 2, || stalls(board))?;
    timed("one after another again", 200, || one_after_another(board, 200))?;
    let after = Memory::of(board)?;
    println!("load: {after:?}");
    // An interrupt at another depth than before may have cost the stack some words.
    if after.lost != 0 || before.lost != 0 || after.stack + 128 < before.stack || after.stack < 2048 {
        return Err(format!("memory before: {before:?}, after: {after:?}"));
    }
    let log = board.log();
    let starts = log.iter().filter(|line| line.starts_with("up at ")).count();
    match log.iter().find(|line| ["panicked", "fault"].contains(&line.as_str())) {
        None if starts == 1 => Ok(()),
        fault => Err(format!("{fault:?}, started {starts} times")),
    }
}

fn timed(what: &str, count: u32, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    run().map_err(|why| format!("{what}: {why}"))?;
    let time = begin.elapsed().as_secs_f64();
    println!("load: {count} {what} in {time:.1} s, {:.0} a second", f64::from(count) / time);
    Ok(())
}

/// What the board says of its memory.
#[derive(Debug)]
struct Memory {
    /// Octets of stack that were never used.
    stack: usize,
    /// Blocks that are neither free nor hold a message.
    lost: i64,
}

impl Memory {
    fn of(board: &Board) -> Result<Self> {
        let lines = eventually(|| greeted(board)?.expect(214, "HELP"))?.lines;
        let numbers = |name: &str| -> Vec<i64> {
            let line = counter(&lines, name).unwrap_or_default();
            line.split(|char: char| !char.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
        };
        match (numbers("blocks").as_slice(), numbers("stack").as_slice()) {
            ([free, all, kept, _], [unused, _]) => {
                Ok(Self { stack: usize::try_from(*unused).unwrap_or(0), lost: all - free - kept })
            }
            other => Err(format!("not the counters: {other:?} of {lines:?}")),
        }
    }
}

/// The line of HELP that begins with this word, without it.
fn counter(lines: &[String], name: &str) -> Option<String> {
    lines.iter().find_map(|line| Some(line.strip_prefix("2.0.0 ")?.strip_prefix(name)?.trim().to_owned()))
}

/// A client that has said EHLO.
fn greeted(board: &Board) -> Result<Client> {
    let mut client = Client::connect(board.address)?;
    client.greet()?;
    Ok(client)
}

fn message(number: usize) -> Vec<u8> {
    let line = format!("{number} the quick brown fox\r\n");
    format!("From: <alice@example.com>\r\nSubject: number {number}\r\n\r\n.{}", line.repeat(number % 80)).into_bytes()
}

/// Sends a mail on a connection of its own. A client that comes back before the board has seen the end of the last one may be told that
/// there is no room, and tries again, as clients do.
fn send(address: SocketAddr, number: usize) -> Result<Taken> {
    let mut client = eventually(|| {
        let mut client = Client::connect(address)?;
        client.greet()?;
        Ok(client)
    })?;
    let mut message = message(number);
    message.extend_from_slice(b"\r\n");
    let reply = client.deliver("alice@example.com", &["bob@example.net"], &message)?;
    if reply.code != 250 {
        return Err(format!("{reply}"));
    }
    client.expect(221, "QUIT")?;
    client.expect_close()?;
    Ok(Taken::of(&message))
}

fn one_after_another(board: &mut Board, count: usize) -> Result<()> {
    board.taken(0)?;
    let sent = (0..count).map(|number| send(board.address, number)).collect::<Result<Vec<_>>>()?;
    if board.taken(count)? == sent { Ok(()) } else { Err("the board took something else".into()) }
}

fn two_at_once(board: &mut Board, count: usize) -> Result<()> {
    board.taken(0)?;
    let address = board.address;
    let half =
        move |first: usize| (first..count).step_by(2).map(|number| send(address, number)).collect::<Result<Vec<_>>>();
    let other = thread::spawn(move || half(1));
    let mut sent = half(0)?;
    sent.extend(other.join().map_err(|_| "a client panicked")??);
    let mut taken = board.taken(count)?;
    sent.sort();
    taken.sort();
    if taken == sent { Ok(()) } else { Err("the board took something else".into()) }
}

/// Connections that end by a reset in mid-data: so they do where something is left unread.
fn resets(board: &mut Board, count: usize) -> Result<()> {
    board.taken(0)?;
    for number in 0..count {
        let mut client = eventually(|| greeted(board))?;
        client.expect(250, "MAIL FROM:<alice@example.com>")?;
        client.expect(250, "RCPT TO:<bob@example.net>")?;
        client.send(b"DATA\r\n");
        thread::sleep(Duration::from_millis(5));
        client.send(&message(number % 60 + 1));
        drop(client);
    }
    eventually(|| greeted(board))?;
    match board.taken(0)?.len() {
        0 => Ok(()),
        more => Err(format!("{more} messages came of connections that were reset")),
    }
}

/// Octets at random, some of them commands, as much as the board will take in a while.
fn garbage(board: &mut Board, count: usize) -> Result<()> {
    let words: [&[u8]; 8] =
        [b"\r\n", b"EHLO x\r\n", b"MAIL FROM:<a@b.c>\r\n", b"DATA\r\n", b"AUTH PLAIN ", b"\0", b"BDAT 9\r\n", b"\n"];
    let mut seed = 0x2545_f491_u32;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize % below
    };
    for _ in 0..count {
        let mut stream = TcpStream::connect(board.address).map_err(|error| error.to_string())?;
        let ready = stream.set_write_timeout(Some(Duration::from_secs(2)));
        ready
            .and_then(|()| stream.set_read_timeout(Some(Duration::from_millis(5))))
            .map_err(|error| error.to_string())?;
        if random(2) == 0 {
            // The greeting, if it comes in time.
            drop(stream.read(&mut [0; 100]));
        }
        for _ in 0..random(30) {
            let piece: Vec<u8> = match random(2) {
                0 => (0..random(4000)).map(|_| random(256) as u8).collect(),
                _ => (0..random(200)).flat_map(|_| words[random(8)].to_vec()).collect(),
            };
            // The board may have closed, and rightly.
            if stream.write_all(&piece).is_err() {
                break;
            }
        }
    }
    eventually(|| greeted(board)).map(drop)
}

/// Two clients that say nothing more hold both places, but not for ever, and whoever comes meanwhile is told.
fn stalls(board: &mut Board) -> Result<()> {
    let mut idle = eventually(|| greeted(board))?;
    let mut within = eventually(|| greeted(board))?;
    within.expect(250, "MAIL FROM:<alice@example.com>")?;
    within.expect(250, "RCPT TO:<bob@example.net>")?;
    within.expect(354, "DATA")?;
    within.send(b"half a li");
    // One at a time, so that one more may find nobody.
    eventually(|| match Client::connect(board.address)?.reply()? {
        busy if busy.code == 421 => Ok(()),
        other => Err(format!("expected 421, got {other}")),
    })?;
    for client in [&mut idle, &mut within] {
        match client.hear(Duration::from_secs(40))? {
            Heard::Reply(reply) if reply.code == 451 => client.expect_close()?,
            other => return Err(format!("expected a time-out, got {other:?}")),
        }
    }
    eventually(|| greeted(board)).map(drop)
}
