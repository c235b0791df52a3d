//! Carries out what the keyring plans: the CloudFront API, and the proof at the edge.

mod api;
mod canary;

pub use api::{ApiError, Call, CloudFront, Distribution, GroupChange, KeyGroup, NoCredentials, RemoteKey};
pub use canary::{Answer, Canary, CanaryError, CanaryUrl, CanaryUrlError, ProofError, ProofSettings, Seen};
