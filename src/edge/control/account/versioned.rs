use time::OffsetDateTime;

use crate::edge::control::ids::Version;
use crate::edge::control::refusal::Refusal;

/// When a change is made, and the version that it makes.
#[derive(Clone, Debug)]
pub(in crate::edge::control) struct Stamp {
    pub(in crate::edge::control) time: OffsetDateTime,
    pub(in crate::edge::control) version: Version,
}

/// Something that the account holds.
#[derive(Clone, Debug)]
pub(in crate::edge::control) struct Held<T> {
    pub(in crate::edge::control) config: T,
    /// When a public key was created; when a key group was last changed.
    pub(in crate::edge::control) time: OffsetDateTime,
    pub(in crate::edge::control) version: Version,
}

impl<T> Held<T> {
    pub(super) fn new(config: T, stamp: Stamp) -> Self {
        Self { config, time: stamp.time, version: stamp.version }
    }

    /// rules §4: without `If-Match` a change is refused (400), with that of an older version too (412).
    pub(super) fn expect_version(&self, if_match: Option<&str>) -> Result<(), Refusal> {
        let asked = if_match.and_then(Version::parse).ok_or(Refusal::InvalidIfMatchVersion)?;
        if asked == self.version { Ok(()) } else { Err(Refusal::PreconditionFailed) }
    }
}
