use std::time::Duration;

use time::OffsetDateTime;

use crate::keyring::entry::{Entry, later};

/// How many public keys CloudFront takes in one key group (rules §4).
pub const KEY_GROUP_LIMIT: usize = 5;

/// How many public keys CloudFront keeps for one account (rules §4).
pub const ACCOUNT_LIMIT: usize = 10;

/// What the plan must know of the configuration. Whoever rotates has to be given the settings that the
/// servers run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The longest lifetime of any grant.
    pub longest_lifetime: Duration,
    /// The step to which expiries are rounded up, so that a cookie lives less than one step longer than its
    /// grant says.
    pub expiry_step: Duration,
    /// How long a server goes on signing with the key before, at most, after `keyring.json` has changed.
    pub reload_interval: Duration,
    /// What is added for clocks that differ, and for requests on their way.
    pub margin: Duration,
    /// The most public keys that a key group takes; [`KEY_GROUP_LIMIT`], unless AWS raised the quota.
    pub group_limit: usize,
    /// The most public keys that the account may have; [`ACCOUNT_LIMIT`], unless AWS raised the quota.
    pub account_limit: usize,
}

impl Settings {
    /// The longest that a cookie can live that is minted under these settings.
    #[must_use]
    pub fn cookie_life(&self) -> Duration {
        self.longest_lifetime.saturating_add(self.expiry_step)
    }

    /// Until when cookies by a key may be in use that stops signing at `retired_at`: servers follow within
    /// the reload interval, and `longest` is the longest life of a cookie.
    #[must_use]
    pub fn cookies_until(&self, retired_at: OffsetDateTime, longest: Duration) -> OffsetDateTime {
        later(later(retired_at, self.reload_interval), longest)
    }

    /// When the key group may let go of a key that retires `now` and of which nothing else is known.
    #[must_use]
    pub fn release_from(&self, now: OffsetDateTime) -> OffsetDateTime {
        later(self.cookies_until(now, self.cookie_life()), self.margin)
    }

    /// When the key group may let go of a retiring key: the later of what was recorded when it retired and of
    /// what these settings say now, and the margin.
    #[must_use]
    pub fn release_at(&self, retiring: &Entry) -> OffsetDateTime {
        let computed = self.cookies_until(retiring.state_since(), self.cookie_life());
        let until = retiring.cookies_until().map_or(computed, |recorded| recorded.max(computed));
        later(until, self.margin)
    }
}
