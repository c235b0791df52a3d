use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Where used tickets and revocations are remembered.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    /// Tickets of which the store could not tell whether they were used.
    pub replay_errors: Counter,
    /// Revocations that could not be asked for or recorded.
    pub revocation_errors: Counter,
}

impl StoreMetrics {
    /// `replay`, `revocations`: what the stores are, such as `redis`.
    pub(super) fn registered(
        registry: &mut Registry,
        replay: &'static str,
        revocations: &'static str,
    ) -> Self {
        let errors = Family::<[(&'static str, &'static str); 2], Counter>::default();
        let of = |store, backend| errors.get_or_create_owned(&[("store", store), ("backend", backend)]);
        let this =
            Self { replay_errors: of("replay", replay), revocation_errors: of("revocations", revocations) };
        registry.register("store_errors", "Questions that a store could not answer", errors);
        this
    }
}

/// What session providers depend on. How often it failed is asked at every scrape.
#[derive(Clone, Default)]
pub struct UpstreamMetrics(Arc<Mutex<Vec<(&'static str, Failures)>>>);

type Failures = Box<dyn Fn() -> u64 + Send + Sync>;

impl UpstreamMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let this = Self::default();
        registry.register_collector(Box::new(this.clone()));
        this
    }

    /// From now on `failures` tells how often `upstream` has failed.
    pub fn watch(&self, upstream: &'static str, failures: impl Fn() -> u64 + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((upstream, Box::new(failures)));
    }
}

impl fmt::Debug for UpstreamMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamMetrics").finish_non_exhaustive()
    }
}

impl Collector for UpstreamMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let upstreams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if upstreams.is_empty() {
            return Ok(());
        }
        let help = "Requests to what a session provider depends on that failed.";
        let mut family = encoder.encode_descriptor("upstream_errors", help, None, MetricType::Counter)?;
        for (upstream, failures) in upstreams.iter() {
            let labels = [("upstream", *upstream)];
            ConstCounter::new(failures()).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
