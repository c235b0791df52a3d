use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::keyring::KeyringMetrics;

/// Of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every instrument of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    keyring: KeyringMetrics,
}

impl Metrics {
    /// Instruments that nothing has been written to. `version`: of this program.
    #[must_use]
    pub fn new(version: &'static str) -> Self {
        let mut registry = Registry::with_prefix("edgemint");
        registry.register("build", "The program", Info::new([("version", version)]));
        let keyring = KeyringMetrics::registered(&mut registry);
        Self { registry, keyring }
    }

    /// Those of the keyring.
    #[must_use]
    pub fn keyring(&self) -> &KeyringMetrics {
        &self.keyring
    }

    /// All of them, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string never fails");
        text
    }
}
