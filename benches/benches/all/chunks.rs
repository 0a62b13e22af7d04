//! An attachment by BDAT, in chunks of 64 KiB, and by DATA.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use ehlo_benches::peers::{Content, ours, smtp_proto};
use ehlo_benches::{PIECE, ignore, input};

const MIB: usize = 1 << 20;

fn measure<T: Content>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (name, by): (&str, &str),
    stream: &[u8],
    make: impl Fn() -> T,
) {
    group.bench_function(BenchmarkId::new(name, by), |bencher| {
        bencher.iter_batched_ref(
            &make,
            |taker| assert!(taker.take(black_box(stream).chunks(PIECE)), "the message has an end"),
            BatchSize::SmallInput,
        );
    });
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("chunks");
    group.throughput(Throughput::Bytes(MIB as u64));
    let data = input::base64(MIB);
    let chunks = input::chunks(&data, 64 << 10);
    let message = input::message(data);
    measure(&mut group, ("ehlo", "DATA"), &message, || ours::Data::in_body(ignore));
    measure(&mut group, ("smtp-proto", "DATA"), &message, || smtp_proto::Data::in_body(ignore));
    measure(&mut group, ("ehlo", "BDAT"), &chunks, || ours::Data::before_chunks(ignore));
    measure(&mut group, ("smtp-proto", "BDAT"), &chunks, || smtp_proto::Chunked::before_chunks(ignore));
    group.finish();
}
