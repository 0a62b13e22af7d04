//! Commands, each parsed, taken through the session, and its reply written.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ehlo_benches::{commands, drive, greeted};

/// So many that the setting up of a session does not count.
const ROUNDS: usize = 100;

fn bench(criterion: &mut Criterion) {
    let (stream, commands) = commands(ROUNDS);
    let mut group = criterion.benchmark_group("commands");
    group.throughput(Throughput::Elements(commands as u64));
    group.bench_function("ehlo", |bencher| {
        bencher.iter(|| drive(&mut greeted(), black_box(&stream)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
