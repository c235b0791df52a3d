//! What tickets must be, as the operator writes it down.

use std::time::Duration;

use thiserror::Error;

use crate::session::jose::{KeySettings, KeySettingsError, Keys, MAX_TEXT_BYTES};

/// What tickets must be: raw settings, checked when a [`super::TicketVerifier`] is made of them.
#[derive(Clone, Debug)]
pub struct TicketSettings {
    /// The `iss` of every ticket: 1 to 256 bytes, compared exactly.
    pub issuer: String,
    /// What `aud` must be or list: 1 to 256 bytes, compared exactly.
    pub audience: String,
    /// The web app's keys.
    pub keys: KeySettings,
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
    /// Within so long every ticket has expired that has been made by now: its lifetime, and the leeway at both ends.
    pub const ALL_END_WITHIN: Duration = Duration::from_secs(60 + 2 * 30);
    /// The leeway unless told otherwise: what clocks kept by NTP never exceed.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

    /// Settings with the default lifetime (60 s) and leeway (5 s).
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: impl Into<KeySettings>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys: keys.into(),
            max_lifetime: Self::MAX_LIFETIME,
            leeway: Self::DEFAULT_LEEWAY,
        }
    }

    /// Whether a verifier can be made of them, as far as that can be told without fetching keys.
    ///
    /// # Errors
    /// [`TicketSettingsError`] when a setting is out of its bounds, or the keys cannot be told apart.
    pub fn check(&self) -> Result<(), TicketSettingsError> {
        for (name, text) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if !(1..=MAX_TEXT_BYTES).contains(&text.len()) {
                return Err(TicketSettingsError::TextSize { name, found: text.len() });
            }
        }
        if whole_seconds("lifetime", self.max_lifetime, Self::MAX_LIFETIME)? == 0 {
            return Err(TicketSettingsError::NoLifetime);
        }
        whole_seconds("leeway", self.leeway, Self::MAX_LEEWAY)?;
        Ok(self.keys.check()?)
    }

    pub(super) fn checked(self) -> Result<CheckedSettings, TicketSettingsError> {
        self.check()?;
        let max_lifetime = whole_seconds("lifetime", self.max_lifetime, Self::MAX_LIFETIME)?;
        let leeway = whole_seconds("leeway", self.leeway, Self::MAX_LEEWAY)?;
        let keys = Keys::new(self.keys)?;
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
    pub(super) keys: Keys,
    pub(super) max_lifetime: i64,
    pub(super) leeway: i64,
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
    /// The keys together.
    #[error(transparent)]
    Keys(#[from] KeySettingsError),
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
