//! What the process takes of the machine, under the names that every exporter for Prometheus gives it.

use super::Make;
use prometheus::{Counter, IntGauge};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

#[derive(Debug)]
pub(super) struct Process {
    cpu: Counter,
    alone: Mutex<()>,
    resident: IntGauge,
    descriptors: IntGauge,
}

impl Process {
    pub(super) fn new(make: &Make) -> Self {
        let started = make.float("process_start_time_seconds", "When the process started, in seconds since 1970.");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        started.set(now.map_or(0.0, |now| now.as_secs_f64()));
        Self {
            cpu: make.seconds("process_cpu_seconds_total", "Processor time that the process has taken."),
            alone: Mutex::new(()),
            resident: make.gauge("process_resident_memory_bytes", "Resident memory."),
            descriptors: make.gauge("process_open_fds", "Open file descriptors."),
        }
    }

    /// Reads all of it off. What the system does not tell stays as it was.
    pub(super) fn read(&self) {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        // A counter can only be added to, by one at a time.
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        if let Some(kibibytes) = resident.and_then(|text| text.trim().parse::<i64>().ok()) {
            self.resident.set(kibibytes.saturating_mul(1024));
        }
        if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
            // The one that reads the directory is none of the server's.
            self.descriptors.set(i64::try_from(descriptors.count()).unwrap_or(i64::MAX).saturating_sub(1));
        }
    }
}
