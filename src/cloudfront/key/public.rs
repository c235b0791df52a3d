use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
};
use rsa::pkcs8::der::Decode as _;
use rsa::pkcs8::der::asn1::UintRef;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

use super::error::{Expected, KeyError};
use super::{KeyAlgorithm, text};
use crate::cloudfront::HashAlgorithm;

pub(super) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
pub(super) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
pub(super) const P256: &str = "1.2.840.10045.3.1.7";

/// A public key as CloudFront is given it: SPKI, `-----BEGIN PUBLIC KEY-----` (rules §3).
#[derive(Clone)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Arc<[u8]>,
    /// Parsed once for each hash: a request names the hash, the key does not.
    sha1: Arc<ParsedPublicKey>,
    sha256: Arc<ParsedPublicKey>,
}

impl PublicKey {
    /// Reads an SPKI PEM.
    ///
    /// # Errors
    /// [`KeyError`] with a sentence on what was found instead.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let block = text::only_block(pem, Expected::PublicKey)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&block.der),
            "CERTIFICATE" => Err(KeyError::CertificateFound(Expected::PublicKey)),
            "RSA PUBLIC KEY" => Err(KeyError::Pkcs1PublicKeyFound),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::PrivateKeyFound),
            other => Err(KeyError::other_block(other, Expected::PublicKey)),
        }
    }

    pub(super) fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = KeyError::Damaged(Expected::PublicKey);
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| damaged.clone())?;
        let algorithm = match spki.algorithm.oid.to_string().as_str() {
            RSA_ENCRYPTION => rsa_2048(spki.subject_public_key.raw_bytes())?,
            EC_PUBLIC_KEY => on_p256(spki.algorithm.parameters_oid().ok().map(|oid| oid.to_string()))?,
            other => return Err(KeyError::Algorithm { algorithm: algorithm_name(other) }),
        };
        let parsed = match algorithm {
            KeyAlgorithm::Rsa2048 => [
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, der),
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der),
            ],
            KeyAlgorithm::EcdsaP256 => [
                ParsedPublicKey::new(&ECDSA_P256_SHA1_ASN1, der),
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der),
            ],
        };
        let [Ok(sha1), Ok(sha256)] = parsed else { return Err(damaged) };
        Ok(Self { algorithm, spki: der.into(), sha1: Arc::new(sha1), sha256: Arc::new(sha256) })
    }

    /// The form that is uploaded to CloudFront: SPKI PEM with a final newline.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", &*self.spki), config)
    }

    /// SPKI DER, what the PEM holds.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.spki
    }

    /// RSA or ECDSA.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Whether `signature` was made over `message` with the private half of this key: PKCS#1 v1.5
    /// for RSA, ASN.1 DER for ECDSA.
    #[must_use]
    pub fn verify(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match hash {
            HashAlgorithm::Sha1 => &self.sha1,
            HashAlgorithm::Sha256 => &self.sha256,
        };
        key.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn rsa_2048(key: &[u8]) -> Result<KeyAlgorithm, KeyError> {
    let numbers = rsa::pkcs1::RsaPublicKey::from_der(key);
    exactly_2048_bits(numbers.map_err(|_| KeyError::Damaged(Expected::PublicKey))?.modulus)
}

/// Counted before anything reads the key, since readers give up on large ones without a word on why.
pub(super) fn exactly_2048_bits(modulus: UintRef<'_>) -> Result<KeyAlgorithm, KeyError> {
    let bytes = modulus.as_bytes();
    let unused = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    match bytes.len() * 8 - unused {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        bits => Err(KeyError::RsaSize { bits }),
    }
}

/// `curve` is the object identifier of the named curve, if there is one.
pub(super) fn on_p256(curve: Option<String>) -> Result<KeyAlgorithm, KeyError> {
    match curve.as_deref() {
        Some(P256) => Ok(KeyAlgorithm::EcdsaP256),
        Some(other) => Err(KeyError::Curve { curve: curve_name(other) }),
        None => Err(unnamed_curve()),
    }
}

pub(super) fn unnamed_curve() -> KeyError {
    KeyError::Curve { curve: "a curve that it does not name".to_owned() }
}

fn curve_name(oid: &str) -> String {
    match oid {
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.33" => "P-224",
        "1.2.840.10045.3.1.1" => "P-192",
        other => other,
    }
    .to_owned()
}

pub(super) fn algorithm_name(oid: &str) -> String {
    match oid {
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS only",
        "1.2.840.113549.1.3.1" => "Diffie-Hellman",
        other => other,
    }
    .to_owned()
}
