use aws_sdk_cloudfront::types::PublicKeyConfig;

use crate::cloudfront::{KeyPairId, PublicKey};

use super::client::CloudFront;
use super::error::{ApiError, Call};

/// How often a change is tried again that somebody else's change came before.
pub(super) const CONFLICTS: usize = 5;

/// A public key that CloudFront has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteKey {
    /// The id that CloudFront gave it; as it came, for it may be anybody's.
    pub id: String,
    /// The name that it was given.
    pub name: String,
    /// The key itself; none if it is of a kind that nobody signs with here.
    pub key: Option<PublicKey>,
}

impl CloudFront {
    /// Every public key of the account.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn public_keys(&self) -> Result<Vec<RemoteKey>, ApiError> {
        let (mut keys, mut marker) = (Vec::new(), None);
        loop {
            let page = self.client.list_public_keys().set_marker(marker).send().await;
            let page = page.map_err(|error| ApiError::of(Call::ListPublicKeys, error))?;
            let Some(list) = page.public_key_list() else { return Ok(keys) };
            keys.extend(list.items().iter().map(|summary| RemoteKey {
                id: summary.id().to_owned(),
                name: summary.name().to_owned(),
                key: PublicKey::from_pem(summary.encoded_key().as_bytes()).ok(),
            }));
            marker = list.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Uploads a public key; the id that CloudFront gave it. The same reference, name and key give the same
    /// id again, however often it is asked for.
    ///
    /// # Errors
    /// [`ApiError`]; after [`ApiError::Unanswered`] the key may be there.
    pub async fn create_public_key(
        &self,
        caller_reference: &str,
        name: &str,
        comment: &str,
        key: &PublicKey,
    ) -> Result<KeyPairId, ApiError> {
        let call = Call::CreatePublicKey;
        let config = PublicKeyConfig::builder()
            .caller_reference(caller_reference)
            .name(name)
            .comment(comment)
            .encoded_key(key.to_pem())
            .build()
            .map_err(|error| ApiError::Unreachable { call, reason: error.to_string() })?;
        let created = self.client.create_public_key().public_key_config(config).send().await;
        let created = created.map_err(|error| ApiError::of(call, error))?;
        let id = created.public_key().map(|key| key.id().parse());
        let unanswered = |reason: &str| ApiError::Unanswered { call, reason: reason.to_owned() };
        id.ok_or_else(|| unanswered("the answer holds no key"))?
            .map_err(|_| unanswered("the answer holds an id that is none"))
    }

    /// Deletes a public key that no group names. One that is not there is deleted.
    ///
    /// # Errors
    /// [`ApiError`]; after [`ApiError::Unanswered`] the key may be gone.
    pub async fn delete_public_key(&self, id: &KeyPairId) -> Result<(), ApiError> {
        let mut last = ApiError::PreconditionFailed(Call::DeletePublicKey);
        for _ in 0..CONFLICTS {
            let found = self.client.get_public_key().id(id.as_str()).send().await;
            let etag = match found.map_err(|error| ApiError::of(Call::GetPublicKey, error)) {
                Ok(found) => found.e_tag,
                Err(ApiError::NotFound(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let deleted = self.client.delete_public_key().id(id.as_str()).set_if_match(etag).send().await;
            match deleted.map_err(|error| ApiError::of(Call::DeletePublicKey, error)) {
                Ok(_) | Err(ApiError::NotFound(_)) => return Ok(()),
                Err(conflict @ ApiError::PreconditionFailed(_)) => last = conflict,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}
