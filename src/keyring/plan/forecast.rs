use time::OffsetDateTime;

use super::obstacle::Obstacle;
use super::record::record;
use super::remote::{Remote, RemoteKey, caller_reference};
use super::rules;
use super::settings::Settings;
use super::step::{Action, Step};
use super::view::View;
use crate::cloudfront::KeyPairId;
use crate::keyring::document::{Document, DocumentError};
use crate::keyring::entry::Entry;
use crate::keyring::id::KeyId;

/// What to do, in that order, until nothing is left to do: the first step now, the rest as it will be if all goes
/// well. No steps: the keyring and CloudFront are as they should be.
///
/// Carry out the first step only, [`record`] it, look at CloudFront again and make another plan. If the first
/// step is to wait, or is blocked, nothing is due. The policy is in the documentation of this [module](super).
#[must_use]
pub fn plan(document: &Document, remote: &Remote, now: OffsetDateTime, settings: &Settings) -> Vec<Step> {
    Forecast::new(document, remote, now, settings).collect()
}

/// The steps one by one, each as if those before were done.
#[derive(Debug)]
pub(super) struct Forecast<'a> {
    document: Document,
    remote: Remote,
    now: OffsetDateTime,
    settings: &'a Settings,
    reported: Vec<Obstacle>,
    /// A step could not be recorded, which is a fault in the rules: whoever carries it out gets the reason.
    broken: bool,
}

impl<'a> Forecast<'a> {
    pub fn new(document: &Document, remote: &Remote, now: OffsetDateTime, settings: &'a Settings) -> Self {
        let (document, remote) = (document.clone(), remote.clone());
        Self { document, remote, now, settings, reported: Vec::new(), broken: false }
    }

    fn step(&self) -> Option<Step> {
        let (document, remote, settings, now) = (&self.document, &self.remote, self.settings, self.now);
        let view = View { document, remote, settings, now };
        let blocked =
            || view.obstacles().find(|obstacle| !self.reported.contains(obstacle)).map(rules::blocked);
        match self.remote.key_group {
            // Nothing is known of what the edge trusts.
            None => blocked(),
            Some(_) => rules::due(&view).or_else(blocked).or_else(|| rules::wait(&view)),
        }
    }

    fn pretend(&mut self, action: &Action) {
        match action {
            Action::Wait { until } => self.now = *until,
            Action::Blocked(obstacle) => self.reported.push(obstacle.clone()),
            action => {
                pretend(action, &self.document, &mut self.remote);
                match recorded(self.document.clone(), action, self.settings, self.now) {
                    Ok(document) => self.document = document,
                    Err(_) => self.broken = true,
                }
            }
        }
    }
}

impl Iterator for Forecast<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = if self.broken { None } else { self.step() }?;
        self.pretend(&step.action);
        Some(step)
    }
}

/// The document as it will be.
fn recorded(
    document: Document,
    action: &Action,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Document, DocumentError> {
    match action {
        Action::Publish { id } => document.with_published(id, &to_be_given(id), now),
        action => record(document, action, settings, now),
    }
}

/// Changes `remote` as the action will change CloudFront.
fn pretend(action: &Action, document: &Document, remote: &mut Remote) {
    if let Action::Publish { id } = action {
        let (key_pair_id, name, key) = (to_be_given(id), caller_reference(id), Some(id.clone()));
        remote.public_keys.push(RemoteKey { key_pair_id, name, key });
    }
    let entry = action.key().and_then(|id| document.entry(id).ok());
    let Some(key_pair_id) = entry.and_then(Entry::key_pair_id) else { return };
    match action {
        Action::Trust { .. } if !remote.in_key_group(key_pair_id) => {
            remote.key_group.iter_mut().for_each(|members| members.push(key_pair_id.clone()));
        }
        Action::Untrust { .. } => {
            remote.key_group.iter_mut().for_each(|members| members.retain(|member| member != key_pair_id));
        }
        Action::Delete { .. } => remote.public_keys.retain(|key| key.key_pair_id != *key_pair_id),
        _ => {}
    }
}

/// Stands for the Key-Pair-Id that CloudFront will give. It is seen outside of no plan.
fn to_be_given(id: &KeyId) -> KeyPairId {
    let text = format!("of-{id}");
    KeyPairId::try_from(text).unwrap_or_else(|_| unreachable!("16 digits are fine in a Key-Pair-Id"))
}
