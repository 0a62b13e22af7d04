//! Messages, and what is found in them.

use super::walk::MOST_ENCODED;
use super::*;
use crate::config::{Address, Conformance};

fn checks(change: impl FnOnce(&mut ContentConfig)) -> Arc<Checks> {
    let mut config = ContentConfig::default();
    change(&mut config);
    Arc::new(Checks::new(&config).unwrap())
}

/// What is found in a message, however it comes in.
fn found(checks: &Arc<Checks>, message: &[u8]) -> Option<Finding> {
    found_in(checks, message, false)
}

fn found_in(checks: &Arc<Checks>, message: &[u8], utf8: bool) -> Option<Finding> {
    let look = |cut: usize| {
        let (mut walker, mut bounds) = (Walker::new(Arc::clone(checks), utf8), Bounds::new());
        for piece in message.chunks(cut) {
            if let Some(found) = walker.take(piece, &mut bounds).unwrap() {
                return Some(found);
            }
        }
        walker.end(&mut bounds).unwrap()
    };
    let whole = look(message.len().max(1));
    for cut in [1, 2, 3, 7, 100] {
        assert_eq!(look(cut), whole, "cut {cut}");
    }
    whole
}

fn strict() -> Arc<Checks> {
    checks(|config| config.conformance = Conformance::Refuse)
}

fn fault(message: &str) -> Option<&'static str> {
    match found(&strict(), message.as_bytes()) {
        None => None,
        Some(Finding::Fault(what, true)) => Some(what),
        other => panic!("{other:?}"),
    }
}

const HEAD: &str = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: <a@example.org>\r\n";
const MIME: &str = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: A <a@example.org>\r\nMIME-Version: 1.0\r\n";

#[test]
fn messages_that_conform() {
    for right in [
        format!("{HEAD}\r\n"),
        HEAD.to_owned(),
        format!("{HEAD}Subject: a\r\n b\r\nX-a: (\r\nX-a: b\r\n\r\nbody\r\n--x\r\n"),
        format!("{HEAD}From_: x\r\nSubject: =?utf-8?Q?caf=C3=A9?=\r\n\r\n{}\r\n", "x".repeat(998)),
        format!("{MIME}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncafé\r\n"),
        format!("{MIME}Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=\r\nb=3D\r\n"),
        format!(
            "{MIME}Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\r\none\r\n--a b \t\r\n\
             Content-Type: multipart/digest; boundary=\"a b-\"\r\n\r\n--a b-\r\n\r\nSubject: x\r\n\r\nx\r\n--a b---\r\n\
             --a b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nZm9v\r\nYg==\r\n--a b--\r\nepilogue\r\n"
        ),
        format!("{MIME}Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nx\r\n"),
        format!(
            "{MIME}Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0{}\0\u{fe}",
            "x".repeat(5000)
        ),
    ] {
        assert_eq!(fault(&right), None, "{right}");
    }
    let utf8 = format!("{HEAD}Subject: café\r\n\r\n");
    assert_eq!(found_in(&strict(), utf8.as_bytes(), true), None);
    assert!(found_in(&strict(), utf8.as_bytes(), false).is_some());
    assert!(found_in(&strict(), &[HEAD.as_bytes(), b"Subject: \xe9\r\n\r\n"].concat(), true).is_some());
}

#[test]
fn messages_that_do_not() {
    let multipart = |rest: &str| format!("{MIME}Content-Type: multipart/mixed; boundary=b\r\n\r\n{rest}");
    let encoded = |encoding: &str, body: &str| {
        format!("{MIME}Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n")
    };
    for (wrong, what) in [
        (String::new(), "no Date, or one that is none"),
        ("From: <a@example.org>\r\n\r\nx\r\n".to_owned(), "no Date, or one that is none"),
        ("Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\nx\r\n".to_owned(), "no From, or one without an address"),
        (
            "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: nobody\r\n\r\n".to_owned(),
            "no From, or one without an address",
        ),
        ("Date: soon\r\nFrom: <a@example.org>\r\n\r\n".to_owned(), "no Date, or one that is none"),
        (format!("{HEAD}no field\r\n\r\n"), "a line of the header section is no field"),
        (format!(" {HEAD}\r\n"), "a field name of other characters, or with white space behind it"),
        (format!("{HEAD}Subject : x\r\n\r\n"), "a field name of other characters, or with white space behind it"),
        (format!("{HEAD}: x\r\n\r\n"), "a field name of other characters, or with white space behind it"),
        (format!("{HEAD}Subject: x\r\nSUBJECT: y\r\n\r\n"), "a field that may be there once is there twice"),
        (format!("{HEAD}Subject: x\r\n \t\r\n y\r\n\r\n"), "a field is continued by white space alone"),
        (format!("{HEAD}Subject: a\0b\r\n\r\n"), "NUL in the header section"),
        (format!("{HEAD}Subject: =?utf-8?B?Zg=?=\r\n\r\n"), "an encoded word that is none in the Subject"),
        (format!("{HEAD}X: {}\r\n\r\n", "x".repeat(996)), "a line of more than 998 octets"),
        (format!("{HEAD}\r\n{}\r\n", "x".repeat(999)), "a line of more than 998 octets"),
        (format!("{HEAD}\r\na\0b\r\n"), "NUL in a body"),
        (format!("{HEAD}\r\ncafé\r\n"), "octets over 127 in a body that is 7bit"),
        (format!("{HEAD}Content-Type: text/plain\r\n\r\n"), "fields of MIME without MIME-Version"),
        (format!("{HEAD}MIME-Version: 2.0\r\n\r\n"), "a MIME-Version that is not 1.0"),
        (format!("{MIME}Content-Type: text\r\n\r\n"), "a Content-Type that is none"),
        (format!("{MIME}Content-Type: multipart/mixed\r\n\r\nx\r\n"), "a multipart without a boundary"),
        (
            format!("{MIME}Content-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n", "x".repeat(71)),
            "a boundary that cannot be one",
        ),
        (multipart("--b\r\n\r\nx\r\n"), "a multipart without its end"),
        (multipart("--b--\r\n"), "a multipart without a part"),
        (
            multipart("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b--\r\n"),
            "a multipart without its end",
        ),
        (
            multipart("--b\r\nContent-Transfer-Encoding: base32\r\n\r\nx\r\n--b--\r\n"),
            "a Content-Transfer-Encoding that there is none of",
        ),
        (encoded("base64", "Zm9v*"), "Base64: a character that is not in the alphabet"),
        (encoded("base64", "Zm9"), "Base64: the end is missing"),
        (encoded("base64", &"Zm9v".repeat(20)), "an encoded line of more than 76 characters"),
        (encoded("quoted-printable", "a=b"), "quoted-printable: an equals sign without two hexadecimal digits"),
        (encoded("quoted-printable", &"x".repeat(77)), "an encoded line of more than 76 characters"),
        (
            format!("{MIME}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nWDogeA==\r\n"),
            "a message within that is encoded",
        ),
    ] {
        assert_eq!(fault(&wrong), Some(what), "{wrong}");
    }
}

#[test]
fn parts_that_are_too_deep() {
    let nested = |depth: usize| {
        let open: String = (0..depth)
            .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
            .collect();
        let close: String = (0..depth).rev().map(|level| format!("\r\n--b{level}--\r\n")).collect();
        format!("{MIME}{open}\r\nlottery{close}")
    };
    assert_eq!(fault(&nested(40)), None);
    assert_eq!(fault(&nested(60)), Some("parts in parts that are too deep"));
    // What is looked for is found there too.
    let checks = checks(|config| config.keywords = vec!["lottery".to_owned()]);
    assert!(found(&checks, nested(60).as_bytes()).is_some());
    let messages = format!("{}\r\nlottery\r\n", "Content-Type: message/rfc822\r\n\r\n".repeat(10_000));
    assert!(found(&checks, messages.as_bytes()).is_some());
    // Messages beside one another are not deep.
    let digest = format!(
        "{MIME}Content-Type: multipart/digest; boundary=b\r\n\r\n{}--b--\r\n",
        "--b\r\n\r\nSubject: x\r\n\r\nx\r\n".repeat(200)
    );
    assert_eq!(fault(&digest), None);
}

#[test]
fn keywords_are_found_wherever_they_stand() {
    let checks = checks(|config| {
        config.keywords = vec!["Free Money".to_owned(), "发票".to_owned()];
        config.subject_keywords = vec!["lottery".to_owned(), "发票".to_owned()];
    });
    let key = |key: &str| Some(Finding::Key(key.to_owned()));
    let part = |fields: &str, body: &str| {
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{fields}\r\n{body}\r\n--b--\r\n")
    };
    for (message, expected) in [
        ("Subject: free money\r\n\r\nnothing\r\n".to_owned(), None),
        ("Subject: x\r\n\r\nget FREE\r\nmoney now\r\n".to_owned(), key("Free Money")),
        ("Subject: your LOTTERY\r\n\r\nfree money".to_owned(), Some(Finding::SubjectKey("lottery".to_owned()))),
        (
            "Subject: =?utf-8?B?bG90?=\r\n =?utf-8?Q?tery?=\r\n\r\n".to_owned(),
            Some(Finding::SubjectKey("lottery".to_owned())),
        ),
        (
            "Subject: a=?gb2312?B?t6LG?= =?gb2312?B?sQ==?=b\r\n\r\n".to_owned(),
            Some(Finding::SubjectKey("发票".to_owned())),
        ),
        (part("Content-Transfer-Encoding: base64\r\n", "ZnJl\r\nZSBtb25leQ==\r\n"), key("Free Money")),
        (part("Content-Transfer-Encoding: quoted-printable\r\n", "fr=65e mon=\r\ney"), key("Free Money")),
        (part("Content-Type: text/html\r\n", "<p>fr<b>ee</b>&nbsp;money"), key("Free Money")),
        (
            part("Content-Type: TEXT/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n", "t6LGsQ=="),
            key("发票"),
        ),
        (part("Content-Type: image/png\r\n", "free money"), None),
        (part("Content-Type: message/rfc822\r\n", "Subject: lottery\r\n\r\nfree money"), key("Free Money")),
        (
            part("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", "WDogeQ0KDQpmcmVlIG1vbmV5"),
            key("Free Money"),
        ),
        ("\r\nfree money".to_owned(), key("Free Money")),
        // The delimiter parts words, and the text of two parts is not one.
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfree\r\n--b\r\n\r\nmoney\r\n--b--\r\n"
                .to_owned(),
            None,
        ),
    ] {
        assert_eq!(found(&checks, message.as_bytes()), expected, "{message}");
    }
}

/// An archive with these files.
pub(super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use ::zip::ZipWriter;
    use ::zip::write::SimpleFileOptions;
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, octets) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(octets).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An OLE2 file with a stream of this name; no more of one than is looked at.
fn ole(stream: &str) -> Vec<u8> {
    let mut file = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    file.resize(512, 0);
    let name: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
    file.extend_from_slice(&name);
    file.resize(512 + 64, 0);
    file.extend_from_slice(&[name.len() as u8 + 2, 0, 2]);
    file.resize(1024, 0);
    file
}

/// In lines of Base64.
fn encoded(octets: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    let text = Base64::encode_string(octets);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn attached(octets: &[u8]) -> Vec<u8> {
    let lines = encoded(octets);
    format!("{MIME}Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}").into_bytes()
}

#[test]
fn macros_are_found_whatever_the_names() {
    let checks = checks(|config| config.refuse_macros = true);
    let (with, without) = (ole("_VBA_PROJECT"), ole("WordDocument"));
    let nested = |depth: usize| {
        let inner = archive(&[("x.bin", &with)]);
        (1..depth).fold(inner, |inner, _| archive(&[("decoy", b"x"), ("inner.txt", &inner)]))
    };
    for (what, file, has_macros) in [
        ("OLE2 with", with.clone(), true),
        ("OLE2 without", without.clone(), false),
        ("docm", archive(&[("[Content_Types].xml", b"<x/>"), ("word/vbaProject.bin", b"x")]), true),
        ("docx", archive(&[("[Content_Types].xml", b"<x/>"), ("word/embeddings/oleObject1.bin", &without)]), false),
        ("a project by another name", archive(&[("word/x", &with)]), true),
        ("nested", nested(5), true),
        ("too deep", nested(6), false),
        ("broken", nested(1).into_iter().take(90).collect(), false),
        ("no archive", b"PK\x03\x04 and that is all".to_vec(), false),
        ("short", b"PK".to_vec(), false),
        ("empty", Vec::new(), false),
    ] {
        let expected = has_macros.then_some(Finding::Macros);
        assert_eq!(found(&checks, &attached(&file)), expected, "{what}");
    }
}

#[test]
fn bombs_are_cut_off() {
    let checks = checks(|config| config.refuse_macros = true);
    // Nine archives with nine archives each, and so on; each of the last is 10 MiB of an OLE2 file that says nothing.
    let mut bomb = ole("WordDocument");
    bomb.resize(10 << 20, 0);
    for _ in 0..4 {
        let files: Vec<(String, &[u8])> = (0..9).map(|number| (number.to_string(), bomb.as_slice())).collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, octets)| (name.as_str(), *octets)).collect();
        bomb = archive(&files);
    }
    let (mut walker, mut bounds) = (Walker::new(checks, false), Bounds::new());
    assert_eq!(walker.take(&attached(&bomb), &mut bounds).unwrap(), None);
    assert_eq!(walker.end(&mut bounds).unwrap(), None);
    assert!(bounds.passed);
}

/// What may be spent on archives is spent once for a message, whatever they are wrapped in.
#[test]
fn bombs_in_encoded_messages_are_of_the_same_message() {
    let checks = checks(|config| config.refuse_macros = true);
    let mut filling = ole("WordDocument");
    filling.resize(60 << 20, 0);
    let bomb = attached(&archive(&[("x", &filling)]));
    let inner: String = encoded(&bomb);
    let part = format!("--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}");
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(3));
    let (mut walker, mut bounds) = (Walker::new(checks, false), Bounds::new());
    assert_eq!(walker.take(message.as_bytes(), &mut bounds).unwrap(), None);
    assert_eq!(walker.end(&mut bounds).unwrap(), None);
    assert!(bounds.passed);
}

#[test]
fn messages_that_are_encoded_in_one_another() {
    let checks = checks(|config| config.keywords = vec!["lottery".to_owned()]);
    let nested = |depth: usize| {
        let wrap = |inner: String, _| {
            let inner = encoded(inner.as_bytes());
            format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}")
        };
        (0..depth).fold("Subject: x\r\n\r\nlottery\r\n".to_owned(), wrap)
    };
    assert!(found(&checks, nested(MOST_ENCODED).as_bytes()).is_some());
    // None may be, and no reader looks further.
    assert!(found(&checks, nested(MOST_ENCODED + 2).as_bytes()).is_none());
}

/// Pieces that messages of every kind are made of, and broken ones.
const PIECES: [&str; 44] = [
    "Subject: lottery\r\n",
    "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n",
    "From: <a@example.org>\r\n",
    "MIME-Version: 1.0\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: multipart/digest; boundary=\"b \"\r\n",
    "Content-Type: text/html\r\n",
    "Content-Type: multipart/mixed; boundary=b--\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: image/png\r\n",
    "Content-Type: text/plain; charset=utf-7\r\n",
    "Content-Type: text/plain; charset=iso-2022-jp\r\n",
    "Content-Type:\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: binary\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "--b\r\n",
    "--b--\r\n",
    "--b----\r\n",
    "--",
    "b",
    "=",
    "=3D",
    "=\r\n",
    "==",
    "lottery",
    "<script",
    "</script>",
    "<!--",
    "-->",
    "&amp",
    ";",
    "<",
    ">",
    "PK\u{3}\u{4}",
    "UEsDBAAAAAAAAAAA",
    "0M8R4KGxGuEAAAAA",
    "\0",
    "\u{e9}",
];

proptest::proptest! {
    /// Nothing panics, and what is found does not depend on how the message comes in.
    #[test]
    fn whatever_comes(pieces in proptest::collection::vec(0..PIECES.len(), 0..60), utf8: bool) {
        let checks = checks(|config| {
            config.conformance = Conformance::Defer;
            config.keywords = vec!["lottery".to_owned()];
            config.subject_keywords = vec!["lottery".to_owned()];
            config.refuse_macros = true;
        });
        let message: String = pieces.iter().filter_map(|piece| PIECES.get(*piece).copied()).collect();
        found_in(&checks, message.as_bytes(), utf8);
    }
}

#[tokio::test]
async fn a_scanner_that_is_not_there() {
    for (unscanned, is_taken) in [(Unscanned::Defer, false), (Unscanned::Accept, true)] {
        let checks = checks(|config| {
            config.clamd = Some(Address::Unix("/nonexistent".into()));
            config.unscanned = unscanned;
        });
        let mut inspection = Inspection::new(&checks, false).unwrap();
        inspection.take(&vec![b'x'; 1 << 20]).await.unwrap();
        assert_eq!(inspection.end().await.is_ok(), is_taken);
    }
    assert!(Inspection::new(&checks(|_| ()), false).is_none());
}
