//! The log: lines on standard error.

use crate::config::{Log, LogFormat, LogLevel};
use std::io::{self, IsTerminal as _};
use tracing::level_filters::LevelFilter;

/// Starts the log for the whole process. Only the first call has an effect.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lines =
        tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // An error means that there is a log already, which then stays.
    let _ = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
