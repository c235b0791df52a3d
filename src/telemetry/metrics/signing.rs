use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::moment::Moment;
use super::timing::Timing;

/// ECDSA takes some 50 microseconds, RSA a millisecond.
const BUCKETS: [Duration; 12] = [
    Duration::from_micros(10),
    Duration::from_micros(20),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(200),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
];

/// What is signed, and what need not be.
#[derive(Debug, Clone)]
pub struct SigningMetrics {
    /// Sets of cookies that were signed.
    pub durations: Timing,
    /// Mints of shared grants that found their signature ready.
    pub shared_hits: Counter,
    /// Mints of shared grants that had to wait for theirs.
    pub shared_misses: Counter,
    /// The first second at which the newest signature of a shared grant has expired.
    pub soonest_expiry: Moment,
    /// Until then whoever asks for a shared grant finds its signature ready.
    pub ready_until: Moment,
}

impl SigningMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let this = Self {
            durations: Timing::new(&BUCKETS),
            shared_hits: Counter::default(),
            shared_misses: Counter::default(),
            soonest_expiry: Moment::default(),
            ready_until: Moment::default(),
        };
        registry.register(
            "signing_duration_seconds",
            "Time to sign one set of cookies, ahead of time or while a request waits",
            this.durations.clone(),
        );
        registry.register(
            "shared_signature_hits",
            "Mints of grants that are the same for everybody, given a signature that was there",
            this.shared_hits.clone(),
        );
        registry.register(
            "shared_signature_misses",
            "Mints of grants that are the same for everybody, for which a signature had to be made first",
            this.shared_misses.clone(),
        );
        registry.register(
            "shared_signature_soonest_expiry_timestamp_seconds",
            "When the first of the newest shared signatures expires",
            this.soonest_expiry.clone(),
        );
        registry.register(
            "shared_signature_ready_until_timestamp_seconds",
            "Until when requests find every shared signature ready",
            this.ready_until.clone(),
        );
        this
    }
}
