//! The header of the PROXY protocol: however its octets are cut, the same comes of them, and what stands behind it is left.
#![no_main]

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ehlo_tokio::proxy::{self, Origin};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// No header takes more.
const LONGEST: usize = 4096;

/// Gives octets in pieces of the given lengths, again and again.
struct Cut<'a> {
    octets: &'a [u8],
    lengths: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl AsyncRead for Cut<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let wanted = this.lengths.next().map_or(1, |length| usize::from(*length).max(1));
        let (now, later) = this.octets.split_at(wanted.min(this.octets.len()).min(buffer.remaining()));
        buffer.put_slice(now);
        this.octets = later;
        Poll::Ready(Ok(()))
    }
}

/// Runs what never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lengths, octets) = input;
    let whole = proxy::parse(octets);
    for end in 0..octets.len().min(LONGEST + 1) {
        let part = proxy::parse(&octets[..end]);
        match whole {
            Ok(Some((_, length))) if end >= length => assert_eq!(part, whole),
            Ok(_) => assert_eq!(part, Ok(None)),
            Err(_) => assert!(part == Ok(None) || part == whole),
        }
    }
    match whole {
        Ok(Some((_, length))) => assert!(length <= LONGEST.min(octets.len())),
        Ok(None) => assert!(octets.len() < LONGEST),
        Err(_) => {}
    }
    if let Ok(Some((Origin::Client(client), length))) = whole
        && octets.starts_with(b"PROXY ")
    {
        let text = std::str::from_utf8(&octets[..length]).expect("addresses are ASCII");
        assert_eq!(text.split(' ').nth(2).and_then(|text| text.parse().ok()), Some(client.ip()));
    }

    let cut = Cut { octets, lengths: lengths.iter().cycle() };
    match (run(proxy::receive(cut)), whole) {
        (Ok((origin, mut rest)), Ok(Some((expected, length)))) => {
            assert_eq!(origin, expected);
            let mut left = Vec::new();
            run(rest.read_to_end(&mut left)).expect("it is in memory");
            assert_eq!(left, &octets[length..]);
        }
        (Err(_), Ok(None) | Err(_)) => {}
        (read, whole) => panic!("{:?}, and whole {whole:?}", read.map(|(origin, _)| origin)),
    }
});
