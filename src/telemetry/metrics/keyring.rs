use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;

use super::moment::Moment;

/// How a server follows its keyring.
#[derive(Debug)]
pub struct KeyringMetrics {
    /// Keyrings that were taken into use in the place of another.
    pub reloads: Counter,
    /// Looks at the keyring after which signing went on with the key before.
    pub failed_reloads: Counter,
    /// 1 if the last look failed, else 0.
    pub failing: Gauge,
    /// Epoch seconds of the last look that found a good keyring, changed or not.
    pub last_success: Gauge,
    /// 1 if a key that does not sign yet could not, else 0.
    pub next_key_damaged: Gauge,
    /// When the first of the keys that retire may leave the key group, if any retires.
    pub soonest_retirement: Moment,
    active: Arc<ActiveKey>,
}

/// The key that signs. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyInfo {
    /// Its name in the keyring.
    pub id: String,
    /// Its name in CloudFront.
    pub key_pair_id: String,
    /// Such as `ecdsa-p256`.
    pub algorithm: String,
    /// `SHA1` or `SHA256`.
    pub hash: &'static str,
    /// Epoch seconds since which it is active.
    pub since: i64,
}

/// Asked at every scrape, for all of it changes at once, and its age by itself.
#[derive(Debug, Default)]
struct ActiveKey(ArcSwapOption<SigningKeyInfo>);

impl KeyringMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let this = Self {
            reloads: Counter::default(),
            failed_reloads: Counter::default(),
            failing: Gauge::default(),
            last_success: Gauge::default(),
            next_key_damaged: Gauge::default(),
            soonest_retirement: Moment::default(),
            active: Arc::default(),
        };
        registry.register(
            "keyring_reloads",
            "Keyrings taken into use in the place of another",
            this.reloads.clone(),
        );
        registry.register(
            "keyring_failed_reloads",
            "Looks at the keyring after which signing went on with the key before",
            this.failed_reloads.clone(),
        );
        registry.register(
            "keyring_reload_failing",
            "1 if the last look at the keyring failed",
            this.failing.clone(),
        );
        registry.register(
            "keyring_last_success_timestamp_seconds",
            "When a look last found a good keyring, changed or not",
            this.last_success.clone(),
        );
        registry.register(
            "keyring_next_key_damaged",
            "1 if a key that may sign one day could not",
            this.next_key_damaged.clone(),
        );
        registry.register(
            "keyring_soonest_retirement_timestamp_seconds",
            "When the first of the keys that retire may leave the key group",
            this.soonest_retirement.clone(),
        );
        registry.register_collector(Box::new(this.active.clone()));
        this
    }

    /// From now on this key signs, or none.
    pub fn signs_with(&self, key: Option<SigningKeyInfo>) {
        self.active.0.store(key.map(Arc::new));
    }
}

impl Collector for ActiveKey {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(key) = &*self.0.load() else { return Ok(()) };
        let info = Info::new(vec![
            ("key_pair_id", key.key_pair_id.clone()),
            ("key", key.id.clone()),
            ("algorithm", key.algorithm.clone()),
            ("hash", key.hash.to_owned()),
        ]);
        let help = "The key that signs.";
        info.encode(encoder.encode_descriptor("active_key", help, None, info.metric_type())?)?;
        let age =
            ConstGauge::new(OffsetDateTime::now_utc().unix_timestamp().saturating_sub(key.since).max(0));
        let help = "For how long the key that signs has been active.";
        age.encode(encoder.encode_descriptor(
            "active_key_age",
            help,
            Some(&Unit::Seconds),
            age.metric_type(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Labels, Metrics};
    use super::*;

    #[test]
    fn the_text_tells_the_key_that_signs_and_how_old_it_is() {
        let metrics = Metrics::new("1.2.3", Labels::default());
        let text = metrics.text();
        assert!(text.contains("edgemint_build_info{version=\"1.2.3\"} 1\n"), "{text}");
        assert!(!text.contains("active_key"), "none signs: {text}");
        assert!(text.contains("edgemint_keyring_failed_reloads_total 0\n"), "{text}");
        let since = OffsetDateTime::now_utc().unix_timestamp() - 86_400;
        let key = |id: &str| SigningKeyInfo {
            id: "0123456789abcdef".into(),
            key_pair_id: id.into(),
            algorithm: "ecdsa-p256".into(),
            hash: "SHA1",
            since,
        };
        metrics.keyring().signs_with(Some(key("K1")));
        metrics.keyring().signs_with(Some(key("K2")));
        let text = metrics.text();
        let info = "edgemint_active_key_info{key_pair_id=\"K2\",key=\"0123456789abcdef\",algorithm=\"ecdsa-p256\",hash=\"SHA1\"} 1\n";
        assert!(text.contains(info), "{text}");
        assert_eq!(text.matches("edgemint_active_key_info{").count(), 1, "{text}");
        let age = text.lines().find_map(|line| line.strip_prefix("edgemint_active_key_age_seconds "));
        assert!((86_400..86_460).contains(&age.unwrap().parse::<i64>().unwrap()), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
