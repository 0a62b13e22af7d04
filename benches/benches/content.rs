//! Mail data, in pieces as a socket gives them: dots unstuffed, line endings checked, the end looked for.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ehlo_benches::{PIECE, base64, dots, drive, in_body, in_header, text};

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("content");
    group.throughput(Throughput::Bytes(PIECE as u64));
    for (name, data, mut session) in [
        ("text", text(PIECE), in_body()),
        ("base64", base64(PIECE), in_body()),
        ("dots", dots(PIECE), in_body()),
        // All of it header lines, as far as anyone can tell.
        ("header", text(PIECE), in_header()),
    ] {
        group.bench_function(format!("ehlo/{name}"), |bencher| {
            bencher.iter(|| drive(&mut session, black_box(&data)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
