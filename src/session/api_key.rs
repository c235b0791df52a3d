//! API keys: how a back end proves who it is.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use subtle::{Choice, ConstantTimeEq as _};

/// One back end and the hash of its key; the key itself is not kept.
#[derive(Clone)]
pub struct ApiKey {
    name: String,
    hash: [u8; 32],
}

/// The key is too short to withstand guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an API key has at least {} characters: make one with `openssl rand -base64 32`", ApiKey::MIN_BYTES)]
pub struct ShortApiKey;

impl ApiKey {
    /// The shortest key that is accepted. A plain hash protects a key only if nobody can guess it.
    pub const MIN_BYTES: usize = 32;

    /// Keeps the hash of `key` under the back end's name.
    ///
    /// # Errors
    /// [`ShortApiKey`].
    pub fn new(name: impl Into<String>, key: &[u8]) -> Result<Self, ShortApiKey> {
        if key.len() < Self::MIN_BYTES {
            return Err(ShortApiKey);
        }
        Ok(Self { name: name.into(), hash: hash(key) })
    }

    /// The back end's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All configured API keys.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys(Vec<ApiKey>);

impl From<Vec<ApiKey>> for ApiKeys {
    fn from(keys: Vec<ApiKey>) -> Self {
        Self(keys)
    }
}

impl ApiKeys {
    /// Whose key this is. Compares with every key, in a time that tells nothing of any.
    #[must_use]
    pub fn name_of(&self, key: &[u8]) -> Option<&str> {
        let hash = hash(key);
        let mut found = None;
        for candidate in &self.0 {
            let equal: Choice = candidate.hash.ct_eq(&hash);
            if bool::from(equal) {
                found = Some(candidate.name());
            }
        }
        found
    }
}

fn hash(key: &[u8]) -> [u8; 32] {
    digest(&SHA256, key).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_owner_and_nobody_else() {
        let key = |name: &str, byte: u8| ApiKey::new(name, &[byte; 32]).unwrap();
        let keys = ApiKeys::from(vec![key("app", b'a'), key("batch", b'b')]);
        assert_eq!(keys.name_of(&[b'b'; 32]), Some("batch"));
        for wrong in [&b""[..], &[b'a'; 31], &[b'a'; 33], &[b'c'; 32]] {
            assert_eq!(keys.name_of(wrong), None);
        }
        assert_eq!(ApiKey::new("app", &[b'a'; 31]).unwrap_err(), ShortApiKey);
        assert!(!format!("{keys:?}").contains("hash"));
    }
}
