//! Commands: parsed, and taken through a session with their replies written.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use ehlo_benches::peers::{Dialogue, mailin, mailrs, ours, smtp_codec, smtp_message, smtp_proto};
use ehlo_benches::{ignore, input};

/// Measures so many commands.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, commands: usize, mut work: impl FnMut()) {
    group.throughput(Throughput::Elements(commands as u64));
    group.bench_function(name, |bencher| bencher.iter(&mut work));
}

pub(crate) fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    let (stream, all) = input::without(&[input::ONE_LINE]);
    let (without_auth, fewer) = input::without(&[input::ONE_LINE, input::AUTH]);
    measure(&mut group, "smtp-proto", all, || {
        black_box(smtp_proto::parse(black_box(&stream), |command| {
            black_box(command);
        }));
    });
    measure(&mut group, "mailrs", all, || {
        black_box(mailrs::parse(black_box(&stream), |command| {
            black_box(command);
        }));
    });
    measure(&mut group, "smtp-codec", all, || {
        black_box(smtp_codec::parse(black_box(&stream), |command| {
            black_box(command);
        }));
    });
    measure(&mut group, "smtp-message", fewer, || {
        black_box(smtp_message::parse(black_box(&without_auth), |command| {
            black_box(command);
        }));
    });
    group.finish();
}

/// Sessions made at once: few enough to stay in the cache, as one would that goes on with its work.
const BATCH: BatchSize = BatchSize::NumIterations(4);

/// Measures the commands of a stream, by two sessions that were made beforehand: one that has been greeted takes them up to DATA, one that has
/// had a message those that follow it.
fn take<D: Dialogue>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    (stream, commands): &(Vec<u8>, usize),
    make: impl Fn(&[u8]) -> D,
) {
    let (begin, end) = input::around_the_message(stream);
    let before_the_end = &stream[..stream.len() - end.len()];
    group.throughput(Throughput::Elements(*commands as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_batched_ref(
            || (make(&[]), make(before_the_end)),
            |(one, other)| {
                one.go_on(black_box(begin));
                other.go_on(black_box(end));
            },
            BATCH,
        );
    });
}

pub(crate) fn answer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    let all = input::without(&[]);
    let (without_size, without_auth) = (input::without(&[input::SIZE]), input::without(&[input::AUTH]));
    take(&mut group, "ehlo", &all, |before| ours::Greeted::after(before, ignore));
    take(&mut group, "mailin", &without_size, |before| mailin::Greeted::after(before, ignore));
    take(&mut group, "mailrs", &all, |before| mailrs::Greeted::after(before, ignore));
    take(&mut group, "smtp-proto", &all, |_| smtp_proto::greeted(ignore));
    take(&mut group, "smtp-codec", &all, |_| smtp_codec::greeted(ignore));
    take(&mut group, "smtp-message", &without_auth, |_| smtp_message::greeted(ignore));
    group.finish();
}
