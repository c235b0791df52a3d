use std::sync::Arc;

use super::document::Document;
use super::id::KeyId;
use crate::cloudfront::{HashAlgorithm, KeyPairId, SigningKey};

/// A keyring as it was read: every key's entry, and the active key ready to sign.
#[derive(Debug)]
pub struct Keyring {
    pub(super) document: Document,
    pub(super) active: Option<ActiveKey>,
}

impl Keyring {
    /// What `keyring.json` says.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The key that signs; none before the first key is activated.
    #[must_use]
    pub fn active(&self) -> Option<&ActiveKey> {
        self.active.as_ref()
    }
}

/// The key that signs, and how.
#[derive(Debug, Clone)]
pub struct ActiveKey {
    pub(super) id: KeyId,
    pub(super) key_pair_id: KeyPairId,
    pub(super) key: Arc<SigningKey>,
    pub(super) hash: HashAlgorithm,
}

impl ActiveKey {
    /// The local name of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The name by which CloudFront trusts it.
    #[must_use]
    pub fn key_pair_id(&self) -> &KeyPairId {
        &self.key_pair_id
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    /// The hash to sign over.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }
}
