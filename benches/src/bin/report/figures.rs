//! What criterion has measured, read from the files that it leaves.

use std::path::Path;
use std::{fs, io};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One crate at one piece of work.
pub(crate) struct Figure {
    pub(crate) group: String,
    pub(crate) name: String,
    /// Of what; empty where a group has but one thing.
    pub(crate) of: String,
    /// How long it took, in nanoseconds, by each of its elements or octets.
    pub(crate) nanos: f64,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: String,
    value_str: Option<String>,
    throughput: Throughput,
}

#[derive(Deserialize)]
enum Throughput {
    Bytes(u64),
    Elements(u64),
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Reads all figures below a directory.
pub(crate) fn read(directory: &Path) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let entries = fs::read_dir(directory).map_err(|error| {
        io::Error::new(error.kind(), format!("nothing measured in {}: {error}", directory.display()))
    })?;
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "new") {
            let benchmark: Benchmark = json(&path.join("benchmark.json"))?;
            let sample: Sample = json(&path.join("sample.json"))?;
            let (Throughput::Bytes(parts) | Throughput::Elements(parts)) = benchmark.throughput;
            let fastest =
                sample.times.iter().zip(&sample.iters).map(|(time, iters)| time / iters).fold(f64::INFINITY, f64::min);
            figures.push(Figure {
                group: benchmark.group_id,
                name: benchmark.function_id,
                of: benchmark.value_str.unwrap_or_default(),
                nanos: fastest / parts as f64,
            });
        } else if path.is_dir() {
            figures.extend(read(&path)?);
        }
    }
    Ok(figures)
}

fn json<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}
