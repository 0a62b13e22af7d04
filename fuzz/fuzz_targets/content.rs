//! The content of a message by DATA, against a decoder that is obviously right: the first octet of the input chooses whether bare LF is
//! let pass and the size of the line buffer, the second how the rest, which are the mail data, is cut.
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use common::{Client, accept};
use ehlo::{Abort, Config, EarlyTalk, LineEndings, Peer};
use libfuzzer_sys::fuzz_target;

static STRICT: Config<'static> = Config::new("mx.example.net").early_talk(EarlyTalk::Allow).hops(u16::MAX);
static LENIENT: Config<'static> = STRICT.line_endings(LineEndings::Lenient);

struct Decoded {
    content: Vec<u8>,
    /// How many octets there are up to the end, if it is met.
    end: Option<usize>,
    spoilt: bool,
}

/// The end is the first CRLF `.` CRLF, in data that begin as if behind a CRLF. A dot behind CRLF is not content.
fn decode(data: &[u8], lenient: bool) -> Decoded {
    let behind_crlf = |at: usize| at == 0 || data[..at].ends_with(b"\r\n");
    let end = (0..data.len()).find(|at| behind_crlf(*at) && data[*at..].starts_with(b".\r\n"));
    let (mut content, mut spoilt) = (Vec::new(), false);
    for at in 0..end.unwrap_or(data.len()) {
        let bare_cr = data[at] == b'\r' && data.get(at + 1).is_some_and(|next| *next != b'\n');
        let bare_lf = data[at] == b'\n' && !data[..at].ends_with(b"\r");
        spoilt |= bare_cr || (bare_lf && !lenient);
        if bare_lf {
            content.push(b'\r');
        }
        if data[at] != b'.' || !behind_crlf(at) {
            content.push(data[at]);
        }
    }
    Decoded { content, end: end.map(|end| end + 3), spoilt }
}

fn check<const LINE: usize>(config: &Config<'_>, peer: Peer, data: &[u8], lenient: bool, cut: usize) {
    let expected = decode(data, lenient);
    let mut client = Client::<LINE, 1024>::new(config, peer, accept);
    client.begin();
    assert_eq!(client.say("DATA"), "354");
    // What lies behind the end is none of the message: see `session`.
    let sent = &data[..expected.end.unwrap_or(data.len())];
    let before = client.said.len();
    client.feed_cut(sent, std::iter::repeat_n(cut, sent.len() / cut));
    let said = &client.said[before..];
    let reply = match (expected.end, expected.spoilt) {
        (None, _) => &b""[..],
        (Some(_), true) => b"550",
        (Some(_), false) => b"250",
    };
    assert_eq!(said.get(..3).unwrap_or_default(), reply);
    assert_eq!(client.closed, expected.end.is_some() && expected.spoilt);
    if expected.spoilt {
        assert_eq!((&client.aborts[..], client.messages.len()), (&[Abort::LineEnding][..], 0));
        return;
    }
    assert!(client.aborts.is_empty());
    if expected.end.is_some() {
        assert_eq!(client.messages, [expected.content]);
    } else {
        // A CR behind a dot waits for its LF.
        let held = expected.content.strip_suffix(b"\r").unwrap_or(&expected.content);
        assert!(client.content == expected.content || client.content == held);
    }
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, data @ ..] = input else { return };
    let lenient = choice & 3 != 0;
    // By the listener, by the peer, or by both.
    let config = if choice & 1 != 0 { &LENIENT } else { &STRICT };
    let peer = if choice & 2 != 0 { Peer::PLAIN.lenient() } else { Peer::PLAIN };
    let cut = usize::from(*cut).max(1);
    match choice >> 6 {
        0 => check::<512>(config, peer, data, lenient, cut),
        _ => check::<1024>(config, peer, data, lenient, cut),
    }
    check::<1024>(config, peer, data, lenient, usize::MAX.min(data.len().max(1)));
});
