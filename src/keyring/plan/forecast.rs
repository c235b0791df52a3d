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
/// step is to wait, or is blocked, nothing is due. It is the policy described [above](self).
#[must_use]
pub fn plan(document: &Document, remote: &Remote, now: OffsetDateTime, settings: &Settings) -> Vec<Step> {
    let (mut document, mut remote, mut now) = (document.clone(), remote.clone(), now);
    let (mut steps, mut reported) = (Vec::new(), Vec::new());
    while let Some(step) = next(&View { document: &document, remote: &remote, settings, now }, &reported) {
        match &step.action {
            Action::Wait { until } => now = *until,
            Action::Blocked(obstacle) => reported.push(obstacle.clone()),
            action => {
                pretend(action, &document, &mut remote);
                match recorded(document, action, settings, now) {
                    Ok(changed) => document = changed,
                    // A fault in the rules. Whoever carries the step out gets the same error, with its reason.
                    Err(_) => return steps.into_iter().chain([step]).collect(),
                }
            }
        }
        steps.push(step);
    }
    steps
}

fn next(view: &View<'_>, reported: &[Obstacle]) -> Option<Step> {
    // Without it nothing is known of what the edge trusts.
    let known = view.remote.key_group.is_some();
    let due = || rules::due(view).filter(|_| known);
    let wait = || rules::wait(view).filter(|_| known);
    let blocked = || view.obstacles().find(|obstacle| !reported.contains(obstacle)).map(rules::blocked);
    due().or_else(blocked).or_else(wait)
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
