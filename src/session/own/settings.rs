//! How long sessions of our own last, and what seals them.

use std::fmt;
use std::time::Duration;

use cookie::Key;
use thiserror::Error;

/// Clocks of instances, and one that is put right, may differ by so much.
pub(super) const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// What sessions of our own are: checked settings.
#[derive(Clone, Debug)]
pub struct OwnSettings {
    /// The first seals, all open: with two, the secret itself can be changed while sessions live on. Never empty.
    pub keys: Vec<SealingKey>,
    /// From the start of a session to its end, whatever happens in between: whole seconds.
    pub max_age: Duration,
    /// From the last renewal to the end: whole seconds, at most `max_age`.
    pub idle: Duration,
}

impl OwnSettings {
    /// How long a session lasts unless told otherwise.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
    /// How long a session lasts that nobody renews, unless told otherwise.
    pub const DEFAULT_IDLE: Duration = Duration::from_secs(2 * 60 * 60);
    /// The longest that can be configured: a session cannot be asked of the web app again.
    pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Within so long every session has ended that has begun by now, by the clock of any instance.
    #[must_use]
    pub fn all_end_within(&self) -> Duration {
        self.max_age + 2 * CLOCK_TOLERANCE
    }
}

/// What seals and opens session cookies, derived from a secret by HKDF (RFC 5869).
#[derive(Clone, PartialEq)]
pub struct SealingKey(Key);

/// The secret is too short to withstand guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a session secret has at least {} bytes: make one with `openssl rand -base64 48`",
    SealingKey::MIN_BYTES
)]
pub struct ShortSecret;

impl SealingKey {
    /// The shortest secret that is accepted.
    pub const MIN_BYTES: usize = 32;

    /// Derives the key from a random secret.
    ///
    /// # Errors
    /// [`ShortSecret`].
    pub fn derive(secret: &[u8]) -> Result<Self, ShortSecret> {
        if secret.len() < Self::MIN_BYTES {
            return Err(ShortSecret);
        }
        Ok(Self(Key::derive_from(secret)))
    }

    pub(super) fn key(&self) -> &Key {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey([redacted])")
    }
}
