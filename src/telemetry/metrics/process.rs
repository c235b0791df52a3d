use std::fmt;
use std::fs;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// What the system knows of this process, under the names that every Prometheus client uses. Where it does not tell,
/// a series is absent.
#[derive(Debug)]
pub(super) struct Process {
    /// Epoch seconds.
    started: f64,
}

impl Process {
    /// One that starts now.
    pub(super) fn starting() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { started: since_epoch.as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "When the process started.";
        gauge(&mut encoder, "process_start_time_seconds", help, Some(self.started))?;
        let help = "Memory that the process has in use.";
        gauge(&mut encoder, "process_resident_memory_bytes", help, resident_bytes())?;
        gauge(&mut encoder, "process_open_fds", "File descriptors that are open.", open_descriptors())?;
        gauge(&mut encoder, "process_max_fds", "File descriptors that may be open.", max_descriptors())
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: Option<impl EncodeGaugeValue>,
) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

/// proc_pid_status(5): `VmRSS`, in units of 1024 bytes.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The one that reads the list is in it.
fn open_descriptors() -> Option<u64> {
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()?.checked_sub(1)
}

fn max_descriptors() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}
