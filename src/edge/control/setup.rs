//! What a control plane begins with.

use std::time::Instant;

use time::OffsetDateTime;

use super::account::{Account, KeyGroupConfig, PublicKeyConfig, Stamp};
use super::distribution::Distribution;
use super::ids::{GroupId, Version};
use super::plane::ControlPlane;
use super::refusal::Refusal;
use crate::cloudfront::{KeyPairId, PublicKey};
use crate::edge::behaviour::PathPattern;
use crate::edge::propagation::Propagation;

/// Gathers public keys, key groups and protected paths before a control plane starts.
#[derive(Debug)]
pub struct Setup {
    account: Account,
    distribution: Distribution,
}

impl Setup {
    /// A distribution without protected paths in an account without keys. `origin` and `alias` are what GetDistribution
    /// tells of it, and change nothing else.
    pub fn new(origin: &str, alias: Option<&str>, now: OffsetDateTime) -> Self {
        let distribution = Distribution::new(origin.to_owned(), alias.map(str::to_owned), now);
        Self { account: Account::default(), distribution }
    }

    /// Adds a public key under an id that is known already. The same once more is no error.
    ///
    /// # Errors
    /// [`Refusal::PublicKeyAlreadyExists`] if another key has the id, [`Refusal::TooManyPublicKeys`].
    pub fn add_public_key(&mut self, id: &KeyPairId, key: PublicKey) -> Result<(), Refusal> {
        let config = PublicKeyConfig::seeded(id.as_str(), key);
        let stamp = self.stamp();
        self.account.create_public_key(id.clone(), config, stamp).map(drop)
    }

    /// Adds a key group of public keys that were added before; it may be empty.
    ///
    /// # Errors
    /// [`Refusal`]: too many keys or groups, an unknown key, a name that is taken.
    pub fn add_key_group(&mut self, name: &str, keys: Vec<KeyPairId>) -> Result<GroupId, Refusal> {
        let id = GroupId::random();
        let config = KeyGroupConfig::seeded(name, keys)?;
        let stamp = self.stamp();
        self.account.create_key_group(id.clone(), config, stamp)?;
        Ok(id)
    }

    /// Protects the paths that match, after those that are protected already: the first match wins.
    pub fn protect(&mut self, pattern: PathPattern, groups: Vec<GroupId>) {
        self.account.protect(pattern, groups);
    }

    /// The control plane; every node begins with all of this.
    pub fn start(self, propagation: Propagation, now: Instant) -> ControlPlane {
        ControlPlane::new(self.account, self.distribution, propagation, now)
    }

    fn stamp(&self) -> Stamp {
        Stamp { time: self.distribution.created, version: Version::random() }
    }
}
