use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Value, json};

use super::failure::Failure;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId};
use crate::keyring::{Document, Entry, KeyId, Keyring, Settings, State};
use crate::telemetry::metrics::{KeyringMetrics, Metrics, SigningKeyInfo};

/// The key that signs, and how.
#[derive(Debug, Clone)]
pub(super) struct Signing {
    pub(super) id: KeyId,
    pub(super) key_pair_id: KeyPairId,
    pub(super) algorithm: KeyAlgorithm,
    pub(super) hash: HashAlgorithm,
    /// Since when it is active, epoch seconds.
    since: i64,
}

impl Signing {
    /// Of the active key.
    pub(super) fn of(keyring: &Keyring) -> Option<Self> {
        let key = keyring.active()?;
        Some(Self {
            id: key.id().clone(),
            key_pair_id: key.key_pair_id().clone(),
            algorithm: key.key().algorithm(),
            hash: key.hash(),
            since: keyring.document().active().map(Entry::state_since)?.unix_timestamp(),
        })
    }

    /// Whether both sign alike.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.id, &self.key_pair_id, self.hash) == (&other.id, &other.key_pair_id, other.hash)
    }

    fn info(&self) -> SigningKeyInfo {
        SigningKeyInfo {
            id: self.id.to_string(),
            key_pair_id: self.key_pair_id.to_string(),
            algorithm: self.algorithm.to_string(),
            hash: self.hash.as_str(),
            since: self.since,
        }
    }
}

/// What the last look at the keyring has found: for `/readyz`, and for the metrics.
pub(in crate::http) struct KeyringStatus {
    known: ArcSwap<Known>,
    metrics: Arc<Metrics>,
    retirement: Settings,
}

#[derive(Clone)]
struct Known {
    signing: Option<Signing>,
    /// When the keyring was last found good, epoch seconds.
    reloaded_at: i64,
    /// Codes of [`Failure`]s.
    failed: Option<&'static str>,
    next_key: Option<&'static str>,
}

impl KeyringStatus {
    /// Of a keyring that was taken into use at the second `now`.
    /// `retirement` tells how long keys retire.
    pub(in crate::http) fn new(
        keyring: &Keyring,
        retirement: Settings,
        metrics: Arc<Metrics>,
        now: i64,
    ) -> Self {
        let known = Known { signing: None, reloaded_at: now, failed: None, next_key: None };
        let this = Self { known: ArcSwap::from_pointee(known), metrics, retirement };
        this.found(Signing::of(keyring), this.retirement_in(keyring.document()), None, now);
        this
    }

    /// What signs now.
    pub(super) fn signing(&self) -> Option<Signing> {
        self.known.load().signing.clone()
    }

    pub(super) fn count_reload(&self) {
        self.metrics().reloads.inc();
    }

    /// When the first of the keys that retire may leave the key group, epoch seconds.
    pub(super) fn retirement_in(&self, document: &Document) -> Option<i64> {
        let retiring = document.entries().iter().filter(|entry| entry.state() == State::Retiring);
        retiring.map(|entry| self.retirement.release_at(entry).unix_timestamp()).min()
    }

    /// A look has found a good keyring, of which the first key is retired at that second.
    pub(super) fn found(
        &self,
        signing: Option<Signing>,
        retired_at: Option<i64>,
        next_key: Option<Failure>,
        now: i64,
    ) {
        let metrics = self.metrics();
        metrics.signs_with(signing.as_ref().map(Signing::info));
        metrics.last_success.set(now);
        metrics.failing.set(0);
        metrics.soonest_retirement.set(retired_at);
        metrics.next_key_damaged.set(next_key.is_some().into());
        let next_key = next_key.map(|failure| failure.code);
        self.known.store(Arc::new(Known { signing, reloaded_at: now, failed: None, next_key }));
    }

    /// A look has found none.
    pub(super) fn failed(&self, failure: &Failure) {
        let metrics = self.metrics();
        metrics.failed_reloads.inc();
        metrics.failing.set(1);
        let known = Known::clone(&self.known.load());
        self.known.store(Arc::new(Known { failed: Some(failure.code), ..known }));
    }

    /// Anybody may read it: it tells no more than an answer with cookies does and that something is wrong, but no
    /// reason, which names files.
    pub(in crate::http) fn json(&self) -> Value {
        let Known { signing, reloaded_at, failed, next_key } = &**self.known.load();
        let mut json = json!({"reloaded_at": reloaded_at});
        let key_pair_id = signing.as_ref().map(|signing| signing.key_pair_id.as_str());
        for (name, text) in [("key_pair_id", &key_pair_id), ("failed", failed), ("next_key", next_key)] {
            if let Some(text) = text {
                json[name] = (*text).into();
            }
        }
        json
    }

    fn metrics(&self) -> &KeyringMetrics {
        self.metrics.keyring()
    }
}
