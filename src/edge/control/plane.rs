//! The control plane itself: one call after the other, and what the data plane learns of each.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use time::OffsetDateTime;

use super::account::{Account, Held, PageRequest, Stamp};
use super::distribution::Distribution;
use super::ids::{self, GroupId, Version};
use super::operation::Operation;
use super::refusal::Refusal;
use super::xml::{self, Unreadable};
use crate::cloudfront::KeyPairId;
use crate::edge::nodes::Nodes;
use crate::edge::propagation::Propagation;

/// An account with one distribution. Cheap to clone; clones are the same account.
#[derive(Clone)]
pub struct ControlPlane(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    distribution: Distribution,
    nodes: Arc<Nodes>,
}

struct State {
    account: Account,
    /// What the data plane was told last.
    published: Vec<BTreeSet<KeyPairId>>,
}

/// One call as it came in.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) operation: Operation,
    /// The id in the path; empty for the calls that have none.
    pub(super) id: String,
    pub(super) if_match: Option<String>,
    pub(super) page: PageRequest,
    pub(super) body: Vec<u8>,
}

/// What a call that succeeded is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// The id of what was created.
    pub(super) created: Option<String>,
    pub(super) version: Option<Version>,
    /// A document; `None` after a deletion.
    pub(super) body: Option<String>,
}

impl ControlPlane {
    pub(super) fn new(
        account: Account,
        distribution: Distribution,
        propagation: Propagation,
        now: Instant,
    ) -> Self {
        let nodes = Arc::new(Nodes::new(propagation, account.behaviours(), now));
        let state = Mutex::new(State { published: account.trusted_ids(), account });
        Self(Arc::new(Inner { state, distribution, nodes }))
    }

    /// The id of the distribution that the edge is.
    pub fn distribution_id(&self) -> &str {
        &self.0.distribution.id
    }

    /// The nodes that learn of every change.
    pub(in crate::edge) fn nodes(&self) -> Arc<Nodes> {
        self.0.nodes.clone()
    }

    /// Carries a call out, wholly or not at all. `now` is the same moment on both clocks.
    pub(super) fn perform(&self, call: &Call, now: (OffsetDateTime, Instant)) -> Result<Done, Unreadable> {
        let mut state = self.lock();
        let stamp = Stamp { time: now.0, version: Version::random() };
        let done = self.carry_out(&mut state.account, call, stamp, now.1)?;
        let trusted = state.account.trusted_ids();
        if trusted != state.published {
            self.0.nodes.publish(&state.account.behaviours(), now.1);
            state.published = trusted;
        }
        Ok(done)
    }

    fn carry_out(
        &self,
        account: &mut Account,
        call: &Call,
        stamp: Stamp,
        now: Instant,
    ) -> Result<Done, Unreadable> {
        let (id, if_match) = (call.id.as_str(), call.if_match.as_deref());
        let page = &call.page;
        Ok(match call.operation {
            Operation::CreatePublicKey => {
                let config = xml::public_key_config(&call.body)?;
                let key = account.create_public_key(ids::key_id(), config, stamp)?;
                Done::of(key.1, xml::public_key(key)).creating(key.0)
            }
            Operation::GetPublicKey => {
                let key = account.public_key(id)?;
                Done::of(key.1, xml::public_key(key))
            }
            Operation::GetPublicKeyConfig => {
                let (_, held) = account.public_key(id)?;
                Done::of(held, xml::public_key_config_document(&held.config))
            }
            Operation::UpdatePublicKey => {
                account.public_key(id)?;
                let config = xml::public_key_config(&call.body)?;
                let key = account.update_public_key(id, if_match, config, stamp)?;
                Done::of(key.1, xml::public_key(key))
            }
            Operation::DeletePublicKey => {
                account.delete_public_key(id, if_match).map(|()| Done::deleted())?
            }
            Operation::ListPublicKeys => Done::list(xml::public_key_list(&account.public_keys(page)?)),
            Operation::CreateKeyGroup => {
                let config = xml::key_group_config(&call.body)?;
                let group = account.create_key_group(GroupId::random(), config, stamp)?;
                Done::of(group.1, xml::key_group(group)).creating(group.0)
            }
            Operation::GetKeyGroup => {
                let group = account.key_group(id)?;
                Done::of(group.1, xml::key_group(group))
            }
            Operation::GetKeyGroupConfig => {
                let (_, held) = account.key_group(id)?;
                Done::of(held, xml::key_group_config_document(&held.config))
            }
            Operation::UpdateKeyGroup => {
                account.key_group(id)?;
                let config = xml::key_group_config(&call.body)?;
                let group = account.update_key_group(id, if_match, config, stamp)?;
                Done::of(group.1, xml::key_group(group))
            }
            Operation::DeleteKeyGroup => account.delete_key_group(id, if_match).map(|()| Done::deleted())?,
            Operation::ListKeyGroups => Done::list(xml::key_group_list(&account.key_groups(page)?)),
            Operation::GetDistribution => self.describe(account, id, now)?,
        })
    }

    fn describe(&self, account: &Account, id: &str, now: Instant) -> Result<Done, Refusal> {
        let distribution = &self.0.distribution;
        if id != distribution.id {
            return Err(Refusal::NoSuchDistribution);
        }
        let body = xml::distribution(distribution, account, self.0.nodes.is_settled(now));
        Ok(Done { created: None, version: Some(distribution.version.clone()), body: Some(body) })
    }

    /// No call leaves the account half changed, so a panic in one leaves it as good as before.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    fn of<T>(held: &Held<T>, body: String) -> Self {
        Self { created: None, version: Some(held.version.clone()), body: Some(body) }
    }

    fn list(body: String) -> Self {
        Self { created: None, version: None, body: Some(body) }
    }

    fn deleted() -> Self {
        Self { created: None, version: None, body: None }
    }

    fn creating(self, id: impl ToString) -> Self {
        Self { created: Some(id.to_string()), ..self }
    }
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ControlPlane")
            .field("distribution", &self.0.distribution)
            .finish_non_exhaustive()
    }
}
