//! The keys that one kind of token is verified by.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use super::jwks::{Jwks, JwksSettings};
use super::{TokenKey, TokenRefusal};
use crate::session::Failures;
use crate::session::outbound::ClientError;

/// Where the keys come from.
#[derive(Clone, Debug)]
pub enum KeySettings {
    /// They are configured. Several, during a change of keys, each need a `kid`.
    Configured(Vec<TokenKey>),
    /// They are fetched from a URL, again and again.
    Fetched(JwksSettings),
}

impl From<Vec<TokenKey>> for KeySettings {
    fn from(keys: Vec<TokenKey>) -> Self {
        Self::Configured(keys)
    }
}

impl KeySettings {
    /// Whether keys that are configured can be told apart.
    ///
    /// # Errors
    /// [`KeySettingsError`].
    pub(in crate::session) fn check(&self) -> Result<(), KeySettingsError> {
        match self {
            Self::Configured(keys) => KeySet::new(keys.clone()).map(|_| ()),
            Self::Fetched(_) => Ok(()),
        }
    }
}

/// The keys of this moment, and those to come.
#[derive(Debug)]
pub(in crate::session) enum Keys {
    Configured(Arc<KeySet>),
    Fetched(Jwks),
}

impl Keys {
    /// Begins to fetch keys if they are fetched; then it is to be called within the runtime that does so as long
    /// as the service lives.
    pub(in crate::session) fn new(settings: KeySettings) -> Result<Self, KeySettingsError> {
        Ok(match settings {
            KeySettings::Configured(keys) => Self::Configured(Arc::new(KeySet::new(keys)?)),
            KeySettings::Fetched(settings) => Self::Fetched(Jwks::start(settings)?),
        })
    }

    /// Those that count now.
    pub(in crate::session) fn at_hand(&self) -> Result<Arc<KeySet>, TokenRefusal> {
        match self {
            Self::Configured(keys) => Ok(keys.clone()),
            Self::Fetched(jwks) => jwks.at_hand().ok_or(TokenRefusal::KeysUnavailable),
        }
    }

    /// The whole of [`TokenRefusal::KeysUnavailable`], for the log.
    pub(in crate::session) fn outage(&self) -> String {
        let refusal = TokenRefusal::KeysUnavailable;
        match self {
            Self::Configured(_) => refusal.to_string(),
            Self::Fetched(jwks) => format!("{refusal}: {}", jwks.why_none()),
        }
    }

    /// What `verify` says; said again with other keys if it did not know the key and there are other keys.
    pub(in crate::session) async fn verified<T>(
        &self,
        verify: impl Fn() -> Result<T, TokenRefusal>,
    ) -> Result<T, TokenRefusal> {
        let Self::Fetched(jwks) = self else { return verify() };
        let before = jwks.fetches();
        match verify() {
            Err(TokenRefusal::UnknownKey | TokenRefusal::KeysUnavailable)
                if jwks.fetched_after(before).await =>
            {
                verify()
            }
            outcome => outcome,
        }
    }

    /// Fetches that failed, if keys are fetched.
    pub(in crate::session) fn failures(&self) -> Option<Failures> {
        match self {
            Self::Configured(_) => None,
            Self::Fetched(jwks) => Some(jwks.failures()),
        }
    }

    /// Whether there are keys to judge any token by.
    pub(in crate::session) fn are_at_hand(&self) -> bool {
        self.at_hand().is_ok()
    }
}

/// Keys, by what a token has to say to pick one.
#[derive(Debug)]
pub(in crate::session) enum KeySet {
    /// Exactly one key: a token may leave `kid` out.
    One(Box<TokenKey>),
    /// Several: `kid` is a look-up in this map and nothing else.
    ByKeyId(HashMap<String, TokenKey>),
}

impl KeySet {
    pub(super) fn new(keys: Vec<TokenKey>) -> Result<Self, KeySettingsError> {
        let keys = match <[TokenKey; 1]>::try_from(keys) {
            Ok([only]) => return Ok(Self::One(Box::new(only))),
            Err(keys) if keys.is_empty() => return Err(KeySettingsError::NoKey),
            Err(several) => several,
        };
        let mut by_key_id = HashMap::new();
        for key in keys {
            let key_id = key.key_id().ok_or(KeySettingsError::KeyWithoutId)?.to_owned();
            if let Some(first) = by_key_id.insert(key_id, key) {
                let key_id = first.key_id().unwrap_or_default().to_owned();
                return Err(KeySettingsError::DuplicateKeyId { key_id });
            }
        }
        Ok(Self::ByKeyId(by_key_id))
    }

    pub(super) fn named(&self, key_id: Option<&str>) -> Result<&TokenKey, TokenRefusal> {
        match (self, key_id) {
            (Self::One(only), None) => Ok(only),
            (Self::One(only), Some(key_id)) if only.key_id() == Some(key_id) => Ok(only),
            (Self::ByKeyId(keys), Some(key_id)) => keys.get(key_id).ok_or(TokenRefusal::UnknownKey),
            (Self::One(_), Some(_)) => Err(TokenRefusal::UnknownKey),
            (Self::ByKeyId(_), None) => Err(TokenRefusal::MissingKeyId),
        }
    }
}

/// Why tokens cannot be verified by such keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeySettingsError {
    /// No key at all.
    #[error("no key is configured; give the public key of who signs, or a secret that both share")]
    NoKey,
    /// Several keys, one of them without a `kid`.
    #[error("several keys are configured and one has no `kid`; give every key its own")]
    KeyWithoutId,
    /// Two keys with one `kid`.
    #[error("two keys have the `kid` {key_id:?}; give every key its own")]
    DuplicateKeyId {
        /// The `kid` that occurs twice.
        key_id: String,
    },
    /// Keys cannot be fetched at all.
    #[error(transparent)]
    Client(#[from] ClientError),
}
