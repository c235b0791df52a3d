use std::time::Duration;

use crate::session::outbound::{Authorities, Endpoint};

/// Where a set of keys is, and how often it is asked for.
#[derive(Clone, Debug)]
pub struct JwksSettings {
    /// Where the set is.
    pub url: Endpoint,
    /// Trusted in place of the system's authorities, if given.
    pub authorities: Option<Authorities>,
    /// It is fetched again after so long. A key that has left it is accepted no longer than that.
    pub refresh: Duration,
    /// It is not fetched more often than this, however many tokens name a key that is not in it.
    pub interval: Duration,
    /// For so long it is used while it cannot be fetched again.
    pub max_stale: Duration,
}

impl JwksSettings {
    /// How often it is fetched unless told otherwise.
    pub const DEFAULT_REFRESH: Duration = Duration::from_secs(600);
    /// The least time between two fetches unless told otherwise.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
    /// How long it is used at most unless told otherwise.
    pub const DEFAULT_MAX_STALE: Duration = Duration::from_secs(24 * 3600);

    /// Settings with the defaults.
    #[must_use]
    pub fn new(url: Endpoint) -> Self {
        Self {
            url,
            authorities: None,
            refresh: Self::DEFAULT_REFRESH,
            interval: Self::DEFAULT_INTERVAL,
            max_stale: Self::DEFAULT_MAX_STALE,
        }
    }
}
