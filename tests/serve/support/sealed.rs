use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{SESSION_COOKIE, SESSION_SECRET, now};

/// A session's cookie, made and opened here and not by the service's library: HKDF-Expand (RFC 5869) of the secret
/// with the info below gives 64 bytes, of which the last 32 are the key; then nonce (12 bytes), AES-256-GCM
/// ciphertext and tag, with the cookie's name as associated data, all in base64. That is what the documentation and
/// the sources of the cookie crate 0.18 say (`secure/key.rs`, `secure/private.rs`).
const INFO: &[u8] = b"COOKIE;SIGNED:HMAC-SHA256;PRIVATE:AEAD-AES-256-GCM";

struct BothKeys;

impl KeyType for BothKeys {
    fn len(&self) -> usize {
        64
    }
}

fn key(secret: &str) -> LessSafeKey {
    let mut both = [0; 64];
    let expanded = Prk::new_less_safe(HKDF_SHA256, secret.as_bytes());
    expanded.expand(&[INFO], BothKeys).unwrap().fill(&mut both).unwrap();
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &both[32..]).unwrap())
}

pub fn seal_as(secret: &str, name: &str, content: &[u8]) -> String {
    let mut nonce = [0; 12];
    aws_lc_rs::rand::fill(&mut nonce).unwrap();
    let mut sealed = content.to_vec();
    let (aad, unique) = (Aad::from(name.as_bytes()), Nonce::assume_unique_for_key(nonce));
    key(secret).seal_in_place_append_tag(unique, aad, &mut sealed).unwrap();
    STANDARD.encode([&nonce[..], &sealed].concat())
}

/// Sealed as the service would.
pub fn seal(content: &Value) -> String {
    seal_as(SESSION_SECRET, SESSION_COOKIE, content.to_string().as_bytes())
}

/// What a cookie of the service holds.
pub fn unseal(secret: &str, cookie: &str) -> Value {
    let mut bytes = STANDARD.decode(cookie).unwrap();
    let (nonce, sealed) = bytes.split_at_mut(12);
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let aad = Aad::from(SESSION_COOKIE.as_bytes());
    serde_json::from_slice(key(secret).open_in_place(nonce, aad, sealed).unwrap()).unwrap()
}

/// A session that is good: it began, and was seen, so many seconds ago.
pub fn content(began: i64, seen: i64) -> Value {
    // printf session-7 | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url
    json!({"v": 1, "id": "zvi85UnNwFDLPaMPVnJCaw", "sub": "listener-7", "start": now() - began, "seen": now() - seen, "claims": {}})
}
