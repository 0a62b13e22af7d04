//! Names in the mail directory: of a mailbox's Maildir, and of a message in it.

use crate::mailbox::Mailbox;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fmt::Write as _;
use std::hash::{BuildHasher, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The directories of a Maildir.
pub(super) const PARTS: [&str; 3] = ["tmp", "new", "cur"];

/// The domain whose mailboxes stand in the mail directory itself.
const LOCALHOST: &str = "localhost";

/// The Maildir of a mailbox, relative to the mail directory: `<local part>` in the domain `localhost`,
/// `<domain>/<local part>` otherwise.
///
/// Different mailboxes have different directories, and none is outside the mail directory.
pub(super) fn directory(mailbox: &Mailbox) -> PathBuf {
    let local = encode(mailbox.local());
    if mailbox.domain() == LOCALHOST {
        return PathBuf::from(local);
    }
    // A domain's directory can be the Maildir of a mailbox at localhost that is called like the domain. The two get
    // along as long as no mailbox of the domain is called like a part of a Maildir.
    let local = if PARTS.contains(&local.as_str()) { encode_octets(&local, 1) } else { local };
    Path::new(&encode(mailbox.domain())).join(local)
}

/// A text as one component of a path: letters and digits, and what else RFC 5321 allows outside quotes, stand for
/// themselves; of every other character each octet becomes `%` and two hexadecimal digits. So do `%` itself, `/`, and
/// a dot or a hyphen at the start, for what the file system and the shell make of them. A lone `%` is the empty text.
fn encode(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (index, c) in text.char_indices() {
        let safe = match c {
            '.' | '-' => index > 0,
            c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$&'*+=?^_`{|}~".contains(c),
            c => c.is_alphanumeric(),
        };
        if safe {
            name.push(c);
        } else {
            name.push_str(&encode_octets(c.encode_utf8(&mut [0; 4]), 4));
        }
    }
    if name.is_empty() { "%".to_owned() } else { name }
}

/// A text whose first `most` octets, all of ASCII characters or the whole text, are in hexadecimal.
fn encode_octets(text: &str, most: usize) -> String {
    let mut encoded = String::new();
    for octet in text.bytes().take(most) {
        let _ = write!(encoded, "%{octet:02X}"); // writing to a string does not fail
    }
    encoded + text.get(most..).unwrap_or_default()
}

/// Sets apart processes of the same number, as every container has its process 1, and in its upper half the times that the machine was started:
/// after a crash of it another process may have any number.
static CHANCE: LazyLock<u64> = LazyLock::new(|| {
    let chance = RandomState::new().hash_one("ehlod") as u32;
    let mut hasher = DefaultHasher::new();
    // Where no system tells, all starts are the same, and numbers of processes have to do.
    BOOT.hash(&mut hasher);
    hasher.finish() << 32 | u64::from(chance)
});

/// Which start of the machine this is, where the system tells.
static BOOT: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| std::fs::read("/proc/sys/kernel/random/boot_id").ok());

/// Sets apart machines that write to the same Maildir, whatever the configuration calls them.
static MACHINE: LazyLock<u32> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    rustix::system::uname().nodename().hash(&mut hasher);
    hasher.finish() as u32
});

/// A file name that no other message has, on this machine or on another that writes to the same Maildir:
/// time, microseconds, process, count, chance and machine, and the host.
pub(super) fn unique(hostname: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (now.as_secs(), now.subsec_micros());
    let process = std::process::id();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (chance, machine) = (*CHANCE, *MACHINE);
    // What the Maildir convention wants of a host name that could hold them.
    let host = hostname.replace('/', "\\057").replace(':', "\\072");
    format!("{seconds}.M{micros}P{process}Q{count}R{chance:016x}I{machine:08x}.{host}")
}

/// Whether a file is named so by a process of this machine that is no more, such as one before its last start: nobody will write to it again.
pub(super) fn is_abandoned(name: &str) -> bool {
    let Some((process, chance, machine)) = parts(name) else { return false };
    let is_gone = |process: i32| Pid::from_raw(process).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH));
    let is_own = u32::try_from(process) == Ok(std::process::id());
    machine == *MACHINE && chance != *CHANCE && (!is_of_this_start(chance) || is_own || is_gone(process))
}

/// Whether a file is known to be named so since this machine was started last.
pub(super) fn is_since_start(name: &str) -> bool {
    let of_this_start = |(_, chance, machine)| machine == *MACHINE && is_of_this_start(chance);
    BOOT.is_some() && parts(name).is_some_and(of_this_start)
}

fn is_of_this_start(chance: u64) -> bool {
    chance >> 32 == *CHANCE >> 32
}

/// The process, the chance and the machine in a name.
fn parts(name: &str) -> Option<(i32, u64, u32)> {
    let (_, rest) = name.split_once(".M")?;
    let (_, rest) = rest.split_once('P')?;
    let (process, rest) = rest.split_once('Q')?;
    let (_, rest) = rest.split_once('R')?;
    let (chance, rest) = rest.split_once('I')?;
    let (machine, _) = rest.split_once('.')?;
    let machine = u32::from_str_radix(machine, 16).ok()?;
    Some((process.parse().ok()?, u64::from_str_radix(chance, 16).ok()?, machine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::Component;

    #[test]
    fn directories() {
        for (local, domain, path) in [
            ("Alice", "localhost", "alice"),
            ("Alice", "LocalHost", "alice"),
            ("alice", "Example.COM", "example.com/alice"),
            ("a.b+c=d_e-f", "localhost", "a.b+c=d_e-f"),
            ("!#$&'*?^`{|}~", "localhost", "!#$&'*?^`{|}~"),
            ("..", "localhost", "%2E."),
            (".", "example.com", "example.com/%2E"),
            ("../../etc/passwd", "localhost", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("a/b", "localhost", "a%2Fb"),
            ("a%2Fb", "localhost", "a%252fb"),
            ("a b", "localhost", "a%20b"),
            ("a:b@c\\d\"e", "localhost", "a%3Ab%40c%5Cd%22e"),
            ("a\0b\r\n\u{7f}", "localhost", "a%00b%0D%0A%7F"),
            ("-rf", "localhost", "%2Drf"),
            ("", "localhost", "%"),
            ("%", "localhost", "%25"),
            ("δοκιμή", "localhost", "δοκιμή"),
            ("a\u{202e}b", "localhost", "a%E2%80%AEb"),
            ("tmp", "localhost", "tmp"),
            ("tmp", "example.com", "example.com/%74mp"),
            ("New", "example.com", "example.com/%6Eew"),
            ("cur", "example.com", "example.com/%63ur"),
        ] {
            assert_eq!(directory(&Mailbox::new(local, domain)), Path::new(path), "{local}@{domain}");
        }
    }

    #[test]
    fn no_two_alike_and_none_outside() {
        let pieces = ["", ".", "..", "/", "%", "a", "%2E", "-", "tmp", "example.com", " ", "\0", "é", "e\u{301}", "//"];
        let mut directories = HashSet::new();
        let mut mailboxes = HashSet::new();
        for one in pieces {
            for two in pieces {
                for domain in ["localhost", "example.com"] {
                    let mailbox = Mailbox::new(&format!("{one}{two}"), domain);
                    let path = directory(&mailbox);
                    let depth = path.components().filter(|part| matches!(part, Component::Normal(_))).count();
                    assert_eq!(depth, path.components().count(), "{path:?}");
                    assert_eq!(depth, if domain == "localhost" { 1 } else { 2 }, "{path:?}");
                    mailboxes.insert(mailbox);
                    directories.insert(path);
                }
            }
        }
        assert_eq!(directories.len(), mailboxes.len());
    }

    #[test]
    fn names_differ() {
        let names: HashSet<_> = (0..1000).map(|_| unique("mx.example")).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.ends_with(".mx.example") && !name.contains(['/', ':', ','])));
        assert!(unique("a/b:c").ends_with(".a\\057b\\072c"));
    }

    #[test]
    fn files_of_processes_that_are_no_more() {
        let ours = unique("mx.example");
        assert!(!is_abandoned(&ours));
        let chance = format!("R{:016x}", *CHANCE);
        let before = ours.replace(&chance, &format!("R{:016x}", *CHANCE ^ 1));
        assert!(is_abandoned(&before), "a process of the same number, before this one");
        assert!(is_abandoned(&format!("{:020}.{before}", 4711)), "a message that was to be held");
        let process = |number: i32| before.replace(&format!("P{}Q", std::process::id()), &format!("P{number}Q"));
        assert!(!is_abandoned(&process(std::os::unix::process::parent_id() as i32)), "a process that lives");
        let earlier = process(std::os::unix::process::parent_id() as i32)
            .replace(&format!("R{:016x}", *CHANCE ^ 1), &format!("R{:016x}", *CHANCE ^ (1 << 40)));
        assert!(is_abandoned(&earlier), "one of that number before the machine was started");
        assert!(is_abandoned(&process(i32::MAX)), "one that there cannot be");
        assert!(!is_abandoned(&before.replace(&format!("I{:08x}", *MACHINE), "I00000000")), "another machine");
        for other in ["", "young", "1.M2P3Q4.host", "1.M2PxQ4R5I6.host"] {
            assert!(!is_abandoned(other), "{other}");
        }
    }
}
