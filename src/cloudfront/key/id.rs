use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id that CloudFront gave to a public key (`K2JCJMDEHXQW5F`), not the key group's (rules §1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPairId(String);

/// The text is no key-pair id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Key-Pair-Id is 1 to 64 letters, digits, - or _, as CloudFront shows it for the public key (K2JCJMDEHXQW5F)"
)]
pub struct InvalidKeyPairId;

impl KeyPairId {
    /// The id as CloudFront writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyPairId {
    type Error = InvalidKeyPairId;

    fn try_from(text: String) -> Result<Self, InvalidKeyPairId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidKeyPairId)
        }
    }
}

impl FromStr for KeyPairId {
    type Err = InvalidKeyPairId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyPairId> {
        Self::try_from(text.to_owned())
    }
}

impl From<KeyPairId> for String {
    fn from(id: KeyPairId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyPairId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
