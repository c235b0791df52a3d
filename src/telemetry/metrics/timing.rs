use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// How long something took, and how often, as a histogram in seconds.
///
/// The library's own takes a lock for each value, which all threads that serve would wait for; this takes two atomic
/// additions. Clones count together.
#[derive(Debug, Clone)]
pub struct Timing(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    /// Upper bounds, ascending.
    bounds: &'static [Duration],
    /// What fell into each, and beyond the last.
    counts: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Timing {
    /// With buckets up to these durations, ascending, and one beyond.
    pub(super) fn new(bounds: &'static [Duration]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds, counts, nanoseconds: AtomicU64::new(0) }))
    }

    /// Once more something took so long.
    pub fn observe(&self, took: Duration) {
        let Buckets { bounds, counts, nanoseconds } = &*self.0;
        counts[bounds.partition_point(|bound| *bound < took)].fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        nanoseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// Whether nothing was observed yet.
    pub(super) fn is_unused(&self) -> bool {
        self.0.counts.iter().all(|count| count.load(Ordering::Relaxed) == 0)
    }
}

impl EncodeMetric for Timing {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Buckets { bounds, counts, nanoseconds } = &*self.0;
        let bounds = bounds.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // From the same reading, so that the last bucket and the count never differ.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_nanos(nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_that_holds_it() {
        const BOUNDS: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(1)];
        let timing = Timing::new(&BOUNDS);
        assert!(timing.is_unused());
        for microseconds in [0, 100, 101, 1_000, 2_000] {
            timing.observe(Duration::from_micros(microseconds));
        }
        timing.observe(Duration::from_secs(7));
        let (mut registry, mut text) = (Registry::default(), String::new());
        registry.register("t_seconds", "Time", timing);
        encode(&mut text, &registry).unwrap();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        // Buckets count what is below them too (OpenMetrics 1.0, histograms).
        let expected = [
            "t_seconds_sum 7.003201",
            "t_seconds_count 6",
            "t_seconds_bucket{le=\"0.0001\"} 2",
            "t_seconds_bucket{le=\"0.001\"} 4",
            "t_seconds_bucket{le=\"+Inf\"} 6",
        ];
        assert_eq!(samples, expected, "{text}");
    }
}
