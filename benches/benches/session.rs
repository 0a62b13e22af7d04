//! A whole session in memory, from the greeting to the end.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ehlo::Peer;
use ehlo_benches::{CONFIG, Usual, WHOLE_SESSION, drive};

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::Elements(1));
    group.bench_function("ehlo", |bencher| {
        bencher.iter(|| drive(&mut Usual::new(&CONFIG, Peer::PLAIN), black_box(WHOLE_SESSION)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
