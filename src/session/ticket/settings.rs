//! What tickets must be, as the operator writes it down.

use std::collections::HashMap;
use std::time::Duration;

use thiserror::Error;

use super::claims::MAX_TEXT_BYTES;
use super::key::TicketKey;

/// What tickets must be: raw settings, checked when a [`super::TicketVerifier`] is made of them.
#[derive(Clone, Debug)]
pub struct TicketSettings {
    /// The `iss` of every ticket: 1 to 256 bytes, compared exactly.
    pub issuer: String,
    /// What `aud` must be or list: 1 to 256 bytes, compared exactly.
    pub audience: String,
    /// The web app's keys. Several, during a change of keys, each need a `kid`.
    pub keys: Vec<TicketKey>,
    /// The longest time from `iat` to `exp`: whole seconds, 1 to 60.
    pub max_lifetime: Duration,
    /// How far the web app's clock may be from ours: whole seconds, 0 to 30.
    pub leeway: Duration,
}

impl TicketSettings {
    /// The longest lifetime that can be configured, and the default.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(60);
    /// The longest leeway that can be configured.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(30);
    /// The leeway unless told otherwise: what clocks kept by NTP never exceed.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

    /// Settings with the default lifetime (60 s) and leeway (5 s).
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: Vec<TicketKey>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys,
            max_lifetime: Self::MAX_LIFETIME,
            leeway: Self::DEFAULT_LEEWAY,
        }
    }

    pub(super) fn checked(self) -> Result<CheckedSettings, TicketSettingsError> {
        for (name, text) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if !(1..=MAX_TEXT_BYTES).contains(&text.len()) {
                return Err(TicketSettingsError::TextSize { name, found: text.len() });
            }
        }
        let max_lifetime = whole_seconds("lifetime", self.max_lifetime, Self::MAX_LIFETIME)?;
        if max_lifetime == 0 {
            return Err(TicketSettingsError::NoLifetime);
        }
        let leeway = whole_seconds("leeway", self.leeway, Self::MAX_LEEWAY)?;
        let keys = KeySet::new(self.keys)?;
        Ok(CheckedSettings { issuer: self.issuer, audience: self.audience, keys, max_lifetime, leeway })
    }
}

fn whole_seconds(name: &'static str, found: Duration, most: Duration) -> Result<i64, TicketSettingsError> {
    if found > most {
        return Err(TicketSettingsError::TooLong { name, found, most: most.as_secs() });
    }
    if found.subsec_nanos() != 0 {
        return Err(TicketSettingsError::FractionOfSecond { name, found });
    }
    // At most 60, as checked above.
    Ok(i64::try_from(found.as_secs()).unwrap_or(i64::MAX))
}

/// Settings that passed every check. Times are in seconds.
#[derive(Debug)]
pub(super) struct CheckedSettings {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) keys: KeySet,
    pub(super) max_lifetime: i64,
    pub(super) leeway: i64,
}

/// The configured keys, by what a ticket has to say to pick one.
#[derive(Debug)]
pub(super) enum KeySet {
    /// Exactly one key: a ticket may leave `kid` out.
    One(Box<TicketKey>),
    /// Several: `kid` is a look-up in this map and nothing else.
    ByKeyId(HashMap<String, TicketKey>),
}

impl KeySet {
    fn new(keys: Vec<TicketKey>) -> Result<Self, TicketSettingsError> {
        let keys = match <[TicketKey; 1]>::try_from(keys) {
            Ok([only]) => return Ok(Self::One(Box::new(only))),
            Err(keys) if keys.is_empty() => return Err(TicketSettingsError::NoKey),
            Err(several) => several,
        };
        let mut by_key_id = HashMap::new();
        for key in keys {
            let key_id = key.key_id().ok_or(TicketSettingsError::KeyWithoutId)?.to_owned();
            if let Some(first) = by_key_id.insert(key_id, key) {
                let key_id = first.key_id().unwrap_or_default().to_owned();
                return Err(TicketSettingsError::DuplicateKeyId { key_id });
            }
        }
        Ok(Self::ByKeyId(by_key_id))
    }
}

/// Why no verifier can be made of [`TicketSettings`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TicketSettingsError {
    /// The issuer or the audience is empty or too long.
    #[error(
        "the tickets' {name} is {found} bytes long; it takes 1 to 256, the same text that the web app puts into the ticket"
    )]
    TextSize {
        /// Which of the two.
        name: &'static str,
        /// Its size in bytes.
        found: usize,
    },
    /// No key at all.
    #[error("no key for tickets is configured; give the web app's public key, or a secret that both share")]
    NoKey,
    /// Several keys, one of them without a `kid`.
    #[error("several keys for tickets are configured and one has no `kid`; give every key its own")]
    KeyWithoutId,
    /// Two keys with one `kid`.
    #[error("two keys for tickets have the `kid` {key_id:?}; give every key its own")]
    DuplicateKeyId {
        /// The `kid` that occurs twice.
        key_id: String,
    },
    /// A time that is longer than it may be.
    #[error("the tickets' {name} is {found:?}; it may be at most {most} s")]
    TooLong {
        /// Which setting.
        name: &'static str,
        /// What it is.
        found: Duration,
        /// The most it may be, in seconds.
        most: u64,
    },
    /// A time that is not whole seconds, which is what a ticket counts in.
    #[error("the tickets' {name} is {found:?}; give whole seconds")]
    FractionOfSecond {
        /// Which setting.
        name: &'static str,
        /// What it is.
        found: Duration,
    },
    /// A lifetime of nothing, with which no ticket would ever be taken.
    #[error("the tickets' lifetime is 0 s; give 1 to 60 s")]
    NoLifetime,
}
