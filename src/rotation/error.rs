use super::api::{ApiError, NoCredentials};
use super::canary::{CanaryError, ProofError};
use crate::keyring::{DocumentError, KeyId, KeyringError};

/// Why a rotation stopped before it came to an end. The keyring says how far it came, and the same command
/// goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// The keyring cannot be read or changed. Nothing was begun in CloudFront that it could not write down first.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring does not allow it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is nobody to ask CloudFront as.
    #[error(transparent)]
    Credentials(#[from] NoCredentials),
    /// CloudFront refused, or does not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Nothing can be asked of the edge.
    #[error(transparent)]
    Canary(#[from] CanaryError),
    /// The edge did not do what it should.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The grants of the configuration cannot be served with the key.
    #[error("the grants of the configuration cannot be served with such a key, so it is not let in: {0}")]
    Unservable(String),
    /// The distribution does not trust the key group.
    #[error(
        "the distribution {distribution} does not trust the key group {key_group}: choose the group in the behaviour of the \
         media (Restrict viewer access), or correct rotation.key_group"
    )]
    Untrusting {
        /// The distribution.
        distribution: String,
        /// The key group.
        key_group: String,
    },
    /// A step in CloudFront needs an id that the entry lacks.
    #[error("key {0} has no Key-Pair-Id in keyring.json: put keyring.json back from a backup")]
    Unnamed(KeyId),
    /// Not what confirms the step that is due.
    #[error("{0}")]
    Confirmation(&'static str),
    /// A confirmation of a step that nobody was shown.
    #[error(
        "no step was shown that this would confirm: run `edgemint keys advance --manual` without --done and \
         --key-pair-id, which shows the one that is due"
    )]
    NothingAsked,
    /// The plan asks for more steps than any rotation takes.
    #[error(
        "the plan has not come to an end after {0} steps: somebody else changes the same key group or keyring; find out \
         who, then run `edgemint keys advance`"
    )]
    Endless(usize),
}

impl RotationError {
    /// Whether the same may go well a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Api(error) => error.is_passing(),
            Self::Keyring(error) => is_busy(error),
            _ => false,
        }
    }
}

fn is_busy(error: &KeyringError) -> bool {
    matches!(error, KeyringError::File(crate::keyring::FileError::Busy { .. }))
}
