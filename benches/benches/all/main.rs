//! All benchmarks in one program, since linking it is what takes longest. `cargo bench -p ehlo-benches -- session/` runs some.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

mod addresses;
mod chunks;
mod commands;
mod content;
mod sasl;
mod session;

/// Short measurements: the machine need not be quiet, since what is looked at are ratios within a group.
fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .without_plots()
}

criterion_group! {
    name = benches;
    config = short();
    targets = session::bench, commands::answer, commands::parse, content::content, content::header, chunks::bench, sasl::bench,
        addresses::bench
}
criterion_main!(benches);
