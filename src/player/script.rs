use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};

/// The module, as it stands beside this file.
pub const SCRIPT: &str = include_str!("player.js");

/// So many bytes of the hash tell two versions apart.
const HASH_BYTES: usize = 8;

static HASH: LazyLock<String> = LazyLock::new(|| {
    let hash = digest(&SHA256, SCRIPT.as_bytes());
    hash.as_ref()[..HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
});

/// What names this version of the script: 16 hexadecimal digits of its SHA-256.
#[must_use]
pub fn hash() -> &'static str {
    &HASH
}

/// Where this version is found below the base path, for as long as it is served: `/player-0123456789abcdef.js`.
#[must_use]
pub fn path() -> String {
    format!("/player-{}.js", hash())
}
