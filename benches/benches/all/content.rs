//! Mail data, in pieces as a socket gives them: dots unstuffed, the end found, and in `ehlo` line endings checked. Beside them what it
//! takes to copy the pieces, and to look at each octet once.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use ehlo_benches::peers::{Content, mailin, mailrs, ours, smtp_message, smtp_proto};
use ehlo_benches::{PIECE, ignore, input};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What is sent, how much of it, and by how many octets.
type Input = (&'static str, fn(usize) -> Vec<u8>, usize, usize);

const INPUTS: [Input; 12] = [
    ("text, 1 KiB", input::text, KIB, PIECE),
    ("text, 64 KiB", input::text, 64 * KIB, PIECE),
    ("text, 1 MiB", input::text, MIB, PIECE),
    ("text, 64 MiB", input::text, 64 * MIB, PIECE),
    ("base64, 1 KiB", input::base64, KIB, PIECE),
    ("base64, 1 MiB", input::base64, MIB, PIECE),
    ("base64, 64 MiB", input::base64, 64 * MIB, PIECE),
    ("dots, 1 MiB", input::dots, MIB, PIECE),
    ("empty lines, 1 MiB", input::empty_lines, MIB, PIECE),
    ("cut line ends, 1 MiB", input::cut_line_ends, MIB, PIECE),
    ("bare CR, 1 MiB", input::bare_cr, MIB, PIECE),
    ("octet by octet, 16 KiB", input::text, 16 * KIB, 1),
];

/// Takers made at once: few enough to stay in the cache, as one would that goes on with its work.
const BATCH: BatchSize = BatchSize::NumIterations(16);

/// Measures whole messages, each by a taker that was made beforehand.
fn measure<T: Content>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    (of, _, _, piece): Input,
    message: &[u8],
    make: impl Fn() -> T,
) {
    group.bench_function(BenchmarkId::new(name, of), |bencher| {
        bencher.iter_batched_ref(
            &make,
            |taker| assert!(taker.take(black_box(message).chunks(piece)), "the message has an end"),
            BATCH,
        );
    });
}

pub(crate) fn content(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("content");
    for input in INPUTS {
        let (of, make, size, piece) = input;
        let message = input::message(make(size));
        group.throughput(Throughput::Bytes(size as u64));
        group.sample_size(if size > MIB { 10 } else { 20 });
        measure(&mut group, "ehlo", input, &message, || ours::Data::in_body(ignore));
        measure(&mut group, "smtp-proto", input, &message, || smtp_proto::Data::in_body(ignore));
        measure(&mut group, "smtp-message", input, &message, || smtp_message::Data::in_body(ignore));
        measure(&mut group, "mailin", input, &message, || mailin::Data::in_body(ignore));
        // Its search begins anew with each piece, so that 64 MiB would take minutes.
        if size <= MIB {
            measure(&mut group, "mailrs", input, &message, || mailrs::Data::in_body(message.len(), ignore));
        }
        let mut buffer = vec![0; PIECE];
        group.bench_function(BenchmarkId::new("memcpy", of), |bencher| {
            bencher.iter(|| {
                for piece in black_box(&message).chunks(piece) {
                    buffer[..piece.len()].copy_from_slice(piece);
                    black_box(&buffer);
                }
            });
        });
        group.bench_function(BenchmarkId::new("memchr", of), |bencher| {
            bencher.iter(|| {
                for piece in black_box(&message).chunks(piece) {
                    black_box(memchr::memchr(0, piece));
                }
            });
        });
    }
    group.finish();
}

/// Header lines, as far as anyone can tell: `ehlo` counts `Received` among them.
pub(crate) fn header(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("header");
    let message = input::message(input::text(MIB));
    group.throughput(Throughput::Bytes(MIB as u64));
    let input = ("text, 1 MiB", input::text as fn(usize) -> Vec<u8>, MIB, PIECE);
    measure(&mut group, "ehlo", input, &message, || ours::Data::in_header(ignore));
    group.finish();
}
