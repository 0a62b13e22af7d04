//! The machine, and what ran on it.

use std::path::Path;
use std::process::Command;
use std::{fs, io, thread};

/// How busy the machine was when the benchmarks were through.
pub(crate) struct Load(String);

impl Load {
    /// Noted beside the figures after a run, and read there later.
    pub(crate) fn kept(measured: &Path, run: bool) -> io::Result<Self> {
        let path = measured.join("loadavg");
        if run {
            let now = fs::read_to_string("/proc/loadavg").unwrap_or_default();
            fs::write(&path, now.split(' ').take(3).collect::<Vec<_>>().join(" "))?;
        }
        Ok(Self(fs::read_to_string(&path).unwrap_or_default()))
    }
}

/// A list of what there is to know.
pub(crate) fn describe(here: &Path, load: &Load) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_string())
    };
    let unknown = || "unknown".to_string();
    let model = field("model name").unwrap_or_else(unknown);
    let family = [field("cpu family"), field("model\t")].map(Option::unwrap_or_default).join("/");
    let flags = field("flags").unwrap_or_default();
    let vectors: Vec<&str> = flags
        .split(' ')
        .filter(|flag| flag.starts_with("sse4") || flag.starts_with("avx") || *flag == "bmi2")
        .collect();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let rustc = output("rustc", &["--version"]).unwrap_or_else(unknown);
    let commit = output("git", &["describe", "--always", "--dirty", "--exclude", "*"]).unwrap_or_else(unknown);
    let load = if load.0.is_empty() { unknown() } else { load.0.clone() };
    let lock = fs::read_to_string(here.with_file_name("Cargo.lock")).unwrap_or_default();
    let peers = ["smtp-proto", "smtp-message", "smtp-codec", "mailin", "mailrs-smtp-proto", "mailrs-smtp-codec"];
    let versions: Vec<String> =
        peers.map(|name| format!("`{name}` {}", version(&lock, name).unwrap_or("unknown"))).to_vec();
    format!(
        "- Machine: {model} (family/model {family}), {cores} cores; {} {}; {}\n\
         - Load at the end: {load}\n\
         - Compiler: {rustc}, bench profile (fat LTO, one codegen unit); target features {}, others chosen by `memchr` as the program runs\n\
         - `ehlo` of commit {commit}, with the features `std` and `scram`\n\
         - {}; `mailrs` in the tables is the last two together\n\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
        vectors.join(" "),
        target_features(),
        versions.join(", "),
    )
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_string()).filter(|text| !text.is_empty())
}

fn version<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let (_, behind) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    behind.split('"').next()
}

/// What the compiler may use of its own accord.
fn target_features() -> String {
    let features = [
        ("sse2", cfg!(target_feature = "sse2")),
        ("sse4.2", cfg!(target_feature = "sse4.2")),
        ("avx2", cfg!(target_feature = "avx2")),
        ("avx512f", cfg!(target_feature = "avx512f")),
        ("neon", cfg!(target_feature = "neon")),
    ];
    let on: Vec<&str> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    if on.is_empty() { "none".to_string() } else { on.join(" ") }
}
