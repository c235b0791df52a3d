use super::api::{ApiError, CloudFront};
use super::error::RotationError;
use crate::keyring::{Document, Journal, KeyId, Phase, Record, Remote, RemoteKey, State};

/// The part of CloudFront that a rotation is about.
#[derive(Debug, Clone)]
pub struct Place {
    /// The id of the key group.
    pub key_group: String,
    /// The id of the distribution, if it is to be looked at.
    pub distribution: Option<String>,
}

/// Looks at all that the plan goes by.
///
/// # Errors
/// [`ApiError`].
pub async fn observe(cloudfront: &CloudFront, place: &Place) -> Result<Remote, ApiError> {
    let public_keys = cloudfront.public_keys().await?;
    let key_group = match cloudfront.key_group(&place.key_group).await {
        Ok(group) => Some(group.keys().iter().filter_map(|id| id.parse().ok()).collect()),
        Err(ApiError::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    let known = public_keys.into_iter().filter_map(|key| {
        let own = key.key.as_ref().map(KeyId::of);
        Some(RemoteKey { key_pair_id: key.id.parse().ok()?, name: key.name, key: own })
    });
    Ok(Remote { public_keys: known.collect(), key_group })
}

/// That the distribution, if one is named, trusts the key group: else no key of it could ever be proven.
pub(super) async fn check_distribution(cloudfront: &CloudFront, place: &Place) -> Result<(), RotationError> {
    let Some(id) = &place.distribution else { return Ok(()) };
    let distribution = cloudfront.distribution(id).await?;
    if distribution.key_groups.contains(&place.key_group) {
        return Ok(());
    }
    Err(RotationError::Untrusting { distribution: id.clone(), key_group: place.key_group.clone() })
}

/// What CloudFront should have, going by the keyring: where it cannot be asked, a person says what was done.
#[must_use]
pub fn believed(document: &Document, journal: &Journal) -> Remote {
    let published = document.entries().iter().filter(|entry| entry.state() != State::Gone);
    let public_keys = published.clone().filter_map(|entry| {
        let (key_pair_id, key) = (entry.key_pair_id()?.clone(), Some(entry.id().clone()));
        Some(RemoteKey { key_pair_id, name: String::new(), key })
    });
    let trusted = published.clone().filter(|entry| match entry.state() {
        // Revoked or given up, it may still be there; only the journal knows whether it was taken out.
        State::Untrusted => !was_taken_out(entry.id(), journal),
        state => (State::Trusted..=State::Retiring).contains(&state),
    });
    Remote {
        public_keys: public_keys.collect(),
        key_group: Some(trusted.filter_map(|entry| entry.key_pair_id().cloned()).collect()),
    }
}

/// Whether the last change of the key group that is known of a key took it out.
fn was_taken_out(id: &KeyId, journal: &Journal) -> bool {
    let is_change = |record: &&Record| {
        record.key == *id
            && record.phase == Phase::Done
            && ["trust", "untrust"].contains(&record.step.as_str())
    };
    let last = journal.records().iter().rfind(is_change);
    last.is_some_and(|record| record.step == "untrust")
}
