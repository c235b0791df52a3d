//! The one distribution of the account: the edge itself.

use time::OffsetDateTime;

use super::ids::{Version, distribution_id};

/// What GetDistribution tells besides the key groups.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    pub(super) id: String,
    /// No call changes it.
    pub(super) version: Version,
    pub(super) created: OffsetDateTime,
    /// Other names that it answers to.
    pub(super) aliases: Vec<String>,
    /// Where its objects come from, as the command was told.
    pub(super) origin: String,
}

impl Distribution {
    pub(super) fn new(origin: String, alias: Option<String>, created: OffsetDateTime) -> Self {
        let version = Version::random();
        Self { id: distribution_id(), version, created, aliases: alias.into_iter().collect(), origin }
    }

    /// Account 123456789012 is the one of AWS's examples.
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:cloudfront::123456789012:distribution/{}", self.id)
    }

    /// The name under `cloudfront.net` that a real one would have.
    pub(super) fn domain_name(&self) -> String {
        format!("d{}.cloudfront.net", self.id[1..].to_ascii_lowercase())
    }
}
