//! Keys that CloudFront takes: RSA with exactly 2048 bits and ECDSA on P-256 (rules §3).

mod error;
mod id;
mod private;
mod public;
mod text;

pub use error::{KeyError, SignError};
pub use id::{InvalidKeyPairId, KeyPairId};
pub use private::SigningKey;
pub use public::PublicKey;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The two kinds of key that CloudFront takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of exactly 2048 bits, RSASSA-PKCS1-v1_5.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// ECDSA on NIST P-256, ASN.1 DER signatures.
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
}

impl KeyAlgorithm {
    /// `rsa-2048` or `ecdsa-p256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::EcdsaP256 => "ecdsa-p256",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no algorithm that CloudFront takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown key algorithm: CloudFront takes rsa-2048 and ecdsa-p256")]
pub struct UnknownAlgorithm;

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "rsa-2048" => Ok(Self::Rsa2048),
            "ecdsa-p256" => Ok(Self::EcdsaP256),
            _ => Err(UnknownAlgorithm),
        }
    }
}
