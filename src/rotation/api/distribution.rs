use super::client::CloudFront;
use super::error::{ApiError, Call};

/// What a distribution says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Whether its configuration has reached every edge location (`Deployed`). Key groups have no such sign.
    pub is_deployed: bool,
    /// The ids of the key groups that its behaviours trust.
    pub key_groups: Vec<String>,
}

impl CloudFront {
    /// Reads a distribution.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn distribution(&self, id: &str) -> Result<Distribution, ApiError> {
        let call = Call::GetDistribution;
        let found = self.client.get_distribution().id(id).send().await;
        let found = found.map_err(|error| ApiError::of(call, error))?;
        let Some(distribution) = found.distribution() else {
            return Err(ApiError::Unanswered { call, reason: "the answer holds no distribution".to_owned() });
        };
        let groups =
            distribution.active_trusted_key_groups().map(|groups| groups.items()).unwrap_or_default();
        Ok(Distribution {
            is_deployed: distribution.status() == "Deployed",
            key_groups: groups.iter().filter_map(|group| group.key_group_id().map(str::to_owned)).collect(),
        })
    }
}
