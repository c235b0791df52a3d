use std::num::NonZeroU32;
use std::time::Duration;

use super::url::CanaryUrl;

/// How a key is proven at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofSettings {
    /// The file that is asked for.
    pub canary: CanaryUrl,
    /// Answers in a row that make a proof.
    pub proofs: NonZeroU32,
    /// Time between two questions.
    pub interval: Duration,
    /// How long a proof may take in all. Then the rotation stops where it is.
    pub deadline: Duration,
}

impl ProofSettings {
    /// Answers in a row, unless told otherwise.
    pub const DEFAULT_PROOFS: u32 = 10;
    /// Time between two questions, unless told otherwise.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(6);
    /// How long a proof may take, unless told otherwise.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_mins(15);

    /// The least time that a proof takes.
    #[must_use]
    pub fn least(&self) -> Duration {
        self.interval.saturating_mul(self.proofs.get().saturating_sub(1))
    }
}
