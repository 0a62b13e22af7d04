//! Messages into Maildirs.

use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::SystemTime;
use tempfile::TempDir;

const HEAD: &[u8] = b"Return-Path: <a@b>\r\nReceived: from x\r\n";

fn open(sync: bool) -> (TempDir, PathBuf, Delivery) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("deep/mail");
    let maildir = Maildir::open(&root, sync, "mx.example").unwrap();
    (place, root, Delivery::Maildir(Arc::new(maildir)))
}

fn mailboxes(texts: &[&str]) -> Vec<Mailbox> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

async fn deliver(delivery: &Delivery, to: &[&str], content: &[u8]) -> Result<(), DeliveryError> {
    let mut message = delivery.begin(&mailboxes(to), HEAD.to_vec());
    for piece in content.chunks(16 * 1024) {
        message.write(piece).await?;
    }
    assert_eq!(message.size(), content.len() as u64);
    message.commit().await
}

/// Every file below a directory, by its path in it, once what is delivered is in `new` alone.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    loop {
        let found = every_file(root);
        if !found.keys().any(|path| path.to_string_lossy().contains(unsettled::SUM)) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Every file below a directory, by its path in it.
fn every_file(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_path_buf(), fs::read(path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn one_recipient() {
    let (_place, root, delivery) = open(true);
    let content = b"Subject: x\r\n\r\n.dot\r\nno end";
    deliver(&delivery, &["Alice@localhost"], content).await.unwrap();
    deliver(&delivery, &["bob@example.com"], b"").await.unwrap();
    let files = files(&root);
    let [(alice, got), (bob, empty)] = files.iter().collect::<Vec<_>>()[..] else { panic!("{files:?}") };
    assert_eq!(*got, [HEAD, content].concat());
    assert_eq!(*empty, HEAD);
    assert!(alice.starts_with("alice/new") && bob.starts_with("example.com/bob/new"), "{files:?}");
    assert!(alice.to_str().unwrap().ends_with(&format!(".mx.example,S={}", got.len())), "{alice:?}");
    assert!(root.join("alice/tmp").is_dir() && root.join("alice/cur").is_dir());
    assert_eq!(fs::metadata(root.join(alice)).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(root.join("alice")).unwrap().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn several_recipients_share_one_file() {
    for sync in [true, false] {
        let (_place, root, delivery) = open(sync);
        // The third is the first once more, by another case.
        deliver(&delivery, &["a@localhost", "b@example.com", "A@localhost", "c@localhost"], b"x").await.unwrap();
        let files = files(&root);
        assert_eq!(files.len(), 3, "{files:?}");
        for (path, content) in &files {
            assert_eq!(*content, [HEAD, b"x"].concat());
            assert_eq!(path.parent().unwrap().file_name().unwrap(), "new");
            assert_eq!(fs::metadata(root.join(path)).unwrap().nlink(), 3);
        }
    }
}

#[tokio::test]
async fn long_messages_pass_through_a_bounded_buffer() {
    let (_place, root, delivery) = open(true);
    let content: Vec<u8> = (0..3 * BUFFER as u32 + 17).flat_map(u32::to_le_bytes).collect();
    deliver(&delivery, &["a@localhost", "b@localhost"], &content).await.unwrap();
    for (_, got) in files(&root) {
        assert!(got == [HEAD, &content].concat());
    }

    let mut message = delivery.begin(&mailboxes(&["a@localhost"]), HEAD.to_vec());
    message.write(&content).await.unwrap();
    assert!(message.held() <= BUFFER, "{}", message.held());
    for piece in content.chunks(7).take(100_000) {
        message.write(piece).await.unwrap();
        assert!(message.held() <= BUFFER, "{}", message.held());
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_message_that_is_dropped() {
    let (_place, root, delivery) = open(true);
    for length in [0, 10, BUFFER, 3 * BUFFER] {
        let mut message = delivery.begin(&mailboxes(&["a@localhost", "b@localhost"]), HEAD.to_vec());
        message.write(&vec![b'x'; length]).await.unwrap();
        let begun = if root.exists() { files(&root).len() } else { 0 };
        assert_eq!(begun, usize::from(length >= BUFFER), "{length}");
        drop(message);
        for _ in 0..200 {
            if files(&root).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(files(&root).is_empty());
    }
}

#[test]
fn nothing_is_left_of_a_message_that_outlives_the_runtime() {
    let (_place, root, delivery) = open(true);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let message = runtime.block_on(async {
        let mut message = delivery.begin(&mailboxes(&["a@localhost"]), Vec::new());
        message.write(&vec![b'x'; 2 * BUFFER]).await.unwrap();
        message
    });
    drop(runtime);
    assert_eq!(files(&root).len(), 1);
    drop(message);
    assert!(files(&root).is_empty());
}

#[tokio::test]
async fn a_mailbox_that_fails_takes_the_others_with_it() {
    let (_place, root, delivery) = open(true);
    fs::write(root.join("broken"), "not a directory").unwrap();
    for to in [["a@localhost", "b@localhost", "broken@localhost"], ["broken@localhost", "a@localhost", "b@localhost"]] {
        let error = deliver(&delivery, &to, b"x").await.unwrap_err();
        assert_eq!(error.failure, Failure::DirectoryInaccessible, "{error}");
        assert_eq!(files(&root).into_keys().collect::<Vec<_>>(), [PathBuf::from("broken")]);
    }
    deliver(&delivery, &["a@localhost"], b"x").await.unwrap();
}

#[tokio::test]
async fn failed_writes_are_not_forgotten() {
    let (_place, root, delivery) = open(true);
    fs::write(root.join("broken"), "not a directory").unwrap();
    let mut message = delivery.begin(&mailboxes(&["broken@localhost"]), Vec::new());
    let error = message.write(&vec![b'x'; BUFFER + 1]).await.unwrap_err();
    assert_eq!(error.failure, Failure::DirectoryInaccessible);
    fs::remove_file(root.join("broken")).unwrap();
    assert!(message.write(b"more").await.is_err());
    assert!(message.commit().await.is_err());
    assert!(files(&root).is_empty());
}

#[tokio::test]
async fn without_links_there_are_copies() {
    let (_place, root, delivery) = open(true);
    // A directory on another file system, where there is one.
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return };
    std::os::unix::fs::symlink(elsewhere.path(), root.join("far")).unwrap();
    deliver(&delivery, &["near@localhost", "far@localhost"], b"x").await.unwrap();
    let far = files(elsewhere.path());
    assert_eq!(far.into_values().collect::<Vec<_>>(), [[HEAD, b"x"].concat()]);
    assert!(files(&root).into_keys().all(|path| path.components().any(|part| part.as_os_str() == "new")));
}

#[tokio::test]
async fn maildirs_that_vanish_come_back_but_the_mail_directory_does_not() {
    let (_place, root, delivery) = open(true);
    deliver(&delivery, &["a@localhost", "b@x"], b"1").await.unwrap();
    fs::remove_dir_all(root.join("a")).unwrap();
    fs::remove_dir_all(root.join("x")).unwrap();
    deliver(&delivery, &["a@localhost", "b@x"], b"2").await.unwrap();
    assert_eq!(files(&root).len(), 2);
    fs::remove_dir_all(root.join("a/new")).unwrap();
    fs::remove_dir_all(root.join("x/b/new")).unwrap();
    deliver(&delivery, &["a@localhost", "b@x"], b"2").await.unwrap();
    assert_eq!(files(&root).len(), 2);

    fs::remove_dir_all(&root).unwrap();
    let error = deliver(&delivery, &["a@localhost"], b"3").await.unwrap_err();
    assert_eq!(error.failure, Failure::DirectoryInaccessible);
    assert!(delivery.free_space().unwrap().is_err());
    assert!(delivery.clean().is_err());
    fs::write(&root, "a file").unwrap();
    let error = deliver(&delivery, &["c@localhost"], b"3").await.unwrap_err();
    assert_eq!(error.failure, Failure::DirectoryInaccessible);
}

#[tokio::test]
async fn hostile_local_parts_stay_inside() {
    let (place, root, delivery) = open(false);
    let hostile = [
        "..",
        ".",
        "",
        "/etc/passwd",
        "../../x",
        "a/../../b",
        "tmp",
        "new",
        "cur",
        "\0",
        "\r\n",
        "a\\b",
        "-rf",
        "~",
        "%2E",
    ];
    let mut expected = 0;
    for local in hostile {
        for domain in ["localhost", "example.com"] {
            let mut message = delivery.begin(&[Mailbox::new(local, domain)], Vec::new());
            message.write(format!("{local}@{domain}").as_bytes()).await.unwrap();
            message.commit().await.unwrap();
            expected += 1;
        }
    }
    let inside = files(&root);
    assert_eq!(inside.len(), expected);
    assert_eq!(files(place.path()).len(), expected);
    assert!(inside.keys().all(|path| path.parent().unwrap().file_name().unwrap() == "new"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once() {
    let (_place, root, delivery) = open(false);
    let tasks: Vec<_> = (0..200)
        .map(|number: usize| {
            let delivery = delivery.clone();
            tokio::spawn(async move {
                let own = format!("m{}@localhost", number % 5);
                let content = number.to_string().repeat(1 + number * 200);
                deliver(&delivery, &["all@localhost", &own], content.as_bytes()).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let files = files(&root);
    assert_eq!(files.len(), 400);
    let all: Vec<_> =
        files.iter().filter(|(path, _)| path.starts_with("all/new")).map(|(_, content)| content).collect();
    assert_eq!(all.len(), 200);
    for number in 0..200_usize {
        let content = [HEAD, number.to_string().repeat(1 + number * 200).as_bytes()].concat();
        assert_eq!(all.iter().filter(|got| ***got == content).count(), 1, "{number}");
    }
}

#[tokio::test]
async fn leftovers_are_cleaned() {
    let (_place, root, delivery) = open(false);
    deliver(&delivery, &["a@localhost", "b@example.com"], b"x").await.unwrap();
    let old = SystemTime::now() - LEFT_OVER - Duration::from_secs(60);
    for (path, time) in [
        ("a/tmp/old", old),
        ("a/tmp/young", SystemTime::now()),
        ("example.com/b/tmp/old", old),
        ("a/new/old", old),
        ("a/cur/old", old),
    ] {
        let file = fs::File::create(root.join(path)).unwrap();
        file.set_modified(time).unwrap();
    }
    assert_eq!(delivery.clean().unwrap(), 2);
    let left = files(&root);
    assert_eq!(left.len(), 5, "{left:?}");
    assert!(left.contains_key(Path::new("a/tmp/young")));
    assert_eq!(delivery.clean().unwrap(), 0);
}

#[tokio::test]
async fn discarding() {
    let mut message = Delivery::Discard.begin(&mailboxes(&["a@localhost"]), HEAD.to_vec());
    message.write(&[b'x'; 1000]).await.unwrap();
    message.write(&[b'x'; 234]).await.unwrap();
    assert_eq!(message.size(), 1234);
    message.commit().await.unwrap();
    assert!(Delivery::Discard.free_space().is_none());
    assert_eq!(Delivery::Discard.clean().unwrap(), 0);
}

#[test]
fn space_and_failures() {
    let (place, _, delivery) = open(true);
    assert!(free_space(place.path()).unwrap() > 0);
    assert!(delivery.free_space().unwrap().unwrap() > 0);
    let failure = |error: rustix::io::Errno| DeliveryError::new(Path::new("x"), std::io::Error::from(error)).failure;
    assert_eq!(failure(rustix::io::Errno::NOSPC), Failure::NoSpace);
    assert_eq!(failure(rustix::io::Errno::DQUOT), Failure::NoSpace);
    assert_eq!(failure(rustix::io::Errno::ACCESS), Failure::DirectoryInaccessible);
    assert_eq!(failure(rustix::io::Errno::NOENT), Failure::DirectoryInaccessible);
    assert_eq!(failure(rustix::io::Errno::NOTDIR), Failure::DirectoryInaccessible);
    assert_eq!(failure(rustix::io::Errno::IO), Failure::Other);
}

#[test]
fn nobody_to_deliver_to() {
    let (_place, root, _) = open(true);
    let maildir = Arc::new(Maildir::open(&root, true, "x").unwrap());
    assert_eq!(maildir.begin(&[]).unwrap_err().failure, Failure::Other);
}

#[tokio::test]
async fn what_is_held_comes_to_light_at_its_time() {
    for sync in [false, true] {
        let (_place, root, delivery) = open(sync);
        let now = SystemTime::now();
        let (early, late) = (now + Duration::from_secs(60), now + Duration::from_secs(120));
        assert_eq!(delivery.release(now).0, Released::default());
        let odd = "\"a \\\"b\\\" @c\"@example.com";
        let long = b"x: y\r\n\r\n".repeat(50_000);
        for (to, until, content) in [(&["a@localhost", odd][..], late, &long[..]), (&["c@localhost"], early, b"early")]
        {
            let mut message = delivery.hold(&mailboxes(to), until, HEAD.to_vec());
            message.write(content).await.unwrap();
            assert!(files(&root).keys().all(|path| path.starts_with(".held")));
            message.commit().await.unwrap();
        }
        let held = files(&root);
        assert_eq!(held.keys().filter(|path| path.starts_with(".held/new")).count(), 2, "{:?}", held.keys());
        // One that is given up leaves nothing.
        let mut message = delivery.hold(&mailboxes(&["d@localhost"]), early, HEAD.to_vec());
        message.write(&long).await.unwrap();
        drop(message);

        let next = |released: &Released| released.next.unwrap().duration_since(now).unwrap().as_secs();
        let (released, failure) = delivery.release(now + Duration::from_secs(59));
        assert_eq!((released.delivered.len(), next(&released)), (0, 60));
        assert!(failure.is_none());
        let (released, failure) = delivery.release(now + Duration::from_secs(61));
        assert_eq!((released.delivered.len(), next(&released)), (1, 120));
        assert!(failure.is_none());
        let (released, failure) = delivery.release(now + Duration::from_secs(121));
        assert_eq!((released.delivered.len(), released.next), (1, None));
        assert!(failure.is_none());

        let delivered: Vec<_> = files(&root).into_iter().filter(|(path, _)| !path.starts_with(".held/tmp")).collect();
        let contents: Vec<_> = delivered.iter().map(|(_, content)| content.clone()).collect();
        let [long, early] = [[HEAD, &long].concat(), [HEAD, b"early"].concat()];
        assert!(
            contents == [long.clone(), early, long],
            "{:?}",
            delivered.iter().map(|(path, _)| path).collect::<Vec<_>>()
        );
        assert!(delivered[1].0.starts_with("c/new"));
    }
}

#[tokio::test]
async fn what_cannot_be_released_stays() {
    let (_place, root, delivery) = open(true);
    let now = SystemTime::now();
    for to in ["a@localhost", "broken@localhost"] {
        let mut message = delivery.hold(&mailboxes(&[to]), now, Vec::new());
        message.write(b"x").await.unwrap();
        message.commit().await.unwrap();
    }
    fs::write(root.join("broken"), "no directory").unwrap();
    fs::write(root.join(".held/new/00000000000000000001.cut"), "a@localhost\nb@loc").unwrap();
    fs::write(root.join(".held/new/README"), "not ours").unwrap();
    let later = now + Duration::from_secs(2);
    let (released, failure) = delivery.release(later);
    assert_eq!((released.delivered.len(), released.next), (1, None));
    assert!(failure.is_some());
    assert_eq!(fs::read_dir(root.join(".held/new")).unwrap().count(), 3);
    fs::remove_file(root.join("broken")).unwrap();
    assert_eq!(delivery.release(later).0.delivered.len(), 1);
    assert_eq!(files(&root.join("broken/new")).into_values().collect::<Vec<_>>(), [b"x"]);
}

/// What stands in a mailbox's `maildirsize`.
fn sizes(root: &Path, mailbox: &str) -> String {
    fs::read_to_string(root.join(mailbox).join("maildirsize")).unwrap_or_default()
}

#[tokio::test]
async fn what_lies_in_a_mailbox_with_a_quota_is_told_by_a_file() {
    let (_place, root, delivery) = open(false);
    let alice: Mailbox = "alice@localhost".parse().unwrap();
    let usage = |quota: u64, added: u64| delivery.usage(&alice, quota, added);
    assert_eq!(usage(1000, 1), 0);
    assert_eq!(sizes(&root, "alice"), "", "there is no mailbox yet");
    deliver(&delivery, &["alice@localhost"], b"0123456789").await.unwrap();
    let size = 10 + HEAD.len() as u64;
    for (path, octets) in
        [("alice/cur/x,S=300:2,S", 1), ("alice/cur/y:2,ST", 1), ("alice/.Sent/new/z", 20), ("alice/.Trash/cur/z", 1)]
    {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), vec![b'x'; octets]).unwrap();
    }
    assert_eq!(usage(1000, 1), size + 320);
    assert_eq!(sizes(&root, "alice"), format!("1000S\n{} 3\n", size + 320));
    deliver(&delivery, &["bob@localhost", "alice@localhost"], b"0123456789").await.unwrap();
    assert_eq!(sizes(&root, "alice"), format!("1000S\n{} 3\n{size} 1\n", size + 320));
    assert_eq!(sizes(&root, "bob"), "", "nobody asked");

    // What a mail program says goes, and is not looked for as long as there is room.
    let say = |text: &str| fs::write(root.join("alice/maildirsize"), text).unwrap();
    say("1000S,20C\n500 3\n-100 -1\n");
    assert_eq!(usage(1000, 600), 400);
    // Where there would be none the mail itself is counted, once.
    let counted = 2 * size + 320;
    assert_eq!(usage(1000, 601), counted);
    assert_eq!(sizes(&root, "alice"), format!("1000S\n{counted} 4\n"));
    say("1000S\n999 3\n");
    assert_eq!(usage(1000, 2), 999, "a fresh count is believed");
    let old = SystemTime::now() - Duration::from_secs(16 * 60);
    fs::File::options().write(true).open(root.join("alice/maildirsize")).unwrap().set_modified(old).unwrap();
    assert_eq!(usage(1000, 2), counted);
    for useless in
        ["999S\n5 1\n", "1000S\nfive 1\n", "1000S\n-5 1\n", "1000S", "", &format!("1000S\n{}", "1 1\n".repeat(2000))]
    {
        say(useless);
        assert_eq!(usage(1000, 1), counted, "{useless:.20}");
        assert_eq!(sizes(&root, "alice"), format!("1000S\n{counted} 4\n"));
    }
}

#[tokio::test]
async fn mailboxes_that_are_left_out_get_nothing() {
    for (left_out, long) in [("a", false), ("b", false), ("a", true), ("c", true)] {
        let (_place, root, delivery) = open(true);
        let all = mailboxes(&["a@localhost", "b@localhost", "c@localhost"]);
        let mut message = delivery.begin(&all, HEAD.to_vec());
        let content = vec![b'x'; if long { 3 * BUFFER } else { 10 }];
        message.write(&content).await.unwrap();
        message.leave_out(&[format!("{left_out}@localhost").parse().unwrap()]);
        message.commit().await.unwrap();
        let found = files(&root);
        assert_eq!(found.len(), 2, "{found:?}");
        for (path, octets) in &found {
            assert!(!path.starts_with(left_out) && path.parent().unwrap().ends_with("new"), "{path:?}");
            assert_eq!(octets.len(), HEAD.len() + content.len());
        }
    }
}
