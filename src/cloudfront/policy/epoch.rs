use std::fmt;

use time::OffsetDateTime;

use super::PolicyError;

/// Seconds since 1970-01-01T00:00:00Z that CloudFront reads: 1 to 2147483647 (rules §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochSeconds(i64);

impl EpochSeconds {
    /// The last second that a policy can name.
    pub const MAX: Self = Self(2_147_483_647);

    /// # Errors
    /// [`PolicyError::EpochOutOfRange`] below 1 or above 2147483647; milliseconds are caught here.
    pub fn new(seconds: i64) -> Result<Self, PolicyError> {
        if (1..=Self::MAX.0).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(PolicyError::EpochOutOfRange(seconds))
        }
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<OffsetDateTime> for EpochSeconds {
    type Error = PolicyError;

    /// Drops the fraction of a second.
    fn try_from(time: OffsetDateTime) -> Result<Self, PolicyError> {
        Self::new(time.unix_timestamp())
    }
}

impl fmt::Display for EpochSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
