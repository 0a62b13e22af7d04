//! Commands: parsed, and taken through a session with their replies written. Each session is new, and greets.

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use ehlo_benches::peers::{Scratch, mailin, mailrs, ours, smtp_codec, smtp_message, smtp_proto};
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

pub(crate) fn answer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    let (stream, all) = input::without(&[]);
    let (without_size, _) = input::without(&[input::SIZE]);
    let (without_auth, fewer) = input::without(&[input::AUTH]);
    let mut scratch = Scratch::default();
    measure(&mut group, "ehlo", all, || ours::session(black_box(&stream), true, ignore, ignore));
    measure(&mut group, "mailin", all, || {
        mailin::session(black_box(&without_size), true, &mut scratch, ignore, ignore);
    });
    measure(&mut group, "mailrs", all, || mailrs::session(black_box(&stream), true, &mut scratch, ignore, ignore));
    measure(&mut group, "smtp-proto", all, || {
        smtp_proto::session(black_box(&stream), true, &mut scratch, ignore, ignore);
    });
    measure(&mut group, "smtp-codec", all, || smtp_codec::answer(black_box(&stream), &mut scratch, ignore));
    measure(&mut group, "smtp-message", fewer, || {
        smtp_message::session(black_box(&without_auth), &mut scratch, ignore, ignore);
    });
    group.finish();
}
