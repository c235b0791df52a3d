//! One key of a set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Map, Value};

use super::key::is_key_id;
use super::{Algorithm, TokenKey};

/// Members of private keys and of secrets. Where one is public, everybody can sign.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The `kid` of a key, if it has one that can be shown.
pub(super) fn key_id(jwk: &Map<String, Value>) -> Option<&str> {
    jwk.get("kid").and_then(Value::as_str).filter(|key_id| is_key_id(key_id))
}

/// The key that a member of a set describes, for the one algorithm that belongs to it.
///
/// # Errors
/// Why tokens are not verified by it, for the log.
pub(super) fn read(jwk: &Map<String, Value>) -> Result<TokenKey, &'static str> {
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return Err("it holds a secret or a private key, which is private no more");
    }
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err("its `use` is not `sig`");
    }
    let is_for_verifying = |operations: &Value| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    };
    if !jwk.get("key_ops").is_none_or(is_for_verifying) {
        return Err("its `key_ops` do not list `verify`");
    }
    if jwk.contains_key("kid") && key_id(jwk).is_none() {
        return Err("its `kid` is not text of 1 to 128 bytes without control characters");
    }
    let text = |name| jwk.get(name).and_then(Value::as_str);
    let (algorithm, key) = match (text("kty"), text("crv")) {
        (Some("RSA"), None) => (Algorithm::RS256, rsa(jwk)?),
        (Some("EC"), Some("P-256")) => (Algorithm::ES256, p256(jwk)?),
        (Some("OKP"), Some("Ed25519")) => (Algorithm::EdDSA, ed25519(jwk)?),
        _ => return Err("its `kty` and `crv` are not those of an RSA, P-256 or Ed25519 key"),
    };
    if jwk.get("alg").is_some_and(|named| named != algorithm.as_str()) {
        return Err("its `alg` is not RS256, ES256 or EdDSA, or not that of its type");
    }
    let key_id = key_id(jwk).map(str::to_owned);
    TokenKey::of_public(key_id, algorithm, key).ok_or("its `alg` is none of a public key")
}

fn rsa(jwk: &Map<String, Value>) -> Result<DecodingKey, &'static str> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let key = RsaPublicKey::new(BigUint::from_bytes_be(&n), BigUint::from_bytes_be(&e))
        .map_err(|_| "its RSA key has more than 4096 bits or an unusual exponent")?;
    if key.n().bits() < 2048 {
        return Err("its RSA key has fewer than 2048 bits");
    }
    if e.last().is_none_or(|last| last % 2 == 0) {
        return Err("its RSA key has an even exponent");
    }
    Ok(DecodingKey::from_rsa_raw_components(&n, &e))
}

fn p256(jwk: &Map<String, Value>) -> Result<DecodingKey, &'static str> {
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    // RFC 7518 §6.2.1.2: always as long as the field is wide.
    if (x.len(), y.len()) != (32, 32) {
        return Err("its coordinates are not 32 bytes long");
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let key = DecodingKey::from_ec_der(&point);
    parsed(&ECDSA_P256_SHA256_FIXED, &point).map(|()| key)
}

fn ed25519(jwk: &Map<String, Value>) -> Result<DecodingKey, &'static str> {
    let x = bytes(jwk, "x")?;
    if x.len() != 32 {
        return Err("its public key is not 32 bytes long");
    }
    parsed(&ED25519, &x).map(|()| DecodingKey::from_ed_der(&x))
}

/// Asks the library that will verify.
fn parsed(algorithm: &'static dyn VerificationAlgorithm, key: &[u8]) -> Result<(), &'static str> {
    ParsedPublicKey::new(algorithm, key).map(|_| ()).map_err(|_| "its public key is no point of its curve")
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, &'static str> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or("a part of its public key is missing")?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| "a part of its public key is not base64url without padding")
}
