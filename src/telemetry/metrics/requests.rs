use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::Labels;
use super::timing::Timing;

/// A renewal takes a fraction of a millisecond; no answer takes longer than `server.request_timeout`.
const BUCKETS: [Duration; 16] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is asked for, and what comes of it. All series that there can be are made at the start, and those are shown
/// that something was counted in: of hundreds a service uses a dozen.
#[derive(Debug, Clone)]
pub struct RequestMetrics {
    /// Requests whose answer is not there yet.
    pub in_flight: Gauge,
    tables: Arc<Tables>,
}

#[derive(Debug)]
struct Tables {
    labels: Labels,
    /// By route and class of status.
    durations: Box<[[Timing; CLASSES.len()]]>,
    /// By route, provider (one more: none) and code.
    refusals: Box<[AtomicU64]>,
    /// By grant and provider.
    mints: Box<[AtomicU64]>,
    /// By grant and reason.
    withheld: Box<[AtomicU64]>,
}

impl RequestMetrics {
    pub(super) fn registered(registry: &mut Registry, labels: Labels) -> Self {
        let zeroes = |number| (0..number).map(|_| AtomicU64::new(0)).collect();
        let Labels { routes, providers, codes, grants, reasons, .. } = &labels;
        let timings = |_| [(); CLASSES.len()].map(|()| Timing::new(&BUCKETS));
        let tables = Arc::new(Tables {
            durations: routes.iter().map(timings).collect(),
            refusals: zeroes(routes.len() * (providers.len() + 1) * codes.len()),
            mints: zeroes(grants.len() * providers.len()),
            withheld: zeroes(grants.len() * reasons.len()),
            labels,
        });
        let in_flight = Gauge::default();
        registry.register("requests_in_flight", "Requests whose answer is not there yet", in_flight.clone());
        registry.register_collector(Box::new(tables.clone()));
        Self { in_flight, tables }
    }

    /// A request was answered: by which route (its place in [`Labels::routes`]), with which status, and how long it
    /// took.
    pub fn answered(&self, route: usize, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.tables.durations[route][class].observe(took);
    }

    /// A request was refused: with which code, and by the word of which provider (its place in
    /// [`Labels::providers`]), if there is one.
    pub fn refused(&self, route: usize, provider: Option<usize>, code: &str) {
        let Labels { providers, codes, .. } = &self.tables.labels;
        let Some(code) = codes.iter().position(|known| *known == code) else { return };
        let row = route * (providers.len() + 1) + provider.unwrap_or(providers.len());
        count(&self.tables.refusals[row * codes.len() + code]);
    }

    /// The cookies of a grant were given to somebody by the word of a provider.
    pub fn minted(&self, grant: &str, provider: usize) {
        let Labels { providers, grants, .. } = &self.tables.labels;
        let Some(grant) = grants.iter().position(|known| known == grant) else { return };
        count(&self.tables.mints[grant * providers.len() + provider]);
    }

    /// A grant was not given to somebody, for one of [`Labels::reasons`].
    pub fn withheld(&self, grant: &str, reason: &str) {
        let Labels { grants, reasons, .. } = &self.tables.labels;
        let grant = grants.iter().position(|known| known == grant);
        let reason = reasons.iter().position(|known| *known == reason);
        let (Some(grant), Some(reason)) = (grant, reason) else { return };
        count(&self.tables.withheld[grant * reasons.len() + reason]);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Collector for Tables {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_durations(&mut encoder)?;
        self.encode_refusals(&mut encoder)?;
        self.encode_mints(&mut encoder)?;
        self.encode_withheld(&mut encoder)
    }
}

impl Tables {
    fn encode_durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Time from the head of a request to its answer, by its route and the class of its status.";
        let name = "request_duration_seconds";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (route, classes) in self.labels.routes.iter().zip(&self.durations) {
            for (status, timing) in CLASSES.iter().zip(classes).filter(|(_, timing)| !timing.is_unused()) {
                timing.encode(family.encode_family(&[("route", *route), ("status", *status)])?)?;
            }
        }
        Ok(())
    }

    fn encode_refusals(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests that were refused or failed, by the code of the answer.";
        let mut family = encoder.encode_descriptor("refusals", help, None, MetricType::Counter)?;
        let Labels { routes, providers, codes, .. } = &self.labels;
        let mut counts = self.refusals.iter().map(|count| count.load(Ordering::Relaxed));
        for route in *routes {
            for provider in providers.iter().copied().chain(["none"]) {
                for code in *codes {
                    let count = counts.next().unwrap_or_default();
                    if count > 0 {
                        let labels = [("route", *route), ("provider", provider), ("code", *code)];
                        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// These are shown before anything is counted too: an operator looks for a grant that nobody is given.
    fn encode_mints(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Sets of cookies that were given, by grant and by whose word.";
        let mut family = encoder.encode_descriptor("mints", help, None, MetricType::Counter)?;
        let Labels { providers, grants, .. } = &self.labels;
        let mut counts = self.mints.iter().map(|count| count.load(Ordering::Relaxed));
        for grant in grants {
            for provider in providers {
                let labels = [("grant", grant.as_str()), ("provider", *provider)];
                let count = counts.next().unwrap_or_default();
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn encode_withheld(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Grants that somebody who was let in did not get, by the reason.";
        let mut family = encoder.encode_descriptor("grants_withheld", help, None, MetricType::Counter)?;
        let Labels { grants, reasons, .. } = &self.labels;
        let mut counts = self.withheld.iter().map(|count| count.load(Ordering::Relaxed));
        for grant in grants {
            for reason in *reasons {
                let count = counts.next().unwrap_or_default();
                if count > 0 {
                    let labels = [("grant", grant.as_str()), ("reason", *reason)];
                    ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}
