//! The process, under the names that every Prometheus client gives it, and which build it is.

use prometheus::{Counter, Gauge};
use std::fs;

use super::register::Register;
use tessera_kit::clock;

/// Linux reports CPU time in hundredths of a second, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) struct ProcessMetrics {
    resident: Gauge,
    descriptors: Gauge,
    processor: Counter,
    clock_behind: Gauge,
}

impl ProcessMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let start = register.process_gauge(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
        );
        // Metrics are made in the first moments of the process.
        start.set(clock::system().milliseconds() as f64 / 1000.0);
        register
            .gauge_family(
                "build_info",
                "1, labelled with the version of the switch.",
                &["version"],
            )
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Self {
            resident: register.process_gauge(
                "process_resident_memory_bytes",
                "Resident memory size in bytes.",
            ),
            descriptors: register
                .process_gauge("process_open_fds", "Number of open file descriptors."),
            processor: register.process_counter(
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds.",
            ),
            clock_behind: register
                .fraction_family(
                    "clock_behind_seconds",
                    "How far the system's clock is behind the switch's time, which never goes back.",
                    &[],
                )
                .with_label_values::<&str>(&[]),
        }
    }

    /// Asks the operating system. Missing values stay unchanged.
    pub(super) fn refresh(&self) {
        self.clock_behind.set(clock::behind() as f64 / 1000.0);
        if let Some(bytes) = resident_bytes() {
            self.resident.set(bytes);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            self.descriptors.set(entries.count() as f64);
        }
        if let Some(seconds) = processor_seconds() {
            self.processor
                .inc_by((seconds - self.processor.get()).max(0.0));
        }
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name may hold anything; the fields after its closing parenthesis are numbers.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
