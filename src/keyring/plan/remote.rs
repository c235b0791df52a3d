use crate::cloudfront::KeyPairId;
use crate::keyring::KeyId;

/// What was seen in CloudFront, at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// Every public key of the account, whoever made it.
    pub public_keys: Vec<RemoteKey>,
    /// The members of the key group, whoever put them there; `None` if there is no such key group.
    pub key_group: Option<Vec<KeyPairId>>,
}

/// A public key in CloudFront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteKey {
    /// The id that CloudFront gave it.
    pub key_pair_id: KeyPairId,
    /// Its name, for people.
    pub name: String,
    /// Which key it is: [`KeyId::of`] its PEM, if the PEM is of a kind that a keyring can hold.
    pub key: Option<KeyId>,
}

/// The CallerReference, and the name, under which the public key of `id` is created. Both follow from the key
/// alone, so a creation that is repeated is the same one to CloudFront and gives the same Key-Pair-Id (rules §4).
#[must_use]
pub fn caller_reference(id: &KeyId) -> String {
    format!("edgemint-{id}")
}

impl Remote {
    /// Whether the key group names `key_pair_id`.
    #[must_use]
    pub fn in_key_group(&self, key_pair_id: &KeyPairId) -> bool {
        self.key_group.iter().flatten().any(|member| member == key_pair_id)
    }

    /// The public key that CloudFront has under `key_pair_id`.
    #[must_use]
    pub fn public_key(&self, key_pair_id: &KeyPairId) -> Option<&RemoteKey> {
        self.public_keys.iter().find(|key| key.key_pair_id == *key_pair_id)
    }

    /// The Key-Pair-Id of the key `id`, if CloudFront has its public key. If somebody uploaded it more than
    /// once: the one that the key group names, else the first by Key-Pair-Id, so that the answer stays the same.
    #[must_use]
    pub fn find(&self, id: &KeyId) -> Option<&KeyPairId> {
        let ids =
            self.public_keys.iter().filter(|key| key.key.as_ref() == Some(id)).map(|key| &key.key_pair_id);
        ids.min_by_key(|key_pair_id| (!self.in_key_group(key_pair_id), *key_pair_id))
    }
}
