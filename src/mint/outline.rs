use serde::Serialize;
use utoipa::ToSchema;

use super::profile::Profile;
use crate::cloudfront::Policy;

/// What a player is told of a grant: nothing in it is secret. Times in epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outline<'a> {
    /// The grant's name.
    pub name: &'a str,
    /// What it opens for this listener.
    pub resource: &'a str,
    /// When its cookies stop working.
    pub expires_at: i64,
    /// When to ask for the next ones.
    pub renew_at: i64,
}

impl<'a> Outline<'a> {
    pub(super) fn new(profile: &'a Profile, policy: &'a Policy) -> Self {
        let expires_at = policy.expires().get();
        Self {
            name: profile.name(),
            resource: policy.resource().as_str(),
            expires_at,
            renew_at: renew_at(expires_at, profile),
        }
    }
}

/// With a third of the lifetime left: time for several attempts while the cookies still work.
/// It depends on the expiry alone, so that a shared answer is the same for everybody.
fn renew_at(expires_at: i64, profile: &Profile) -> i64 {
    let third = i64::try_from(profile.ttl().as_secs() / 3).unwrap_or(i64::MAX);
    expires_at.saturating_sub(third.max(1))
}
