use std::sync::Arc;

use super::cookies::{self, SignedCookies};
use super::url::{MediaUrl, SignedUrl, UrlError};
use super::{EpochSeconds, HashAlgorithm, KeyPairId, Policy, SignError, SigningKey, encoding};

/// A key, the id under which the edge knows it, and the hash to sign over.
#[derive(Debug, Clone)]
pub struct Signer {
    id: KeyPairId,
    key: Arc<SigningKey>,
    hash: HashAlgorithm,
}

impl Signer {
    /// Puts the parts together; the key has proved itself when it was loaded.
    #[must_use]
    pub fn new(id: KeyPairId, key: Arc<SigningKey>, hash: HashAlgorithm) -> Self {
        Self { id, key, hash }
    }

    /// The id that goes into every cookie set and URL.
    #[must_use]
    pub fn id(&self) -> &KeyPairId {
        &self.id
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The hash that is signed over.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// The cookies of a custom policy: three over SHA-1, four over SHA-256 (rules §1).
    ///
    /// # Errors
    /// [`SignError`] if the library fails.
    pub fn cookies(&self, policy: &Policy) -> Result<SignedCookies, SignError> {
        let document = policy.canonical();
        let first = (cookies::POLICY, encoding::encode(document.as_bytes()));
        Ok(SignedCookies::new(first, self.signature(&document)?, &self.id, self.hash))
    }

    /// The cookies of a canned policy, which names exactly one URL. Three or four, as above, with
    /// `CloudFront-Expires` in place of the policy.
    ///
    /// # Errors
    /// [`SignError`] if the library fails.
    pub fn canned_cookies(&self, url: &MediaUrl, expires: EpochSeconds) -> Result<SignedCookies, SignError> {
        let signature = self.signature(&url.canned_policy(expires))?;
        Ok(SignedCookies::new((cookies::EXPIRES, expires.to_string()), signature, &self.id, self.hash))
    }

    /// A signed URL with a canned policy: shorter, and good for that URL alone.
    ///
    /// # Errors
    /// [`UrlError::TooLong`] beyond what CloudFront takes; [`UrlError::Sign`] if the library fails.
    pub fn canned_url(&self, url: &MediaUrl, expires: EpochSeconds) -> Result<SignedUrl, UrlError> {
        let signature = self.signature(&url.canned_policy(expires))?;
        url.signed(("Expires", &expires.to_string()), &signature, &self.id, self.hash)
    }

    /// A signed URL with a custom policy. Whether the policy's resource covers the URL is the
    /// caller's business.
    ///
    /// # Errors
    /// [`UrlError::TooLong`] beyond what CloudFront takes; [`UrlError::Sign`] if the library fails.
    pub fn custom_url(&self, url: &MediaUrl, policy: &Policy) -> Result<SignedUrl, UrlError> {
        let document = policy.canonical();
        let signature = self.signature(&document)?;
        url.signed(("Policy", &encoding::encode(document.as_bytes())), &signature, &self.id, self.hash)
    }

    fn signature(&self, document: &str) -> Result<String, SignError> {
        Ok(encoding::encode(&self.key.sign(self.hash, document.as_bytes())?))
    }
}
