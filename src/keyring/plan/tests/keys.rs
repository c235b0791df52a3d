use std::sync::LazyLock;

use crate::cloudfront::{KeyAlgorithm, PublicKey, SigningKey};
use crate::keyring::KeyId;

/// Public keys for as many rotations as a history has. Of the fast kind: a plan does not look at it.
static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let make = |_| SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key().clone();
    (0..64).map(make).collect()
});

pub(super) fn public_key(number: usize) -> PublicKey {
    KEYS[number].clone()
}

pub(super) fn key_id(number: usize) -> KeyId {
    KeyId::of(&KEYS[number])
}
