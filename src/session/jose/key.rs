//! The keys by which tokens are verified.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::errors::ErrorKind;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use thiserror::Error;

use super::{Algorithm, TokenRefusal};

/// A key that tokens are verified by: a secret, or the public key of who signs them.
#[derive(Clone)]
pub struct TokenKey {
    key_id: Option<String>,
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// Hashed once; `jsonwebtoken` would do it for every token.
    Secret(Box<hmac::Key>),
    Public(DecodingKey, jsonwebtoken::Algorithm),
}

impl TokenKey {
    /// The longest `kid`, in bytes.
    pub const MAX_KEY_ID_BYTES: usize = 128;
    /// The shortest secret for HS256, in bytes: as long as its hash (RFC 7518 §3.2).
    pub const MIN_SECRET_BYTES: usize = 32;

    /// Takes a key for tokens that `algorithm` signs and `key_id` (the `kid`) names.
    ///
    /// `material` is, for HS256, the secret itself, every byte of it; else one PEM block
    /// `-----BEGIN PUBLIC KEY-----`, also with CRLF or literal `\n` for line ends.
    ///
    /// # Errors
    /// [`TokenKeyError`] for anything else, above all for a private key.
    pub fn new(key_id: Option<String>, algorithm: Algorithm, material: &[u8]) -> Result<Self, TokenKeyError> {
        if key_id.as_deref().is_some_and(|key_id| !is_key_id(key_id)) {
            return Err(TokenKeyError::KeyId);
        }
        let public = |read, jwt| Ok(Material::Public(public_key(algorithm, material, read)?, jwt));
        let material = match algorithm {
            Algorithm::HS256 => Material::Secret(Box::new(secret(material)?)),
            Algorithm::EdDSA => public(DecodingKey::from_ed_pem, jsonwebtoken::Algorithm::EdDSA)?,
            Algorithm::ES256 => public(DecodingKey::from_ec_pem, jsonwebtoken::Algorithm::ES256)?,
            Algorithm::RS256 => public(DecodingKey::from_rsa_pem, jsonwebtoken::Algorithm::RS256)?,
        };
        Ok(Self { key_id, algorithm, material })
    }

    /// A public key that was judged where it was read; `key_id` is one.
    pub(super) fn of_public(key_id: Option<String>, algorithm: Algorithm, key: DecodingKey) -> Option<Self> {
        let jwt = match algorithm {
            Algorithm::HS256 => return None,
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        };
        Some(Self { key_id, algorithm, material: Material::Public(key, jwt) })
    }

    /// The `kid` by which tokens name the key.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The one algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature`, still encoded, is this key's over `signed`.
    pub(super) fn verify(&self, signed: &str, signature: &str) -> Result<(), TokenRefusal> {
        let (key, algorithm) = match &self.material {
            Material::Public(key, algorithm) => (key, *algorithm),
            Material::Secret(key) => {
                let tag = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefusal::BadEncoding)?;
                return hmac::verify(key, signed.as_bytes(), &tag).map_err(|_| TokenRefusal::BadSignature);
            }
        };
        match jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::Base64(_)) => Err(TokenRefusal::BadEncoding),
            Ok(false) | Err(_) => Err(TokenRefusal::BadSignature),
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Whether a text can be a `kid`.
pub(super) fn is_key_id(text: &str) -> bool {
    (1..=TokenKey::MAX_KEY_ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn secret(material: &[u8]) -> Result<hmac::Key, TokenKeyError> {
    // A public key as the secret of an HMAC is the oldest forgery there is: everybody knows it.
    if material.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(TokenKeyError::SecretIsPem);
    }
    if material.len() < TokenKey::MIN_SECRET_BYTES {
        return Err(TokenKeyError::ShortSecret { found: material.len() });
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, material))
}

fn public_key(
    algorithm: Algorithm,
    material: &[u8],
    read: fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>,
) -> Result<DecodingKey, TokenKeyError> {
    let material = String::from_utf8(material.to_vec()).map_err(|_| TokenKeyError::NotOnePem)?;
    // Environment variables are often filled with the two characters `\n` for a line end.
    let material = material.replace("\\n", "\n");
    let blocks = pem::parse_many(&material).map_err(|_| TokenKeyError::NotOnePem)?;
    if blocks.iter().any(|block| block.tag().contains("PRIVATE KEY")) {
        return Err(TokenKeyError::PrivateKey);
    }
    let [block] = blocks.as_slice() else {
        return Err(TokenKeyError::NotOnePem);
    };
    match block.tag() {
        "PUBLIC KEY" => {}
        "CERTIFICATE" => return Err(TokenKeyError::Certificate),
        _ => return Err(TokenKeyError::NotPublicKeyPem),
    }
    let expected = algorithm.key_type();
    match key_type(block.contents()) {
        Some(found) if found == expected => {}
        Some(found) => return Err(TokenKeyError::WrongKeyType { algorithm, expected, found }),
        None => return Err(TokenKeyError::NotPublicKeyPem),
    }
    if algorithm == Algorithm::RS256 {
        check_rsa_size(block.contents())?;
    }
    read(material.as_bytes()).map_err(|_| TokenKeyError::NotPublicKeyPem)
}

/// Which kind of key the SubjectPublicKeyInfo `der` is. The library that will verify is asked, so that what
/// passes here can be used there.
fn key_type(der: &[u8]) -> Option<&'static str> {
    let types: [(&'static dyn VerificationAlgorithm, &'static str); 5] = [
        (&RSA_PKCS1_2048_8192_SHA256, Algorithm::RS256.key_type()),
        (&ECDSA_P256_SHA256_FIXED, Algorithm::ES256.key_type()),
        (&ED25519, Algorithm::EdDSA.key_type()),
        (&ECDSA_P384_SHA384_FIXED, "a P-384 key"),
        (&ECDSA_P521_SHA512_FIXED, "a P-521 key"),
    ];
    types
        .into_iter()
        .find(|(algorithm, _)| ParsedPublicKey::new(*algorithm, der).is_ok())
        .map(|(_, name)| name)
}

/// The library above reads RSA keys of any size and refuses the small ones only when it verifies, which would
/// make every token a forgery; and one of more than 4096 bits makes every forgery expensive to refuse.
fn check_rsa_size(der: &[u8]) -> Result<(), TokenKeyError> {
    let bits = RsaPublicKey::from_public_key_der(der).map_err(|_| TokenKeyError::RsaTooLarge)?.n().bits();
    if bits < 2048 { Err(TokenKeyError::RsaTooSmall { bits }) } else { Ok(()) }
}

/// Why a key cannot be one for tokens. Nothing of the key is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenKeyError {
    /// The `kid` is empty, too long or not printable.
    #[error("the `kid` of a key takes 1 to 128 bytes without control characters")]
    KeyId,
    /// The secret is too short to be one.
    #[error(
        "the secret for HS256 is {found} bytes long and takes at least 32; make one with `openssl rand -base64 33`"
    )]
    ShortSecret {
        /// Its size in bytes.
        found: usize,
    },
    /// The secret is a PEM.
    #[error(
        "the secret for HS256 is a PEM, and so perhaps a public key; name the key's own algorithm (EdDSA, ES256 or RS256) or give a secret"
    )]
    SecretIsPem,
    /// The material is not exactly one PEM block.
    #[error(
        "the key is not exactly one PEM block; give the public key, from -----BEGIN PUBLIC KEY----- to its END line"
    )]
    NotOnePem,
    /// The material holds a private key.
    #[error(
        "the key is a private key, which belongs to who signs alone; give its public half: `openssl pkey -in private.pem -pubout`"
    )]
    PrivateKey,
    /// The material is a certificate.
    #[error(
        "the key is a certificate; give the public key in it: `openssl x509 -in certificate.pem -pubkey -noout`"
    )]
    Certificate,
    /// The PEM is of another kind, or broken inside.
    #[error(
        "the PEM holds no key that can be read; give one that begins with -----BEGIN PUBLIC KEY-----, as `openssl pkey -pubout` writes it"
    )]
    NotPublicKeyPem,
    /// The key is good, for another algorithm.
    #[error(
        "the key is {found}, and {algorithm} takes {expected}; name the algorithm that belongs to the key, or give the other key"
    )]
    WrongKeyType {
        /// The algorithm it was given for.
        algorithm: Algorithm,
        /// What that takes.
        expected: &'static str,
        /// What the key is.
        found: &'static str,
    },
    /// The RSA key is too short to be safe.
    #[error("the RSA key has {bits} bits and takes 2048 to 4096; make a new one, or better an Ed25519 key")]
    RsaTooSmall {
        /// Its size.
        bits: usize,
    },
    /// The RSA key is too large, or has an unusual exponent.
    #[error(
        "the RSA key has more than 4096 bits or an unusual exponent; make a new one, or better an Ed25519 key"
    )]
    RsaTooLarge,
}
