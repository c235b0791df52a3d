use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::dependencies::{StoreMetrics, UpstreamMetrics};
use super::keyring::KeyringMetrics;
use super::labels::Labels;
use super::process::Process;
use super::requests::RequestMetrics;
use super::signing::SigningMetrics;

/// Of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every instrument of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    keyring: KeyringMetrics,
    requests: RequestMetrics,
    signing: SigningMetrics,
    stores: StoreMetrics,
    upstreams: UpstreamMetrics,
}

impl Metrics {
    /// Instruments that nothing has been written to, with these labels and no others. `version`: of this program.
    #[must_use]
    pub fn new(version: &'static str, labels: Labels) -> Self {
        let mut all = Registry::default();
        all.register_collector(Box::new(Process::starting()));
        let registry = all.sub_registry_with_prefix("edgemint");
        registry.register("build", "The program", Info::new([("version", version)]));
        let keyring = KeyringMetrics::registered(registry);
        let signing = SigningMetrics::registered(registry);
        let stores = StoreMetrics::registered(registry, labels.replay_store, labels.revocation_store);
        let upstreams = UpstreamMetrics::registered(registry);
        let requests = RequestMetrics::registered(registry, labels);
        Self { registry: all, keyring, requests, signing, stores, upstreams }
    }

    /// Those of the keyring.
    #[must_use]
    pub fn keyring(&self) -> &KeyringMetrics {
        &self.keyring
    }

    /// Those of requests, mints and refusals.
    #[must_use]
    pub fn requests(&self) -> &RequestMetrics {
        &self.requests
    }

    /// Those of signatures.
    #[must_use]
    pub fn signing(&self) -> &SigningMetrics {
        &self.signing
    }

    /// Those of used tickets and revocations.
    #[must_use]
    pub fn stores(&self) -> &StoreMetrics {
        &self.stores
    }

    /// Those of what session providers depend on.
    #[must_use]
    pub fn upstreams(&self) -> &UpstreamMetrics {
        &self.upstreams
    }

    /// All of them, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string never fails");
        text
    }
}
