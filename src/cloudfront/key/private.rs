use std::fmt;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::der::Decode as _;
use rsa::pkcs8::{EncodePrivateKey as _, PrivateKeyInfo};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::error::{Expected, KeyError, SignError};
use super::public::{
    EC_PUBLIC_KEY, RSA_ENCRYPTION, algorithm_name, exactly_2048_bits, on_p256, unnamed_curve,
};
use super::{KeyAlgorithm, PublicKey, text};
use crate::cloudfront::HashAlgorithm;

/// A private key that has proved itself: it verified a signature of its own with each hash before
/// anybody could hold it. Wiped from memory when dropped; its `Debug` shows no byte of it.
pub struct SigningKey {
    key: Inner,
    public: PublicKey,
}

enum Inner {
    /// Two forms of one key: `aws-lc-rs` signs no RSA over SHA-1, `rsa` does (rules §3).
    Rsa {
        sha1: Box<rsa::pkcs1v15::SigningKey<Sha1>>,
        sha256: Box<RsaKeyPair>,
    },
    Ecdsa(EcdsaKeyPair),
}

impl SigningKey {
    /// Reads an unencrypted private key: PKCS#1, SEC1 or PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError`] with a sentence on what was found and what is accepted.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let block = text::only_block(pem, Expected::PrivateKey)?;
        match block.label.as_str() {
            "RSA PRIVATE KEY" => Self::from_pkcs1(&block.der),
            "EC PRIVATE KEY" => Self::from_sec1(&block.der),
            "PRIVATE KEY" => Self::from_pkcs8(&block.der),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::PublicKeyFound),
            "CERTIFICATE" => Err(KeyError::CertificateFound(Expected::PrivateKey)),
            "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
            "DSA PRIVATE KEY" => Err(KeyError::Algorithm { algorithm: "DSA".to_owned() }),
            other => Err(KeyError::other_block(other, Expected::PrivateKey)),
        }
    }

    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Generation`] if the library fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generation;
        match algorithm {
            KeyAlgorithm::Rsa2048 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: aws_lc_rs::encoding::Pkcs8V1Der = pair.as_der().map_err(failed)?;
                Self::from_pkcs8(der.as_ref())
            }
            KeyAlgorithm::EcdsaP256 => {
                Self::from_ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?)
            }
        }
    }

    /// The PKCS#8 PEM that [`SigningKey::from_pem`] reads back, for storing.
    ///
    /// # Errors
    /// [`KeyError::Generation`] if the library cannot write the key out.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let failed = KeyError::Generation;
        let der = match &self.key {
            Inner::Rsa { sha1, .. } => {
                let key: &rsa::RsaPrivateKey = sha1.as_ref().as_ref();
                key.to_pkcs8_der().map_err(|_| failed)?.to_bytes()
            }
            Inner::Ecdsa(pair) => Zeroizing::new(pair.to_pkcs8v1().map_err(|_| failed)?.as_ref().to_vec()),
        };
        Ok(text::private_pem(&der))
    }

    /// RSA or ECDSA.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.public.algorithm()
    }

    /// The half that CloudFront is given.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message`: PKCS#1 v1.5 for RSA, ASN.1 DER for ECDSA.
    ///
    /// RSA over SHA-1 is made by `rsa` with blinding, whose timing is not constant
    /// (RUSTSEC-2023-0071): let nobody have it made at will and watch how long it takes.
    ///
    /// # Errors
    /// [`SignError`] if the library fails.
    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match (&self.key, hash) {
            (Inner::Rsa { sha1, .. }, HashAlgorithm::Sha1) => {
                let signature = sha1.try_sign_with_rng(&mut rsa::rand_core::OsRng, message);
                Ok(signature.map_err(|_| SignError)?.to_vec())
            }
            (Inner::Rsa { sha256, .. }, HashAlgorithm::Sha256) => {
                let mut signature = vec![0; sha256.public_modulus_len()];
                let rng = SystemRandom::new();
                sha256.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).map_err(|_| SignError)?;
                Ok(signature)
            }
            (Inner::Ecdsa(pair), HashAlgorithm::Sha1) => {
                let digest = sha1_as_p256_digest(message)?;
                Ok(pair.sign_digest(&digest).map_err(|_| SignError)?.as_ref().to_vec())
            }
            (Inner::Ecdsa(pair), HashAlgorithm::Sha256) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| SignError)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = KeyError::Damaged(Expected::PrivateKey);
        let numbers = rsa::pkcs1::RsaPrivateKey::from_der(der).map_err(|_| damaged.clone())?;
        exactly_2048_bits(numbers.modulus)?;
        let key = rsa::RsaPrivateKey::from_pkcs1_der(der).map_err(|_| damaged.clone())?;
        let der = key.to_pkcs1_der().map_err(|_| damaged.clone())?;
        let pair = RsaKeyPair::from_der(der.as_bytes()).map_err(|_| damaged.clone())?;
        let spki = pair.public_key().as_der().map_err(|_| damaged)?;
        let sha1 = Box::new(rsa::pkcs1v15::SigningKey::new(key));
        Self::proved(Inner::Rsa { sha1, sha256: Box::new(pair) }, spki.as_ref())
    }

    fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = KeyError::Damaged(Expected::PrivateKey);
        let key = sec1::EcPrivateKey::from_der(der).map_err(|_| match spells_its_curve_out(der) {
            true => unnamed_curve(),
            false => damaged.clone(),
        })?;
        on_p256(key.parameters.and_then(|p| p.named_curve()).map(|oid| oid.to_string()))?;
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        Self::from_ecdsa(pair.map_err(|_| damaged)?)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = KeyError::Damaged(Expected::PrivateKey);
        let info = PrivateKeyInfo::try_from(der).map_err(|_| damaged.clone())?;
        match info.algorithm.oid.to_string().as_str() {
            RSA_ENCRYPTION => Self::from_pkcs1(info.private_key),
            EC_PUBLIC_KEY => {
                on_p256(info.algorithm.parameters_oid().ok().map(|oid| oid.to_string()))?;
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
                Self::from_ecdsa(pair.map_err(|_| damaged)?)
            }
            other => Err(KeyError::Algorithm { algorithm: algorithm_name(other) }),
        }
    }

    fn from_ecdsa(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let spki = pair.public_key().as_der().map_err(|_| KeyError::Damaged(Expected::PrivateKey))?;
        Self::proved(Inner::Ecdsa(pair), spki.as_ref())
    }

    /// The only way to a `SigningKey`: what it signs must verify, with either hash.
    fn proved(key: Inner, spki: &[u8]) -> Result<Self, KeyError> {
        const MESSAGE: &[u8] = b"edgemint key self-test";
        let key = Self { key, public: PublicKey::from_spki(spki)? };
        for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
            let signature = key.sign(hash, MESSAGE).map_err(|_| KeyError::SelfTest)?;
            if !key.public.verify(hash, MESSAGE, &signature) {
                return Err(KeyError::SelfTest);
            }
        }
        Ok(key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

/// ECDSA takes the hash as an integer (FIPS 186-5 §6.4.1), so 20 bytes with 12 zero bytes before
/// them are the same integer in the 32 bytes that the P-256 signer wants.
fn sha1_as_p256_digest(message: &[u8]) -> Result<Digest, SignError> {
    let mut padded = [0; 32];
    padded[12..].copy_from_slice(&Sha1::digest(message));
    Digest::import_less_safe(&padded, &SHA256).map_err(|_| SignError)
}

/// Whether a SEC1 key describes its curve instead of naming it, which the reader cannot take: then
/// the identifier of prime fields (1.2.840.10045.1.1) stands in it.
fn spells_its_curve_out(der: &[u8]) -> bool {
    const PRIME_FIELD: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01];
    der.windows(PRIME_FIELD.len()).any(|bytes| bytes == PRIME_FIELD)
}
