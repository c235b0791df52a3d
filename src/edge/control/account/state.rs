//! What the account holds, and what each call makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::key_group::{self, KeyGroupConfig};
use super::page::{Page, PageRequest, page};
use super::public_key::PublicKeyConfig;
use super::versioned::{Held, Stamp};
use super::{GROUPS_IN_ACCOUNT, KEYS_IN_ACCOUNT};
use crate::cloudfront::{KeyPairId, TrustedKeys};
use crate::edge::behaviour::{Behaviour, PathPattern};
use crate::edge::control::ids::GroupId;
use crate::edge::control::refusal::Refusal;

/// Public keys, key groups, and the protected paths of the one distribution. Each call either makes its whole change
/// or none.
#[derive(Clone, Debug, Default)]
pub(in crate::edge::control) struct Account {
    keys: BTreeMap<KeyPairId, Held<PublicKeyConfig>>,
    groups: BTreeMap<GroupId, Held<KeyGroupConfig>>,
    protected: Vec<Protected>,
}

/// A protected path of the distribution and the key groups that it trusts.
#[derive(Clone, Debug)]
pub(in crate::edge::control) struct Protected {
    pub(in crate::edge::control) pattern: PathPattern,
    pub(in crate::edge::control) groups: Vec<GroupId>,
}

/// A public key with its id.
type Key<'a> = (&'a KeyPairId, &'a Held<PublicKeyConfig>);
/// A key group with its id.
type Group<'a> = (&'a GroupId, &'a Held<KeyGroupConfig>);

impl Account {
    /// The same caller reference with the same content is the same key, whatever `id` says (rules §4).
    pub(in crate::edge::control) fn create_public_key(
        &mut self,
        id: KeyPairId,
        config: PublicKeyConfig,
        stamp: Stamp,
    ) -> Result<Key<'_>, Refusal> {
        let same_reference = self.keys.iter().find(|(_, held)| held.config.reference() == config.reference());
        let id = match same_reference {
            Some((earlier, held)) if held.config == config => earlier.clone(),
            Some(_) => return Err(Refusal::PublicKeyAlreadyExists("caller reference")),
            None => {
                self.admit_public_key(&id, &config)?;
                self.keys.insert(id.clone(), Held::new(config, stamp));
                id
            }
        };
        self.public_key(id.as_str())
    }

    fn admit_public_key(&self, id: &KeyPairId, config: &PublicKeyConfig) -> Result<(), Refusal> {
        let has_name = |held: &Held<PublicKeyConfig>| held.config.name() == config.name();
        if self.keys.contains_key(id) || self.keys.values().any(has_name) {
            return Err(Refusal::PublicKeyAlreadyExists("name"));
        }
        if self.keys.len() >= KEYS_IN_ACCOUNT { Err(Refusal::TooManyPublicKeys) } else { Ok(()) }
    }

    pub(in crate::edge::control) fn public_key(&self, id: &str) -> Result<Key<'_>, Refusal> {
        let id = id.parse::<KeyPairId>().map_err(|_| Refusal::NoSuchPublicKey)?;
        self.keys.get_key_value(&id).ok_or(Refusal::NoSuchPublicKey)
    }

    pub(in crate::edge::control) fn public_keys(
        &self,
        request: &PageRequest,
    ) -> Result<Page<Key<'_>>, Refusal> {
        page(self.keys.iter().map(|key| (key.0.as_str(), key)), request)
    }

    /// Changes the comment, and nothing else can be changed (rules §4).
    pub(in crate::edge::control) fn update_public_key(
        &mut self,
        id: &str,
        if_match: Option<&str>,
        config: PublicKeyConfig,
        stamp: Stamp,
    ) -> Result<Key<'_>, Refusal> {
        let (id, held) = self.public_key(id)?;
        held.expect_version(if_match)?;
        if !held.config.differs_only_in_comment(&config) {
            return Err(Refusal::CannotChangeImmutablePublicKeyFields);
        }
        let (id, created) = (id.clone(), held.time);
        self.keys.insert(id.clone(), Held { config, time: created, version: stamp.version });
        self.public_key(id.as_str())
    }

    pub(in crate::edge::control) fn delete_public_key(
        &mut self,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<(), Refusal> {
        let (id, held) = self.public_key(id)?;
        held.expect_version(if_match)?;
        if self.groups.values().any(|group| group.config.items().contains(id)) {
            return Err(Refusal::PublicKeyInUse);
        }
        let id = id.clone();
        self.keys.remove(&id);
        Ok(())
    }

    pub(in crate::edge::control) fn create_key_group(
        &mut self,
        id: GroupId,
        config: KeyGroupConfig,
        stamp: Stamp,
    ) -> Result<Group<'_>, Refusal> {
        self.admit_key_group(None, &config)?;
        if self.groups.len() >= GROUPS_IN_ACCOUNT {
            return Err(Refusal::TooManyKeyGroups);
        }
        self.groups.insert(id.clone(), Held::new(config, stamp));
        self.key_group(id.as_str())
    }

    /// The keys have to be there, and the name has to be free but for the group itself.
    fn admit_key_group(&self, own: Option<&GroupId>, config: &KeyGroupConfig) -> Result<(), Refusal> {
        if let Some(missing) = config.items().iter().find(|item| !self.keys.contains_key(item)) {
            return Err(key_group::unknown(missing.as_str()));
        }
        let mut others = self.groups.iter().filter(|(id, _)| Some(*id) != own);
        if others.any(|(_, held)| held.config.name() == config.name()) {
            return Err(Refusal::KeyGroupAlreadyExists);
        }
        Ok(())
    }

    pub(in crate::edge::control) fn key_group(&self, id: &str) -> Result<Group<'_>, Refusal> {
        self.groups.iter().find(|(found, _)| found.as_str() == id).ok_or(Refusal::NoSuchResource)
    }

    pub(in crate::edge::control) fn key_groups(
        &self,
        request: &PageRequest,
    ) -> Result<Page<Group<'_>>, Refusal> {
        page(self.groups.iter().map(|group| (group.0.as_str(), group)), request)
    }

    /// Replaces the whole group (rules §4).
    pub(in crate::edge::control) fn update_key_group(
        &mut self,
        id: &str,
        if_match: Option<&str>,
        config: KeyGroupConfig,
        stamp: Stamp,
    ) -> Result<Group<'_>, Refusal> {
        let (id, held) = self.key_group(id)?;
        held.expect_version(if_match)?;
        self.admit_key_group(Some(id), &config)?;
        let id = id.clone();
        self.groups.insert(id.clone(), Held::new(config, stamp));
        self.key_group(id.as_str())
    }

    pub(in crate::edge::control) fn delete_key_group(
        &mut self,
        id: &str,
        if_match: Option<&str>,
    ) -> Result<(), Refusal> {
        let (id, held) = self.key_group(id)?;
        held.expect_version(if_match)?;
        if self.protected.iter().any(|path| path.groups.contains(id)) {
            return Err(Refusal::ResourceInUse);
        }
        let id = id.clone();
        self.groups.remove(&id);
        Ok(())
    }

    /// Lets the distribution trust key groups of this account for a path. Groups that are named here cannot be deleted.
    pub(in crate::edge::control) fn protect(&mut self, pattern: PathPattern, groups: Vec<GroupId>) {
        self.protected.push(Protected { pattern, groups });
    }

    /// The protected paths of the distribution, in the order in which they are tried.
    pub(in crate::edge::control) fn protected(&self) -> &[Protected] {
        &self.protected
    }

    /// The key groups that the distribution trusts, with their keys.
    pub(in crate::edge::control) fn trusted_groups(&self) -> BTreeMap<&GroupId, &[KeyPairId]> {
        let named = self.protected.iter().flat_map(|path| &path.groups);
        named.filter_map(|id| Some((id, self.groups.get(id)?.config.items()))).collect()
    }

    /// The ids that each protected path trusts. Keys never change under an id, so the data plane has news only
    /// when these differ.
    pub(in crate::edge::control) fn trusted_ids(&self) -> Vec<BTreeSet<KeyPairId>> {
        let items = |id| self.groups.get(id).map(|group| group.config.items()).unwrap_or_default();
        self.protected.iter().map(|path| path.groups.iter().flat_map(items).cloned().collect()).collect()
    }

    /// What the data plane has to know.
    pub(in crate::edge::control) fn behaviours(&self) -> Arc<[Behaviour]> {
        let trusted = |ids: BTreeSet<KeyPairId>| -> TrustedKeys {
            ids.into_iter()
                .filter_map(|id| Some((id.clone(), self.keys.get(&id)?.config.key().clone())))
                .collect()
        };
        let paths = self.protected.iter().zip(self.trusted_ids());
        paths.map(|(path, ids)| Behaviour::new(path.pattern.clone(), trusted(ids))).collect()
    }
}
