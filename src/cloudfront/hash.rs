use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The hash that a signature is made over. Absent from a request it means SHA-1; a SHA-256
/// signature needs the fourth cookie or the `Hash-Algorithm` parameter (rules §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// CloudFront's default, understood by every distribution.
    #[default]
    Sha1,
    /// Accepted since April 2026 (rules §3).
    Sha256,
}

impl HashAlgorithm {
    /// The value of `CloudFront-Hash-Algorithm`: `SHA1` or `SHA256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no hash that CloudFront knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown hash algorithm: write sha1 or sha256")]
pub struct UnknownHash;

/// For settings and flags: any case. What a request says is compared exactly, in `verify`.
impl FromStr for HashAlgorithm {
    type Err = UnknownHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            _ => Err(UnknownHash),
        }
    }
}
