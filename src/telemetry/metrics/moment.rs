use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// A second (epoch) that is not always there: without one there is no series. Clones are the same.
#[derive(Debug, Clone)]
pub struct Moment(Arc<AtomicI64>);

/// No clock says so.
const NONE: i64 = i64::MIN;

impl Default for Moment {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(NONE)))
    }
}

impl Moment {
    /// From now on it is this second, or none.
    pub fn set(&self, second: Option<i64>) {
        self.0.store(second.unwrap_or(NONE), Ordering::Relaxed);
    }

    fn second(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|second| *second != NONE)
    }
}

impl EncodeMetric for Moment {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.second().map_or(Ok(()), |second| encoder.encode_gauge(&second))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.second().is_none()
    }
}
