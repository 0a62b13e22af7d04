//! Sessions in which a client proves who it is: EHLO, AUTH, QUIT. "none" is the session without AUTH, to be taken off the others.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use ehlo_benches::peers::{Scratch, mailin, mailrs, ours};
use ehlo_benches::{ignore, sasl};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sasl");
    group.throughput(Throughput::Elements(1));
    let mut scratch = Scratch::default();
    let none = b"EHLO client.example.com\r\nQUIT\r\n".to_vec();
    for (mechanism, session) in
        [("none", none), ("PLAIN", sasl::plain()), ("LOGIN", sasl::login()), ("SCRAM-SHA-256", sasl::scram())]
    {
        group.bench_function(BenchmarkId::new("ehlo", mechanism), |bencher| {
            bencher.iter(|| ours::session(black_box(&session), true, ignore, ignore));
        });
        if mechanism == "SCRAM-SHA-256" {
            continue;
        }
        group.bench_function(BenchmarkId::new("mailin", mechanism), |bencher| {
            bencher.iter(|| mailin::session(black_box(&session), true, &mut scratch, ignore, ignore));
        });
        group.bench_function(BenchmarkId::new("mailrs", mechanism), |bencher| {
            bencher.iter(|| mailrs::session(black_box(&session), true, &mut scratch, ignore, ignore));
        });
    }
    group.finish();
}
