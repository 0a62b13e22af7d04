//! Whole sessions in memory, from the greeting to the end.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ehlo_benches::ignore;
use ehlo_benches::input::WHOLE_SESSION;
use ehlo_benches::peers::{Scratch, mailin, mailrs, ours, smtp_message, smtp_proto};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::Elements(1));
    let mut scratch = Scratch::default();
    group.bench_function("ehlo", |bencher| {
        bencher.iter(|| ours::session(black_box(WHOLE_SESSION), false, ignore, ignore));
    });
    group.bench_function("mailin", |bencher| {
        bencher.iter(|| mailin::session(black_box(WHOLE_SESSION), false, &mut scratch, ignore, ignore));
    });
    group.bench_function("mailrs", |bencher| {
        bencher.iter(|| mailrs::session(black_box(WHOLE_SESSION), false, &mut scratch, ignore, ignore));
    });
    group.bench_function("smtp-proto", |bencher| {
        bencher.iter(|| smtp_proto::session(black_box(WHOLE_SESSION), false, &mut scratch, ignore, ignore));
    });
    group.bench_function("smtp-message", |bencher| {
        bencher.iter(|| smtp_message::session(black_box(WHOLE_SESSION), &mut scratch, ignore, ignore));
    });
    group.finish();
}
