use aws_sdk_cloudfront::types::KeyGroupConfig;

use crate::cloudfront::KeyPairId;

use super::client::CloudFront;
use super::error::{ApiError, Call};
use super::public_keys::CONFLICTS;

/// A key group as it was read: the keys that a behaviour trusts, ours and those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroup {
    /// Its name, which a change keeps.
    name: String,
    /// Its comment, which a change keeps.
    comment: Option<String>,
    /// The ids of its public keys, as they came.
    keys: Vec<String>,
    /// What a change of it has to name.
    etag: String,
}

impl KeyGroup {
    /// The ids of its public keys, ours and those of others.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether it names this key.
    #[must_use]
    pub fn has(&self, id: &KeyPairId) -> bool {
        self.keys.iter().any(|key| key == id.as_str())
    }
}

/// A change of one key in a group; every other key stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupChange<'a> {
    /// The key comes in.
    Add(&'a KeyPairId),
    /// The key goes out.
    Remove(&'a KeyPairId),
}

impl GroupChange<'_> {
    /// The keys of the group after it; nothing if it is so already.
    fn keys_after(self, group: &KeyGroup) -> Option<Vec<String>> {
        match self {
            Self::Add(id) if group.has(id) => None,
            Self::Add(id) => Some(group.keys.iter().cloned().chain([id.to_string()]).collect()),
            Self::Remove(id) if !group.has(id) => None,
            Self::Remove(id) => Some(group.keys.iter().filter(|key| *key != id.as_str()).cloned().collect()),
        }
    }
}

impl CloudFront {
    /// Reads a key group.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn key_group(&self, id: &str) -> Result<KeyGroup, ApiError> {
        let call = Call::GetKeyGroup;
        let found = self.client.get_key_group().id(id).send().await;
        let found = found.map_err(|error| ApiError::of(call, error))?;
        let config = found.key_group().and_then(|group| group.key_group_config());
        let (Some(config), Some(etag)) = (config, found.e_tag()) else {
            let reason = "the answer holds no key group, or no ETag".to_owned();
            return Err(ApiError::Unanswered { call, reason });
        };
        Ok(KeyGroup {
            name: config.name().to_owned(),
            comment: config.comment().map(str::to_owned),
            keys: config.items().to_vec(),
            etag: etag.to_owned(),
        })
    }

    /// Makes one change to a key group: read, changed, and put as a whole, since the call replaces everything
    /// (rules §4). When somebody else's change comes in between, all of it is done again on what they wrote.
    ///
    /// # Errors
    /// [`ApiError`]; after [`ApiError::Unanswered`] the change may be made.
    pub async fn change_key_group(&self, id: &str, change: GroupChange<'_>) -> Result<(), ApiError> {
        let call = Call::UpdateKeyGroup;
        let mut last = ApiError::PreconditionFailed(call);
        for _ in 0..CONFLICTS {
            let group = self.key_group(id).await?;
            let Some(keys) = change.keys_after(&group) else { return Ok(()) };
            let config = KeyGroupConfig::builder()
                .name(group.name)
                .set_comment(group.comment)
                .set_items(Some(keys))
                .build()
                .map_err(|error| ApiError::Unreachable { call, reason: error.to_string() })?;
            let request = self.client.update_key_group().id(id).if_match(group.etag).key_group_config(config);
            match request.send().await.map_err(|error| ApiError::of(call, error)) {
                Ok(_) => return Ok(()),
                Err(conflict @ ApiError::PreconditionFailed(_)) => last = conflict,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(keys: &[&str]) -> KeyGroup {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        KeyGroup { name: "media".into(), comment: None, keys, etag: "E1".into() }
    }

    #[test]
    fn a_change_keeps_every_other_key_in_its_place() {
        let ours: KeyPairId = "K2".parse().unwrap();
        let after = |change: GroupChange<'_>, keys: &[&str]| change.keys_after(&group(keys));
        let owned = |keys: &[&str]| Some(keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(after(GroupChange::Add(&ours), &["K1", "K3"]), owned(&["K1", "K3", "K2"]));
        assert_eq!(after(GroupChange::Remove(&ours), &["K1", "K2", "K3"]), owned(&["K1", "K3"]));
        assert_eq!(after(GroupChange::Add(&ours), &["K2"]), None);
        assert_eq!(after(GroupChange::Remove(&ours), &["K1", "K22"]), None);
    }
}
