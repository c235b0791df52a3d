//! What the plan acts on, as far as rules §4 describe it, and edge nodes that learn of it at their own pace.

use crate::cloudfront::KeyPairId;
use crate::keyring::KeyId;
use crate::keyring::plan::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT, Remote, RemoteKey};

#[derive(Debug, Clone)]
struct Stored {
    key_pair_id: KeyPairId,
    caller_reference: String,
    key: Option<KeyId>,
}

/// The control plane.
#[derive(Debug, Clone, Default)]
pub(super) struct CloudFront {
    stored: Vec<Stored>,
    members: Vec<KeyPairId>,
    given: usize,
    pub nodes: Vec<Node>,
}

/// An edge node: from when it goes by which members of the key group.
#[derive(Debug, Clone)]
pub(super) struct Node {
    delay: i64,
    members: Vec<(i64, Vec<KeyPairId>)>,
}

impl CloudFront {
    pub fn new(delays: &[i64]) -> Self {
        let node = |delay: &i64| Node { delay: *delay, members: vec![(i64::MIN, Vec::new())] };
        Self { nodes: delays.iter().map(node).collect(), ..Self::default() }
    }

    /// The same CallerReference gives the same key.
    pub fn create(&mut self, caller_reference: &str, key: Option<KeyId>) -> Result<KeyPairId, &'static str> {
        if let Some(there) = self.stored.iter().find(|stored| stored.caller_reference == caller_reference) {
            assert_eq!(there.key, key, "PublicKeyAlreadyExists");
            return Ok(there.key_pair_id.clone());
        }
        if self.stored.len() >= ACCOUNT_LIMIT {
            return Err("TooManyPublicKeys");
        }
        self.given += 1;
        let key_pair_id: KeyPairId = format!("K{}", self.given).parse().unwrap();
        let caller_reference = caller_reference.to_owned();
        self.stored.push(Stored { key_pair_id: key_pair_id.clone(), caller_reference, key });
        Ok(key_pair_id)
    }

    pub fn update(&mut self, members: Vec<KeyPairId>, now: i64) -> Result<(), &'static str> {
        if members.len() > KEY_GROUP_LIMIT {
            return Err("TooManyPublicKeysInKeyGroup");
        }
        assert!(members.iter().all(|id| self.key(id).is_some()), "NoSuchPublicKey");
        self.forget(now);
        for node in &mut self.nodes {
            // Changes reach a node in the order in which they were made.
            let last = node.members.last().map_or(i64::MIN, |(since, _)| *since);
            node.members.push((last.max(now + node.delay), members.clone()));
        }
        self.members = members;
        Ok(())
    }

    /// 404 is success.
    pub fn delete(&mut self, key_pair_id: &KeyPairId) -> Result<(), &'static str> {
        if self.members.contains(key_pair_id) {
            return Err("PublicKeyInUse");
        }
        self.stored.retain(|stored| stored.key_pair_id != *key_pair_id);
        Ok(())
    }

    pub fn members(&self) -> &[KeyPairId] {
        &self.members
    }

    /// Whose public key it is; `None` if there is none, `Some(None)` if it is no key of a keyring.
    pub fn key(&self, key_pair_id: &KeyPairId) -> Option<Option<&KeyId>> {
        let stored = self.stored.iter().find(|stored| stored.key_pair_id == *key_pair_id)?;
        Some(stored.key.as_ref())
    }

    pub fn ids_of(&self, key: &KeyId) -> Vec<KeyPairId> {
        let own = self.stored.iter().filter(|stored| stored.key.as_ref() == Some(key));
        own.map(|stored| stored.key_pair_id.clone()).collect()
    }

    pub fn foreign(&self) -> Vec<KeyPairId> {
        let foreign = self.stored.iter().filter(|stored| stored.key.is_none());
        foreign.map(|stored| stored.key_pair_id.clone()).collect()
    }

    pub fn remote(&self) -> Remote {
        let seen = |stored: &Stored| RemoteKey {
            key_pair_id: stored.key_pair_id.clone(),
            name: stored.caller_reference.clone(),
            key: stored.key.clone(),
        };
        let public_keys = self.stored.iter().map(seen).collect();
        Remote { public_keys, key_group: Some(self.members.clone()) }
    }

    /// When nodes change their minds, within (after, until].
    pub fn changes(&self, after: i64, until: i64) -> impl Iterator<Item = i64> {
        let all = self.nodes.iter().flat_map(|node| &node.members).map(|(since, _)| *since);
        all.filter(move |since| (after + 1..=until).contains(since))
    }

    /// Forgets what no node goes by any more.
    fn forget(&mut self, now: i64) {
        for node in &mut self.nodes {
            let current = node.members.iter().rposition(|(since, _)| *since <= now).unwrap_or_default();
            node.members.drain(..current);
        }
    }

    pub fn accepted_everywhere(&self, key_pair_id: &KeyPairId, now: i64) -> bool {
        self.nodes.iter().all(|node| node.at(now).contains(key_pair_id))
    }

    pub fn refused_everywhere(&self, key_pair_id: &KeyPairId, now: i64) -> bool {
        !self.nodes.iter().any(|node| node.at(now).contains(key_pair_id))
    }
}

impl Node {
    fn at(&self, now: i64) -> &[KeyPairId] {
        self.members.iter().rfind(|(since, _)| *since <= now).map_or(&[], |(_, members)| members)
    }
}
