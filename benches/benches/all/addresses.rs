//! Addresses as one sees them in a log.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use ehlo_benches::input::ADDRESSES;
use ehlo_benches::peers::{mailrs, ours, smtp_codec, smtp_message, smtp_proto};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("addresses");
    group.throughput(Throughput::Elements(ADDRESSES.len() as u64));
    let plain: Vec<String> = ADDRESSES.iter().map(ToString::to_string).collect();
    let bracketed: Vec<String> = ADDRESSES.iter().map(|address| format!("<{address}>")).collect();
    let followed: Vec<String> = ADDRESSES.iter().map(|address| format!("{address}>")).collect();
    type Parse = fn(&str) -> usize;
    let parsers: [(&str, Parse, &[String]); 5] = [
        ("ehlo", ours::address, &plain),
        ("smtp-proto", smtp_proto::address, &bracketed),
        ("mailrs", mailrs::address, &plain),
        ("smtp-codec", smtp_codec::address, &followed),
        ("smtp-message", smtp_message::address, &bracketed),
    ];
    for (name, parse, addresses) in parsers {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(addresses).iter().map(|address| parse(address)).sum::<usize>());
        });
    }
    group.finish();
}
