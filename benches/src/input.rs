//! The work: commands, sessions, mail data, addresses.

use crate::PIECE;

/// The commands of a session with one message, which has one line. [`without`] takes out what a peer does not know.
pub const COMMANDS: &str = "EHLO client.example.com\r\n\
    AUTH PLAIN AHVzZXIAcGVuY2ls\r\n\
    MAIL FROM:<alice@example.com> SIZE=2048 BODY=8BITMIME\r\n\
    RCPT TO:<bob@example.net>\r\n\
    RCPT TO:<carol@example.net>\r\n\
    RCPT TO:<dave@example.net>\r\n\
    DATA\r\n\
    Subject: hello\r\n\
    .\r\n\
    RSET\r\n\
    NOOP\r\n\
    QUIT\r\n";

/// What is no command in [`COMMANDS`].
pub const ONE_LINE: &str = "Subject: hello\r\n.\r\n";

/// The command of [`COMMANDS`] that `smtp-message` does not know.
pub const AUTH: &str = "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n";

/// The parameter of [`COMMANDS`] that `mailin` does not know.
pub const SIZE: &str = " SIZE=2048";

/// [`COMMANDS`] without some of it, and how many commands are left.
pub fn without(parts: &[&str]) -> (Vec<u8>, usize) {
    let mut stream = COMMANDS.to_string();
    for part in parts {
        assert!(stream.contains(part), "{part:?} is not there");
        stream = stream.replacen(part, "", 1);
    }
    let commands = stream.replace(ONE_LINE, "").lines().count();
    (stream.into_bytes(), commands)
}

/// The commands up to DATA, and those behind the message that follows it; neither has the message itself, which stands between them.
pub fn around_the_message(stream: &[u8]) -> (&[u8], &[u8]) {
    let line = ONE_LINE.as_bytes();
    let at = stream.windows(line.len()).position(|octets| octets == line).expect("there is a message");
    (&stream[..at], &stream[at + line.len()..])
}

/// A session from its first octet to its last: EHLO, MAIL, three RCPT, twelve lines, RSET, NOOP, QUIT.
pub const WHOLE_SESSION: &[u8] = b"EHLO client.example.com\r\n\
    MAIL FROM:<alice@example.com> BODY=8BITMIME\r\n\
    RCPT TO:<bob@example.net>\r\n\
    RCPT TO:<carol@example.net>\r\n\
    RCPT TO:<dave@example.net>\r\n\
    DATA\r\n\
    From: Alice <alice@example.com>\r\n\
    To: Bob <bob@example.net>\r\n\
    Subject: The minutes of the meeting\r\n\
    Date: Fri, 1 Mar 2024 10:00:00 +0000\r\n\
    Message-ID: <4711@client.example.com>\r\n\
    \r\n\
    Hello,\r\n\
    \r\n\
    these are the minutes of the meeting that we had on Thursday.\r\n\
    ..hidden files are not among them.\r\n\
    \r\n\
    Alice\r\n\
    .\r\n\
    RSET\r\n\
    NOOP\r\n\
    QUIT\r\n";

/// Addresses as one sees them in a log.
pub const ADDRESSES: [&str; 16] = [
    "alice@example.com",
    "bob@example.net",
    "j.r.hartley@books.example.co.uk",
    "postmaster@mx1.mail.example.org",
    "newsletter+2024-03@lists.example.com",
    "bounce-4711-bob=example.net@bounces.mailer.example.com",
    "no-reply@notifications.example.io",
    "first.last@department.university.example.edu",
    "o'brien@example.ie",
    "x@y.example",
    "prvs=0123456789=carol@example.com",
    "support_team@help-desk.example.com",
    "1234567890@phone.example.jp",
    "msprvs1=19700101abcdef=bounces-123456-7@eu.relay.example.com",
    "SRS0=abcd=2X=example.org=dave@forwarder.example.net",
    "a.very.long.local.part.with.many.dots.in.it@a.long.domain.with.many.labels.example.museum",
];

/// `size` octets of text in lines of 76 characters, one in a hundred of which begins with a (stuffed) dot.
pub fn text(size: usize) -> Vec<u8> {
    let mut lines = Vec::with_capacity(size + 78);
    for number in 0.. {
        let start = if number % 100 == 99 { "..dotted" } else { "Somebody" };
        let begin = lines.len();
        lines.extend_from_slice(
            format!("{start} says in line {number:07} that nothing happened, and that it is so.").as_bytes(),
        );
        lines.resize(begin + 76, b'!');
        lines.extend_from_slice(b"\r\n");
        if lines.len() >= size {
            break;
        }
    }
    whole_lines(lines, size)
}

/// `size` octets of what an attachment looks like.
pub fn base64(size: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut seed = 1_u32;
    let mut lines = Vec::with_capacity(size + 78);
    while lines.len() < size {
        for _ in 0..76 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            lines.push(ALPHABET[(seed >> 26) as usize]);
        }
        lines.extend_from_slice(b"\r\n");
    }
    whole_lines(lines, size)
}

/// `size` octets of lines that are a stuffed dot: the worst that can be sent.
pub fn dots(size: usize) -> Vec<u8> {
    whole_lines(b"..\r\n".repeat(size.div_ceil(4)), size)
}

/// `size` octets of empty lines: CR and LF by turns.
pub fn empty_lines(size: usize) -> Vec<u8> {
    whole_lines(b"\r\n".repeat(size.div_ceil(2)), size)
}

/// `size` octets of text, in which each piece ends with the CR of a CRLF and the next begins with its LF.
pub fn cut_line_ends(size: usize) -> Vec<u8> {
    at_the_ends_of_pieces(size, b'\r', b'\n')
}

/// `size` octets of text, in which each piece begins and ends with a bare CR.
pub fn bare_cr(size: usize) -> Vec<u8> {
    at_the_ends_of_pieces(size, b'\r', b'\r')
}

fn at_the_ends_of_pieces(size: usize, last: u8, first: u8) -> Vec<u8> {
    let mut octets = text(size);
    for end in (PIECE..size).step_by(PIECE) {
        // Nothing near it may be a line end, or half of one would be left.
        for octet in &mut octets[end - 3..end + 3] {
            *octet = b'-';
        }
        octets[end - 1] = last;
        octets[end] = first;
    }
    // Nor may a line end have lost a half.
    for at in 1..octets.len() {
        let (pair, start) = ([octets[at - 1], octets[at]], at % PIECE == 0);
        if pair[1] == b'\n' && pair[0] != b'\r' && !start {
            octets[at] = b'-';
        }
        if pair[0] == b'\r' && pair[1] != b'\n' && !start && (at - 1) % PIECE != 0 {
            octets[at - 1] = b'-';
        }
    }
    whole_lines(octets, size)
}

/// These octets, and the line that ends mail data.
pub fn message(mut octets: Vec<u8>) -> Vec<u8> {
    octets.extend_from_slice(b".\r\n");
    octets
}

/// Cut to `size`, and ended as a line.
fn whole_lines(mut octets: Vec<u8>, size: usize) -> Vec<u8> {
    octets.truncate(size);
    if !octets.ends_with(b"\r\n")
        && let Some([before, end @ ..]) = octets.last_chunk_mut::<5>()
    {
        *end = *b"--\r\n";
        // A CR there would be a bare one.
        if *before == b'\r' {
            *before = b'-';
        }
    }
    octets
}

/// These octets by BDAT, in chunks of `size`, the last of which is marked.
pub fn chunks(octets: &[u8], size: usize) -> Vec<u8> {
    let mut stream = Vec::with_capacity(octets.len() + 1024);
    let mut left = octets.len();
    for chunk in octets.chunks(size) {
        left -= chunk.len();
        let last = if left == 0 { " LAST" } else { "" };
        stream.extend_from_slice(format!("BDAT {}{last}\r\n", chunk.len()).as_bytes());
        stream.extend_from_slice(chunk);
    }
    stream
}
