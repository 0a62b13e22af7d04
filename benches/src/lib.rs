//! What the benchmarks have in common: the work, and a caller that does what the core says.

use std::hint::black_box;

use ehlo::{Config, EarlyTalk, Instant, Peer, Request, Session, Step, Tolerance};

/// Octets handed to a session at once.
pub const PIECE: usize = 16 * 1024;

/// A session of the usual size, on a configuration that can be a `static`.
pub type Usual = Session<'static, 1024, 1024>;

/// A server that takes input however early it comes, so that a whole session can be handed over at once, and that has limits which
/// no benchmark reaches.
pub static CONFIG: Config<'static> = Config::new("mx.example.net")
    .early_talk(EarlyTalk::Allow)
    .early_pipelining(Tolerance::Allow)
    .message_size(0)
    .transactions(u16::MAX)
    .idle_commands(u16::MAX)
    .recipients(u16::MAX);

/// A session from its first octet to its last: EHLO, MAIL, three RCPT, twelve lines, RSET, NOOP, QUIT.
pub const WHOLE_SESSION: &[u8] = b"EHLO client.example.com\r\n\
    MAIL FROM:<alice@example.com> SIZE=2048 BODY=8BITMIME\r\n\
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

/// The commands of a transaction, which a session can be given again and again, and how many they are. Its message is empty.
pub const ROUND: (&[u8], usize) = (
    b"EHLO client.example.com\r\n\
      MAIL FROM:<alice@example.com> SIZE=2048 BODY=8BITMIME\r\n\
      RCPT TO:<bob@example.net>\r\n\
      RCPT TO:<carol@example.net>\r\n\
      RCPT TO:<dave@example.net>\r\n\
      DATA\r\n\
      .\r\n\
      RSET\r\n\
      NOOP\r\n",
    8,
);

/// So many rounds and QUIT, and how many commands that is.
pub fn commands(rounds: usize) -> (Vec<u8>, usize) {
    let mut stream = ROUND.0.repeat(rounds);
    stream.extend_from_slice(b"QUIT\r\n");
    (stream, ROUND.1 * rounds + 1)
}

/// Does what the session says until it wants more than `input`, or is over; everyone is let do everything. How many octets of
/// replies and of content came of it.
pub fn drive<const LINE: usize, const OUT: usize>(
    session: &mut Session<'_, LINE, OUT>,
    mut input: &[u8],
) -> (usize, usize) {
    let (mut replies, mut content) = (0, 0);
    loop {
        match session.advance(Instant::from_millis(0), &mut input) {
            Step::Send => {
                replies += black_box(session.output()).len();
                session.consume_output(usize::MAX);
            }
            Step::Request => match session.request() {
                Some(Request::Connect(ask)) => ask.answer.accept(),
                Some(Request::Hello(ask)) => ask.answer.accept(),
                Some(Request::Mail(ask)) => ask.answer.accept(),
                Some(Request::Rcpt(ask)) => ask.answer.accept(),
                Some(Request::Data(ask)) => ask.answer.accept(),
                Some(Request::Message(ask)) => ask.answer.accept(),
                _ => panic!("a request that no benchmark makes"),
            },
            Step::Content(octets) => content += black_box(octets).len(),
            Step::Aborted(_) => {}
            Step::Recv { .. } | Step::Closed => return (replies, content),
            Step::StartTls => panic!("a handshake that no benchmark asks for"),
        }
    }
}

/// A session that has been greeted.
pub fn greeted() -> Usual {
    let mut session = Usual::new(&CONFIG, Peer::PLAIN);
    drive(&mut session, b"");
    session
}

/// A session that stands in the header section of mail data, where it counts `Received` fields.
pub fn in_header() -> Usual {
    let mut session = greeted();
    drive(&mut session, b"EHLO a.b\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.e>\r\nDATA\r\n");
    session
}

/// A session that stands in the body of mail data.
pub fn in_body() -> Usual {
    let mut session = in_header();
    drive(&mut session, b"Subject: a benchmark\r\n\r\n");
    session
}

/// `size` octets of text in lines of 76 characters, one in a hundred of which begins with a (stuffed) dot.
pub fn text(size: usize) -> Vec<u8> {
    let mut lines = Vec::new();
    for number in 0.. {
        let start = if number % 100 == 99 { "..dotted" } else { "Somebody" };
        lines.extend_from_slice(
            format!("{start} says in line {number:07} that nothing happened, and that it is so.").as_bytes(),
        );
        lines.resize(lines.len().next_multiple_of(78) - 2, b'!');
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
    let mut lines = Vec::new();
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

/// Cut to `size`, and ended as a line, so that it can be sent again and again.
fn whole_lines(mut octets: Vec<u8>, size: usize) -> Vec<u8> {
    octets.truncate(size);
    if let Some(end) = octets.last_chunk_mut::<2>() {
        *end = *b"\r\n";
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_session_is_taken_whole() {
        let mut session = Usual::new(&CONFIG, Peer::PLAIN);
        let (replies, content) = drive(&mut session, WHOLE_SESSION);
        assert_eq!(session.phase(), ehlo::Phase::Closed);
        assert_eq!(session.errors(), 0);
        assert!(replies > 300 && content > 250, "{replies} {content}");
    }

    #[test]
    fn a_round_leaves_the_session_where_it_was() {
        let mut session = greeted();
        for _ in 0..3 {
            drive(&mut session, ROUND.0);
            assert_eq!((session.phase(), session.errors()), (ehlo::Phase::Ready, 0));
        }
        let (stream, commands) = commands(2);
        // The line that ends the mail data is no command.
        assert_eq!(stream.iter().filter(|octet| **octet == b'\n').count(), commands + 2);
        drive(&mut session, &stream);
        assert_eq!((session.phase(), session.errors()), (ehlo::Phase::Closed, 0));
    }

    #[test]
    fn the_data_are_lines() {
        for data in [text(PIECE), base64(PIECE), dots(PIECE)] {
            assert_eq!(data.len(), PIECE);
            let mut session = in_body();
            let (_, content) = drive(&mut session, &data);
            assert!(content >= PIECE * 3 / 4, "{content}");
            drive(&mut session, b".\r\n");
            assert_eq!((session.phase(), session.errors()), (ehlo::Phase::Ready, 0));
        }
    }
}
