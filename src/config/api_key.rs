use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// Below this a key could be guessed.
pub(super) const MIN_CHARACTERS: usize = 32;

/// A key that the app's back end presents. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    name: String,
    hash: [u8; 32],
}

/// Why a secret cannot be an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Guessable.
    #[error(
        "it has {0} characters, and fewer than {MIN_CHARACTERS} can be guessed; make one with: openssl rand -hex 32"
    )]
    TooShort(usize),
    /// It travels in an HTTP header.
    #[error(
        "it holds a space, a control character or a non-ASCII one, which a header cannot carry; make one with: openssl rand -hex 32"
    )]
    NotForAHeader,
}

impl ApiKey {
    /// # Errors
    /// [`ApiKeyError`] if the secret is short or cannot stand in a header.
    pub fn new(name: String, secret: &str) -> Result<Self, ApiKeyError> {
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyError::NotForAHeader);
        }
        if secret.len() < MIN_CHARACTERS {
            return Err(ApiKeyError::TooShort(secret.len()));
        }
        Ok(Self { name, hash: hash(secret.as_bytes()) })
    }

    /// Whose key it is, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is what was presented. Takes the same time whatever it is: hashes are compared,
    /// and those in constant time.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.hash.ct_eq(&hash(presented)).into()
    }

    pub(super) fn has_secret_of(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).finish_non_exhaustive()
    }
}

fn hash(secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret).as_ref());
    hash
}
