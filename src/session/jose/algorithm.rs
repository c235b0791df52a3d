//! The algorithms that a key can be for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How a token is signed (RFC 7518 §3.1, RFC 8037 §3.1). A key is for exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256: one secret of at least 32 bytes, in the web app and here.
    HS256,
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, by a key of 2048 to 4096 bits.
    RS256,
}

impl Algorithm {
    /// The name as the `alg` of a header has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
        }
    }

    /// What a public key for this algorithm is called.
    pub(super) fn key_type(self) -> &'static str {
        match self {
            Self::HS256 => "a secret",
            Self::EdDSA => "an Ed25519 key",
            Self::ES256 => "a P-256 key",
            Self::RS256 => "an RSA key",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::HS256, Self::EdDSA, Self::ES256, Self::RS256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// A name is not that of an [`Algorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the algorithm is none that is accepted; choose HS256, EdDSA, ES256 or RS256, written exactly so")]
pub struct UnknownAlgorithm;
