//! The id that joins a response, its log line and its event: `X-Amz-Cf-Id`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

/// The id of one request, as long and in the alphabet of CloudFront's own (56 characters). Random; names nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// A new one.
    pub(super) fn random() -> Self {
        let mut bytes = [0; 40];
        // The system's random source does not fail once it works; an id of zeros would still be a legal answer.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        Self(URL_SAFE.encode(bytes))
    }

    /// As it stands in `X-Amz-Cf-Id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
